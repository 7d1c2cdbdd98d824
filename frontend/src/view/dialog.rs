//! The browser's `<dialog>`: it traps the focus, closes at Escape, and restores the focus.

use causerie_texts::page;
use leptos::html;
use leptos::prelude::*;

use super::erased::event;
use super::icon;
use super::widgets::icon_button;

/// A modal dialog; `name` is its test id, and `on_close` removes it once it is closed.
pub fn modal(
    title: &'static str,
    name: &'static str,
    on_close: impl Fn() + 'static,
    content: AnyView,
) -> AnyView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = element.get() {
            // It fails when the dialog is open already, which is fine.
            let _ = dialog.show_modal();
        }
    });
    let close = move |_| {
        if let Some(dialog) = element.get_untracked() {
            dialog.close();
        }
    };
    page! {
        <dialog node_ref=element data-testid=name aria-label=title on:close=event(move |_| on_close())>
            <div class="head">
                <h2>{title}</h2>
                {icon_button("icon", None, say!(Close), icon::cross, close)}
            </div>
            {content}
        </dialog>
    }
    .into_any()
}
