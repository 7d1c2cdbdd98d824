//! The list of frames with filters; only the visible lines are drawn.

use causerie_texts::Tester as Text;
use leptos::html;
use leptos::prelude::*;

use super::{Said, copy, language, say};
use crate::browser;
use crate::filter::Filter;
use crate::frame::{Direction, Frame};
use crate::limits::{PREVIEW_CHARS, ROW_PX};
use crate::pane::ConnectionPane;
use crate::record::Record;
use crate::window;

#[derive(Clone, PartialEq)]
struct Row {
    place: usize,
    number: u64,
    time: String,
    direction: Direction,
    kind: String,
    size: usize,
    preview: String,
}

impl Row {
    fn of(place: usize, frame: &Frame) -> Self {
        let preview = frame.text.chars().take(PREVIEW_CHARS).map(|c| if c.is_control() { ' ' } else { c });
        Self {
            place,
            number: frame.number,
            time: browser::time_of_day(frame.at),
            direction: frame.direction,
            kind: frame.kind.clone(),
            size: frame.size,
            preview: preview.collect(),
        }
    }
}

#[component]
pub fn Frames(pane: ConnectionPane) -> impl IntoView {
    let heading = format!("{}-frames", pane.id);
    view! {
        <h3 id=heading.clone()>{say(Text::Frames)}</h3>
        <Filters pane />
        <List pane heading />
        <Tools pane />
    }
}

#[component]
fn Filters(pane: ConnectionPane) -> impl IntoView {
    let (direction, kind) = (RwSignal::new(None::<Direction>), RwSignal::new(None::<String>));
    Effect::new(move || {
        let filter = Filter::new(direction.get(), kind.get(), &pane.search.get());
        pane.set_filter(filter);
    });
    let directions = [
        (Direction::Sent, Text::Sent),
        (Direction::Received, Text::Received),
        (Direction::Notice, Text::Notice),
    ];
    let directions =
        directions.map(|(direction, text)| view! { <option value=direction.as_str()>{say(text)}</option> });
    let names = Memo::new(move |_| pane.read(|record| record.kinds().keys().cloned().collect::<Vec<_>>()));
    // The chosen type stays in the list when its last frame is gone.
    let kinds = move || {
        let mut names = names.get();
        if let Some(chosen) = kind.get()
            && !names.contains(&chosen)
        {
            names.push(chosen);
        }
        names
            .into_iter()
            .map(|name| {
                let chosen = kind.get_untracked().as_ref() == Some(&name);
                view! { <option value=name.clone() selected=chosen>{name.clone()}</option> }
            })
            .collect_view()
    };
    view! {
        <div class="filters">
            <label class="field"><span>{say(Text::Direction)}</span>
                <select name="direction" on:change=move |event| direction.set(Direction::from_name(&event_target_value(&event)))>
                    <option value="">{say(Text::All)}</option>{directions}
                </select>
            </label>
            <label class="field"><span>{say(Text::Type)}</span>
                <select name="type" on:change=move |event| kind.set(Some(event_target_value(&event)).filter(|kind| !kind.is_empty()))>
                    <option value="">{say(Text::All)}</option>{kinds}
                </select>
            </label>
            <label class="field"><span>{say(Text::Search)}</span>
                <input name="search" type="search" autocomplete="off"
                    prop:value=pane.search on:input=move |event| pane.search.set(event_target_value(&event)) />
            </label>
        </div>
    }
}

