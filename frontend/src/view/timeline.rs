//! The messages of one chat: the newest at the bottom, older ones are loaded while scrolling up; a part of them is drawn.

use causerie_client::sorted::SortedMap;
use causerie_client::{ChatEntry, Client, ConnectionState, Input, Invalidation, Name, RowsView};
use causerie_protocol::rest::ChatRole;
use causerie_protocol::{ChatId, MessageId, Seq};
use causerie_texts::{page, say};
use leptos::html;
use leptos::prelude::*;
use web_sys::Element;

use super::asking::Asking;
use super::erased::{event, reactive, text};
use super::message::{MessageContext, ToEdit, draw};
use super::picking::For;
use super::reply::{self, Swipe, Way};
use super::rows::{Item, ItemKey, RenderContext, items};
use super::widgets::{button, hint, named};
use crate::app::{App, app};
use crate::{browser, language};

/// This near to the end the scroller counts as being at it, in pixels.
const NEAR_END: f64 = 48.0;
/// This near to the beginning older messages are loaded, in pixels.
const NEAR_START: f64 = 800.0;

/// Most rows that are drawn at a time; beyond them the person scrolls from one part of the rows to the next.
const DRAWN: usize = 200;
/// By how many rows the drawn part moves.
const STEP: isize = 60;

/// An item with its own signal: a keyed list creates an element only for a new key.
type Drawn = (ItemKey, ArcRwSignal<Item>);

