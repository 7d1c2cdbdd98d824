//! The messages of a chat: pages of history, writing one, and one's own later changes.

use std::num::ParseIntError;
use std::str::FromStr;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post as post_to};
use axum::{Json, Router};
use causerie_protocol::rest::{
    Decided, EditMessage, FormerText, MessageBody, PinMessage, PostMessage, React,
};
use causerie_protocol::{ChatId, Event, Message, MessageId, Seq, limits, paths};
use url::form_urlencoded;

use super::RouteSlash;
use super::caller::check_rate;
use super::id::Id;
use super::json_body::JsonBody;
use super::paging::{Page, link_to_next, links};
use crate::auth::Caller;
use crate::clock;
use crate::emoji::Emoji;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::{Append, Appended, Change};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route_slash(&format!("{}{{id}}/messages/", paths::CHATS), get(list).post(post))
        .route_slash("/api/messages/{id}/", get(read).patch(edit).delete(remove))
        .route_slash("/api/messages/{id}/former/", get(former))
        .route_slash("/api/messages/{id}/reactions/", post_to(react))
        .route_slash("/api/messages/{id}/pin/", post_to(pin))
}

async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Id(chat): Id<ChatId>,
    RawQuery(query): RawQuery,
) -> Result<(HeaderMap, Json<Vec<MessageBody>>), Refusal> {
    let query = query.as_deref().unwrap_or_default();
    if let Some((side, at)) = position(query)? {
        return list_beside(&app, &caller, chat, query, side, at).await;
    }
    let page = Page::parse(query, limits::PAGE_DEFAULT, limits::PAGE_MAX, "the id of a message")?;
    let messages = app.store.messages(caller.user.id, chat, page.before, page.fetch_limit()).await?;
    let mut messages = messages.ok_or_else(Refusal::no_such_chat)?;
    let mut headers = HeaderMap::new();
    if messages.len() > page.limit {
        messages.drain(..messages.len() - page.limit);
        if let Some(first) = messages.first() {
            headers = link_to_next(&paths::messages(chat), page.limit, first.id);
        }
    }
    Ok((headers, Json(messages.into_iter().map(MessageBody::from).collect())))
}

/// Which messages a page has that is named by a position of the log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Those after it.
    After,
    /// As many up to it as after it.
    Around,
}

/// The position that a query names, if it names one.
fn position(query: &str) -> Result<Option<(Side, Seq)>, Refusal> {
    let mut position = None;
    let mut names = 0;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let (side, field) = match &*name {
            "after" => (Side::After, "after"),
            "around" => (Side::Around, "around"),
            "before" => {
                names += 1;
                continue;
            }
            _ => continue,
        };
        let at = value.parse().ok().map(Seq);
        let at =
            at.ok_or_else(|| Refusal::invalid(field, format!("\"{field}\" must be the seq of an event.")))?;
        position = Some((side, at));
        names += 1;
    }
    if names > 1 && position.is_some() {
        let detail = "\"before\", \"after\" and \"around\" name one page each: send one of them.";
        return Err(Refusal::invalid("around", detail.to_owned()));
    }
    Ok(position)
}

/// A page that is named by a position, with links to the pages on both sides.
async fn list_beside(
    app: &AppState,
    caller: &Caller,
    chat: ChatId,
    query: &str,
    side: Side,
    at: Seq,
) -> Result<(HeaderMap, Json<Vec<MessageBody>>), Refusal> {
    // A position is no id of a message, and `before` is not among the fields here.
    let page =
        Page::<MessageId>::parse(query, limits::PAGE_DEFAULT, limits::PAGE_MAX, "the id of a message")?;
    let older = if side == Side::Around { page.limit.div_ceil(2) } else { 0 };
    let newer = page.limit - older;
    // One more on each side shows whether the log goes on there.
    let up_to = if side == Side::Around { older as u64 + 1 } else { 0 };
    let messages = app.store.messages_around(caller.user.id, chat, at, up_to, newer as u64 + 1).await?;
    let mut messages = messages.ok_or_else(Refusal::no_such_chat)?;
    let split = messages.partition_point(|message| message.seq <= at);
    let has_newer = messages.len() - split > newer;
    messages.truncate(split + newer);
    let has_older = split > older;
    messages.drain(..split.saturating_sub(older));
    let path = paths::messages(chat);
    let before = messages.first().filter(|_| has_older).map(|first| first.id);
    let after = messages.last().map_or(at, |last| last.seq);
    let headers = links(&path, page.limit, before, has_newer.then_some(after));
    Ok((headers, Json(messages.into_iter().map(MessageBody::from).collect())))
}

