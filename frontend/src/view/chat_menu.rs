//! What a person can set of a chat for themself: the buttons of its menus, and the menu of an entry of the list.

use std::time::Duration;

use causerie_client::{ChatEntry, Client, Input, Invalidation};
use causerie_protocol::{ChatId, Notify, UpdateChatSettings};
use causerie_texts::{page, say};
use js_sys::Date;
use leptos::ev::{Event, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDetailsElement, HtmlElement};

use super::erased::{reactive, text};
use super::menu;
use super::widgets::button;
use crate::app::App;
use crate::{browser, keys};

const HOUR_MS: i64 = 3_600_000;
/// When tomorrow begins for who does not want to hear of a chat before, by the clock of the device.
const MORNING: u32 = 8;
/// How far an entry's menu stays from the edges of the window, with the room that it takes, in pixels.
const ROOM: (f64, f64) = (250.0, 330.0);

/// Which of the choices fit a chat just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    muted: bool,
    pinned: bool,
    archived: bool,
    marked: bool,
    unread: bool,
}

impl Choices {
    pub fn of(client: &Client, chat: &ChatEntry) -> Self {
        Self {
            muted: client.is_muted(chat),
            pinned: chat.settings().pinned_at.is_some(),
            archived: client.is_archived(chat),
            marked: chat.is_marked_unread(),
            unread: chat.unread() > 0,
        }
    }
}

/// Where the menu of an entry is to stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub chat: ChatId,
    pub left: f64,
    pub top: f64,
}

/// The buttons, for a menu.
pub fn buttons(app: App, chat: ChatId, choices: Choices) -> AnyView {
    let set = move |change: UpdateChatSettings| {
        menu::close_all();
        app.dispatch(Input::SetChat { chat, change });
    };
    let none = UpdateChatSettings::default();
    let notify = move |notify, muted_until| {
        set(UpdateChatSettings { notify: Some(notify), muted_until, ..none });
    };
    let mute = if choices.muted {
        button("", Some("unmute"), say!(Unmute), move |_| notify(Notify::All, None))
    } else {
        let now = move || app.peek(|client| client.server_time(browser::now())) as f64;
        let an_hour = move |_| notify(Notify::Nothing, Some(now() as i64 + HOUR_MS));
        let until_tomorrow = move |_| notify(Notify::Nothing, Some(tomorrow(now())));
        view! {
            {button("", Some("mute-hour"), say!(MuteHour), an_hour)}
            {button("", Some("mute-tomorrow"), say!(MuteTomorrow), until_tomorrow)}
            {button("", Some("mute"), say!(Mute), move |_| notify(Notify::Nothing, None))}
        }
        .into_any()
    };
    let toggle = |name, words, change| button("", Some(name), words, move |_| set(change));
    let pinned = Some(!choices.pinned);
    let pin_words = if choices.pinned { say!(Unpin) } else { say!(Pin) };
    let archived = Some(!choices.archived);
    let archive_words = if choices.archived { say!(Unarchive) } else { say!(Archive) };
    let mark = if choices.marked {
        let unmark = UpdateChatSettings { marked_unread: Some(false), ..none };
        Some(toggle("mark-read", say!(MarkRead), unmark))
    } else {
        let mark = move |_| {
            // Who marks the open chat wants to come back to it.
            if app.route.get_untracked() == Some(chat) {
                app.back();
            }
            set(UpdateChatSettings { marked_unread: Some(true), ..none });
        };
        (!choices.unread).then(|| button("", Some("mark-unread"), say!(MarkUnread), mark))
    };
    view! {
        {toggle("pin", pin_words, UpdateChatSettings { pinned, ..none })}
        {mark}
        {mute}
        {toggle("archive", archive_words, UpdateChatSettings { archived, ..none })}
    }
    .into_any()
}

/// The next morning, in milliseconds since 1970.
fn tomorrow(now: f64) -> i64 {
    let date = Date::new(&now.into());
    date.set_date(date.get_date() + 1);
    date.set_hours(MORNING);
    date.set_minutes(0);
    date.set_seconds(0);
    date.set_milliseconds(0);
    date.get_time() as i64
}

/// The menu of an entry of the list, at the place where it was asked for.
pub fn of_entry(app: App, place: RwSignal<Option<Place>>, held: RwSignal<bool>) -> AnyView {
    let class = text(move || if held.get() { "menu floating held" } else { "menu floating" }.to_owned());
    let element = NodeRef::<html::Details>::new();
    Effect::new(move || {
        if place.read().is_some()
            && let Some(menu) = element.get()
        {
            focus(&menu, "button");
        }
    });
    let toggled = move |event: Event| {
        // It is taken away once it was closed, in whichever way.
        let menu = event.target().and_then(|target| target.dyn_into::<HtmlDetailsElement>().ok());
        if menu.is_some_and(|menu| !menu.open()) {
            place.set(None);
        }
    };
    let key = move |event: KeyboardEvent| {
        if keys::CLOSE.is(&event)
            && let Some(place) = place.get_untracked()
            && let Some(body) = causerie_web::document().body()
        {
            focus(&body, &format!("a[data-chat=\"{}\"]", place.chat));
        }
        let step: i32 = match &*event.key() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        if let Some(menu) = element.get_untracked() {
            move_focus(&menu, step);
        }
    };
    let menu = reactive(move || {
        let Some(Place { chat, left, top }) = place.get() else { return ().into_any() };
        let choices = app
            .read(Invalidation::Chat(chat), |client| client.chat(chat).map(|chat| Choices::of(client, chat)));
        let Some(choices) = choices else { return ().into_any() };
        let window = causerie_web::window();
        let size = |size: Result<wasm_bindgen::JsValue, _>| size.ok().and_then(|size| size.as_f64());
        let most = |size: Option<f64>, room: f64| (size.unwrap_or(room) - room).max(0.0);
        let left = left.min(most(size(window.inner_width()), ROOM.0));
        let top = top.min(most(size(window.inner_height()), ROOM.1));
        page! {
            <details node_ref=element class=class.clone() open data-testid="chat-menu" style:left=format!("{left}px") style:top=format!("{top}px") on:toggle=toggled on:keydown=key>
                <summary hidden aria-label=say!(More)></summary>
                <div>{buttons(app, chat, choices)}</div>
            </details>
        }
        .into_any()
    });
    menu.into_any()
}

/// Gives the focus to an element below this one, once it is drawn.
fn focus(below: &Element, selector: &str) {
    let (below, selector) = (below.clone(), selector.to_owned());
    set_timeout(
        move || {
            if let Ok(Some(found)) = below.query_selector(&selector)
                && let Some(found) = found.dyn_ref::<HtmlElement>()
            {
                let _ = found.focus();
            }
        },
        Duration::ZERO,
    );
}

/// Moves the focus among the buttons of a menu, around its ends.
fn move_focus(menu: &Element, step: i32) {
    let Ok(buttons) = menu.query_selector_all("button") else { return };
    let buttons: Vec<HtmlElement> = (0..buttons.length())
        .filter_map(|index| buttons.get(index)?.dyn_into::<HtmlElement>().ok())
        .collect();
    let focused = causerie_web::document().active_element();
    let at = buttons.iter().position(|button| focused.as_ref() == Some(button.as_ref()));
    let Ok(count) = i32::try_from(buttons.len()) else { return };
    let next = at.and_then(|at| i32::try_from(at).ok()).map_or(0, |at| (at + step).rem_euclid(count.max(1)));
    if let Some(button) = usize::try_from(next).ok().and_then(|next| buttons.get(next)) {
        let _ = button.focus();
    }
}
