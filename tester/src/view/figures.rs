//! The handshake as sent, and the figures: times, counts, rates, and the round trips as a graph.

use leptos::prelude::*;

use super::{language, say};
use crate::rate::bytes;
use crate::record::{Count, Record};
use crate::round_trip::RoundTrips;
use crate::side::Side;
use crate::words::Text;

/// The graph's size, in its own units.
const GRAPH: (f64, f64) = (240.0, 40.0);

/// What is known of the connection.
#[component]
pub fn Figures(side: Side) -> impl IntoView {
    let language = language();
    let millis = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1} ms"));
    let chosen = move || match side.beginning.get().protocol {
        None => "–".to_owned(),
        Some(name) if name.is_empty() => Text::NoneChosen.r#in(language.get()).to_owned(),
        Some(name) => name,
    };
    let request = move || {
        let request = side.handshake.get().map(|handshake| handshake.request());
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
        let summary = side.read_trips(RoundTrips::summary);
        let Some((last, median, longest)) = summary else {
            return Text::RoundTripNone.r#in(language).to_owned();
        };
        let [last, median, longest] = [last, median, longest].map(|ms| format!("{ms:.1}"));
        Text::RoundTripSummary.fill(language, &[("last", &last), ("median", &median), ("longest", &longest)])
    };
    let points = move || side.read_trips(|trips| trips.points(GRAPH.0, GRAPH.1));
    // Rates fall while nothing comes, and a measuring person wants a point every while.
    let every = std::time::Duration::from_millis(u64::from(crate::limits::PING_EVERY_MS));
    let beat = set_interval_with_handle(
        move || {
            if side.measure.get_untracked() {
                side.ping();
            }
            side.draw_soon();
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
                <dt>{say(Text::TimeToOpen)}</dt> <dd data-testid="open-ms">{move || millis(side.beginning.get().open_ms)}</dd>
                <dt>{say(Text::TimeToWelcome)}</dt> <dd>{move || millis(side.beginning.get().welcome_ms)}</dd>
                <dt>{say(Text::Sent)}</dt>
                <dd data-testid="sent">{move || counted(side.read(Record::sent), side.rates().0)}</dd>
                <dt>{say(Text::Received)}</dt>
                <dd data-testid="received">{move || counted(side.read(Record::received), side.rates().1)}</dd>
                <dt>{say(Text::RoundTrip)}</dt>
                <dd>
                    <span data-testid="round-trip">{trips}</span>
                    <svg class="graph" viewBox=format!("0 -2 {} {}", GRAPH.0, GRAPH.1 + 4.0) preserveAspectRatio="none" aria-hidden="true">
                        <polyline points=points />
                    </svg>
                </dd>
            </dl>
            <label class="check">
                <input type="checkbox" name="measure" prop:checked=side.measure
                    on:change=move |event| side.measure.set(event_target_checked(&event)) />
                <span>{say(Text::MeasureOften)}</span>
            </label>
            <label class="check">
                <input type="checkbox" name="answer-pings" prop:checked=side.answer_pings
                    on:change=move |event| side.answer_pings.set(event_target_checked(&event)) />
                <span>{say(Text::AnswerPings)}</span>
            </label>
            {request}
        </details>
    }
}
