//! The dialog that shows the keys of the page.

use causerie_texts::say;
use leptos::prelude::*;

use super::Dialog;
use super::dialog::modal;
use crate::keys::{ALL, Key};

pub fn keys(dialog: RwSignal<Dialog>) -> AnyView {
    let row = |key: &'static Key| {
        let names: Vec<_> = key.names().map(|name| view! { <kbd>{name}</kbd> }).collect();
        view! { <dt>{names}</dt><dd>{key.does}</dd> }.into_any()
    };
    let rows: Vec<_> = ALL.into_iter().map(row).collect();
    let content = view! { <dl class="keys">{rows}</dl> };
    modal(say!(Keys), "keys-dialog", move || dialog.set(Dialog::None), content.into_any())
}
