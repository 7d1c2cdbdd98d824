//! The dialog that finds chats, people and messages: chats and people among those that are loaded, messages by the server.

use std::time::Duration;

use causerie_client::{ChatEntry, Client, Input, Invalidation, Name};
use causerie_protocol::rest::{CreateChat, UserRef};
use causerie_protocol::search::{Found, Hit, SearchRequest};
use causerie_protocol::{ChatId, MessageId, Seq, User, limits};
use causerie_texts::{page, say};
use js_sys::Date;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::Dialog;
use super::dialog::modal;
use super::erased::{click, event, reactive, text};
use super::widgets::{alert, bdi, button};
use crate::api::sentence;
use crate::app::{App, app};
use crate::{browser, keys, time};

/// How long a person has not typed before the server is asked.
const TYPING_PAUSE: Duration = Duration::from_millis(250);
/// Chats, and people, that are shown at most.
const SHOWN: usize = 6;
/// What a query narrows by; then it is about messages alone.
const OPERATORS: [&str; 5] = ["from:", "in:", "before:", "after:", "has:"];

/// What a row leads to.
#[derive(Clone, PartialEq, Eq)]
enum Target {
    Chat(ChatId),
    Person(User),
    Message(ChatId, Seq),
}

#[derive(Clone, Copy)]
struct Finder {
    app: App,
    dialog: RwSignal<Dialog>,
    query: RwSignal<String>,
    /// What the server found so far; `None` until it answered.
    found: RwSignal<Option<Found>>,
    /// Chats and people that match.
    local: Memo<(Vec<ChatId>, Vec<User>)>,
    /// The row that Enter opens.
    chosen: RwSignal<usize>,
    /// Counts the requests, so that only the answer to the last one is shown.
    asked: RwSignal<u32>,
    error: RwSignal<String>,
}

/// The dialog.
pub fn search(dialog: RwSignal<Dialog>) -> AnyView {
    let app = app();
    let query = RwSignal::new(String::new());
    let local = Memo::new(move |_| {
        let query = query.get();
        app.read(Invalidation::Chats, |client| matching(client, &query))
    });
    let finder = Finder {
        app,
        dialog,
        query,
        found: RwSignal::new(None),
        local,
        chosen: RwSignal::new(0),
        asked: RwSignal::new(0),
        error: RwSignal::new(String::new()),
    };
    // A match may be further down the list.
    Effect::new(move || {
        let is_few = local.with(|(chats, _)| chats.len() < SHOWN);
        if is_few && !query.read().trim().is_empty() && app.read(Invalidation::Chats, Client::has_more_chats)
        {
            app.dispatch(Input::MoreChats);
        }
    });
    let typed = event(move |event| finder.typed(event_target_value(&event)));
    let key = move |event: KeyboardEvent| finder.key(&event);
    let active = text(move || option_id(finder.chosen.get()));
    let rows = reactive(move || rows(finder));
    let notes = reactive(move || notes(finder));
    let content = page! {
        <div class="finder">
            <input type="search" name="query" autofocus autocomplete="off" dir="auto" maxlength=limits::SEARCH_QUERY_BYTES.to_string()
                role="combobox" aria-expanded="true" aria-controls="found" aria-activedescendant=active
                aria-label=say!(SearchAll) placeholder=say!(Search) on:input=typed on:keydown=key />
            <small class="soft">say!(SearchHint)</small>
            {alert(finder.error)}
            <ul id="found" role="listbox" aria-label=say!(SearchTitle)>{rows}</ul>
            {notes}
        </div>
    };
    modal(say!(SearchTitle), "search-dialog", move || dialog.set(Dialog::None), content.into_any())
}

impl Finder {
    fn typed(self, query: String) {
        let is_blank = query.trim().is_empty();
        self.query.set(query);
        self.chosen.set(0);
        self.error.set(String::new());
        let asked = self.next_request();
        if is_blank {
            return self.found.set(None);
        }
        set_timeout(
            move || {
                // The dialog may be closed by now, or more was typed.
                if self.asked.try_get_untracked() == Some(asked) {
                    causerie_web::run(self.ask(asked, None));
                }
            },
            TYPING_PAUSE,
        );
    }

    fn next_request(self) -> u32 {
        self.asked.update(|asked| *asked = asked.wrapping_add(1));
        self.asked.get_untracked()
    }

