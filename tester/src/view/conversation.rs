//! The messages of the chat, beside the frames.

use causerie_texts::{Tester as Text, bidi};
use leptos::html;
use leptos::prelude::*;

use super::say;
use crate::pane::ConnectionPane;

/// The messages, scrolled to the newest at the bottom.
#[component]
pub fn Conversation(pane: ConnectionPane) -> impl IntoView {
    let list = NodeRef::<html::Ol>::new();
    let messages = Memo::new(move |_| {
        pane.read_conversation(|conversation| {
            let lines = conversation.messages().map(|message| {
                (message.id, bidi::contained(&message.sender.name), bidi::contained(&message.content))
            });
            lines.collect::<Vec<_>>()
        })
    });
    Effect::new(move || {
        messages.track();
        if let Some(list) = list.get() {
            list.set_scroll_top(list.scroll_height());
        }
    });
    let empty = move || {
        messages.with(Vec::is_empty).then(|| view! { <p class="soft">{say(Text::ConversationEmpty)}</p> })
    };
    view! {
        <section class="talk" aria-labelledby=format!("{}-talk", pane.id)>
            <h3 id=format!("{}-talk", pane.id)>{say(Text::Conversation)}</h3>
            {empty}
            <ol data-testid="talk" node_ref=list tabindex="0" hidden=move || messages.with(Vec::is_empty)>
                <For each=move || messages.get() key=|line| line.clone() let:line>
                    <li><strong><bdi>{line.1}</bdi></strong>" "<bdi>{line.2}</bdi></li>
                </For>
            </ol>
        </section>
    }
}
