//! The ids in a request's path. A malformed id gives the same 404 as an unknown one.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use causerie_protocol::{ChatId, InvitationId, MessageId, TokenId, UserId};
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;
use crate::state::AppState;

/// The ids of a path such as `/api/chats/{id}/`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id<T>(pub(super) T);

pub(super) trait Resource: DeserializeOwned + Send {
    fn not_found() -> Refusal;
}

impl Resource for ChatId {
    fn not_found() -> Refusal {
        Refusal::no_such_chat()
    }
}

impl Resource for MessageId {
    fn not_found() -> Refusal {
        Refusal::no_such_message()
    }
}

impl Resource for TokenId {
    fn not_found() -> Refusal {
        Refusal::no_such_token()
    }
}

/// Somebody in a chat: `/api/chats/{id}/participants/{user}/`.
impl Resource for (ChatId, UserId) {
    fn not_found() -> Refusal {
        Refusal::no_such_chat()
    }
}

/// An invitation into a group: `/api/chats/{id}/invitations/{invitation}/`.
impl Resource for (ChatId, InvitationId) {
    fn not_found() -> Refusal {
        Refusal::no_such_invitation()
    }
}

impl<T: Resource> FromRequestParts<AppState> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Refusal> {
        Path::from_request_parts(parts, app).await.map(|Path(id)| Self(id)).map_err(|_| T::not_found())
    }
}
