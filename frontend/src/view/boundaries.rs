//! The part of the settings about others: whom the user has blocked, and what others see.

use causerie_client::Name;
use causerie_protocol::UserId;
use causerie_protocol::rest::{Blocked, Privacy};
use causerie_texts::{page, say};
use causerie_web::api::ApiError;
use leptos::prelude::*;

use super::erased::{click, event, reactive};
use super::widgets::{alert, bdi};
use crate::api::sentence;
use crate::app::App;

#[derive(Clone, Copy)]
struct State {
    app: App,
    blocked: StoredValue<Option<Vec<Blocked>>>,
    privacy: StoredValue<Privacy>,
    /// Counts the loads, to track them.
    loaded: RwSignal<u32>,
    error: RwSignal<String>,
}

pub fn boundaries(app: App) -> AnyView {
    let state = State {
        app,
        blocked: StoredValue::new(None),
        privacy: StoredValue::new(Privacy::default()),
        loaded: RwSignal::new(0),
        error: RwSignal::new(String::new()),
    };
    causerie_web::run(load(state, None, None));
    page! {
        <div>
            <h3>say!(WhatOthersSee)</h3>
            {reactive(move || switches(state))}
            <small class="soft">say!(MutualHint)</small>
        </div>
        <div>
            <h3>say!(BlockedPeople)</h3>
            {alert(state.error)}
            {reactive(move || list(state))}
        </div>
    }
    .into_any()
}

/// Unblocks somebody, or changes what others see, and loads both.
async fn load(state: State, unblock: Option<UserId>, change: Option<Privacy>) {
    let loaded = async {
        let api = state.app.api();
        if let Some(user) = unblock {
            api.unblock(user).await?;
        }
        let privacy = match change {
            Some(change) => api.set_privacy(&change).await?,
            None => api.privacy().await?,
        };
        Ok::<_, ApiError>((privacy, api.blocks().await?))
    };
    // The dialog may be closed by now.
    match loaded.await {
        Ok((privacy, blocked)) => {
            let _ = state.privacy.try_set_value(privacy);
            let _ = state.blocked.try_set_value(Some(blocked));
        }
        Err(problem) => drop(state.error.try_set(sentence(problem))),
    }
    let _ = state.loaded.try_update(|loaded| *loaded += 1);
}

fn switches(state: State) -> AnyView {
    state.loaded.track();
    let privacy = state.privacy.get_value();
    let switch = |name: &'static str,
                  words: &'static str,
                  value: Option<bool>,
                  change: fn(bool) -> Privacy| {
        let toggle = event(move |event| {
            causerie_web::run(load(state, None, Some(change(event_target_checked(&event)))));
        });
        let unknown = value.is_none();
        view! {
            <label class="check">
                <input type="checkbox" data-testid=name disabled=unknown prop:checked=value.unwrap_or_default() on:change=toggle />
                {words}
            </label>
        }
    };
    let online = switch("shows-online", say!(ShowsOnline), privacy.shows_online, |shows| Privacy {
        shows_online: Some(shows),
        shows_read: None,
    });
    let read = switch("shows-read", say!(ShowsRead), privacy.shows_read, |shows| Privacy {
        shows_online: None,
        shows_read: Some(shows),
    });
    view! { {online}{read} }.into_any()
}

fn list(state: State) -> AnyView {
    state.loaded.track();
    match state.blocked.get_value() {
        None => page! { <p class="soft">say!(Loading)</p> }.into_any(),
        Some(list) if list.is_empty() => page! { <p class="soft">say!(NobodyBlocked)</p> }.into_any(),
        Some(list) => {
            let items: Vec<_> = list.iter().map(|blocked| draw(state, blocked)).collect();
            view! { <ul class="signs">{items}</ul> }.into_any()
        }
    }
}

fn draw(state: State, blocked: &Blocked) -> AnyView {
    let (id, name) = (blocked.user.id, Name::of(&blocked.user));
    let label = say!(UnblockNamed, name = name);
    let unblock = click(move |_| causerie_web::run(load(state, Some(id), None)));
    page! {
        <li><span>{bdi(&name)}</span><button class="link" type="button" data-testid="unblock" aria-label=label on:click=unblock>say!(Unblock)</button></li>
    }
    .into_any()
}
