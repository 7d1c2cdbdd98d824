//! The pinned messages of a chat, in a bar above its messages: the one that was pinned last, and on demand all of them.

use causerie_client::{ChatEntry, Invalidation};
use causerie_protocol::{ChatId, MessageId};
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::erased::{click, flag, reactive};
use super::icon;
use super::reply::Quote;
use super::widgets::{bdi, icon_button};
use crate::api::sentence;
use crate::app::App;
use crate::browser;

/// A pinned message, as it is drawn.
#[derive(Clone, PartialEq, Eq)]
struct Pin {
    id: Option<MessageId>,
    quote: Quote,
}

/// Pins a message, or no more; that comes back as an event, for this page as for all others.
pub fn set(app: App, message: MessageId, on: bool, error: RwSignal<String>) {
    causerie_web::run(async move {
        if let Err(problem) = app.api().pin(message, on).await {
            let _ = error.try_set(sentence(problem));
        }
    });
}

/// The bar; nothing where nothing is pinned.
pub fn bar(app: App, chat: ChatId, error: RwSignal<String>) -> AnyView {
    let unfolded = RwSignal::new(false);
    let pins = Memo::new(move |_| {
        app.read(Invalidation::Chat(chat), |client| {
            let Some(me) = client.me().map(|me| me.id) else { return Vec::new() };
            let people = client.people(chat, &[], &browser::fold);
            let pins = client.pinned(chat).into_iter();
            pins.map(|(original, hidden)| Pin {
                id: original.id,
                quote: Quote::new(&original, hidden, &people, me),
            })
            .collect()
        })
    });
    let may_unpin = Memo::new(move |_| {
        app.read(Invalidation::Chat(chat), |client| client.chat(chat).is_some_and(ChatEntry::may_pin))
    });
    reactive(move || {
        let pins = pins.read();
        let (count, may_unpin) = (pins.len(), may_unpin.get());
        let Some((last, others)) = pins.split_first() else { return ().into_any() };
        let row = |pin: &Pin| view! { <li>{row(app, chat, pin, may_unpin, error)}</li> };
        let last = row(last);
        let others: Vec<_> = others.iter().map(row).collect();
        let toggle = (count > 1).then(|| {
            let unfold = click(move |_| unfolded.update(|is| *is = !*is));
            let words = say!(MorePinned, count = count);
            let expanded = move || if unfolded.get() { "true" } else { "false" };
            view! {
                <button class="link" type="button" data-testid="all-pinned" aria-expanded=expanded on:click=unfold>
                    {words}
                </button>
            }
        });
        page! {
            <section class="pinned" data-testid="pinned" aria-label=say!(PinnedMessages)>
                {icon::pin()}
                <ul>{last}</ul>
                {toggle}
                <ul class="others" hidden=flag(move || !unfolded.get())>{others}</ul>
            </section>
        }
        .into_any()
    })
    .into_any()
}

fn row(app: App, chat: ChatId, pin: &Pin, may_unpin: bool, error: RwSignal<String>) -> AnyView {
    let Quote { seq, who, words, .. } = pin.quote.clone();
    let go = click(move |_| app.go_to_message(chat, None, seq));
    let who = who.map(|who| view! { <strong>{bdi(&who)}</strong> });
    let unpin = pin.id.filter(|_| may_unpin).map(|id| {
        icon_button("icon", Some("unpin-message"), say!(UnpinMessage), icon::cross, move |_| {
            set(app, id, false, error);
        })
    });
    view! {
        <button class="quote" type="button" on:click=go>{who}<span dir="auto">{words}</span></button>
        {unpin}
    }
    .into_any()
}
