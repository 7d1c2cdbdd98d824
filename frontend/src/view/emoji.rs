//! The part with all emoji: the dialog to choose one, and the short codes.

use std::fmt::Write;
use std::rc::Rc;

use causerie_emoji::grid::{Place, Step, step};
use causerie_emoji::{Category, Emoji, Finder, TONES};
use causerie_texts::{LANGUAGE, Language, page, say};
use causerie_web::storage;
use leptos::ev::{Event, FocusEvent, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::erased::{click, event, text};
use super::icon;
use super::picking::{Coded, Picked};
use super::widgets::icon_button;
use crate::app::App;
use crate::browser;

/// How many stand in a row, on every screen.
const COLUMNS: usize = 8;
/// How many are remembered as chosen last: three rows.
const RECENT: usize = 3 * COLUMNS;
/// How many short codes are offered.
const CODES: usize = 8;
/// The keys in the browser's storage, for this device.
const RECENT_KEY: &str = ".emoji.recent";
const TONE_KEY: &str = ".emoji.tone";

thread_local! {
    static FINDER: Rc<Finder> = Rc::new(Finder::new(browser::search_key));
}

fn finder() -> Rc<Finder> {
    FINDER.with(Rc::clone)
}

fn name(emoji: &Emoji) -> &'static str {
    emoji.name(match LANGUAGE {
        Language::English => causerie_emoji::Language::English,
        Language::Vietnamese => causerie_emoji::Language::Vietnamese,
    })
}

pub fn codes(beginning: &str) -> Vec<Coded> {
    let finder = finder();
    let found = finder.codes(&beginning.to_ascii_lowercase(), CODES);
    let tone = tone();
    found
        .into_iter()
        .map(|(code, emoji)| Coded {
            code: code.to_owned(),
            emoji: emoji.with_tone(tone),
            name: name(&emoji),
        })
        .collect()
}

pub fn code(code: &str) -> Option<String> {
    Some(finder().code(&code.to_ascii_lowercase())?.with_tone(tone()))
}

fn stored(key: &str) -> Option<String> {
    storage::of_all_tabs()?.get_item(&storage::owned(key)).ok()?
}

fn store(key: &str, value: &str) {
    if let Some(storage) = storage::of_all_tabs() {
        let _ = storage.set_item(&storage::owned(key), value);
    }
}

fn tone() -> u32 {
    stored(TONE_KEY).and_then(|tone| tone.parse().ok()).unwrap_or_default()
}

/// A cell of the grid: what it writes, and what that is called.
#[derive(Clone)]
struct Cell {
    text: String,
    name: &'static str,
}

/// Some rows of the grid under a heading.
struct Section {
    heading: &'static str,
    cells: Vec<Cell>,
}

fn heading(category: Category) -> &'static str {
    match category {
        Category::Smileys => say!(EmojiSmileys),
        Category::People => say!(EmojiPeople),
        Category::Animals => say!(EmojiAnimals),
        Category::Food => say!(EmojiFood),
        Category::Travel => say!(EmojiTravel),
        Category::Activities => say!(EmojiActivities),
        Category::Objects => say!(EmojiObjects),
        Category::Symbols => say!(EmojiSymbols),
        Category::Flags => say!(EmojiFlags),
    }
}

/// What is shown: what was found, or those that were chosen last and then all of them by category.
fn sections(query: &str, tone: u32) -> Vec<Section> {
    let finder = finder();
    let cell = |emoji: &Emoji| Cell { text: emoji.with_tone(tone), name: name(emoji) };
    if !query.trim().is_empty() {
        let found = finder.find(&browser::search_key(query));
        return vec![Section { heading: say!(EmojiFound), cells: found.iter().map(cell).collect() }];
    }
    let recent = stored(RECENT_KEY).unwrap_or_default();
    // What the storage holds is shown only if it is an emoji.
    let known = |text: &str| {
        let is_it = |one: &&Emoji| one.text == text || (1..=TONES).any(|tone| one.with_tone(tone) == text);
        let found = finder.all().iter().find(is_it)?;
        Some(Cell { text: text.to_owned(), name: name(found) })
    };
    let recent: Vec<_> = recent.split_whitespace().take(RECENT).filter_map(known).collect();
    let recent = (!recent.is_empty()).then_some(Section { heading: say!(EmojiRecent), cells: recent });
    let all = Category::ALL.into_iter().map(|category| {
        let cells = finder.all().iter().filter(|one| one.category == category).map(cell).collect();
        Section { heading: heading(category), cells }
    });
    recent.into_iter().chain(all).collect()
}

