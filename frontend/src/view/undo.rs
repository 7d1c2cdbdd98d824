//! For some seconds after a deletion: how to take it back.

use causerie_client::{Input, Invalidation};
use causerie_texts::page;
use leptos::prelude::*;

use super::erased::reactive;
use super::widgets::button;
use crate::app::App;

pub fn undo(app: App) -> AnyView {
    let undoable = Memo::new(move |_| {
        app.read(Invalidation::Deletions, |client| client.undoable().map(|one| one.message))
    });
    let toast = reactive(move || {
        let Some(message) = undoable.get() else { return ().into_any() };
        let keep = move |_| app.dispatch(Input::UndoDelete { message });
        page! {
            <div class="toast" data-testid="undo-toast">
                <span>say!(MessageDeleted)</span>
                {button("link", Some("undo"), say!(Undo), keep)}
            </div>
        }
        .into_any()
    });
    view! { <div role="status">{toast}</div> }.into_any()
}
