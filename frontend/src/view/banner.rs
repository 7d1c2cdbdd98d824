//! What the connection does, in words, and what to do about it.

use std::time::Duration;

use causerie_client::banner::Tone;
use causerie_client::{Input, LinkState, Scope};
use causerie_texts::page;
use leptos::leptos_dom::helpers::set_interval_with_handle;
use leptos::prelude::*;

use super::erased::part;
use super::parts::button;
use crate::app::{App, app};
use crate::browser;

/// Says what there is to say about the connection; nothing when all is well.
#[component]
pub fn Banner() -> impl IntoView {
    let app = app();
    let second = RwSignal::new(0_u32);
    // The clock ticks only while there is a countdown to show.
    Effect::new(move || {
        if app.read(Scope::Link, |client| matches!(client.link(), LinkState::Waiting { .. })) {
            let tick = move || second.update(|second| *second = second.wrapping_add(1));
            if let Ok(interval) = set_interval_with_handle(tick, Duration::from_secs(1)) {
                on_cleanup(move || interval.clear());
            }
        }
    });
    part(move || {
        second.track();
        draw(app)
    })
}

fn draw(app: App) -> AnyView {
    let Some(banner) = app.read(Scope::Link, |client| client.banner(browser::now())) else {
        return ().into_any();
    };
    let problem = banner.tone == Tone::Problem;
    let class = if problem { "banner bad" } else { "banner" };
    let remedy = if problem { format!("{} {}", banner.line(), banner.remedy) } else { banner.line() };
    let reload = |_| drop(browser::window().location().reload());
    // The connection tester begins to look for the cause at once; in a tab of its own, since this page goes on
    // and keeps what is not sent, and the server may not be there to give either.
    let diagnose = |_| drop(browser::window().open_with_url_and_target("/chat-ws-test/?doctor", "_blank"));
    let try_now = move |_| app.dispatch(Input::TryNow);
    page! {
        <div class=class role="status" aria-live="off">
            <span>{remedy}</span>
            {banner.diagnose.then(|| button("", None, say!(Why), diagnose))}
            {banner.reload.then(|| button("", None, say!(Reload), reload))}
            {banner.try_now.then(|| button("", Some("try-now"), say!(TryNow), try_now))}
        </div>
    }
    .into_any()
}
