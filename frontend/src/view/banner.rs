//! The banner about the connection, and its buttons.

use std::time::Duration;

use causerie_client::banner::Tone;
use causerie_client::{ConnectionState, Input, Scope, words};
use causerie_texts::{FilledExplanation, page, say};
use leptos::leptos_dom::helpers::set_interval_with_handle;
use leptos::prelude::*;

use super::dialog::modal;
use super::erased::reactive;
use super::widgets::button;
use crate::app::{App, app};
use crate::browser;

#[component]
pub fn Banner() -> impl IntoView {
    let app = app();
    let second = RwSignal::new(0_u32);
    // The interval runs only while there is a countdown.
    Effect::new(move || {
        if app
            .read(Scope::Connection, |client| matches!(client.connection(), ConnectionState::Waiting { .. }))
        {
            let tick = move || second.update(|second| *second = second.wrapping_add(1));
            if let Ok(interval) = set_interval_with_handle(tick, Duration::from_secs(1)) {
                on_cleanup(move || interval.clear());
            }
        }
    });
    let is_unreachable = RwSignal::new(false);
    let banner = reactive(move || {
        second.track();
        draw(app, is_unreachable)
    });
    (
        banner,
        reactive(
            move || if is_unreachable.get() { unreachable_dialog(is_unreachable) } else { ().into_any() },
        ),
    )
}

fn draw(app: App, is_unreachable: RwSignal<bool>) -> AnyView {
    let Some(banner) = app.read(Scope::Connection, |client| client.banner(browser::now())) else {
        return ().into_any();
    };
    let problem = banner.tone == Tone::Problem;
    let class = if problem { "banner bad" } else { "banner" };
    let remedy = if problem { format!("{} {}", banner.line(), banner.remedy) } else { banner.line() };
    let reload = |_| drop(causerie_web::window().location().reload());
    let diagnose = move |_| causerie_web::run(find_cause(is_unreachable));
    let try_now = move |_| app.dispatch(Input::TryNow);
    page! {
        <div class=class role="status" aria-live="off">
            <span>{remedy}</span>
            {banner.diagnose.then(|| button("", Some("why"), say!(Why), diagnose))}
            {banner.reload.then(|| button("", None, say!(Reload), reload))}
            {banner.try_now.then(|| button("", Some("try-now"), say!(TryNow), try_now))}
        </div>
    }
    .into_any()
}

/// Opens the connection tester, whose doctor finds the cause, in a new tab, since this page keeps the pending messages.
/// When the server does not answer, the tester can't be loaded, and that is the cause.
async fn find_cause(is_unreachable: RwSignal<bool>) {
    if causerie_web::api::answers().await {
        let tester = causerie_web::base() + "/chat-ws-test/?doctor";
        drop(causerie_web::window().open_with_url_and_target(&tester, "_blank"));
    } else {
        // The person may have signed out meanwhile.
        let _ = is_unreachable.try_set(true);
    }
}

/// Explains that the server does not answer.
fn unreachable_dialog(is_unreachable: RwSignal<bool>) -> AnyView {
    let location = causerie_web::window().location();
    let host = location.host().unwrap_or_default();
    let url = causerie_web::base() + "/";
    let FilledExplanation { what, why, remedy } =
        words::unreachable().fill(&[("host", &host), ("url", &url)]);
    // Text in backticks is a command or an address.
    let remedy: Vec<_> = remedy
        .split('`')
        .enumerate()
        .map(|(index, text)| {
            let text = text.to_owned();
            if index % 2 == 1 { view! { <code>{text}</code> }.into_any() } else { text.into_any() }
        })
        .collect();
    let content = view! { <p>{what}</p><p>{why}</p><p>{remedy}</p> };
    modal(say!(Why), "cause-dialog", move || is_unreachable.set(false), content.into_any())
}
