//! One message, and what can be done with an own one.

use causerie_client::Input;
use causerie_protocol::{ClientId, MessageId};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::icon::{Icon, MORE};
use super::menu;
use super::rows::{Item, MessageItem, Stage};
use crate::app::App;
use crate::links::{Piece, pieces};

/// What the composer is given to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToEdit {
    /// A sent message is to get another text.
    Sent(MessageId, String),
    /// The text of one that failed is to be written anew.
    Unsent(String),
}

/// Draws an item of the timeline.
pub fn draw(app: App, item: Item, edit: Callback<ToEdit>, fail: Callback<String>) -> AnyView {
    match item {
        Item::Day(words) => view! { <li class="day"><time>{words}</time></li> }.into_any(),
        Item::New => view! { <li class="new">"New"</li> }.into_any(),
        Item::Line(words) => view! { <li class="event">{words}</li> }.into_any(),
        Item::Message(message) => draw_message(app, *message, edit, fail),
    }
}

fn draw_message(app: App, item: MessageItem, edit: Callback<ToEdit>, fail: Callback<String>) -> AnyView {
    let theirs = !item.mine;
    let who = (theirs && item.first).then(|| view! { <span class="who">{item.who.clone()}</span> });
    let avatar = (theirs && item.last).then(|| {
        view! { <span class=item.avatar.class("small", false) aria-hidden="true">{item.avatar.initials.clone()}</span> }
    });
    let edited = item.edited.then(|| view! { <span class="edited">"edited"</span> });
    let said = if item.deleted {
        view! { "This message was deleted." }.into_any()
    } else {
        let pieces: Vec<_> = pieces(&item.text).into_iter().map(draw_piece).collect();
        view! { {pieces} {edited} }.into_any()
    };
    let actions = match item.id {
        Some(id) if item.mine && !item.deleted && item.stage == Stage::Settled => {
            Some(actions(app, id, item.text.clone(), edit, fail))
        }
        _ => None,
    };
    let failed = item.stage == Stage::Failed;
    let state = (!item.state.is_empty()).then(|| {
        let choices = item.client_id.clone().filter(|_| failed);
        let choices = choices.map(|client_id| choices_of_failed(app, client_id, item.text.clone(), edit));
        view! { <span class="state" class:failed=failed>{item.state.clone()}{choices}</span> }
    });
    view! {
        <li class="turn" class:mine=item.mine class:first=item.first class:final=item.last>
            {who}
            <div class="said">
                <div class="bubble" class:sending=item.stage == Stage::Pending class:failed=failed
                    class:gone=item.deleted dir="auto" title=item.full_time>{said}</div>
                {actions}
            </div>
            {avatar}
            {state}
        </li>
    }
    .into_any()
}

fn draw_piece(piece: Piece<'_>) -> AnyView {
    match piece {
        Piece::Text(text) => text.to_owned().into_any(),
        Piece::Link(address) => {
            let address = address.to_owned();
            view! { <a href=address.clone() target="_blank" rel="noopener noreferrer">{address.clone()}</a> }
                .into_any()
        }
    }
}

fn actions(app: App, id: MessageId, text: String, edit: Callback<ToEdit>, fail: Callback<String>) -> AnyView {
    let start = move |_| {
        menu::close_all();
        edit.run(ToEdit::Sent(id, text.clone()));
    };
    let delete = move |_| {
        menu::close_all();
        let api = app.api();
        spawn_local(async move {
            // What others see comes as an event, and so it does here.
            if let Err(error) = api.delete(id).await {
                let _ = fail.try_run(error.detail);
            }
        });
    };
    view! {
        <details class="menu">
            <summary class="icon" aria-label="What to do with this message"><Icon path=MORE /></summary>
            <div>
                <button type="button" on:click=start>"Edit"</button>
                <button type="button" class="bad" on:click=delete>"Delete"</button>
            </div>
        </details>
    }
    .into_any()
}

fn choices_of_failed(app: App, client_id: ClientId, text: String, edit: Callback<ToEdit>) -> AnyView {
    let (retried, edited, deleted) = (client_id.clone(), client_id.clone(), client_id);
    let retry = move |_| app.dispatch(Input::Retry { client_id: retried.clone() });
    let rewrite = move |_| {
        app.dispatch(Input::DeleteUnsent { client_id: edited.clone() });
        edit.run(ToEdit::Unsent(text.clone()));
    };
    let delete = move |_| app.dispatch(Input::DeleteUnsent { client_id: deleted.clone() });
    view! {
        <button type="button" data-testid="edit" on:click=rewrite>"Edit"</button>
        <button type="button" data-testid="retry" on:click=retry>"Retry"</button>
        <button type="button" data-testid="delete" on:click=delete>"Delete"</button>
    }
    .into_any()
}
