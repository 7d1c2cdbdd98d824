//! The settings: the account, its sign-ins, and signing out.

use causerie_client::{Client, Invalidation, Name};
use causerie_protocol::TokenId;
use causerie_protocol::accounts::{Account, Role};
use causerie_protocol::rest::TokenInfo;
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::avatar::Avatar;
use super::boundaries::boundaries;
use super::dialog::modal;
use super::erased::{click, reactive};
use super::second_factor::second_factor;
use super::widgets::{alert, bdi, button, language_choice};
use super::{Dialog, account_form};
use crate::api::sentence;
use crate::app::{App, app};
use crate::storage::drafts::TextStorage;
use crate::{browser, time};

#[derive(Clone, Copy)]
struct SignIns {
    app: App,
    /// `None` until they are loaded.
    list: StoredValue<Option<Vec<TokenInfo>>>,
    /// Counts the loads, to track them.
    loaded: RwSignal<u32>,
    error: RwSignal<String>,
}

pub fn settings(dialog: RwSignal<Dialog>) -> AnyView {
    let app = app();
    let error = RwSignal::new(String::new());
    let sign_ins = SignIns { app, list: StoredValue::new(None), loaded: RwSignal::new(0), error };
    causerie_web::run(load(sign_ins, None));
    let me = app.user.get_untracked().map(|me| {
        let avatar = Avatar::of(&me);
        view! {
            <div class="person">
                {avatar.draw("", false)}
                <div><strong>{bdi(&Name::of(&me))}</strong><div class="soft"><bdi>{me.email}</bdi></div></div>
            </div>
        }
    });
    let has_drafts = app.user.get_untracked().is_some_and(|me| TextStorage::of(&me).any());
    let unsent = reactive(move || {
        if app.read(Invalidation::Connection, Client::waiting) > 0 || has_drafts {
            page! { <p class="notice">say!(NotAllSent)</p> }.into_any()
        } else {
            ().into_any()
        }
    });
    let account = RwSignal::new(None);
    let load_account = move || {
        causerie_web::run(async move {
            match app.api().account().await {
                Ok(found) => drop(account.try_set(Some(found))),
                Err(problem) => drop(error.try_set(sentence(problem))),
            }
        });
    };
    load_account();
    let looks_after_people = reactive(move || {
        let role = account.with(|account: &Option<Account>| account.as_ref().map(|account| account.role));
        if role >= Some(Role::Moderator) {
            let open = move |_| dialog.set(Dialog::People);
            view! { <div class="actions">{button("button", Some("people"), say!(People), open)}</div> }
                .into_any()
        } else {
            ().into_any()
        }
    });
    let form = reactive(move || {
        account.get().map_or_else(
            || ().into_any(),
            |account| {
                let form = account_form::account_form(app, &account);
                let factor = second_factor(app, &account, load_account);
                view! { {form} {factor} {account_form::deletion(app, &account, load_account)} }.into_any()
            },
        )
    });
    let end_others = button("link", Some("end-others"), say!(EndOthers), move |_| {
        causerie_web::run(async move {
            match app.api().revoke_others().await {
                Ok(()) => load(sign_ins, None).await,
                Err(problem) => drop(error.try_set(sentence(problem))),
            }
        });
    });
    let sign_out = move |_| {
        dialog.set(Dialog::None);
        app.sign_out();
    };
    let keys = browser::has_keyboard().then(|| {
        let open = move |_| dialog.set(Dialog::Keys);
        view! { <p class="other">{button("link", Some("keys"), say!(Keys), open)}</p> }
    });
    let content = page! {
        <div class="stack">
            {me}
            {looks_after_people}
            <div>
                <h3>say!(SignedInWhere)</h3>
                {alert(error)}
                {reactive(move || list(sign_ins))}
                {end_others}
            </div>
            {form}
            {boundaries(app)}
            {language_choice()}
            {keys}
            {unsent}
            <div class="actions">{button("button bad", Some("sign-out"), say!(SignOut), sign_out)}</div>
        </div>
    };
    modal(say!(Settings), "settings-dialog", move || dialog.set(Dialog::None), content.into_any())
}

/// Revokes a sign-in, if one is given, and loads the list.
async fn load(sign_ins: SignIns, end: Option<TokenId>) {
    let api = sign_ins.app.api();
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
        Ok(list) => {
            let _ = sign_ins.list.try_set_value(Some(list));
            let _ = sign_ins.loaded.try_update(|loaded| *loaded += 1);
        }
        Err(problem) => drop(sign_ins.error.try_set(sentence(problem))),
    }
}

fn list(sign_ins: SignIns) -> AnyView {
    sign_ins.loaded.track();
    match sign_ins.list.get_value() {
        None => page! { <p class="soft">say!(Loading)</p> }.into_any(),
        Some(list) => {
            let items: Vec<_> = list.iter().map(|sign_in| draw(sign_ins, sign_in)).collect();
            view! { <ul class="signs">{items}</ul> }.into_any()
        }
    }
}

fn draw(sign_ins: SignIns, sign_in: &TokenInfo) -> AnyView {
    let id = sign_in.id;
    let since = sign_ins.app.clock(|clock| clock.full(time::millis(&sign_in.created_at)));
    let end = if sign_in.current {
        page! { <span class="soft">say!(ThisOne)</span> }.into_any()
    } else {
        let name = say!(EndNamed, since = since);
        let end = click(move |_| causerie_web::run(load(sign_ins, Some(id))));
        page! { <button class="link" type="button" aria-label=name on:click=end>say!(End)</button> }
            .into_any()
    };
    let mut more = sign_in.device.clone();
    if let Some(used) = &sign_in.last_used_at {
        let time = sign_ins.app.clock(|clock| clock.full(time::millis(used)));
        more += if more.is_empty() { "" } else { " · " };
        more += &say!(LastUsed, time = time);
    }
    if !sign_in.address.is_empty() {
        more += " · ";
        more += &sign_in.address;
    }
    page! { <li><div class="who"><span>say!(Since){since.clone()}</span><span class="soft">{more}</span></div>{end}</li> }
        .into_any()
}
