//! The id in a request's path. What is no id names nothing, like an id that nobody has.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use causerie_protocol::{ChatId, MessageId, TokenId};

use super::problem::Refusal;
use crate::state::AppState;

/// The one id of a path such as `/api/chats/{id}/`.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

/// What an id names.
pub trait Named: FromStr {
    /// The answer when there is no such thing.
    fn missing() -> Refusal;
}

impl Named for ChatId {
    fn missing() -> Refusal {
        Refusal::no_such_chat()
    }
}

impl Named for MessageId {
    fn missing() -> Refusal {
        Refusal::no_such_message()
    }
}

impl Named for TokenId {
    fn missing() -> Refusal {
        Refusal::not_found("You have no such sign-in, or it has ended.")
    }
}

impl<T: Named> FromRequestParts<AppState> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| T::missing())?;
        text.parse().map(Self).map_err(|_| T::missing())
    }
}
