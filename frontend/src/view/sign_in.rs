//! The sign-in page: signing in and creating an account.

use causerie_client::draft::Store;
use causerie_client::{Client, Name};
use causerie_protocol::ErrorCode;
use causerie_protocol::accounts::{InvitationInfo, Registration};
use causerie_protocol::rest::{Login, Register};
use causerie_texts::{page, say};
use causerie_web::api::Failure;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use super::erased::{flag, reactive, submit, text};
use super::form;
use super::widgets::{alert, button, field, language_choice};
use crate::api::sentence;
use crate::app::{App, app};
use crate::route::{self, Link};
use crate::storage::drafts::TextStorage;

/// The names of the fields whose text is stored.
const EMAIL: &str = "email";
const NAME: &str = "name";

#[component]
pub fn SignIn() -> impl IntoView {
    let app = app();
    let invitation = match route::link() {
        Some(Link::Join(secret)) => Some(secret),
        _ => None,
    };
    let registering = RwSignal::new(invitation.is_some());
    // Until the server says otherwise, which only a server that asks for invitations does.
    let may_register = RwSignal::new(true);
    let invited = RwSignal::new(String::new());
    let has_mail = RwSignal::new(false);
    // Whether the address is confirmed by a mail first, with whose link the name and the password are chosen.
    let confirms = RwSignal::new(false);
    let error = RwSignal::new(String::new());
    let mailed_to = RwSignal::new(String::new());
    causerie_web::run(look(
        invitation.clone(),
        Door { may_register, has_mail, confirms, invited, mailed_to, error },
    ));
    let invitation = StoredValue::new(invitation);
    let busy = RwSignal::new(false);
    let asks_code = RwSignal::new(false);

    let submit_form = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            busy.set(true);
            error.set(String::new());
            let joining = registering.get_untracked().then(|| invitation.get_value());
            causerie_web::run(send(
                app,
                form::reader(&event),
                joining,
                Shown { confirms, invited, asks_code, error, busy },
            ));
        }
    };
    let switch = move |_| {
        registering.update(|registering| *registering = !*registering);
        asks_code.set(false);
        error.set(String::new());
    };
    let texts = TextStorage::of_sign_in();
    // The last user of this browser is most often the next one.
    let known = app.peek(|client| client.me().and_then(|me| me.email.clone()));
    if texts.get(EMAIL).is_none() {
        texts.set(EMAIL, known.as_deref());
    }
    // Drawn again when the link says which address it was sent to.
    let email = reactive(move || {
        mailed_to.track();
        field(say!(Email), EMAIL, "email", "username", "", &TextStorage::of_sign_in(), EMAIL)
    });
    let name = reactive(move || {
        if registering.get() && !confirms.get() {
            field(say!(Name), NAME, "text", "name", "", &TextStorage::of_sign_in(), NAME)
        } else {
            ().into_any()
        }
    });
    let choose = move |register: &'static str, sign_in: &'static str| {
        text(move || if registering.get() { register } else { sign_in }.to_owned())
    };
    let code_field = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = code_field.get() {
            let _ = field.focus();
        }
    });
    let password = reactive(move || {
        if registering.get() && confirms.get() {
            return page! { <p class="soft" data-testid="confirms">say!(RegisterHint)</p> }.into_any();
        }
        page! {
            <label class="field">
                <span>say!(Password)</span>
                <input name="password" type="password" autocomplete=choose("new-password", "current-password") required />
                <small>{choose(say!(PasswordHint), "")}</small>
            </label>
        }
        .into_any()
    });
    let action = text(move || {
        if !registering.get() {
            say!(SignIn)
        } else if confirms.get() {
            say!(SendLink)
        } else {
            say!(MakeTheAccount)
        }
        .to_owned()
    });
    let code = reactive(move || {
        if !asks_code.get() {
            return ().into_any();
        }
        page! {
            <label class="field">
                <span>say!(Code)</span>
                <input node_ref=code_field name="code" autocomplete="one-time-code" required />
                <small>say!(CodeHint)</small>
            </label>
        }
        .into_any()
    });
    // One form for both, so that the fields keep their text when the person switches.
    let form = page! {
        <form data-testid=choose("register", "sign-in") on:submit=submit(submit_form)>
            <h2>{choose(say!(MakeAccount), say!(SignIn))}</h2>
            {name}
            {email}
            {password}
            {code}
            <label class="check"><input name="keep" type="checkbox" />say!(Keep)</label>
            {alert(error)}
            <button class="button main" type="submit" disabled=flag(move || busy.get())>
                {action}
            </button>
        </form>
    };
    let forgot = reactive(move || {
        if !has_mail.get() || registering.get() {
            return ().into_any();
        }
        let ask = button("link", Some("forgot"), say!(Forgot), move |_| {
            let email = TextStorage::of_sign_in().get(EMAIL).unwrap_or_default().trim().to_owned();
            if email.is_empty() {
                return error.set(say!(ForgotHint).to_owned());
            }
            causerie_web::run(async move {
                match causerie_web::api::Api::new("").ask_reset(email, say!(Tag)).await {
                    Ok(()) => drop(invited.try_set(say!(ForgotSent).to_owned())),
                    Err(problem) => drop(error.try_set(sentence(problem))),
                }
            });
        });
        view! { <p class="other">{ask}</p> }.into_any()
    });
    let other = reactive(move || {
        if !may_register.get() && !registering.get() {
            return page! { <p class="other" data-testid="only-invited">say!(OnlyInvited)</p> }.into_any();
        }
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
            {reactive(move || notice(invited.get()))}
            {form}
            {forgot}
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

fn notice(words: String) -> AnyView {
    if words.is_empty() {
        return ().into_any();
    }
    view! { <p class="notice" role="status" data-testid="invited">{words}</p> }.into_any()
}

/// What is learned of the server and of an invitation.
#[derive(Clone, Copy)]
struct Door {
    may_register: RwSignal<bool>,
    has_mail: RwSignal<bool>,
    confirms: RwSignal<bool>,
    invited: RwSignal<String>,
    mailed_to: RwSignal<String>,
    error: RwSignal<String>,
}

/// Asks the server what the invitation is to, or without one whether one is needed.
async fn look(invitation: Option<String>, door: Door) {
    let Door { may_register, has_mail, confirms, invited, mailed_to, error } = door;
    let api = causerie_web::api::Api::new("");
    let Some(secret) = invitation else {
        if let Ok(installation) = api.installation().await {
            let _ = may_register.try_set(installation.registration == Registration::Open);
            let _ = has_mail.try_set(installation.mail);
            let _ = confirms.try_set(installation.mail);
        }
        return;
    };
    match api.look_at_invitation(secret).await {
        Ok(InvitationInfo { invited_by, email, confirms: asks, .. }) => {
            let _ = invited.try_set(match (invited_by, &email) {
                (Some(name), _) => say!(InvitedBy, name = Name::new(&name)),
                (None, Some(_)) => say!(EmailIsConfirmed).to_owned(),
                (None, None) => say!(Invited).to_owned(),
            });
            let _ = confirms.try_set(asks && email.is_none());
            if let Some(email) = email {
                TextStorage::of_sign_in().set(EMAIL, Some(&email));
                let _ = mailed_to.try_set(email);
            }
        }
        Err(problem) => drop(error.try_set(sentence(problem))),
    }
}

/// What is shown of an answer.
#[derive(Clone, Copy)]
struct Shown {
    confirms: RwSignal<bool>,
    invited: RwSignal<String>,
    asks_code: RwSignal<bool>,
    error: RwSignal<String>,
    busy: RwSignal<bool>,
}

async fn send(
    app: App,
    field: impl Fn(&str) -> String,
    // Whether it is to make an account, and by which invitation.
    joining: Option<Option<String>>,
    shown: Shown,
) {
    let Shown { confirms, invited, asks_code, error, busy } = shown;
    let (email, password) = (field("email").trim().to_owned(), field("password"));
    let api = causerie_web::api::Api::new("");
    let registers = joining.is_some();
    let answer = if let Some(invitation) = joining {
        let name = Some(field("name").trim().to_owned()).filter(|name| !name.is_empty());
        let language = Some(say!(Tag).to_owned());
        let password = Some(password).filter(|password| !password.is_empty());
        api.register(&Register { email: email.clone(), password, name, invitation, language }).await
    } else {
        let code = Some(field("code")).filter(|code| !code.is_empty());
        api.login(&Login { email: email.clone(), password, code }).await.map(Some)
    };
    match answer {
        Ok(None) => {
            let _ = confirms.try_set(true);
            let _ = invited.try_set(say!(RegisterSent, email = email));
            let _ = busy.try_set(false);
        }
        Ok(Some(answer)) => {
            TextStorage::of_sign_in().forget();
            if registers {
                // The link is used, and its secret is nothing for the browser's history. Who signs in is asked about it next.
                route::replace(route::current());
            }
            app.signed_in(answer, !field("keep").is_empty());
        }
        Err(problem) => {
            // The page may be gone, since another tab may have signed in.
            if let Failure::Refused(problem) = &problem.failure {
                match problem.code {
                    ErrorCode::CodeNeeded => drop(asks_code.try_set(true)),
                    ErrorCode::WrongCredentials => drop(asks_code.try_set(false)),
                    _ => {}
                }
            }
            let _ = error.try_set(sentence(problem));
            let _ = busy.try_set(false);
        }
    }
}
