//! A dialog of the browser's own: it keeps the focus, closes at Escape, and gives the focus back.

use leptos::html;
use leptos::prelude::*;

use super::icon::{CLOSE, Icon};

/// A modal dialog, open while it is there; `on_close` takes it away.
#[component]
pub fn Modal(
    /// Its heading.
    title: &'static str,
    /// Its name for tests.
    name: &'static str,
    /// Called once it is closed.
    on_close: Callback<()>,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = element.get() {
            // It fails when it is open already, which is what is wanted.
            let _ = dialog.show_modal();
        }
    });
    let close = move |_| {
        if let Some(dialog) = element.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <dialog node_ref=element data-testid=name aria-label=title on:close=move |_| on_close.run(())>
            <div class="head">
                <h2>{title}</h2>
                <button class="icon" type="button" aria-label="Close" on:click=close><Icon path=CLOSE /></button>
            </div>
            {children()}
        </dialog>
    }
}
