//! The selected frame: as indented JSON, with the search highlighted, and buttons to copy it.

use causerie_texts::Tester as Text;
use leptos::prelude::*;

use super::{Said, copy, frames, language, say};
use crate::browser;
use crate::filter;
use crate::frame::Direction;
use crate::pane::ConnectionPane;
use crate::pretty_json::pretty;

#[component]
pub fn Selected(pane: ConnectionPane) -> impl IntoView {
    let language = language();
    let said = RwSignal::new(None::<Text>);
    // The record forgets the oldest frames; the selected one stays.
    let frame = Memo::new(move |before: Option<&Option<crate::frame::Frame>>| {
        let number = pane.selected.get()?;
        let held = before.and_then(Clone::clone).filter(|frame| frame.number == number);
        held.or_else(|| pane.peek(number))
    });
    let body = move || {
        let Some(frame) = frame.get() else {
            return view! { <p class="soft">{say(Text::SelectHint)}</p> }.into_any();
        };
        let laid = pretty(&frame.text);
        let words = pane.search.with(|search| filter::words(search));
        let pieces = filter::pieces(&laid, &words).into_iter().map(|piece| {
            let text = piece.text.to_owned();
            if piece.found { view! { <mark>{text}</mark> }.into_any() } else { text.into_any() }
        });
        let pieces = pieces.collect_view();
        let direction = match frame.direction {
            Direction::Sent => Text::Sent,
            Direction::Received => Text::Received,
            Direction::Notice => Text::Notice,
        };
        let head = move || {
            format!(
                "{} · {} · {} · {} B",
                browser::time_of_day(frame.at),
                direction.in_language(language.get()),
                frame.kind,
                frame.size
            )
        };
        view! { <p class="soft">{head}</p> <pre tabindex="0" data-testid="selected">{pieces}</pre> }
            .into_any()
    };
    let copy_text = move |_| {
        if let Some(frame) = frame.get_untracked() {
            copy(frames::line(&frame), said);
        }
    };
    // A message as a request over HTTP; for other frames the handshake of their connection.
    let copy_curl = move |_| {
        let Some(handshake) = pane.handshake.get_untracked() else { return };
        let frame = frame.get_untracked().filter(|frame| frame.direction == Direction::Sent);
        copy(frame.and_then(|frame| handshake.curl_frame(&frame)).unwrap_or_else(|| handshake.curl()), said);
    };
    let copy_websocat = move |_| {
        let Some(handshake) = pane.handshake.get_untracked() else { return };
        let frame = frame.get_untracked().filter(|frame| frame.direction == Direction::Sent);
        copy(frame.map_or_else(|| handshake.websocat(), |frame| handshake.websocat_frame(&frame)), said);
    };
    let edit = move |_| {
        if let Some(frame) = frame.get_untracked() {
            pane.draft.set(pretty(&frame.text));
        }
    };
    let nothing = move || frame.with(Option::is_none);
    let no_handshake = move || pane.handshake.with(Option::is_none);
    view! {
        <section class="selected" aria-labelledby=format!("{}-selected", pane.id)>
            <h3 id=format!("{}-selected", pane.id)>{say(Text::Selected)}</h3>
            {body}
            <div class="tools">
                <button type="button" class="button" data-testid="copy-text" disabled=nothing on:click=copy_text>{say(Text::CopyText)}</button>
                <button type="button" class="button" data-testid="copy-curl" disabled=no_handshake on:click=copy_curl>{say(Text::CopyCurl)}</button>
                <button type="button" class="button" data-testid="copy-websocat" disabled=no_handshake on:click=copy_websocat>{say(Text::CopyWebsocat)}</button>
                <button type="button" class="button" data-testid="edit" disabled=nothing on:click=edit>{say(Text::EditFrame)}</button>
                <Said said />
            </div>
        </section>
    }
}
