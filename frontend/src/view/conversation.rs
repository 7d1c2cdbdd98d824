//! A conversation: header, messages and composer.

use causerie_client::draft::Drafts;
use causerie_client::{ChatEntry, Client, ConnectionState, Invalidation, Name, Row};
use causerie_protocol::limits::REQUEST_MESSAGES;
use causerie_protocol::rest::{Block, ChatKind, ChatRole, ChatStatus, UpdateChat};
use causerie_protocol::{ChatId, MessageId, Seq, UserId};
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::asking::Asking;
use super::avatar::Avatar;
use super::banner::Banner;
use super::chat_menu::Choices;
use super::composer::Composing;
use super::erased::reactive;
use super::group::Open;
use super::message::ToEdit;
use super::parts::{self, HomeParts};
use super::picking::{self, For};
use super::timeline::Timeline;
use super::widgets::{back, bdi, button, hint};
use super::{chat_menu, icon, menu, pinned};
use crate::api::sentence;
use crate::app::{App, app};
use crate::browser;
use crate::storage::drafts::TextStorage;

#[derive(Clone, PartialEq, Eq)]
struct HeaderInfo {
    title: Name,
    avatar: Avatar,
    online: bool,
    people: String,
    group: bool,
    closed: bool,
    /// What the user may do in the group.
    role: ChatRole,
    /// The other one of a direct chat, and whether the user has blocked them.
    other: Option<(UserId, bool)>,
    /// What fits of what the user may set of it; of a request, nothing.
    choices: Option<Choices>,
}

impl HeaderInfo {
    /// Presence is known only while the connection is online.
    fn of(client: &Client, chat: &ChatEntry, connected: bool) -> Self {
        let group = chat.chat.kind == ChatKind::Group;
        let online = connected && chat.online();
        let people = if group {
            let people = chat.people(&browser::fold);
            let mut names: Vec<_> = chat.others().map(|other| people.whole(&other.user)).collect();
            names.push(Name::new(say!(You)));
            Name::list(&names).to_string()
        } else if !connected || chat.chat.requested_by.is_some() {
            String::new()
        } else if online {
            say!(Online).to_owned()
        } else {
            say!(Away).to_owned()
        };
        Self {
            title: client.title(chat, &browser::fold),
            avatar: Avatar::of_chat(chat),
            online,
            people,
            group,
            closed: chat.chat.status == ChatStatus::Closed,
            role: chat.role(),
            choices: (!chat.is_request() && chat.lost.is_none()).then(|| Choices::of(client, chat)),
            other: chat.others().next().filter(|_| !group).map(|other| (other.user.id, other.blocked)),
        }
    }
}

/// The element below the messages.
#[derive(Clone, PartialEq, Eq)]
enum Footer {
    Nothing,
    Words(String),
    /// The user has blocked this person.
    Blocked(UserId),
    Composer,
}

impl Footer {
    fn of(chat: Option<&ChatEntry>) -> Self {
        let Some(chat) = chat else { return Self::Nothing };
        if let Some(lost) = &chat.lost {
            Self::Words(lost.clone())
        } else if chat.chat.status == ChatStatus::Closed {
            match chat.others().next().filter(|_| chat.is_direct()) {
                Some(other) if other.blocked => Self::Blocked(other.user.id),
                _ if chat.is_direct() => Self::Words(say!(ChatHasEnded).to_owned()),
                _ => Self::Words(say!(ChatIsClosed).to_owned()),
            }
        } else {
            Self::Composer
        }
    }
}

/// What is said above the composer of a chat that is not accepted.
#[derive(Clone, PartialEq, Eq)]
enum Request {
    Nothing,
    /// The user asked for it.
    Asked,
    /// This person asks for it, and their newest message can be reported.
    From {
        name: Name,
        user: UserId,
        newest: Option<MessageId>,
    },
}

