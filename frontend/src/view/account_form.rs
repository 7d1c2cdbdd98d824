//! Changing one's own name, address and password.

use causerie_protocol::User;
use causerie_protocol::accounts::{Account, UpdateAccount};
use causerie_texts::{page, say};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::erased::{submit, text};
use super::form;
use super::widgets::{alert, button, submit_button};
use crate::api::sentence;
use crate::app::App;
use crate::time;

pub fn account_form(app: App, account: &Account) -> AnyView {
    let before = StoredValue::new((account.name.clone(), account.email.clone()));
    let error = RwSignal::new(String::new());
    let saved = RwSignal::new("");
    let busy = RwSignal::new(false);
    let save = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let field = form::reader(&event);
        let (name, email) = before.get_value();
        let changed =
            |field: String, before: &str| Some(field.trim().to_owned()).filter(|field| field != before);
        let given = |field: String| Some(field).filter(|field| !field.is_empty());
        let body = UpdateAccount {
            name: changed(field("name"), &name),
            email: changed(field("email"), &email),
            password: given(field("password")),
            current_password: given(field("current_password")),
            language: Some(say!(Tag).to_owned()),
        };
        busy.set(true);
        saved.set("");
        error.set(String::new());
        causerie_web::run(async move {
            match app.api().update_account(&body).await {
                Ok(account) => {
                    // Where mail is sent the new address has to be confirmed.
                    let is_asked = body.email.as_ref().is_some_and(|email| *email != account.email);
                    let _ = before.try_set_value((account.name.clone(), account.email.clone()));
                    app.renamed(User { id: account.id, email: Some(account.email), name: account.name });
                    let _ = saved.try_set(if is_asked { say!(EmailSent) } else { say!(Saved) });
                }
                Err(problem) => drop(error.try_set(sentence(problem))),
            }
            let _ = busy.try_set(false);
        });
    });
    let (name, email) = before.get_value();
    page! {
        <form data-testid="account" on:submit=save>
            <h3>say!(YourAccount)</h3>
            <label class="field">
                <span>say!(Name)</span>
                <input name="name" type="text" autocomplete="name" required dir="auto" prop:value=name />
            </label>
            <label class="field">
                <span>say!(Email)</span>
                <input name="email" type="email" autocomplete="username" required prop:value=email />
            </label>
            <label class="field">
                <span>say!(NewPassword)</span>
                <input name="password" type="password" autocomplete="new-password" />
                <small>say!(NewPasswordHint)</small>
            </label>
            <label class="field">
                <span>say!(CurrentPassword)</span>
                <input name="current_password" type="password" autocomplete="current-password" />
                <small>say!(CurrentPasswordHint)</small>
            </label>
            {alert(error)}
            <p class="soft" role="status">{text(move || saved.get().to_owned())}</p>
            <div class="actions">{submit_button(say!(Save), busy)}</div>
        </form>
    }
    .into_any()
}

/// The way to delete one's own account, or to take that back.
pub fn deletion(app: App, account: &Account, reload: impl Fn() + Copy + 'static) -> AnyView {
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    if let Some(at) = &account.delete_at {
        let at = app.clock(|clock| clock.full(time::millis(at)));
        let keep = button("button main", Some("keep-account"), say!(KeepAccount), move |_| {
            causerie_web::run(async move {
                match app.api().keep_account().await {
                    Ok(()) => reload(),
                    Err(problem) => drop(error.try_set(sentence(problem))),
                }
            });
        });
        return view! { <div class="notice stack"><p>{say!(IsDeleted, time = at)}</p>{alert(error)}<div class="actions">{keep}</div></div> }
            .into_any();
    }
    let erases = RwSignal::new(false);
    causerie_web::run(async move {
        if let Ok(installation) = app.api().installation().await {
            let _ = erases.try_set(installation.erases_messages);
        }
    });
    let messages =
        text(move || if erases.get() { say!(MessagesErased) } else { say!(MessagesStay) }.to_owned());
    let delete = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let password = form::reader(&event)("delete_password");
        busy.set(true);
        error.set(String::new());
        causerie_web::run(async move {
            // When it is done the sign-in has ended, and the page says so.
            if let Err(problem) = app.api().delete_account(password).await {
                let _ = error.try_set(sentence(problem));
            }
            let _ = busy.try_set(false);
        });
    });
    page! {
        <details>
            <summary>say!(DeleteAccount)</summary>
            <form data-testid="delete-account" on:submit=delete>
                <p class="soft">say!(DeleteHint)" "{messages}</p>
                <label class="field">
                    <span>say!(CurrentPassword)</span>
                    <input name="delete_password" type="password" autocomplete="current-password" required />
                </label>
                {alert(error)}
                <div class="actions"><button class="button bad" type="submit">say!(DeleteAccount)</button></div>
            </form>
        </details>
    }
    .into_any()
}
