//! Signing in, and making an account.

use causerie_client::Client;
use causerie_protocol::rest::{Login, Register};
use causerie_texts::{page, say};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::erased::{part, submit};
use super::form;
use super::parts::{alert, button, field, language_choice, submit_button};
use crate::api::Api;
use crate::app::{App, app};
use crate::browser;

/// What somebody sees who is not signed in.
#[component]
pub fn Door() -> impl IntoView {
    let app = app();
    let registering = RwSignal::new(false);
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);

    let enter = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            busy.set(true);
            error.set(String::new());
            browser::run(send(app, form::reader(&event), registering.get_untracked(), error, busy));
        }
    };
    let switch = move |_| {
        registering.update(|registering| *registering = !*registering);
        error.set(String::new());
    };
    let form = part(move || {
        let (testid, heading, action) = if registering.get() {
            ("register", say!(MakeAccount), say!(MakeTheAccount))
        } else {
            ("sign-in", say!(SignIn), say!(SignIn))
        };
        let name = registering.get().then(|| field(say!(Name), "name", "text", "name", ""));
        let password = if registering.get() {
            field(say!(Password), "password", "password", "new-password", say!(PasswordHint))
        } else {
            field(say!(Password), "password", "password", "current-password", "")
        };
        page! {
            <form data-testid=testid on:submit=submit(enter)>
                <h2>{heading}</h2>
                {name}
                {field(say!(Email), "email", "email", "username", "")}
                {password}
                <label class="check"><input name="keep" type="checkbox" />say!(Keep)</label>
                {alert(error)}
                {submit_button(action, busy)}
            </form>
        }
        .into_any()
    });
    let other = part(move || {
        let (question, testid, action) = if registering.get() {
            (say!(HaveOne), "show-sign-in", say!(SignIn))
        } else {
            (say!(NewHere), "show-register", say!(MakeAccount))
        };
        view! { <p class="other">{question}{button("link", Some(testid), action, switch)}</p> }.into_any()
    });
    page! {
        <main class="door">
            <header>
                <h1>"Causerie"</h1>
                <p>say!(Greeting)</p>
            </header>
            {part(move || reason(app))}
            {form}
            {other}
            {language_choice()}
        </main>
    }
}

/// Why somebody who was signed in stands here again.
fn reason(app: App) -> AnyView {
    let reason = app.reason.get();
    if reason.is_empty() {
        return ().into_any();
    }
    let kept = match app.peek(Client::waiting) {
        0 => "",
        1 => say!(OneKept),
        _ => say!(SomeKept),
    };
    view! { <p class="notice" role="status">{reason}{kept}</p> }.into_any()
}

async fn send(
    app: App,
    field: impl Fn(&str) -> String,
    register: bool,
    error: RwSignal<String>,
    busy: RwSignal<bool>,
) {
    let (email, password) = (field("email").trim().to_owned(), field("password"));
    let api = Api::new("");
    let answer = if register {
        let name = Some(field("name").trim().to_owned()).filter(|name| !name.is_empty());
        api.register(&Register { email, password, name }).await
    } else {
        api.login(&Login { email, password }).await
    };
    match answer {
        Ok(answer) => app.signed_in(answer, !field("keep").is_empty()),
        Err(problem) => {
            // The door may be gone: another tab may have signed in.
            let _ = error.try_set(problem.detail);
            let _ = busy.try_set(false);
        }
    }
}
