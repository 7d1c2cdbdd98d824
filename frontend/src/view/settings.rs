//! Who one is, where one is signed in, and signing out.

use causerie_client::{Client, Name, Scope};
use causerie_protocol::TokenId;
use causerie_protocol::rest::TokenInfo;
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::Dialog;
use super::avatar::Avatar;
use super::dialog::modal;
use super::erased::{click, part};
use super::parts::{alert, bdi, button, language_choice};
use crate::app::{App, app};
use crate::storage::drafts::KeptTexts;
use crate::{browser, time};

/// What the dialog knows.
#[derive(Clone, Copy)]
struct Known {
    app: App,
    /// Nothing until they are loaded.
    signs: StoredValue<Option<Vec<TokenInfo>>>,
    /// Counts how often they were loaded.
    loaded: RwSignal<u32>,
    error: RwSignal<String>,
}

/// The dialog with the person's own things.
pub fn settings(dialog: RwSignal<Dialog>) -> AnyView {
    let app = app();
    let error = RwSignal::new(String::new());
    let known = Known { app, signs: StoredValue::new(None), loaded: RwSignal::new(0), error };
    browser::run(load(known, None));
    let me = app.user.get_untracked().map(|me| {
        let avatar = Avatar::of(&me);
        view! {
            <div class="person">
                {avatar.draw("", false)}
                <div><strong>{bdi(&Name::of(&me))}</strong><div class="soft"><bdi>{me.email}</bdi></div></div>
            </div>
        }
    });
    let has_drafts = app.user.get_untracked().is_some_and(|me| KeptTexts::of(&me).any());
    let unsent = part(move || {
        if app.read(Scope::Link, Client::waiting) > 0 || has_drafts {
            page! { <p class="notice">say!(NotAllSent)</p> }.into_any()
        } else {
            ().into_any()
        }
    });
    let leave = move |_| {
        dialog.set(Dialog::None);
        app.sign_out();
    };
    let content = page! {
        <div class="stack">
            {me}
            <div>
                <h3>say!(SignedInWhere)</h3>
                {alert(error)}
                {part(move || list(known))}
            </div>
            {language_choice()}
            {unsent}
            <div class="actions">{button("button bad", Some("sign-out"), say!(SignOut), leave)}</div>
        </div>
    };
    modal(say!(Settings), "settings-dialog", move || dialog.set(Dialog::None), content.into_any())
}

/// Ends a sign-in, if one is named, and loads those that there are.
async fn load(known: Known, end: Option<TokenId>) {
    let api = known.app.api();
    let ended = match end {
        Some(token) => api.revoke(token).await,
        None => Ok(()),
    };
    let answer = match ended {
        Ok(()) => api.tokens().await,
        Err(problem) => Err(problem),
    };
    // The dialog may be closed by now.
    match answer {
        Ok(signs) => {
            let _ = known.signs.try_set_value(Some(signs));
            let _ = known.loaded.try_update(|loaded| *loaded += 1);
        }
        Err(problem) => drop(known.error.try_set(problem.detail)),
    }
}

fn list(known: Known) -> AnyView {
    known.loaded.track();
    match known.signs.get_value() {
        None => page! { <p class="soft">say!(Loading)</p> }.into_any(),
        Some(signs) => {
            let signs: Vec<_> = signs.iter().map(|sign| draw(known, sign)).collect();
            view! { <ul class="signs">{signs}</ul> }.into_any()
        }
    }
}

fn draw(known: Known, sign: &TokenInfo) -> AnyView {
    let id = sign.id;
    let since = known.app.clock(|clock| clock.full(time::millis(&sign.created_at)));
    let end = if sign.current {
        page! { <span class="soft">say!(ThisOne)</span> }.into_any()
    } else {
        let name = say!(EndNamed, since = since);
        let end = click(move |_| browser::run(load(known, Some(id))));
        page! { <button class="link" type="button" aria-label=name on:click=end>say!(End)</button> }
            .into_any()
    };
    page! { <li><span>say!(Since){since.clone()}</span>{end}</li> }.into_any()
}
