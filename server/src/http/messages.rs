//! The messages of a chat: pages of history, writing one, and one's own later changes.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use causerie_protocol::rest::MessageBody;
use causerie_protocol::{ChatId, Event, Message, MessageId, limits, paths};
use url::form_urlencoded;

use super::Routes;
use super::fields::Fields;
use super::id::Id;
use super::problem::Refusal;
use crate::app::App;
use crate::auth::Caller;
use crate::store::{Append, Appended, Change};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .at(&format!("{}{{id}}/messages/", paths::CHATS), get(list).post(post))
        .at("/api/messages/{id}/", get(read).patch(edit).delete(remove))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(chat): Id<ChatId>,
    RawQuery(query): RawQuery,
) -> Result<(HeaderMap, Json<Vec<MessageBody>>), Refusal> {
    let Page { limit, before } = Page::parse(query.as_deref().unwrap_or_default())?;
    // One more than asked for tells whether there is a page before.
    let messages = app.store.messages(caller.user.id, chat, before, limit as u64 + 1).await?;
    let mut messages = messages.ok_or_else(Refusal::no_such_chat)?;
    let mut headers = HeaderMap::new();
    if messages.len() > limit {
        messages.drain(..messages.len() - limit);
        if let Some(first) = messages.first() {
            let path = paths::messages(chat);
            let link = format!("<{path}?limit={limit}&before={}>; rel=\"next\"", first.id);
            let link = HeaderValue::try_from(link).expect("a path and numbers are visible ASCII");
            headers.insert(header::LINK, link);
        }
    }
    Ok((headers, Json(messages.into_iter().map(MessageBody::from).collect())))
}

async fn post(
    State(app): State<App>,
    caller: Caller,
    Id(chat): Id<ChatId>,
    mut fields: Fields,
) -> Result<(StatusCode, Json<MessageBody>), Refusal> {
    let text = fields.message_text("content")?;
    let client_id = fields.client_id("client_id")?;
    let change = Change::Message { text, client_id };
    match app.chats.append(Append { actor: caller.user.id, chat, change }).await?? {
        Appended::Event(Event::Message(message)) => Ok((StatusCode::CREATED, Json(message.into()))),
        // Nothing was made this time: the answer to the first request, again.
        Appended::Duplicate(message) => Ok((StatusCode::OK, Json(message.into()))),
        Appended::Event(_) | Appended::Read { .. } => Err(Refusal::internal()),
    }
}

async fn read(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<MessageId>,
) -> Result<Json<MessageBody>, Refusal> {
    Ok(Json(message(&app, &caller, id).await?.into()))
}

async fn edit(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<MessageId>,
    mut fields: Fields,
) -> Result<Json<MessageBody>, Refusal> {
    let text = fields.message_text("content")?;
    let chat = message(&app, &caller, id).await?.chat_id;
    let change = Change::Edit { id, text };
    app.chats.append(Append { actor: caller.user.id, chat, change }).await??;
    Ok(Json(message(&app, &caller, id).await?.into()))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<MessageId>,
) -> Result<StatusCode, Refusal> {
    let chat = message(&app, &caller, id).await?.chat_id;
    let change = Change::Delete { id };
    app.chats.append(Append { actor: caller.user.id, chat, change }).await??;
    Ok(StatusCode::NO_CONTENT)
}

async fn message(app: &App, caller: &Caller, id: MessageId) -> Result<Message, Refusal> {
    app.store.message(caller.user.id, id).await?.ok_or_else(Refusal::no_such_message)
}

/// Which part of the history is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    /// At most this many, 1 to [`limits::PAGE_MAX`].
    limit: usize,
    /// Only what is older than this message.
    before: Option<MessageId>,
}

impl Page {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let mut page = Self { limit: limits::PAGE_DEFAULT, before: None };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=limits::PAGE_MAX).contains(limit));
                    page.limit = limit.ok_or_else(|| {
                        let max = limits::PAGE_MAX;
                        Refusal::invalid("limit", format!("\"limit\" must be a number from 1 to {max}."))
                    })?;
                }
                "before" => {
                    let before = value
                        .parse()
                        .map_err(|_| Refusal::invalid("before", "\"before\" must be the id of a message."))?;
                    page.before = Some(before);
                }
                _ => {}
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_bounds_and_a_default() {
        assert_eq!(Page::parse("").unwrap(), Page { limit: 100, before: None });
        assert_eq!(
            Page::parse("limit=500&before=7&other=x").unwrap(),
            Page { limit: 500, before: Some(MessageId(7)) }
        );
        for bad in ["limit=0", "limit=501", "limit=-1", "limit=", "limit=x", "before=x", "before="] {
            assert!(Page::parse(bad).is_err(), "{bad}");
        }
    }
}