async fn post(
    State(app): State<AppState>,
    caller: Caller,
    Id(chat): Id<ChatId>,
    JsonBody(body): JsonBody<PostMessage>,
) -> Result<(StatusCode, Json<MessageBody>), Refusal> {
    let PostMessage { content: text, client_id, reply_to, plain } = body;
    if !check_rate(&app, &caller, client_id.as_ref().map(|id| (chat, id)))? {
        let rate = app.rates.user(caller.user.id);
        let taken = rate.try_message(chat, client_id.as_ref(), clock::monotonic());
        taken.map_err(Refusal::too_many_messages)?;
    }
    let change = Change::Message { text, client_id, reply_to, plain };
    match app.chats.append(Append { actor: caller.user.id, chat, change }).await? {
        Appended::Event(Event::Message(message))
        | Appended::Accepted { event: Event::Message(message), .. } => {
            Ok((StatusCode::CREATED, Json(message.into())))
        }
        // Nothing was made this time: the answer to the first request, again.
        Appended::Duplicate(message) => {
            // With what it replies to as that stands now, unless its sender has left the chat.
            let known = app.store.message(caller.user.id, message.id).await?.unwrap_or(message);
            Ok((StatusCode::OK, Json(known.into())))
        }
        Appended::Event(_)
        | Appended::Accepted { .. }
        | Appended::Read { .. }
        | Appended::Unchanged { .. } => Err(Refusal::internal()),
    }
}

async fn read(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<MessageId>,
) -> Result<Json<MessageBody>, Refusal> {
    Ok(Json(message(&app, &caller, id).await?.into()))
}

/// What the message said before its edits. Whoever may not see it is told of no such message.
async fn former(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<MessageId>,
    RawQuery(query): RawQuery,
) -> Result<(HeaderMap, Json<Vec<FormerText>>), Refusal> {
    let query = query.as_deref().unwrap_or_default();
    let most = limits::FORMER_TEXTS_PAGE;
    let page = Page::<Position>::parse(query, most, most, "the seq of an edit")?;
    let before = page.before.map(|before| before.0);
    let texts = app.store.former_texts(caller.user.id, id, before, page.fetch_limit()).await?;
    let mut texts = texts.ok_or_else(Refusal::no_such_message)?;
    let mut headers = HeaderMap::new();
    if texts.len() > page.limit {
        texts.truncate(page.limit);
        if let Some(last) = texts.last() {
            headers = link_to_next(&paths::former_texts(id), page.limit, last.seq);
        }
    }
    Ok((headers, Json(texts)))
}

/// A position of the log in a query.
#[derive(Clone, Copy)]
struct Position(Seq);

impl FromStr for Position {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Seq).map(Self)
    }
}

async fn edit(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<MessageId>,
    JsonBody(body): JsonBody<EditMessage>,
) -> Result<Json<MessageBody>, Refusal> {
    check_rate(&app, &caller, None)?;
    let chat = message(&app, &caller, id).await?.chat_id;
    let sent_since = app.config.edit_for.map(|limit| clock::now() - limit);
    let change = Change::Edit { id, text: body.content, plain: body.plain, sent_since };
    app.chats.append(Append { actor: caller.user.id, chat, change }).await?;
    Ok(Json(message(&app, &caller, id).await?.into()))
}

async fn remove(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<MessageId>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    let chat = message(&app, &caller, id).await?.chat_id;
    let change = Change::Delete { id };
    app.chats.append(Append { actor: caller.user.id, chat, change }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn react(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<MessageId>,
    JsonBody(body): JsonBody<React>,
) -> Result<Json<Decided>, Refusal> {
    check_rate(&app, &caller, None)?;
    let emoji = Emoji::parse(&body.emoji).ok_or_else(Refusal::not_an_emoji)?;
    decide(&app, &caller, id, Change::React { id, emoji, on: body.on }).await
}

async fn pin(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<MessageId>,
    JsonBody(body): JsonBody<PinMessage>,
) -> Result<Json<Decided>, Refusal> {
    check_rate(&app, &caller, None)?;
    decide(&app, &caller, id, Change::Pin { id, on: body.on }).await
}

/// Appends a change that says how something about a message is to be.
async fn decide(
    app: &AppState,
    caller: &Caller,
    id: MessageId,
    change: Change,
) -> Result<Json<Decided>, Refusal> {
    let chat = message(app, caller, id).await?.chat_id;
    match app.chats.append(Append { actor: caller.user.id, chat, change }).await? {
        Appended::Event(event) => Ok(Json(Decided { seq: event.seq() })),
        Appended::Unchanged { head } => Ok(Json(Decided { seq: head })),
        Appended::Accepted { .. } | Appended::Duplicate(_) | Appended::Read { .. } => {
            Err(Refusal::internal())
        }
    }
}

async fn message(app: &AppState, caller: &Caller, id: MessageId) -> Result<Message, Refusal> {
    app.store.message(caller.user.id, id).await?.ok_or_else(Refusal::no_such_message)
}
