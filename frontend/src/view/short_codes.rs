//! Short codes in the composer: `:sm` offers what begins so, and `:smile:` becomes its emoji.

use causerie_emoji::Typed;
use causerie_texts::page;
use js_sys::JsString;
use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlTextAreaElement;

use super::erased::{click, reactive};
use super::marks;
use super::parts::{Emoji, Part};
use super::picking::Coded;

/// The id of the list.
pub const LIST: &str = "short-codes";

/// What is offered for the short code before the caret.
#[derive(Clone, Copy)]
pub struct ShortCodes {
    part: Part<Emoji>,
    area: NodeRef<html::Textarea>,
    offered: RwSignal<Vec<Coded>>,
    /// The one that Enter takes.
    active: RwSignal<usize>,
}

impl ShortCodes {
    pub fn new(part: Part<Emoji>, area: NodeRef<html::Textarea>) -> Self {
        let codes = Self { part, area, offered: RwSignal::new(Vec::new()), active: RwSignal::new(0) };
        // What was typed while the part was on its way.
        Effect::new(move || {
            if part.loaded().is_some() {
                codes.typed();
            }
        });
        codes
    }

    /// The person typed something, or moved on.
    pub fn typed(self) {
        let Some(area) = self.area.get_untracked() else { return };
        let before = before_caret(&area);
        let typed = before.as_deref().and_then(Typed::before_caret);
        let Some(typed) = typed else { return self.close() };
        self.part.load();
        let Some(part) = self.part.loaded_now() else { return };
        match typed {
            Typed::Begun(code) => {
                self.active.set(0);
                self.offered.set((part.codes)(code));
            }
            Typed::Closed(code) => {
                self.close();
                if let Some(emoji) = (part.code)(code) {
                    let letters = typed.len();
                    // Not within the event of the colon, since this makes one of the same kind.
                    causerie_web::run(async move { replace(&area, letters, &emoji) });
                }
            }
        }
    }

    /// Also after the composer was disposed of: a field that is removed with the focus loses it then.
    pub fn close(self) {
        if self.offered.try_with_untracked(|offered| !offered.is_empty()) == Some(true) {
            let _ = self.offered.try_set(Vec::new());
        }
    }

    /// Handles a key while something is offered; answers whether it was one of the list's.
    pub fn key(self, event: &KeyboardEvent) -> bool {
        let count = self.offered.with_untracked(Vec::len);
        if count == 0 || event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key() {
            return false;
        }
        let active = self.active.get_untracked();
        match &*event.key() {
            "ArrowDown" => self.active.set((active + 1) % count),
            "ArrowUp" => self.active.set((active + count - 1) % count),
            "Enter" | "Tab" => self.take(active),
            "Escape" => self.close(),
            _ => return false,
        }
        event.prevent_default();
        true
    }

    fn take(self, at: usize) {
        let coded = self.offered.with_untracked(|offered| offered.get(at).cloned());
        self.close();
        let Some((area, coded)) = self.area.get_untracked().zip(coded) else { return };
        let before = before_caret(&area);
        if let Some(typed) = before.as_deref().and_then(Typed::before_caret) {
            replace(&area, typed.len(), &coded.emoji);
        }
    }

    /// The id of the option that Enter takes, for `aria-activedescendant`.
    pub fn active_id(self) -> Option<String> {
        let is_open = self.offered.with(|offered| !offered.is_empty());
        is_open.then(|| option_id(self.active.get()))
    }

    /// The list above the composer.
    pub fn draw(self) -> AnyView {
        let options = reactive(move || {
            let active = self.active.get();
            let offered = self.offered.get();
            let option = |(at, coded): (usize, Coded)| {
                let selected = if at == active { "true" } else { "false" };
                let take = click(move |_| self.take(at));
                // The focus stays in the field.
                let hold = click(|event: MouseEvent| event.prevent_default());
                let Coded { code, emoji, name } = coded;
                view! {
                    <li id=option_id(at) role="option" aria-selected=selected title=name on:mousedown=hold on:click=take>
                        <span>{emoji}</span>" "{format!(":{code}:")}
                    </li>
                }
            };
            if offered.is_empty() {
                return ().into_any();
            }
            let options: Vec<_> = offered.into_iter().enumerate().map(option).collect();
            page! { <ul id=LIST class="short-codes" role="listbox" aria-label=say!(Emoji)>{options}</ul> }
                .into_any()
        });
        view! { <div class="over">{options}</div> }.into_any()
    }
}

fn option_id(at: usize) -> String {
    format!("short-code-{at}")
}

/// The text before the caret; nothing while something is selected.
fn before_caret(area: &HtmlTextAreaElement) -> Option<String> {
    let (start, end) = marks::selection(area);
    (start == end).then(|| JsString::from(area.value()).slice(0, end).into())
}

/// Replaces so many letters before the caret, which are ASCII.
fn replace(area: &HtmlTextAreaElement, letters: usize, by: &str) {
    let (_, end) = marks::selection(area);
    let _ = area.set_selection_range(end.saturating_sub(letters as u32), end);
    marks::insert(area, by);
}
