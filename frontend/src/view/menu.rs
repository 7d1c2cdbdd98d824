//! Menus are `<details class="menu">`: the browser opens them, and this module closes them.

use leptos::ev::{Event, KeyboardEvent};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node};

use causerie_web::document;

use crate::browser::on_document;
use crate::keys;

const OPEN: &str = "details.menu[open]";

/// Closes an open menu at a click outside it, and at Escape.
pub fn close_with_clicks_elsewhere() {
    on_document("click", |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
        close(|menu| !menu.contains(target.as_ref()));
    });
    on_document("keydown", |event: Event| {
        if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| keys::CLOSE.is(event)) {
            leave();
        }
    });
}

/// Closes the open menus, with the focus on what opens the last one: where it was is hidden.
pub fn leave() {
    close(|menu| {
        focus_summary(menu);
        true
    });
}

fn focus_summary(menu: &Element) {
    if let Ok(Some(summary)) = menu.query_selector("summary")
        && let Some(summary) = summary.dyn_ref::<HtmlElement>()
    {
        let _ = summary.focus();
    }
}

pub fn close_all() {
    close(|_| true);
}

fn close(which: impl Fn(&Element) -> bool) {
    let Ok(open) = document().query_selector_all(OPEN) else { return };
    for index in 0..open.length() {
        if let Some(menu) = open.get(index).and_then(|node| node.dyn_into::<Element>().ok())
            && which(&menu)
        {
            let _ = menu.remove_attribute("open");
        }
    }
}
