//! For what an emoji is chosen, and what is known of one outside the part that has all of them.

use causerie_client::Input;
use causerie_protocol::{ChatId, MessageId};
use leptos::prelude::*;

use super::parts::{self, Emoji, Part};
use crate::app::App;

/// For what an emoji is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// The text in the composer.
    Text,
    /// A reaction to this message.
    Reaction(MessageId),
}

/// Is told which emoji the person chose.
pub type Picked = Callback<String>;

/// An emoji by a short code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// Without colons.
    pub code: String,
    pub emoji: String,
    /// What it is called in the page's language.
    pub name: &'static str,
}

/// The dialog to choose an emoji, while `picking` says for what; one for the composer goes to `to_insert`.
pub fn picker(
    app: App,
    chat: ChatId,
    part: Part<Emoji>,
    picking: RwSignal<Option<For>>,
    to_insert: RwSignal<Option<String>>,
) -> AnyView {
    let Some(what) = picking.get() else { return ().into_any() };
    let open = RwSignal::new(true);
    Effect::new(move || {
        if !open.get() {
            picking.set(None);
        }
    });
    let picked = Callback::new(move |emoji: String| match what {
        For::Text => to_insert.set(Some(emoji)),
        For::Reaction(message) => app.dispatch(Input::React { chat, message, emoji, on: true }),
    });
    part.draw(
        |part| (part.picker)(app, open, picked),
        |failed| parts::instead_of_dialog(part, move || picking.set(None), failed),
    )
}