impl Request {
    fn of(chat: Option<&ChatEntry>) -> Self {
        match chat.filter(|chat| chat.is_writable()) {
            Some(chat) if chat.is_asked() => Self::Asked,
            Some(chat) if chat.is_request() => match chat.other() {
                Some(other) => Self::From {
                    name: Name::of(other),
                    user: other.id,
                    newest: chat.last_message().map(|message| message.id),
                },
                None => Self::Nothing,
            },
            _ => Self::Nothing,
        }
    }
}

#[component]
pub fn Conversation(chat: ChatId, parts: HomeParts) -> impl IntoView {
    let HomeParts { composer, dialogs, emoji, .. } = parts;
    let app = app();
    let known = Memo::new(move |_| app.read(Invalidation::Chats, |client| client.chat(chat).is_some()));
    let footer =
        Memo::new(move |_| app.read(Invalidation::Chat(chat), |client| Footer::of(client.chat(chat))));
    let title = Signal::derive(move || {
        app.read(Invalidation::Chat(chat), |client| {
            client.chat(chat).map(|chat| client.title(chat, &browser::fold))
        })
        .unwrap_or_default()
    });
    let to_edit = RwSignal::new(None::<ToEdit>);
    let error = RwSignal::new(String::new());
    let sent = RwSignal::new(0);
    let to_reply = RwSignal::new(None::<Seq>);
    let open = RwSignal::new(Open::Nothing);
    let reported = RwSignal::new(None::<MessageId>);
    let picking = RwSignal::new(None::<For>);
    let to_insert = RwSignal::new(None::<String>);
    let asked = RwSignal::new(None::<Asking>);
    let request =
        Memo::new(move |_| app.read(Invalidation::Chat(chat), |client| Request::of(client.chat(chat))));

    // Most of what changes a chat, such as a message, changes nothing here.
    let header = Memo::new(move |_| {
        let connected =
            app.read(Invalidation::Connection, |client| *client.connection() == ConnectionState::Online);
        app.read(Invalidation::Chat(chat), |client| {
            client.chat(chat).map(|chat| HeaderInfo::of(client, chat, connected))
        })
    });
    let heading = reactive(move || match &*header.read() {
        Some(header) => head(app, chat, header, open, error),
        None => ().into_any(),
    });
    let messages = reactive(move || {
        if known.get() {
            view! { <Timeline chat title to_edit error sent to_reply reporting=reported asking=asked picking /> }
                .into_any()
        } else {
            unknown(app, chat)
        }
    });
    let footer = reactive(move || match footer.get() {
        Footer::Nothing => ().into_any(),
        Footer::Words(words) => view! { <p class="closed">{words}</p>{written(app, chat, false)} }.into_any(),
        Footer::Blocked(user) => {
            let unblock = button("link", Some("unblock"), say!(Unblock), move |_| {
                run(app, chat, Act::Unblock(user), error);
            });
            view! { <p class="closed">{say!(YouBlocked)}{unblock}</p>{written(app, chat, false)} }.into_any()
        }
        Footer::Composer => composer.draw(
            |composer| {
                composer(Composing { chat, title, to_edit, to_reply, to_insert, picking, emoji, error, sent })
            },
            |failed| parts::instead_of_composer(composer, failed),
        ),
    });
    // Why a reaction was refused stands where the errors of the composer do.
    Effect::new(move || {
        let why =
            app.read(Invalidation::Timeline(chat), |client| client.reaction_refused(chat).map(str::to_owned));
        if let Some(why) = why {
            error.set(why);
        }
    });
    Effect::new(move || {
        let refused = app.read(Invalidation::Chats, |client| {
            client.setting_refused().filter(|(of, _)| *of == chat).map(|(_, why)| why.to_owned())
        });
        if let Some(why) = refused {
            error.set(why);
        }
    });
    let request = reactive(move || match request.get() {
        Request::Nothing => ().into_any(),
        Request::Asked => {
            let words = say!(AskedHint, count = REQUEST_MESSAGES);
            view! { <p class="asked" data-testid="asked">{words}</p> }.into_any()
        }
        Request::From { name, user, newest } => asks(app, chat, &name, user, newest, reported, error),
    });
    let report = reactive(move || match reported.get() {
        Some(message) => dialogs.draw(
            |dialogs| (dialogs.report)(app, message, reported),
            |failed| parts::instead_of_dialog(dialogs, move || reported.set(None), failed),
        ),
        None => ().into_any(),
    });
    let picker = reactive(move || picking::picker(app, chat, emoji, picking, to_insert));
    let asking = reactive(move || match asked.get() {
        Some(what) => dialogs.draw(
            |dialogs| (dialogs.asking)(app, chat, what, asked),
            |failed| parts::instead_of_dialog(dialogs, move || asked.set(None), failed),
        ),
        None => ().into_any(),
    });
    let dialog = reactive(move || match open.get() {
        Open::Nothing => ().into_any(),
        opened => dialogs.draw(
            |dialogs| (dialogs.group)(chat, opened, open),
            |failed| parts::instead_of_dialog(dialogs, move || open.set(Open::Nothing), failed),
        ),
    });
    page! {
        <header>
            {back(app)}
            {heading}
        </header>
        <Banner />
        {pinned::bar(app, chat, error)}
        {messages}
        {request}
        {footer}
        {dialog}
        {report}
        {asking}
        {picker}
    }
}

