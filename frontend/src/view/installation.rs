//! How the installation is set: what an owner decides here, and what options of the server say.

use causerie_protocol::Role;
use causerie_protocol::accounts::{Registration, Settings, UpdateSettings};
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::erased::{event, reactive};
use crate::api::sentence;
use crate::app::App;

#[derive(Clone, Copy)]
struct Desk {
    app: App,
    role: RwSignal<Role>,
    /// `None` until they are loaded.
    settings: RwSignal<Option<Settings>>,
    error: RwSignal<String>,
}

/// The tab, for somebody with this role; what fails is said in `error`.
pub fn installation(app: App, role: RwSignal<Role>, error: RwSignal<String>) -> AnyView {
    let desk = Desk { app, role, settings: RwSignal::new(None), error };
    causerie_web::run(load(desk, None));
    let shown = reactive(move || match desk.settings.get() {
        Some(settings) => draw(desk, &settings),
        None => page! { <p class="soft">say!(Loading)</p> }.into_any(),
    });
    view! { {shown} }.into_any()
}

/// Changes the settings, if there is a change, and shows them.
async fn load(desk: Desk, change: Option<UpdateSettings>) {
    let api = desk.app.api();
    let answer = match change {
        Some(change) => api.set_settings(&change).await,
        None => api.settings().await,
    };
    // The dialog may be closed by now.
    match answer {
        Ok(settings) => {
            let _ = desk.error.try_set(String::new());
            let _ = desk.settings.try_set(Some(settings));
        }
        Err(problem) => drop(desk.error.try_set(sentence(problem))),
    }
}

fn who_registers(registration: Registration) -> &'static str {
    match registration {
        Registration::Open => say!(RegistersEverybody),
        Registration::Invited => say!(RegistersInvited),
        Registration::Closed => say!(RegistersNobody),
    }
}

fn draw(desk: Desk, settings: &Settings) -> AnyView {
    let by_option = say!(AsTheOptionSays, value = who_registers(settings.registration_option));
    let registration = if desk.role.get() == Role::Owner {
        let choose = event(move |event| {
            let registration = Registration::from_name(&event_target_value(&event));
            causerie_web::run(load(desk, Some(UpdateSettings { registration })));
        });
        let stored = settings.registration_is_stored.then_some(settings.registration);
        let options: Vec<_> = Registration::ALL
            .into_iter()
            .map(|one| view! { <option value=one.as_str() selected=stored == Some(one)>{who_registers(one)}</option> })
            .collect();
        page! {
            <select data-testid="registration" aria-label=say!(WhoRegisters) on:change=choose>
                <option value="" selected=stored.is_none()>{by_option}</option>
                {options}
            </select>
        }
        .into_any()
    } else {
        view! { <span>{who_registers(settings.registration)}</span> }.into_any()
    };
    let on = |on: bool| if on { say!(SwitchedOn) } else { say!(SwitchedOff) };
    let row = |what: &'static str, value: String, option: &'static str| {
        view! { <li><div class="who"><strong>{what}</strong><span class="soft"><code>{option}</code></span></div><bdi>{value}</bdi></li> }
    };
    let address = settings.public_url.clone().unwrap_or_else(|| say!(NotSet).to_owned());
    page! {
        <ul class="people" data-testid="settings-of-installation">
            <li><div class="who"><strong>say!(WhoRegisters)</strong><span class="soft"><code>"--registration"</code></span></div>{registration}</li>
            {row(say!(AddressOfPage), address, "--public-url")}
            {row(say!(MailsForPasswords), on(settings.mail).to_owned(), "--smtp-url")}
            {row(say!(AddressesOfOthers), on(settings.legacy_email).to_owned(), "--legacy-email")}
            <li><span>{say!(SignInLasts, days = settings.token_days)}</span></li>
            <li><span>{say!(DeletionWaits, days = settings.deletion_days)}</span></li>
        </ul>
        <small class="soft">say!(OptionsHint)</small>
    }
    .into_any()
}
