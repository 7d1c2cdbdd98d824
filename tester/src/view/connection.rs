//! One connection: its fields, sign-in, state, and everything below.

use causerie_protocol::{CloseCode, Policy};
use causerie_texts::Tester as Text;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::{compose, doctor, figures, frames, is_signed_in, language, say, selected};
use crate::handshake::Form;
use crate::pane::{ConnectionPane, SignInFields, Status};

#[component]
pub fn Connection(pane: ConnectionPane) -> impl IntoView {
    let heading = format!("{}-heading", pane.id);
    view! {
        <section class="side" id=pane.id aria-labelledby=heading.clone()>
            <div class="set-up">
                <h2 id=heading.clone()>{say(pane.title)}</h2>
                <Where pane />
                <SignIn pane />
                <p class="alert" role="alert" data-testid="trouble">{move || pane.trouble.get()}</p>
                <p class="soft" role="status" data-testid="said">{move || pane.said.get()}</p>
                <StatusLine pane />
                <doctor::Panel pane />
                <compose::Compose pane />
                <figures::Figures pane />
            </div>
            <div class="record">
                <frames::Frames pane />
                <selected::Selected pane />
            </div>
        </section>
    }
}

#[component]
fn Where(pane: ConnectionPane) -> impl IntoView {
    let connect = move |event: SubmitEvent| {
        event.prevent_default();
        pane.connect();
    };
    let busy = move || matches!(pane.status.get(), Status::Connecting | Status::Open | Status::Closing);
    let choose = move |event| {
        if let Some(form) = Form::from_name(&event_target_value(&event)) {
            pane.form.set(form);
        }
    };
    view! {
        <form class="where" data-testid="connection" on:submit=connect>
            <label class="field">
                <span>{say(Text::Base)}</span>
                <input name="base" type="text" inputmode="url" autocomplete="off" autocapitalize="off" spellcheck="false"
                    prop:value=pane.base on:input=move |event| pane.base.set(event_target_value(&event)) />
                <small>{say(Text::BaseHint)}</small>
            </label>
            <label class="field">
                <span>{say(Text::Chat)}</span>
                <input name="chat" type="text" inputmode="numeric" autocomplete="off"
                    prop:value=pane.chat on:input=move |event| pane.chat.set(event_target_value(&event)) />
                <small>{say(Text::ChatHint)}</small>
            </label>
            <label class="field wide">
                <span>{say(Text::Token)}</span>
                <input name="token" type="password" autocomplete="off" spellcheck="false"
                    prop:value=pane.token on:input=move |event| pane.token.set(event_target_value(&event)) />
                <small>{say(Text::TokenHint)}</small>
            </label>
            <label class="field wide">
                <span>{say(Text::Offer)}</span>
                <select name="offer" on:change=choose>
                    <option value=Form::Versioned.as_str()>{say(Text::OfferVersioned)}</option>
                    <option value=Form::Bearer.as_str()>{say(Text::OfferBearer)}</option>
                </select>
            </label>
            <div class="actions wide">
                <button type="submit" class="button main" data-testid="connect" disabled=busy>{say(Text::Connect)}</button>
                <button type="button" class="button" data-testid="disconnect" disabled=move || !busy()
                    on:click=move |_| pane.disconnect()>{say(Text::Disconnect)}</button>
                <button type="button" class="button" data-testid="load-history"
                    on:click=move |_| pane.load_history()>{say(Text::LoadHistory)}</button>
            </div>
        </form>
    }
}

/// Ways to get a token.
#[component]
fn SignIn(pane: ConnectionPane) -> impl IntoView {
    let fields = SignInFields::default();
    let SignInFields { email, password, code, asks_code } = fields;
    let sign_in = move |event: SubmitEvent| {
        event.prevent_default();
        pane.sign_in(fields);
    };
    let code = move || {
        asks_code.get().then(|| view! {
            <label class="field">
                <span>{say(Text::Code)}</span>
                <input name="code" autocomplete="one-time-code" autocapitalize="off" spellcheck="false" required
                    prop:value=code on:input=move |event| code.set(event_target_value(&event)) />
                <small>{say(Text::CodeHint)}</small>
            </label>
        })
    };
    // The browser's sign-in belongs to this server, and its token must not be sent to another one.
    let mine = move || {
        (is_signed_in() && pane.base.with(|base| base.trim().is_empty())).then(|| view! {
        <button type="button" class="button" data-testid="use-mine" on:click=move |_| { pane.use_my_sign_in(); }>
            {say(Text::UseMySignIn)}
        </button>
    })
    };
    view! {
        <details class="fold">
            <summary>{say(Text::OrSignIn)}</summary>
            <form class="where" data-testid="sign-in" on:submit=sign_in>
                <label class="field">
                    <span>{say(Text::Email)}</span>
                    <input name="email" type="email" autocomplete="username" required
                        prop:value=email on:input=move |event| email.set(event_target_value(&event)) />
                </label>
                <label class="field">
                    <span>{say(Text::Password)}</span>
                    <input name="password" type="password" autocomplete="current-password" required
                        prop:value=password on:input=move |event| password.set(event_target_value(&event)) />
                </label>
                {code}
                <div class="actions wide">
                    <button type="submit" class="button">{say(Text::SignIn)}</button>
                    {mine}
                    <button type="button" class="button" data-testid="end-sign-in" disabled=move || pane.token.with(String::is_empty)
                        on:click=move |_| pane.end_sign_in()>{say(Text::EndSignIn)}</button>
                </div>
            </form>
        </details>
    }
}

/// The state of the connection, and after a close its explanation.
#[component]
fn StatusLine(pane: ConnectionPane) -> impl IntoView {
    let language = language();
    let name = move || match pane.status.get() {
        Status::Idle => Text::Idle,
        Status::Connecting => Text::Connecting,
        Status::Open => Text::Open,
        Status::Closing => Text::Closing,
        Status::Closed { .. } => Text::Closed,
    };
    let mark = move || match pane.status.get() {
        Status::Idle => "idle",
        Status::Connecting | Status::Closing => "busy",
        Status::Open => "open",
        Status::Closed { .. } => "closed",
    };
    let why = move || {
        let Status::Closed { code, reason } = pane.status.get() else { return None };
        let close = CloseCode::from_code(code);
        let words = causerie_texts::close::explanation(close, language.get());
        let title = match close {
            CloseCode::Other(_) => code.to_string(),
            named => format!("{code} {named:?}"),
        };
        let reason = (!reason.is_empty())
            .then(|| view! { <dt>{say(Text::ServerSays)}</dt> <dd data-testid="reason">{reason}</dd> });
        let on_purpose = close == CloseCode::Normal;
        // These explanations say that the page reconnects, which the tester leaves to the person.
        let goes_on = !matches!(close.policy(), Policy::StayClosed | Policy::SignIn);
        Some(view! {
            <div class="why" class:notice=!on_purpose data-testid="why">
                <p><strong>{title}</strong>" "{words.what}</p>
                <dl>
                    {reason}
                    <dt>{say(Text::Why)}</dt> <dd>{words.why}</dd>
                    <dt>{say(Text::Remedy)}</dt> <dd>{words.remedy}</dd>
                </dl>
                {goes_on.then(|| view! { <p class="soft">{say(Text::NotByItself)}</p> })}
            </div>
        })
    };
    view! {
        <div class="standing">
            <p role="status" data-testid="status" data-state=mark><span class="dot" aria-hidden="true"></span>{move || name().in_language(language.get())}</p>
            {why}
        </div>
    }
}
