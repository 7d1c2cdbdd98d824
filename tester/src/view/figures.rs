//! The handshake as sent, and the figures: times, counts, rates, and a graph of the round trips.

use causerie_texts::Tester as Text;
use leptos::prelude::*;

use super::{language, say};
use crate::pane::ConnectionPane;
use crate::rate::bytes;
use crate::record::{Count, Record};
use crate::round_trip::RoundTrips;

/// The graph's size, in its own units.
const GRAPH: (f64, f64) = (240.0, 40.0);

#[component]
pub fn Figures(pane: ConnectionPane) -> impl IntoView {
    let language = language();
    let millis = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1} ms"));
    let chosen = move || match pane.beginning.get().protocol {
        None => "–".to_owned(),
        Some(name) if name.is_empty() => Text::NoneChosen.in_language(language.get()).to_owned(),
        Some(name) => name,
    };
    let request = move || {
        let request = pane.handshake.get().map(|handshake| handshake.request());
        request.map(|request| {
            view! {
                <figure>
                    <figcaption class="soft">{say(Text::AsSent)}</figcaption>
                    <pre tabindex="0" data-testid="handshake">{request}</pre>
                </figure>
            }
        })
    };
    let counted = move |count: Count, rate: f64| {
        let (frames, bytes, rate) =
            (count.frames.to_string(), bytes(count.bytes as f64), format!("{rate:.1}"));
        Text::Counted.fill(language.get(), &[("frames", &frames), ("bytes", &bytes), ("rate", &rate)])
    };
    let trips = move || {
        let language = language.get();
        let summary = pane.read_trips(RoundTrips::summary);
        let Some((last, median, longest)) = summary else {
            return Text::RoundTripNone.in_language(language).to_owned();
        };
        let [last, median, longest] = [last, median, longest].map(|ms| format!("{ms:.1}"));
        Text::RoundTripSummary.fill(language, &[("last", &last), ("median", &median), ("longest", &longest)])
    };
    let points = move || pane.read_trips(|trips| trips.points(GRAPH.0, GRAPH.1));
    // Rates fall while no frame comes, and measuring adds a point regularly.
    let every = std::time::Duration::from_millis(u64::from(crate::limits::PING_EVERY_MS));
    let beat = set_interval_with_handle(
        move || {
            if pane.measure.get_untracked() {
                pane.ping();
            }
            pane.draw_soon();
        },
        every,
    );
    on_cleanup(move || {
        if let Ok(beat) = beat {
            beat.clear();
        }
    });
    view! {
        <details class="fold" open>
            <summary>{say(Text::Handshake)}</summary>
            <dl class="figures">
                <dt>{say(Text::Chosen)}</dt> <dd data-testid="chosen">{chosen}</dd>
                <dt>{say(Text::TimeToOpen)}</dt> <dd data-testid="open-ms">{move || millis(pane.beginning.get().open_ms)}</dd>
                <dt>{say(Text::TimeToWelcome)}</dt> <dd>{move || millis(pane.beginning.get().welcome_ms)}</dd>
                <dt>{say(Text::Sent)}</dt>
                <dd data-testid="sent">{move || counted(pane.read(Record::sent), pane.rates().0)}</dd>
                <dt>{say(Text::Received)}</dt>
                <dd data-testid="received">{move || counted(pane.read(Record::received), pane.rates().1)}</dd>
                <dt>{say(Text::RoundTrip)}</dt>
                <dd>
                    <span data-testid="round-trip">{trips}</span>
                    <svg class="graph" viewBox=format!("0 -2 {} {}", GRAPH.0, GRAPH.1 + 4.0) preserveAspectRatio="none" aria-hidden="true">
                        <polyline points=points />
                    </svg>
                </dd>
            </dl>
            <label class="check">
                <input type="checkbox" name="measure" prop:checked=pane.measure
                    on:change=move |event| pane.measure.set(event_target_checked(&event)) />
                <span>{say(Text::MeasureOften)}</span>
            </label>
            <label class="check">
                <input type="checkbox" name="answer-pings" prop:checked=pane.answer_pings
                    on:change=move |event| pane.answer_pings.set(event_target_checked(&event)) />
                <span>{say(Text::AnswerPings)}</span>
            </label>
            {request}
        </details>
    }
}