/// The scroller with the messages, and the button to the newest one.
#[component]
pub fn Timeline(
    chat: ChatId,
    /// The chat's title, for the accessible name.
    title: Signal<Name>,
    /// The message that the composer is to edit.
    to_edit: RwSignal<Option<ToEdit>>,
    /// The error that the composer shows.
    error: RwSignal<String>,
    /// Counts the messages that the person sends; each one scrolls to the end.
    sent: RwSignal<u32>,
    /// The message that the composer is to reply to.
    to_reply: RwSignal<Option<Seq>>,
    /// The message that the person is about to report.
    reporting: RwSignal<Option<MessageId>>,
    /// The dialog about a message that is open.
    asking: RwSignal<Option<Asking>>,
    /// For what an emoji is being chosen.
    picking: RwSignal<Option<For>>,
) -> impl IntoView {
    let app = app();
    let way = Way { app, chat, to_reply, back: RwSignal::new(None) };
    let context = MessageContext { app, chat, to_edit, error, reporting, asking, picking, way };
    let scroller = NodeRef::<html::Div>::new();
    let drawn = RwSignal::new(Vec::<Drawn>::new());
    let at_end = RwSignal::new(true);
    let seen = StoredValue::new(Seq::ZERO);
    let below = RwSignal::new(0_u32);
    // Where the drawn part begins; nothing while it ends with the newest row.
    let from = RwSignal::new(None::<Seq>);
    let part = StoredValue::new(Part::default());
    let above = RwSignal::new(false);
    let opened_at = StoredValue::new(None::<Option<Seq>>);
    // The position that the person goes to, until it is on the screen.
    let goal = RwSignal::new(None::<Seq>);

    let draw_from = move |first: Option<Seq>| {
        if from.get_untracked() != first {
            from.set(first);
            app.dispatch(Input::ReadsAbove(first.map(|_| chat)));
        }
    };
    on_cleanup(move || app.dispatch(Input::ReadsAbove(None)));
    let on_scroll = move || {
        // An animation frame may come after the conversation is gone.
        let Some(scroller) = scroller.try_get_untracked().flatten() else { return };
        let (from_end, from_start) = distances(&scroller);
        let part = part.get_value();
        let history = app.peek(|client| client.history(chat));
        let is_at_end = from_end < NEAR_END && part.below == 0 && !history.has_newer;
        if goal.get_untracked().is_some() {
            return;
        }
        if at_end.get_untracked() != is_at_end {
            at_end.set(is_at_end);
        }
        let beside = |by| part.first.and_then(|first| app.peek(|client| client.seq_beside(chat, first, by)));
        if is_at_end {
            draw_from(None);
            seen.set_value(app.peek(|client| client.last_position(chat)));
            below.set(0);
            way.back.set(None);
            if browser::is_visible() && history.loaded {
                app.dispatch(Input::SeenBottom { chat });
            }
        } else if from_start < NEAR_START && part.above > 0 {
            draw_from(beside(-STEP));
        } else if from_end < NEAR_START && part.below > 0 {
            draw_from(beside(STEP));
        } else if from.get_untracked().is_none() {
            draw_from(part.first);
        }
        if !history.loaded || history.loading || history.failed.is_some() {
            return;
        }
        if part.above == 0 && history.has_older && from_start < NEAR_START {
            app.dispatch(Input::LoadOlder { chat });
        } else if part.below == 0 && history.has_newer && from_end < NEAR_START {
            app.dispatch(Input::LoadNewer { chat });
        }
    };
    let to_end = move || {
        goal.set(None);
        app.to_latest(chat);
        if let Some(scroller) = scroller.try_get_untracked().flatten() {
            // Nothing is held in its place then.
            at_end.set(true);
            draw_from(None);
            scroller.set_scroll_top(0);
        }
    };

    Effect::new(move || {
        if let Some(seq) = app.place.get() {
            at_end.set(false);
            goal.set(Some(seq));
        }
    });
    Effect::new(move || {
        let online =
            app.read(Invalidation::Connection, |client| client.connection() == &ConnectionState::Online);
        let drawn_from = from.get();
        app.read(Invalidation::Timeline(chat), |_| ());
        let arrived = goal.get().filter(|seq| app.peek(|client| client.holds(chat, *seq)));
        // The message is in the middle of what is drawn.
        let first = match arrived {
            Some(seq) => app.peek(|client| client.seq_beside(chat, seq, -(DRAWN as isize / 2))),
            None => drawn_from,
        };
        if first != drawn_from {
            return draw_from(first);
        }
        let RowsView { rows, first, above: more_above, below: more_below } =
            app.peek(|client| client.view(chat, first, DRAWN));
        part.set_value(Part { first, above: more_above, below: more_below });
        if above.get_untracked() != (more_above > 0) {
            above.set(more_above > 0);
        }
        let now = app.server_time();
        let opening = opened_at.get_value().is_none();
        if opening {
            opened_at.set_value(app.peek(|client| read_at_opening(client, chat)));
        }
        let new = app.clock(|clock| {
            app.peek(|client| {
                let Some(me) = client.me() else { return Vec::new() };
                items(
                    &rows,
                    &RenderContext {
                        me: me.id,
                        people: &client.people(chat, &rows, &browser::fold),
                        online,
                        read: opened_at.get_value().flatten(),
                        complete: more_above == 0 && !client.history(chat).has_older,
                        pins: client.chat(chat).is_some_and(ChatEntry::may_pin),
                        editable_until: &|row| client.editable_until(&row.at),
                        moderates: client.chat(chat).is_some_and(|chat| chat.role() >= ChatRole::Moderator),
                        clock,
                        now,
                    },
                )
            })
        });
        let stays = !at_end.get_untracked() && arrived.is_none();
        let held = scroller.get_untracked().filter(|_| stays).and_then(|it| middle(&it));
        reconcile(drawn, new);
        let last_seen = seen.get_value();
        if !at_end.get_untracked() {
            let count = app.peek(|client| {
                // Who came by an address has not seen the end, and of what is not loaded nothing is counted here.
                if last_seen == Seq::ZERO || client.history(chat).has_newer {
                    client.chat(chat).map_or(0, ChatEntry::unread) as usize
                } else {
                    client.others_after(chat, last_seen)
                }
            });
            below.set(count as u32);
        }
        let goes = goal.get_untracked().is_some();
        let show_new = opening && !goes && opened_at.get_value().flatten().is_some();
        // The browser has to lay the rows out first.
        request_animation_frame(move || {
            if let (Some((element, before)), Some(scroller)) = (held, scroller.try_get_untracked().flatten())
                && element.is_connected()
            {
                scroller.scroll_by_with_x_and_y(0.0, element.get_bounding_client_rect().top() - before);
            }
            if let (true, Some(scroller)) = (show_new, scroller.try_get_untracked().flatten()) {
                show_first_new(&scroller);
            }
            if let (Some(seq), Some(scroller)) = (arrived, scroller.try_get_untracked().flatten()) {
                goal.set(None);
                if !show_message(&scroller, seq) {
                    error.set(say!(NotThere).to_owned());
                }
            }
            on_scroll();
        });
    });
    // A page that comes back from the background sees the end then.
    Effect::new(move |_| {
        app.read(Invalidation::Chat(chat), |_| ());
        request_animation_frame(on_scroll);
    });
    Effect::new(move |before: Option<u32>| {
        let now = sent.get();
        if before.is_some_and(|before| before != now) {
            request_animation_frame(to_end);
        }
        now
    });

    let latest = reactive(move || {
        if at_end.get() {
            return ().into_any();
        }
        let count = match below.get() {
            0 => say!(ToLatest).to_owned(),
            count => say!(ToLatestCount, count = language::number(count.into())),
        };
        let down = super::erased::click(move |_| to_end());
        view! { <button class="latest" type="button" on:click=down>{count}</button> }.into_any()
    });
    let back = reactive(move || match way.back.get() {
        Some(reply) => button("latest reply-back", Some("back-to-reply"), say!(BackToReply), move |_| {
            way.return_to(reply);
        }),
        None => ().into_any(),
    });
    let key = window_event_listener(leptos::ev::keydown, move |event| reply::on_key(way, &event));
    on_cleanup(move || key.remove());
    let swipe = Swipe::default();
    let (down, moved, up, cancelled) = (swipe.clone(), swipe.clone(), swipe.clone(), swipe);
    page! {
        <div class="scroller" node_ref=scroller tabindex="-1" on:scroll=event(move |_| on_scroll())
            on:pointerdown=move |event| down.down(&event) on:pointermove=move |event| moved.moved(&event)
            on:pointerup=move |_| up.up(way) on:pointercancel=move |_| cancelled.cancel()>
            <ol class="timeline" aria-label=named(say!(MessagesWith), title)>
                {reactive(move || if above.get() { ().into_any() } else { beginning(app, chat) })}
                <For each=move || drawn.get() key=|(key, _)| key.clone() let((_, item))>
                    {reactive(move || draw(context, item.get()))}
                </For>
                <li class="typing" aria-hidden="true">{text(move || typing_line(app, chat))}</li>
            </ol>
        </div>
        <div class="ways">{back}{latest}</div>
    }
}

