//! What a link leads to, signed in or not: setting a new password, or confirming a new e-mail address.

use causerie_protocol::accounts::{ConfirmEmail, ResetPassword};
use causerie_texts::{page, say};
use causerie_web::api::{Api, Call};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::erased::submit;
use super::form;
use super::widgets::{alert, submit_button};
use crate::api::sentence;
use crate::app::app;
use crate::route::{self, Link};

/// `open` is cleared once it is done.
pub fn door(link: Link, open: RwSignal<Option<Link>>) -> AnyView {
    let app = app();
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let (testid, title, field, action, done) = match &link {
        Link::Email(_) => {
            let hint = page! { <p>say!(ConfirmEmailHint)</p> }.into_any();
            ("confirm-email", say!(ConfirmEmail), hint, say!(Confirm), say!(EmailIsChanged))
        }
        _ => {
            let field = page! {
                <label class="field">
                    <span>say!(NewPassword)</span>
                    <input name="password" type="password" autocomplete="new-password" required />
                    <small>say!(PasswordHint)</small>
                </label>
            };
            ("set-password", say!(NewPassword), field.into_any(), say!(SetPassword), say!(PasswordIsSet))
        }
    };
    let submit_form = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(String::new());
        let call = call(&link, &form::reader(&event));
        causerie_web::run(async move {
            match call.await {
                Ok(()) => {
                    route::replace(route::current());
                    app.reason.set(done.to_owned());
                    open.set(None);
                }
                Err(problem) => {
                    error.set(sentence(problem));
                    busy.set(false);
                }
            }
        });
    });
    view! {
        <main class="sign-in">
            <header><h1>"Causerie"</h1></header>
            <form data-testid=testid on:submit=submit_form>
                <h2>{title}</h2>
                {field}
                {alert(error)}
                {submit_button(action, busy)}
            </form>
        </main>
    }
    .into_any()
}

fn call(link: &Link, field: &impl Fn(&str) -> String) -> Call<()> {
    let api = Api::new("");
    match link {
        Link::Email(token) => {
            let language = Some(say!(Tag).to_owned());
            api.confirm_email(&ConfirmEmail { token: token.clone(), language })
        }
        Link::Reset(token) | Link::Join(token) => {
            api.reset_password(&ResetPassword { token: token.clone(), password: field("password") })
        }
    }
}