/// The rows of the sections as HTML, with what stands where. As one text, since a view of two thousand buttons is slow to make.
fn draw(sections: &[Section]) -> (String, Vec<Vec<Cell>>) {
    let (mut html, mut rows) = (String::new(), Vec::<Vec<Cell>>::new());
    for section in sections.iter().filter(|section| !section.cells.is_empty()) {
        let heading = escaped(section.heading);
        let _ = write!(html, r#"<div role="rowgroup" aria-label="{heading}"><h3>{heading}</h3>"#);
        for cells in section.cells.chunks(COLUMNS) {
            html += r#"<div role="row">"#;
            for (column, Cell { text, name }) in cells.iter().enumerate() {
                let (row, name) = (rows.len(), escaped(name));
                let _ = write!(
                    html,
                    r#"<button type="button" role="gridcell" tabindex="-1" data-at="{row} {column}" aria-label="{name}" title="{name}">{text}</button>"#
                );
            }
            html += "</div>";
            rows.push(cells.to_vec());
        }
        html += "</div>";
    }
    (html, rows)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

/// The grid and what stands in it.
#[derive(Clone, Copy)]
struct Grid {
    element: NodeRef<html::Div>,
    rows: StoredValue<Vec<Vec<Cell>>>,
    /// The cell that the Tab key leads to.
    at: StoredValue<Place>,
    /// What the cell with the focus is called.
    named: RwSignal<&'static str>,
}

impl Grid {
    fn fill(self, sections: &[Section]) {
        let Some(element) = self.element.get_untracked() else { return };
        let (html, rows) = draw(sections);
        element.set_inner_html(&html);
        element.set_scroll_top(0);
        self.rows.set_value(rows);
        self.at.set_value(Place::default());
        self.named.set("");
        self.set_tab_index(Place::default(), "0");
    }

    fn cell(self, at: Place) -> Option<Cell> {
        self.rows.with_value(|rows| rows.get(at.row)?.get(at.column).cloned())
    }

    fn button(self, at: Place) -> Option<HtmlElement> {
        let selector = format!("[data-at=\"{} {}\"]", at.row, at.column);
        self.element.get_untracked()?.query_selector(&selector).ok()??.dyn_into().ok()
    }

    fn set_tab_index(self, at: Place, index: &str) {
        if let Some(button) = self.button(at) {
            let _ = button.set_attribute("tabindex", index);
        }
    }

    fn focus(self, at: Place) {
        if let Some(button) = self.button(at) {
            let _ = button.focus();
        }
    }

    /// The focus came to a cell.
    fn focused(self, at: Place) {
        self.set_tab_index(self.at.get_value(), "-1");
        self.at.set_value(at);
        self.set_tab_index(at, "0");
        self.named.set(self.cell(at).map_or("", |cell| cell.name));
    }

    fn step(self, way: Step) {
        let lengths: Vec<_> = self.rows.with_value(|rows| rows.iter().map(Vec::len).collect());
        self.focus(step(&lengths, self.at.get_value(), way));
    }
}

/// The place of the cell in which an event happened.
fn place_of(event: &Event) -> Option<Place> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let at = target.closest("[data-at]").ok()??.get_attribute("data-at")?;
    let (row, column) = at.split_once(' ')?;
    Some(Place { row: row.parse().ok()?, column: column.parse().ok()? })
}

fn step_of(event: &KeyboardEvent) -> Option<Step> {
    let to_ends = event.ctrl_key() || event.meta_key();
    Some(match &*event.key() {
        "ArrowLeft" => Step::Left,
        "ArrowRight" => Step::Right,
        "ArrowUp" => Step::Up,
        "ArrowDown" => Step::Down,
        "Home" if to_ends => Step::First,
        "End" if to_ends => Step::Last,
        "Home" => Step::Home,
        "End" => Step::End,
        _ => return None,
    })
}

/// The dialog; `open` becomes false once it is closed.
pub fn picker(_app: App, open: RwSignal<bool>, picked: Picked) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    let query = RwSignal::new(String::new());
    let tone = RwSignal::new(tone());
    let grid = Grid {
        element: NodeRef::new(),
        rows: StoredValue::new(Vec::new()),
        at: StoredValue::new(Place::default()),
        named: RwSignal::new(""),
    };
    let found = RwSignal::new(String::new());
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            // It fails when the dialog is open already, which is fine.
            let _ = dialog.show_modal();
        }
    });
    Effect::new(move || {
        if grid.element.get().is_none() {
            return;
        }
        let sections = query.with(|query| sections(query, tone.get()));
        grid.fill(&sections);
        let is_search = query.with_untracked(|query| !query.trim().is_empty());
        let count = sections.iter().map(|section| section.cells.len()).sum::<usize>();
        found.set(match (is_search, count) {
            (false, _) => String::new(),
            (true, 0) => say!(NothingFound).to_owned(),
            (true, _) => say!(EmojiCount, count = count),
        });
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let pick = move |at: Place| {
        let Some(cell) = grid.cell(at) else { return };
        let recent = stored(RECENT_KEY).unwrap_or_default();
        let others = recent.split_whitespace().filter(|text| *text != cell.text).take(RECENT - 1);
        store(RECENT_KEY, &std::iter::once(&*cell.text).chain(others).collect::<Vec<_>>().join(" "));
        close();
        picked.run(cell.text);
    };
    let chosen = click(move |event| {
        if let Some(at) = place_of(&event) {
            pick(at);
        }
    });
    let focused = move |event: FocusEvent| {
        if let Some(at) = place_of(&event) {
            grid.focused(at);
        }
    };
    let moved = move |event: KeyboardEvent| {
        if let Some(way) = step_of(&event) {
            event.prevent_default();
            grid.step(way);
        }
    };
    let searched = event(move |event| query.set(event_target_value(&event)));
    let left_search = move |event: KeyboardEvent| match &*event.key() {
        "ArrowDown" => {
            event.prevent_default();
            grid.focus(grid.at.get_value());
        }
        "Enter" if !event.is_composing() => {
            event.prevent_default();
            if query.with_untracked(|query| !query.trim().is_empty()) {
                pick(Place::default());
            }
        }
        _ => {}
    };
    let toned = event(move |event| {
        let chosen = event_target_value(&event);
        store(TONE_KEY, &chosen);
        tone.set(chosen.parse().unwrap_or_default());
    });
    let names = [
        say!(ToneNone),
        say!(ToneLight),
        say!(ToneMediumLight),
        say!(ToneMedium),
        say!(ToneMediumDark),
        say!(ToneDark),
    ];
    let tones: Vec<_> = names
        .into_iter()
        .zip(0_u32..)
        .map(|(name, number)| {
            let selected = tone.get_untracked() == number;
            view! { <option value=number.to_string() selected=selected>{name}</option> }
        })
        .collect();
    let ways: Vec<_> = Category::ALL.into_iter().map(|category| way_to(grid, query, category)).collect();
    let closed = event(move |_| open.set(false));
    page! {
        <dialog node_ref=dialog class="picker" data-testid="emoji-picker" aria-label=say!(Emoji) on:close=closed>
            <div class="head">
                <input type="search" autofocus=browser::has_keyboard() autocomplete="off" placeholder=say!(SearchEmoji) aria-label=say!(SearchEmoji) on:input=searched on:keydown=left_search />
                <select aria-label=say!(SkinTone) title=say!(SkinTone) on:change=toned>{tones}</select>
                {icon_button("icon", None, say!(Close), icon::cross, move |_| close())}
            </div>
            <div class="ways-to" role="group" aria-label=say!(EmojiCategories)>{ways}</div>
            <div node_ref=grid.element class="grid" role="grid" aria-label=say!(Emoji) on:click=chosen on:focusin=focused on:keydown=moved></div>
            <p class="soft named">{text(move || grid.named.get().to_owned())}<span role="status">{text(move || found.get())}</span></p>
        </dialog>
    }
    .into_any()
}

/// A button that leads to a category.
fn way_to(grid: Grid, query: RwSignal<String>, category: Category) -> AnyView {
    let first = finder().all().iter().find(|one| one.category == category).map_or("", |one| one.text);
    let words = heading(category);
    let go = click(move |_| {
        if query.with_untracked(|query| !query.is_empty()) {
            query.set(String::new());
            if let Some(dialog) =
                grid.element.get_untracked().and_then(|grid| grid.closest("dialog").ok().flatten())
                && let Ok(Some(field)) = dialog.query_selector("input")
                && let Some(field) = field.dyn_ref::<web_sys::HtmlInputElement>()
            {
                field.set_value("");
            }
            grid.fill(&sections("", tone()));
        }
        let place = grid.rows.with_value(|rows| {
            let row =
                rows.iter().rposition(|row| row.first().is_some_and(|cell| cell.text.starts_with(first)));
            Place { row: row.unwrap_or_default(), column: 0 }
        });
        if let Some(button) = grid.button(place)
            && let Ok(Some(section)) = button.closest("[role=rowgroup]")
        {
            section.scroll_into_view();
            grid.focused(place);
        }
    });
    view! { <button type="button" aria-label=words title=words on:click=go>{first}</button> }.into_any()
}