    /// Asks the server; with `before` for what comes after that.
    async fn ask(self, asked: u32, before: Option<MessageId>) {
        let utc_offset = -(Date::new_0().get_timezone_offset() as i32);
        let body = SearchRequest { query: self.query.get_untracked(), before, utc_offset };
        let answer = self.app.api().search(&body).await;
        if self.asked.try_get_untracked() != Some(asked) {
            return;
        }
        match answer {
            Ok(more) => self.found.update(|found| match found {
                Some(found) if before.is_some() => {
                    found.hits.extend(more.hits);
                    found.next = more.next;
                    found.indexing = more.indexing;
                }
                found => *found = Some(more),
            }),
            Err(problem) => {
                self.error.set(sentence(problem));
                if before.is_none() {
                    self.found.set(None);
                }
            }
        }
    }

    fn targets(self) -> Vec<Target> {
        let (chats, people) = self.local.get_untracked();
        let hits = self.found.with_untracked(|found| {
            let hits = found.iter().flat_map(|found| &found.hits);
            hits.map(|hit| Target::Message(hit.chat_id, hit.seq)).collect::<Vec<_>>()
        });
        chats
            .into_iter()
            .map(Target::Chat)
            .chain(people.into_iter().map(Target::Person))
            .chain(hits)
            .collect()
    }

    fn key(self, event: &KeyboardEvent) {
        if event.is_composing() {
            return;
        }
        if keys::CLOSE.is(event) {
            // In a search field the browser would empty it first.
            event.prevent_default();
            return self.dialog.set(Dialog::None);
        }
        let targets = self.targets();
        let Some(last) = targets.len().checked_sub(1) else { return };
        let chosen = self.chosen.get_untracked().min(last);
        let chosen = match &*event.key() {
            "ArrowDown" if chosen < last => chosen + 1,
            "ArrowDown" => 0,
            "ArrowUp" => chosen.checked_sub(1).unwrap_or(last),
            "Enter" => {
                event.prevent_default();
                return self.open(targets[chosen].clone());
            }
            _ => return,
        };
        event.prevent_default();
        self.chosen.set(chosen);
        if let Some(row) = causerie_web::document().get_element_by_id(&option_id(chosen)) {
            row.scroll_into_view_with_bool(false);
        }
    }

    fn open(self, target: Target) {
        let chat = match target {
            Target::Chat(chat) => chat,
            Target::Message(chat, seq) => {
                self.dialog.set(Dialog::None);
                return self.app.go_to_message(chat, None, seq);
            }
            Target::Person(person) => {
                let pair = self.app.peek(|client| {
                    let with = |chat: &&ChatEntry| chat.other().is_some_and(|other| other.id == person.id);
                    client.all_chats().into_iter().find(with).map(ChatEntry::id)
                });
                match pair {
                    Some(pair) => pair,
                    None => return causerie_web::run(self.start(person)),
                }
            }
        };
        self.dialog.set(Dialog::None);
        self.app.go(Some(chat));
    }

    /// Creates the direct chat with this user, and opens it.
    async fn start(self, person: User) {
        let participants = vec![UserRef::Id(person.id)];
        let body = CreateChat { participants, title: None, client_id: None, language: None };
        match self.app.api().create_chat(&body).await {
            Ok(Some(chat)) => {
                let id = chat.id;
                self.app.dispatch(Input::ChatLoaded(Box::new(chat)));
                self.app.go(Some(id));
                let _ = self.dialog.try_set(Dialog::None);
            }
            Ok(None) => drop(self.error.try_set(say!(WasAsked).to_owned())),
            Err(problem) => drop(self.error.try_set(sentence(problem))),
        }
    }
}

/// Chats and people whose names have the query in them, as far as they are loaded.
fn matching(client: &Client, query: &str) -> (Vec<ChatId>, Vec<User>) {
    let is_narrowed = query
        .split_whitespace()
        .any(|word| OPERATORS.iter().any(|operator| word.to_ascii_lowercase().starts_with(operator)));
    let query = browser::search_key(query.trim());
    if query.is_empty() || is_narrowed {
        return Default::default();
    }
    let has = |name: &Name| browser::search_key(name.alone()).contains(&query);
    let (mut chats, mut people) = (Vec::new(), Vec::<User>::new());
    // Those that are called so come before those of somebody who is.
    let mut with_people = Vec::new();
    for chat in client.all_chats() {
        let mut is_of_somebody = false;
        for other in chat.others().filter(|other| has(&Name::of(&other.user))) {
            is_of_somebody = true;
            if people.len() < SHOWN && people.iter().all(|known| known.id != other.user.id) {
                people.push(other.user.clone());
            }
        }
        if has(&chat.title()) {
            chats.push(chat.id());
        } else if is_of_somebody {
            with_people.push(chat.id());
        }
        if chats.len() == SHOWN && people.len() == SHOWN {
            break;
        }
    }
    chats.extend(with_people);
    chats.truncate(SHOWN);
    (chats, people)
}