#[component]
fn List(pane: ConnectionPane, heading: String) -> impl IntoView {
    let language = language();
    let list = NodeRef::<html::Div>::new();
    let (scrolled, height) = (RwSignal::new(0.0), RwSignal::new(400.0));
    let follow = RwSignal::new(true);
    let count = Memo::new(move |_| pane.read(Record::shown_len));
    let look = move || {
        if let Some(list) = list.get_untracked() {
            scrolled.set(f64::from(list.scroll_top()));
            height.set(f64::from(list.client_height()));
        }
    };
    let on_scroll = move |_| {
        look();
        if let Some(list) = list.get_untracked() {
            let drawn = (f64::from(list.scroll_height()) / ROW_PX) as usize;
            follow.set(window::at_end(drawn, scrolled.get_untracked(), height.get_untracked()));
        }
    };
    // A list that is scrolled to its end stays there when it grows.
    Effect::new(move || {
        count.get();
        if let (true, Some(list)) = (follow.get_untracked(), list.get()) {
            list.set_scroll_top(list.scroll_height());
            look();
        }
    });
    let range = Memo::new(move |_| window::in_sight(count.get(), scrolled.get(), height.get()));
    let rows = move || {
        let range = range.get();
        pane.read(|record| {
            record.shown(range).map(|(place, frame)| Row::of(place, frame)).collect::<Vec<_>>()
        })
    };
    let select = move |place: usize| {
        let chosen = pane.read(|record| record.shown(place..place + 1).next().map(|(_, frame)| frame.number));
        pane.selected.set(chosen);
        if let Some(list) = list.get_untracked()
            && let Some(top) =
                window::scroll_to(place, f64::from(list.scroll_top()), f64::from(list.client_height()))
        {
            list.set_scroll_top(top.ceil() as i32);
        }
    };
    // By position and not by the row that was hit, since rows move under the pointer while frames come.
    let on_click = move |event: leptos::ev::MouseEvent| {
        let Some(list) = list.get_untracked() else { return };
        let y = f64::from(event.client_y()) - list.get_bounding_client_rect().top()
            + f64::from(list.scroll_top());
        let place = (y / ROW_PX) as usize;
        if place < count.get_untracked() {
            select(place);
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let Some(last) = count.get_untracked().checked_sub(1) else { return };
        let at = pane.selected.get_untracked().and_then(|number| pane.read(|record| record.place(number)));
        let page = ((height.get_untracked() / ROW_PX) as usize).max(1);
        let place = match event.key().as_str() {
            "ArrowDown" => at.map_or(0, |at| at + 1),
            "ArrowUp" => at.map_or(last, |at| at.saturating_sub(1)),
            "PageDown" => at.map_or(0, |at| at + page),
            "PageUp" => at.map_or(last, |at| at.saturating_sub(page)),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        select(place.min(last));
    };
    let id = move |number: u64| format!("{}-frame-{number}", pane.id);
    let hint = move || {
        let empty = pane.read(Record::is_empty);
        let text = if empty { Text::FramesEmpty } else { Text::NothingPasses };
        (count.get() == 0).then(|| view! { <p class="hint">{say(text)}</p> })
    };
    let name = move |direction: Direction| {
        let text = match direction {
            Direction::Sent => Text::Sent,
            Direction::Received => Text::Received,
            Direction::Notice => Text::Notice,
        };
        text.in_language(language.get())
    };
    view! {
        {hint}
        <div class="list" role="listbox" tabindex="0" data-testid="frames" aria-labelledby=heading node_ref=list
            class:empty=move || count.get() == 0
            aria-activedescendant=move || pane.selected.get().map(id)
            on:scroll=on_scroll on:click=on_click on:keydown=on_key>
            <div class="room" style:height=move || format!("{}px", count.get() as f64 * ROW_PX)>
                <div class="rows" style:transform=move || format!("translateY({}px)", range.get().start as f64 * ROW_PX)>
                    <For each=rows key=|row| (row.number, row.place) let:row>
                        <div class=format!("row went-{}", row.direction.as_str()) role="option" id=id(row.number)
                            aria-posinset=(row.place + 1).to_string() aria-setsize=move || count.get().to_string()
                            aria-selected=move || (pane.selected.get() == Some(row.number)).to_string()>
                            <time>{row.time.clone()}</time>
                            <span class="sign" aria-hidden="true">{row.direction.sign()}</span>
                            <span class="visually-hidden">{move || name(row.direction)}</span>
                            <strong>{row.kind.clone()}</strong>
                            <span class="size">{row.size}" B"</span>
                            <code>{row.preview.clone()}</code>
                        </div>
                    </For>
                </div>
            </div>
        </div>
    }
}

#[component]
fn Tools(pane: ConnectionPane) -> impl IntoView {
    let language = language();
    let said = RwSignal::new(None::<Text>);
    let counted = move || {
        let language = language.get();
        let (shown, kept, gone) = pane.read(|record| (record.shown_len(), record.len(), record.forgotten()));
        let text =
            Text::FramesCount.fill(language, &[("shown", &shown.to_string()), ("kept", &kept.to_string())]);
        if gone == 0 || kept == 0 {
            return text;
        }
        format!("{text}, {}", Text::FramesForgotten.fill(language, &[("count", &gone.to_string())]))
    };
    let pause = move || {
        let (paused, held) = pane.read(|record| (record.is_paused(), record.held_back()));
        if paused {
            Text::Resume.fill(language.get(), &[("count", &held.to_string())])
        } else {
            Text::Pause.in_language(language.get()).to_owned()
        }
    };
    let toggle =
        move |_| pane.change(|record| if record.is_paused() { record.resume() } else { record.pause() });
    let clear = move |_| {
        pane.selected.set(None);
        pane.change(Record::clear);
        pane.clear_conversation();
    };
    let all = move || {
        pane.read(|record| record.shown(0..usize::MAX).map(|(_, frame)| line(frame)).collect::<String>())
    };
    view! {
        <div class="tools">
            <p class="soft" data-testid="count">{counted}</p>
            <button type="button" class="button" data-testid="pause" on:click=toggle>{pause}</button>
            <button type="button" class="button" data-testid="clear" on:click=clear>{say(Text::Clear)}</button>
            <button type="button" class="button" data-testid="copy-all" on:click=move |_| copy(untrack(all), said)>{say(Text::CopyAll)}</button>
            <button type="button" class="button" data-testid="download"
                on:click=move |_| browser::download("causerie-frames.txt", &untrack(all))>{say(Text::Download)}</button>
            <Said said />
        </div>
    }
}

/// A frame as a line of a file: time, direction, type, size and payload, separated by tabs.
pub fn line(frame: &Frame) -> String {
    let time = browser::iso_time(frame.at);
    let (direction, text) = (frame.direction.as_str(), frame.text.replace('\n', "\\n"));
    format!("{time}\t{direction}\t{}\t{} B\t{text}\n", frame.kind, frame.size)
}
