//! Signing in, and making an account.

use causerie_client::Client;
use causerie_protocol::rest::{Login, Register};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::api::Api;
use crate::app::app;
use crate::view::form;

/// What somebody sees who is not signed in.
#[component]
pub fn Door() -> impl IntoView {
    let app = app();
    let registering = RwSignal::new(false);
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let email = app.peek(|client| client.me().map(|me| me.email.clone())).unwrap_or_default();
    let kept = app.peek(Client::waiting);

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let field = form::reader(&event);
        let (email, password) = (field("email").trim().to_owned(), field("password"));
        let name = Some(field("name").trim().to_owned()).filter(|name| !name.is_empty());
        let keep = !field("keep").is_empty();
        let register = registering.get_untracked();
        busy.set(true);
        error.set(String::new());
        spawn_local(async move {
            let api = Api::new("");
            let answer = if register {
                api.register(&Register { email, password, name }).await
            } else {
                api.login(&Login { email, password }).await
            };
            match answer {
                Ok(answer) => app.signed_in(answer, keep),
                Err(problem) => {
                    // The door may be gone: another tab may have signed in.
                    let _ = error.try_set(problem.detail);
                    let _ = busy.try_set(false);
                }
            }
        });
    };
    let switch = move |_| {
        registering.update(|registering| *registering = !*registering);
        error.set(String::new());
    };
    let reason = move || {
        app.reason.get().map(|reason| {
            let kept = match kept {
                0 => "",
                1 => " One message that is not sent yet is kept.",
                _ => " The messages that are not sent yet are kept.",
            };
            view! { <p class="notice" role="status">{reason}{kept}</p> }
        })
    };
    let password = |autocomplete: &'static str, hint: Option<&'static str>| {
        view! {
            <label class="field">
                <span>"Password"</span>
                <input name="password" type="password" autocomplete=autocomplete required />
                {hint.map(|hint| view! { <small>{hint}</small> })}
            </label>
        }
    };
    let keep = || {
        view! {
            <label class="check"><input name="keep" type="checkbox" />"Keep me signed in on this device"</label>
        }
    };
    let alert = move || view! { <p class="alert" role="alert">{move || error.get()}</p> };
    view! {
        <div class="door">
            <header>
                <h1>"Causerie"</h1>
                <p>"A friendly talk."</p>
            </header>
            {reason}
            {move || if registering.get() {
                view! {
                    <form data-testid="register" on:submit=submit>
                        <h2>"Make an account"</h2>
                        <label class="field">
                            <span>"Name"</span>
                            <input name="name" type="text" autocomplete="name" maxlength="100" required autofocus />
                        </label>
                        <label class="field">
                            <span>"E-mail"</span>
                            <input name="email" type="email" autocomplete="username" required />
                        </label>
                        {password("new-password", Some("At least 8 characters."))}
                        {keep()}
                        {alert()}
                        <button class="button main" type="submit" disabled=move || busy.get()>"Make the account"</button>
                    </form>
                    <p class="other">
                        "You have one? "
                        <button class="link" type="button" data-testid="show-sign-in" on:click=switch>"Sign in"</button>
                    </p>
                }.into_any()
            } else {
                view! {
                    <form data-testid="sign-in" on:submit=submit>
                        <h2>"Sign in"</h2>
                        <label class="field">
                            <span>"E-mail"</span>
                            <input name="email" type="email" autocomplete="username" required value=email.clone() />
                        </label>
                        {password("current-password", None)}
                        {keep()}
                        {alert()}
                        <button class="button main" type="submit" disabled=move || busy.get()>"Sign in"</button>
                    </form>
                    <p class="other">
                        "You are new here? "
                        <button class="link" type="button" data-testid="show-register" on:click=switch>"Make an account"</button>
                    </p>
                }.into_any()
            }}
        </div>
    }
}
