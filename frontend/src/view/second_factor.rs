//! The part of the settings about the second factor: setting it up, its recovery codes, and turning it off.

use causerie_client::Input;
use causerie_protocol::accounts::{Account, ConfirmSecondFactor, NewSecondFactor, ProvePassword};
use causerie_texts::{page, say};
use causerie_web::api::ApiError;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::erased::{click, reactive, submit};
use super::form;
use super::qr::qr;
use super::widgets::{alert, button, submit_button, to_copy};
use crate::api::sentence;
use crate::app::App;

#[derive(Clone)]
enum Step {
    /// The password is asked for.
    Begin,
    /// A first code is.
    Confirm(NewSecondFactor),
    /// The recovery codes are shown, the only time.
    Keep(Vec<String>),
    Done,
}

#[derive(Clone, Copy)]
struct State {
    app: App,
    step: RwSignal<Step>,
    error: RwSignal<String>,
    busy: RwSignal<bool>,
}

/// `reload` is called once the account has changed.
pub fn second_factor(
    app: App,
    account: &Account,
    reload: impl Fn() + Copy + Send + Sync + 'static,
) -> AnyView {
    let state = State {
        app,
        step: RwSignal::new(Step::Begin),
        error: RwSignal::new(String::new()),
        busy: RwSignal::new(false),
    };
    let left = account.recovery_codes;
    let step = reactive(move || match state.step.get() {
        Step::Begin => begin(state, left),
        Step::Confirm(factor) => confirm(state, factor),
        Step::Keep(codes) => keep(state, &codes),
        Step::Done => {
            reload();
            ().into_any()
        }
    });
    page! {
        <details data-testid="second-factor">
            <summary>say!(SecondFactor)</summary>
            {step}
            {alert(state.error)}
        </details>
    }
    .into_any()
}

/// A form whose answer leads to the next step.
fn form<F: Future<Output = Result<Step, ApiError>> + 'static>(
    state: State,
    testid: &'static str,
    fields: AnyView,
    send: impl Fn(Box<dyn Fn(&str) -> String>) -> F + 'static,
) -> AnyView {
    let submit_form = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if state.busy.get_untracked() {
            return;
        }
        state.busy.set(true);
        state.error.set(String::new());
        let answer = send(Box::new(form::reader(&event)));
        causerie_web::run(async move {
            match answer.await {
                // The dialog may be closed by now.
                Ok(step) => drop(state.step.try_set(step)),
                Err(problem) => drop(state.error.try_set(sentence(problem))),
            }
            let _ = state.busy.try_set(false);
        });
    });
    view! { <form data-testid=testid on:submit=submit_form>{fields}</form> }.into_any()
}

/// The password, and what is to be done: to set it up, or, where recovery codes are counted, to make others or to turn
/// it off.
fn begin(state: State, left: Option<i64>) -> AnyView {
    let is_off = left.is_none();
    let turns_off = StoredValue::new(false);
    let button = |testid: &'static str, word: &'static str, off: bool| {
        let choose = click(move |_| turns_off.set_value(off));
        let class = if off { "button bad" } else { "button main" };
        view! { <button class=class type="submit" data-testid=testid on:click=choose>{word}</button> }
            .into_any()
    };
    let (words, buttons) = match left {
        None => (say!(SecondFactorHint).to_owned(), submit_button(say!(SetUpFactor), state.busy)),
        Some(left) => {
            let (codes, off) =
                (button("new-codes", say!(NewCodes), false), button("turn-off", say!(TurnOff), true));
            (say!(FactorIsOn, count = left), view! { {codes}{off} }.into_any())
        }
    };
    let fields = page! {
        <p class="soft">{words}</p>
        <label class="field">
            <span>say!(CurrentPassword)</span>
            <input name="factor_password" type="password" autocomplete="current-password" required />
        </label>
        <div class="actions">{buttons}</div>
    };
    form(state, "begin-factor", fields.into_any(), move |field| {
        let (api, off) = (state.app.api(), turns_off.get_value());
        let proof = ProvePassword { current_password: field("factor_password") };
        async move {
            Ok(if is_off {
                Step::Confirm(api.begin_second_factor(&proof).await?)
            } else if off {
                api.turn_second_factor_off(&proof).await?;
                Step::Done
            } else {
                Step::Keep(api.renew_recovery_codes(&proof).await?.codes)
            })
        }
    })
}

fn confirm(state: State, factor: NewSecondFactor) -> AnyView {
    let NewSecondFactor { secret, uri } = factor;
    let fields = page! {
        <p class="soft">say!(ScanFactor)</p>
        {qr(&uri, say!(QrOfSecret))}
        <label class="field"><span>say!(TheSecret)</span>{to_copy("factor-secret", say!(TheSecret), secret)}</label>
        <label class="field">
            <span>say!(Code)</span>
            <input name="code" inputmode="numeric" autocomplete="one-time-code" required />
        </label>
        <div class="actions">{submit_button(say!(TurnOn), state.busy)}</div>
    };
    form(state, "confirm-factor", fields.into_any(), move |field| {
        let (app, body) = (state.app, ConfirmSecondFactor { code: field("code") });
        async move {
            let codes = app.api().confirm_second_factor(&body).await?.codes;
            // A server that asked for it did not let the page connect before.
            app.dispatch(Input::TryNow);
            Ok(Step::Keep(codes))
        }
    })
}

fn keep(state: State, codes: &[String]) -> AnyView {
    let codes: Vec<_> = codes.iter().map(|code| view! { <li><code>{code.clone()}</code></li> }).collect();
    let kept =
        button("button main", Some("codes-kept"), say!(CodesKept), move |_| state.step.set(Step::Done));
    page! {
        <div class="notice stack" role="status">
            <p>say!(CodesOnce)</p>
            <ul class="codes" data-testid="recovery-codes">{codes}</ul>
            <div class="actions">{kept}</div>
        </div>
    }
    .into_any()
}
