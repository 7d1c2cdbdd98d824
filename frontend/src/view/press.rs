//! Asking for the menu of an entry of the list: by the secondary button, by a key, or by a long press of a finger.

use std::time::Duration;

use causerie_client::ChatEntry;
use causerie_protocol::ChatId;
use leptos::ev::{Event, KeyboardEvent, MouseEvent, PointerEvent};
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::chat_menu::Place;
use crate::app::App;
use crate::keys;

/// How long a finger rests on an entry until its menu opens.
const LONG: Duration = Duration::from_millis(500);
/// How long after the finger was lifted its click may come.
const RELEASE: Duration = Duration::from_millis(300);
/// How far it may move meanwhile, in pixels.
const STILL: f64 = 10.0;

/// What presses on the entries of the list lead to.
#[derive(Clone, Copy)]
pub struct Press {
    app: App,
    menu: RwSignal<Option<Place>>,
    /// The finger that rests on an entry: where, and the timer.
    finger: StoredValue<Option<(f64, f64, TimeoutHandle)>, LocalStorage>,
    /// Whether the finger that opened the menu may still rest on it, so that letting go chooses nothing.
    pub held: RwSignal<bool>,
    /// Whether the last press opened the menu, so that letting go opens no chat.
    long: StoredValue<bool>,
}

impl Press {
    pub fn new(app: App, menu: RwSignal<Option<Place>>) -> Self {
        Self {
            app,
            menu,
            finger: StoredValue::new_local(None),
            held: RwSignal::new(false),
            long: StoredValue::new(false),
        }
    }

    /// The secondary button of a mouse, or what stands for it.
    pub fn menu(self, event: &MouseEvent) {
        let Some((chat, entry)) = self.entry(event) else { return };
        event.prevent_default();
        // A key of the keyboard has no place.
        if event.client_x() == 0 && event.client_y() == 0 {
            self.open_below(chat, &entry);
        } else {
            self.open(chat, f64::from(event.client_x()), f64::from(event.client_y()));
        }
    }

    pub fn key(self, event: &KeyboardEvent) {
        if keys::CHAT_MENU.is(event)
            && let Some((chat, entry)) = self.entry(event)
        {
            event.prevent_default();
            self.open_below(chat, &entry);
        }
    }

    pub fn down(self, event: &PointerEvent) {
        self.up();
        self.long.set_value(false);
        let Some((chat, _)) = self.entry(event).filter(|_| event.pointer_type() == "touch") else { return };
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let open = move || {
            // The list may be gone by now.
            if self.long.try_set_value(true).is_none() {
                self.held.set(true);
                self.open(chat, x, y);
            }
        };
        if let Ok(timer) = set_timeout_with_handle(open, LONG) {
            self.finger.set_value(Some((x, y, timer)));
        }
    }

    pub fn moved(self, event: &PointerEvent) {
        let has_moved = self.finger.with_value(|finger| {
            finger.as_ref().is_some_and(|(x, y, _)| {
                let by = (f64::from(event.client_x()) - x).hypot(f64::from(event.client_y()) - y);
                by > STILL
            })
        });
        if has_moved {
            self.up();
        }
    }

    pub fn up(self) {
        if let Some((_, _, timer)) = self.finger.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        if self.held.get_untracked() {
            let release = move || {
                let _ = self.held.try_set(false);
            };
            set_timeout(release, RELEASE);
        }
    }

    /// Whether a click is the end of a long press; then it does nothing else, and the menu stays.
    pub fn took(self, event: &MouseEvent) -> bool {
        let took = self.long.get_value();
        if took {
            self.long.set_value(false);
            event.prevent_default();
            event.stop_propagation();
        }
        took
    }

    /// The entry that an event is about, if it has a menu: a request has none, nor a chat that is lost.
    fn entry(self, event: &Event) -> Option<(ChatId, Element)> {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok())?;
        let entry = target.closest("a[data-chat]").ok()??;
        let chat = entry.get_attribute("data-chat")?.parse().ok()?;
        let has_menu = |chat: &ChatEntry| !chat.is_request() && chat.lost.is_none();
        self.app.peek(|client| client.chat(chat).is_some_and(has_menu)).then_some((chat, entry))
    }

    fn open_below(self, chat: ChatId, entry: &Element) {
        let place = entry.get_bounding_client_rect();
        self.open(chat, place.left() + 16.0, place.bottom());
    }

    fn open(self, chat: ChatId, left: f64, top: f64) {
        self.menu.set(Some(Place { chat, left, top }));
    }
}