fn option_id(index: usize) -> String {
    format!("found-{index}")
}

fn rows(finder: Finder) -> AnyView {
    let (chats, people) = finder.local.get();
    let hits = finder.found.get().map(|found| found.hits).unwrap_or_default();
    let mut index = 0;
    let mut rows = Vec::new();
    let mut group = |heading: &'static str, contents: Vec<(Target, AnyView)>| {
        if contents.is_empty() {
            return;
        }
        rows.push(view! { <li role="presentation" class="soft">{heading}</li> }.into_any());
        for (target, content) in contents {
            rows.push(row(finder, index, target, content));
            index += 1;
        }
    };
    let title = |chat| {
        let name = finder.app.peek(|client| client.chat(chat).map(|chat| client.title(chat, &browser::fold)));
        view! { <strong>{name.map(|name| bdi(&name))}</strong> }.into_any()
    };
    group(say!(FoundChats), chats.into_iter().map(|chat| (Target::Chat(chat), title(chat))).collect());
    let person = |person: User| {
        let name = bdi(&Name::of(&person));
        (Target::Person(person), view! { <strong>{name}</strong> }.into_any())
    };
    group(say!(FoundPeople), people.into_iter().map(person).collect());
    let message = |hit: Hit| (Target::Message(hit.chat_id, hit.seq), draw_hit(finder.app, hit));
    group(say!(FoundMessages), hits.into_iter().map(message).collect());
    rows.into_any()
}

fn row(finder: Finder, index: usize, target: Target, content: AnyView) -> AnyView {
    let testid = match target {
        Target::Chat(_) => "found-chat",
        Target::Person(_) => "found-person",
        Target::Message(..) => "found-message",
    };
    let selected = text(move || (finder.chosen.get() == index).to_string());
    let open = click(move |_| finder.open(target.clone()));
    view! {
        <li id=option_id(index) role="option" aria-selected=selected data-testid=testid on:click=open>{content}</li>
    }
    .into_any()
}

/// A message that was found: where, by whom, when, and the words.
fn draw_hit(app: App, hit: Hit) -> AnyView {
    let (title, is_hidden) = app.peek(|client| {
        let title = client.chat(hit.chat_id).map(|chat| client.title(chat, &browser::fold));
        (title, client.hides(hit.chat_id, hit.sender.id, Some(hit.id)))
    });
    let title = title.map(|title| view! { <strong>{bdi(&title)}</strong>" · " });
    let at = app.clock(|clock| clock.full(time::millis(&hit.sent_at)));
    let words = if is_hidden {
        say!(HiddenMessage).trim_end_matches([' ', '·']).to_owned().into_any()
    } else {
        let piece = |piece: causerie_protocol::search::Piece| match piece.found {
            true => view! { <mark>{piece.text}</mark> }.into_any(),
            false => piece.text.into_any(),
        };
        hit.excerpt.into_iter().map(piece).collect::<Vec<_>>().into_any()
    };
    view! {
        <span class="soft">{title}{bdi(&Name::of(&hit.sender))}" · "{at}</span>
        <span class="words" dir="auto">{words}</span>
    }
    .into_any()
}

/// What stands below the rows: that there are none, and the way further back.
fn notes(finder: Finder) -> AnyView {
    let Some((is_empty, next, indexing)) = finder
        .found
        .with(|found| found.as_ref().map(|found| (found.hits.is_empty(), found.next, found.indexing)))
    else {
        return ().into_any();
    };
    let (chats, people) = finder.local.get();
    let nothing = match next {
        _ if !is_empty => None,
        Some(_) => Some(say!(NothingYet)),
        None if chats.is_empty() && people.is_empty() => Some(say!(NothingSo)),
        None => None,
    };
    let nothing = nothing.map(|words| view! { <p role="status" class="soft">{words}</p> });
    let indexing = indexing.then(|| page! { <p class="soft">say!(StillIndexing)</p> });
    let more = next.map(|next| {
        button("button", Some("search-further"), say!(FurtherBack), move |_| {
            let asked = finder.next_request();
            causerie_web::run(finder.ask(asked, Some(next)));
        })
    });
    view! { {nothing}{indexing}{more} }.into_any()
}
