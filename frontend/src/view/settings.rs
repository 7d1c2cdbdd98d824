//! Who one is, where one is signed in, and signing out.

use causerie_client::{Client, Scope};
use causerie_protocol::rest::TokenInfo;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::Dialog;
use super::avatar::Avatar;
use super::dialog::Modal;
use crate::app::{App, app};
use crate::time;

/// The dialog with the person's own things.
#[component]
pub fn Settings(dialog: RwSignal<Option<Dialog>>) -> impl IntoView {
    let app = app();
    let signs = RwSignal::new(None::<Vec<TokenInfo>>);
    let error = RwSignal::new(String::new());
    let load = move || {
        let api = app.api();
        spawn_local(async move {
            // The dialog may be closed by then.
            match api.tokens().await {
                Ok(tokens) => drop(signs.try_set(Some(tokens))),
                Err(problem) => drop(error.try_set(problem.detail)),
            }
        });
    };
    load();
    let revoke = Callback::new(move |token| {
        let api = app.api();
        spawn_local(async move {
            match api.revoke(token).await {
                Ok(()) => load(),
                Err(problem) => drop(error.try_set(problem.detail)),
            }
        });
    });
    let me = app.user.get_untracked().map(|me| {
        let avatar = Avatar::of(&me);
        view! {
            <div class="person">
                <span class=avatar.class("", false) aria-hidden="true">{avatar.initials.clone()}</span>
                <div><strong>{me.name}</strong><div class="soft">{me.email}</div></div>
            </div>
        }
    });
    let unsent =
        move || {
            let count = app.read(Scope::Link, Client::waiting);
            (count > 0).then(|| view! {
            <p class="notice">"Not everything is sent yet: what waits is given up when you sign out."</p>
        })
        };
    view! {
        <Modal title="Settings" name="settings-dialog" on_close=Callback::new(move |()| dialog.set(None))>
            <div class="stack">
                {me}
                <div>
                    <h3>"Where you are signed in"</h3>
                    <p class="alert" role="alert">{move || error.get()}</p>
                    {move || match signs.get() {
                        None => view! { <p class="soft">"Loading…"</p> }.into_any(),
                        Some(signs) => view! {
                            <ul class="signs">
                                {signs.into_iter().map(|sign| draw(app, &sign, revoke)).collect::<Vec<_>>()}
                            </ul>
                        }.into_any(),
                    }}
                </div>
                {unsent}
                <div class="actions">
                    <button class="button bad" type="button" data-testid="sign-out" on:click=move |_| {
                        dialog.set(None);
                        app.sign_out();
                    }>"Sign out"</button>
                </div>
            </div>
        </Modal>
    }
}

fn draw(app: App, sign: &TokenInfo, revoke: Callback<causerie_protocol::TokenId>) -> AnyView {
    let id = sign.id;
    let since = app.clock(|clock| clock.full(time::millis(&sign.created_at)));
    let end = if sign.current {
        view! { <span class="soft">"this one"</span> }.into_any()
    } else {
        let name = format!("End the sign-in of {since}");
        view! { <button class="link" type="button" aria-label=name on:click=move |_| revoke.run(id)>"End"</button> }
            .into_any()
    };
    view! { <li><span>"Since "{since.clone()}</span>{end}</li> }.into_any()
}