fn head(
    app: App,
    chat: ChatId,
    header: &HeaderInfo,
    open: RwSignal<Open>,
    error: RwSignal<String>,
) -> AnyView {
    view! {
        {header.avatar.draw("medium", header.online)}
        <div><h2>{bdi(&header.title)}</h2><span class="soft">{header.people.clone()}</span></div>
        {choices(app, chat, header, open, error)}
    }
    .into_any()
}

/// Who asks for the chat, and what the user may do about it.
fn asks(
    app: App,
    chat: ChatId,
    name: &Name,
    user: UserId,
    newest: Option<MessageId>,
    reported: RwSignal<Option<MessageId>>,
    error: RwSignal<String>,
) -> AnyView {
    let act = move |what: Act| run(app, chat, what, error);
    let refuse = move |_| {
        if browser::confirm(say!(AskRefuse)) {
            act(Act::Remove);
        }
    };
    let report = newest.map(|newest| {
        button("button", Some("report-request"), say!(ReportDots), move |_| reported.set(Some(newest)))
    });
    let words = say!(AsksToChat, name = name);
    page! {
        <div class="asked" data-testid="request">
            <p>{words}</p>
            <div class="actions">
                {button("button main", Some("accept"), say!(Accept), move |_| act(Act::Accept))}
                {button("button", Some("refuse"), say!(Delete), refuse)}
                {button("button", Some("block-request"), say!(Block), move |_| act(Act::Block(user)))}
                {report}
            </div>
        </div>
    }
    .into_any()
}

/// What is shown for a chat that is not in the list.
fn unknown(app: App, chat: ChatId) -> AnyView {
    let hint = app
        .read(Invalidation::Chats, |client| client.is_absent(chat))
        .then(|| hint(say!(NoSuchChat), say!(NotInIt).to_owned()));
    view! { <ul class="nothing">{hint}</ul>{written(app, chat, true)} }.into_any()
}

/// The texts that the person wrote in a chat to which nothing can be sent any more, to be copied; together with the
/// pending messages, when those are not shown either.
fn written(app: App, chat: ChatId, with_unsent: bool) -> AnyView {
    let drafts = app.user.get_untracked().map(|me| Drafts::new(TextStorage::of(&me), chat).all());
    let mut texts = drafts.unwrap_or_default();
    if with_unsent {
        let unsent = app.read(Invalidation::Timeline(chat), |client| client.rows(chat));
        texts.extend(unsent.into_iter().filter_map(|row| match row {
            Row::Message(row) if row.mine && row.id.is_none() => Some(row.text),
            _ => None,
        }));
    }
    if texts.is_empty() {
        return ().into_any();
    }
    page! {
        <label class="field written"><span>say!(Kept)</span>
            <textarea readonly rows="3" dir="auto">{texts.join("\n\n")}</textarea>
        </label>
    }
    .into_any()
}