/// Which of the rows are drawn.
#[derive(Clone, Copy, Default)]
struct Part {
    /// The seq of the first of them.
    first: Option<Seq>,
    /// How many more are loaded above them, and below.
    above: usize,
    below: usize,
}

/// The element above the first message.
fn beginning(app: App, chat: ChatId) -> AnyView {
    let (history, empty) = app.read(Invalidation::Timeline(chat), |client| {
        let history = client.history(chat);
        let empty = history.loaded && !history.has_older && client.is_empty(chat);
        (history, empty)
    });
    if empty {
        return hint(say!(NoMessages), say!(SayHelloDot).to_owned());
    }
    if let Some(reason) = history.failed {
        return hint("", reason);
    }
    if history.has_older && !history.loading {
        let older = button("link", None, say!(LoadOlder), move |_| app.dispatch(Input::LoadOlder { chat }));
        return view! { <li class="older">{older}</li> }.into_any();
    }
    if history.has_older || !history.loaded {
        return page! { <li class="older"><span class="soft">say!(LoadingMessages)</span></li> }.into_any();
    }
    ().into_any()
}

fn typing_line(app: App, chat: ChatId) -> String {
    // Only while online, since otherwise no frame would say that they stopped.
    if app.read(Invalidation::Connection, |client| *client.connection() != ConnectionState::Online) {
        return String::new();
    }
    let names: Vec<_> = app.read(Invalidation::Typing(chat), |client| {
        let users = client.typing(chat);
        // Most of the time nobody is typing.
        let entry = client.chat(chat).filter(|_| !users.is_empty());
        let people = entry.map(|entry: &ChatEntry| entry.people(&browser::fold)).unwrap_or_default();
        users.iter().map(|user| people.short(user)).collect()
    });
    match &*names {
        [] => String::new(),
        [one] => say!(Types, name = one),
        [one, two] => say!(TwoType, one = one, two = two),
        _ => say!(ManyType).to_owned(),
    }
}

