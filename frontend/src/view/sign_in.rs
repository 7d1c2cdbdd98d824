//! The sign-in page: signing in and creating an account.

use causerie_client::Client;
use causerie_client::draft::Store;
use causerie_protocol::rest::{Login, Register};
use causerie_texts::{page, say};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::erased::{flag, reactive, submit, text};
use super::form;
use super::widgets::{alert, button, field, language_choice};
use crate::api::Api;
use crate::app::{App, app};
use crate::browser;
use crate::storage::drafts::TextStorage;

/// The names of the fields whose text is stored.
const EMAIL: &str = "email";
const NAME: &str = "name";

#[component]
pub fn SignIn() -> impl IntoView {
    let app = app();
    let registering = RwSignal::new(false);
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);

    let submit_form = move |event: SubmitEvent| {
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
    let texts = TextStorage::of_sign_in();
    // The last user of this browser is most often the next one.
    let known = app.peek(|client| client.me().map(|me| me.email.clone()));
    if texts.get(EMAIL).is_none() {
        texts.set(EMAIL, known.as_deref());
    }
    let email = field(say!(Email), EMAIL, "email", "username", "", &texts, EMAIL);
    let name = reactive(move || {
        if registering.get() {
            field(say!(Name), NAME, "text", "name", "", &TextStorage::of_sign_in(), NAME)
        } else {
            ().into_any()
        }
    });
    let choose = move |register: &'static str, sign_in: &'static str| {
        text(move || if registering.get() { register } else { sign_in }.to_owned())
    };
    // One form for both, so that the fields keep their text when the person switches.
    let form = page! {
        <form data-testid=choose("register", "sign-in") on:submit=submit(submit_form)>
            <h2>{choose(say!(MakeAccount), say!(SignIn))}</h2>
            {name}
            {email}
            <label class="field">
                <span>say!(Password)</span>
                <input name="password" type="password" autocomplete=choose("new-password", "current-password") required />
                <small>{choose(say!(PasswordHint), "")}</small>
            </label>
            <label class="check"><input name="keep" type="checkbox" />say!(Keep)</label>
            {alert(error)}
            <button class="button main" type="submit" disabled=flag(move || busy.get())>
                {choose(say!(MakeTheAccount), say!(SignIn))}
            </button>
        </form>
    };
    let other = reactive(move || {
        let (question, testid, action) = if registering.get() {
            (say!(HaveOne), "show-sign-in", say!(SignIn))
        } else {
            (say!(NewHere), "show-register", say!(MakeAccount))
        };
        view! { <p class="other">{question}{button("link", Some(testid), action, switch)}</p> }.into_any()
    });
    page! {
        <main class="sign-in">
            <header>
                <h1>"Causerie"</h1>
                <p>say!(Greeting)</p>
            </header>
            {reactive(move || reason(app))}
            {form}
            {other}
            {language_choice()}
        </main>
    }
}

/// Why the last sign-in ended, and how many messages are pending.
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
        api.register(&Register { email, password, name, invitation: None }).await
    } else {
        api.login(&Login { email, password }).await
    };
    match answer {
        Ok(answer) => {
            TextStorage::of_sign_in().forget();
            app.signed_in(answer, !field("keep").is_empty());
        }
        Err(problem) => {
            // The page may be gone, since another tab may have signed in.
            let _ = error.try_set(problem.detail);
            let _ = busy.try_set(false);
        }
    }
}