/// An action of the header's menu, or about a request.
enum Act {
    Accept,
    Change(ChatStatus),
    /// Deletes the own copy of a direct chat.
    Remove,
    Block(UserId),
    Unblock(UserId),
    Leave,
}

/// Calls the API; the result comes as an event, for this page as for all others.
async fn act(app: App, chat: ChatId, act: Act) -> Result<(), causerie_web::api::ApiError> {
    let api = app.api();
    match act {
        Act::Accept => api.accept(chat).await,
        Act::Change(status) => {
            api.update_chat(chat, &UpdateChat { status: Some(status), ..UpdateChat::default() }).await
        }
        Act::Remove => api.delete_chat(chat).await,
        Act::Block(user) => api.block(&Block { user_id: Some(user), message_id: None }).await,
        Act::Unblock(user) => api.unblock(user).await,
        Act::Leave => api.leave(chat).await,
    }
}

/// Does it, closes the menu, and goes back to the list where the chat is left.
fn run(app: App, chat: ChatId, what: Act, error: RwSignal<String>) {
    menu::close_all();
    let back = matches!(what, Act::Leave | Act::Remove);
    causerie_web::run(async move {
        match act(app, chat, what).await {
            Ok(()) if back => app.back(),
            Ok(()) => {}
            Err(problem) => drop(error.try_set(sentence(problem))),
        }
    });
}

fn choices(
    app: App,
    chat: ChatId,
    header: &HeaderInfo,
    open: RwSignal<Open>,
    error: RwSignal<String>,
) -> AnyView {
    let run = move |what: Act| run(app, chat, what, error);
    let own = header.choices.map(|choices| chat_menu::buttons(app, chat, choices));
    if let Some((other, blocked)) = header.other {
        return choices_of_two(header.closed, other, blocked, own, run);
    }
    let (closed, group) = (header.closed, header.group);
    let moderates = header.role >= ChatRole::Moderator;
    let status = if closed { ChatStatus::Active } else { ChatStatus::Closed };
    let toggle = move |_| run(Act::Change(status));
    let leave = move |_| {
        if browser::confirm(say!(AskLeave)) {
            run(Act::Leave);
        }
    };
    let add = move |_| {
        menu::close_all();
        open.set(Open::Add);
    };
    let people = move |_| {
        menu::close_all();
        open.set(Open::People);
    };
    let toggles = if closed { say!(OpenAgain) } else { say!(CloseChat) };
    page! {
        <details class="menu">
            <summary class="icon" aria-label=say!(More) title=say!(More)>{icon::more()}</summary>
            <div>
                {own}
                {group.then(|| button("", Some("people"), say!(PeopleDots), people))}
                {moderates.then(|| button("", None, say!(AddSomebodyDots), add))}
                {moderates.then(|| button("", Some("toggle-closed"), toggles, toggle))}
                {group.then(|| button("bad", None, say!(LeaveGroup), leave))}
            </div>
        </details>
    }
    .into_any()
}

/// The menu of a direct chat.
fn choices_of_two(
    closed: bool,
    other: UserId,
    blocked: bool,
    own: Option<AnyView>,
    run: impl Fn(Act) + Copy + 'static,
) -> AnyView {
    let block = if blocked {
        button("", Some("unblock"), say!(Unblock), move |_| run(Act::Unblock(other)))
    } else {
        button("bad", Some("block"), say!(Block), move |_| run(Act::Block(other)))
    };
    let end = if closed {
        button("bad", Some("remove-copy"), say!(RemoveCopy), move |_| {
            if browser::confirm(say!(AskRemoveCopy)) {
                run(Act::Remove);
            }
        })
    } else {
        button("bad", Some("end-chat"), say!(EndChat), move |_| {
            if browser::confirm(say!(AskEnd)) {
                run(Act::Change(ChatStatus::Closed));
            }
        })
    };
    page! {
        <details class="menu">
            <summary class="icon" aria-label=say!(More) title=say!(More)>{icon::more()}</summary>
            <div>{own}{block}{end}</div>
        </details>
    }
    .into_any()
}
