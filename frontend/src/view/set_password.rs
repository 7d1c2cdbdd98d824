//! Setting a new password by a link, signed in or not.

use causerie_protocol::accounts::ResetPassword;
use causerie_texts::{page, say};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::erased::submit;
use super::form;
use super::widgets::{alert, submit_button};
use crate::api::sentence;
use crate::app::{App, app};
use crate::route;

/// `open` is cleared once the password is set.
pub fn set_password(secret: String, open: RwSignal<Option<String>>) -> AnyView {
    let app = app();
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let submit_form = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            busy.set(true);
            error.set(String::new());
            let body = ResetPassword { token: secret.clone(), password: form::reader(&event)("password") };
            causerie_web::run(send(app, body, open, error, busy));
        }
    });
    page! {
        <main class="door">
            <header><h1>"Causerie"</h1></header>
            <form data-testid="set-password" on:submit=submit_form>
                <h2>say!(NewPassword)</h2>
                <label class="field">
                    <span>say!(NewPassword)</span>
                    <input name="password" type="password" autocomplete="new-password" required />
                    <small>say!(PasswordHint)</small>
                </label>
                {alert(error)}
                {submit_button(say!(SetPassword), busy)}
            </form>
        </main>
    }
    .into_any()
}

async fn send(
    app: App,
    body: ResetPassword,
    open: RwSignal<Option<String>>,
    error: RwSignal<String>,
    busy: RwSignal<bool>,
) {
    match causerie_web::api::Api::new("").reset_password(&body).await {
        Ok(()) => {
            route::replace(route::current());
            app.reason.set(say!(PasswordIsSet).to_owned());
            open.set(None);
        }
        Err(problem) => {
            error.set(sentence(problem));
            busy.set(false);
        }
    }
}