/// Updates the drawn items, and keeps the signals of those that stay.
fn reconcile(drawn: RwSignal<Vec<Drawn>>, new: Vec<(ItemKey, Item)>) {
    let mut old = SortedMap::new();
    for (key, signal) in drawn.get_untracked() {
        old.insert(key, signal);
    }
    let same_keys = {
        let drawn = drawn.read_untracked();
        drawn.len() == new.len() && drawn.iter().zip(&new).all(|((old, _), (new, _))| old == new)
    };
    let next: Vec<Drawn> = new
        .into_iter()
        .map(|(key, item)| match old.get(&key) {
            Some(signal) => {
                if *signal.read_untracked() != item {
                    signal.set(item);
                }
                (key, signal.clone())
            }
            None => (key, ArcRwSignal::new(item)),
        })
        .collect();
    if !same_keys {
        drawn.set(next);
    }
}

/// The position up to which the user had read, once the list and the newest page are loaded.
fn read_at_opening(client: &Client, chat: ChatId) -> Option<Option<Seq>> {
    if !client.history(chat).loaded {
        return None;
    }
    let entry = client.chat(chat)?;
    Some((entry.unread() > 0).then(|| entry.read()))
}

/// How far the scroller is from its end and from its beginning, in pixels.
fn distances(scroller: &Element) -> (f64, f64) {
    // The scroller is laid out from the bottom: its position is 0 at the end and negative above.
    let from_end = f64::from(scroller.scroll_top()).abs();
    let range = f64::from(scroller.scroll_height() - scroller.client_height());
    (from_end, range - from_end)
}

/// The element in the middle of the scroller, and its distance from the top of the page.
///
/// While rows come above and below, it stays in place for a person who reads further up. Browsers have scroll
/// anchoring, but lose the anchor when the framework moves that row.
fn middle(scroller: &Element) -> Option<(Element, f64)> {
    let frame = scroller.get_bounding_client_rect();
    let (x, y) = (frame.left() + frame.width() / 2.0, frame.top() + frame.height() / 2.0);
    let element = causerie_web::document().element_from_point(x as f32, y as f32)?.closest("li").ok()??;
    let top = element.get_bounding_client_rect().top();
    Some((element, top))
}

/// Scrolls to the message at a position and marks it for a moment; returns whether it is there.
fn show_message(scroller: &Element, seq: Seq) -> bool {
    let Ok(Some(row)) = scroller.query_selector(&format!("li[data-seq=\"{seq}\"]")) else { return false };
    let (frame, at) = (scroller.get_bounding_client_rect(), row.get_bounding_client_rect());
    let by = at.top() + at.height() / 2.0 - frame.top() - frame.height() / 2.0;
    scroller.scroll_by_with_x_and_y(0.0, by);
    if let Ok(Some(before)) = scroller.query_selector(".found") {
        let _ = before.class_list().remove_1("found");
        // The mark begins anew for a row that has been marked before, once that is laid out without it.
        let _ = before.get_bounding_client_rect();
    }
    let _ = row.class_list().add_1("found");
    true
}

/// Scrolls up to the first new message when it is out of sight.
fn show_first_new(scroller: &Element) {
    if let Ok(Some(new)) = scroller.query_selector(".new")
        && new.get_bounding_client_rect().top() < scroller.get_bounding_client_rect().top()
    {
        new.scroll_into_view();
    }
}
