//! What the connection does, in words, and what to do about it.

use std::time::Duration;

use causerie_client::banner::Tone;
use causerie_client::{Input, Scope};
use leptos::leptos_dom::helpers::set_interval_with_handle;
use leptos::prelude::*;

use crate::app::app;
use crate::browser;

/// Says what there is to say about the connection; nothing when all is well.
#[component]
pub fn Banner() -> impl IntoView {
    let app = app();
    let second = RwSignal::new(0_u32);
    let banner = Memo::new(move |_| {
        second.track();
        app.read(Scope::Link, |client| client.banner(browser::now()))
    });
    // The clock ticks only while there is a countdown to show.
    let counts = Memo::new(move |_| banner.read().as_ref().is_some_and(|banner| banner.countdown.is_some()));
    Effect::new(move || {
        if counts.get() {
            let tick = move || second.update(|second| *second = second.wrapping_add(1));
            if let Ok(interval) = set_interval_with_handle(tick, Duration::from_secs(1)) {
                on_cleanup(move || interval.clear());
            }
        }
    });
    let try_now = move |_| app.dispatch(Input::TryNow);
    let reload = |_| drop(browser::window().location().reload());
    move || {
        banner.get().map(|banner| {
            let problem = banner.tone == Tone::Problem;
            let remedy = problem.then(|| format!(" {}", banner.remedy));
            view! {
                <div class="banner" class:bad=problem role="status" aria-live="off">
                    <span title=banner.why.clone()>{banner.line()}{remedy}</span>
                    {banner.reload.then(|| view! { <button type="button" on:click=reload>"Reload"</button> })}
                    {banner.try_now.then(|| view! {
                        <button type="button" data-testid="try-now" on:click=try_now>"Try now"</button>
                    })}
                </div>
            }
        })
    }
}
