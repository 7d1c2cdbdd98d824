//! Refusals: one table of what a client is told when something is not done.
//!
//! A row is a code, a sentence, the field of the request and when to try again. It goes out as
//! `application/problem+json` (`http/problem.rs`), as an `error` frame ([`Refusal::into_frame`]) or as the reason of a
//! close frame ([`Refusal::into_closing`]). Where a channel has a sentence of its own, both stand beside each other.
//! The rows about chats and about accounts are in files of their own.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::StatusCode;
use causerie_protocol::client_frame::{text_code, text_detail};
use causerie_protocol::server_frame::ErrorReply;
use causerie_protocol::text::TextError;
use causerie_protocol::{ChatId, ClientId, CloseCode, ErrorCode, ServerFrame};

use crate::outbox::{Closing, Frame};
use crate::socket_limiter::{Limit, LimitExceeded};
use crate::store::StoreError;

mod accounts;
mod chats;

pub(crate) use chats::AppendError;

/// When to try again after the store did not answer.
const STORE_RETRY: Duration = Duration::from_secs(1);
/// When to try again after too many passwords waited to be hashed.
const HASHING_RETRY: Duration = Duration::from_secs(5);
/// When to try again after a search waited too long for those before it.
const SEARCH_RETRY: Duration = Duration::from_secs(2);
/// When to try again while there are as many connections as there may be.
const FULL_RETRY: Duration = Duration::from_secs(5);
/// When to try again after a restart began: with a request, and with a change on a new socket.
const RESTART_RETRY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(1));

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: ErrorCode,
    /// What is wrong and what to do, in one sentence.
    pub detail: Cow<'static, str>,
    /// The field of the request that it is about.
    pub field: Option<Cow<'static, str>>,
    pub retry_after: Option<Duration>,
}

impl Refusal {
    fn new(status: StatusCode, code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), field: None, retry_after: None }
    }

    fn unavailable(code: ErrorCode, detail: &'static str, retry_after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).after(retry_after)
    }

    pub fn at(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    fn after(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// As an `error` frame; the socket stays open.
    pub fn into_frame(self, chat_id: Option<ChatId>, client_id: Option<ClientId>) -> Frame {
        let retry_after_ms = self.retry_after.map(milliseconds);
        let Self { code, detail, .. } = self;
        let reply = ErrorReply { code, detail: detail.into_owned(), client_id, chat_id, retry_after_ms };
        Frame::from(ServerFrame::Error(reply).encode())
    }

    /// As a close frame, whose reasons begin with a small letter and have no full stop.
    pub fn into_closing(self, code: CloseCode) -> Closing {
        let mut reason = self.detail.into_owned();
        if let Some(first) = reason.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        reason.truncate(reason.trim_end_matches('.').len());
        Closing::new(code, reason)
    }
}

// Requests and their bodies.
impl Refusal {
    pub fn missing(field: impl Into<Cow<'static, str>>) -> Self {
        let field = field.into();
        let detail = format!("The field \"{field}\" is missing.");
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::MissingField, detail).at(field)
    }

    /// A field is not what it should be; the sentence says what that is and never repeats the value.
    pub fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidField, detail).at(field)
    }

    /// The text of a message is blank or too long.
    pub fn text(field: impl Into<Cow<'static, str>>, error: TextError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text_code(error), text_detail(error)).at(field)
    }

    pub fn not_json(detail: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::NotJson, detail)
    }

    pub fn not_json_type() -> Self {
        let detail = "Send the body as JSON, with the header Content-Type: application/json.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::NotJson, detail)
    }

    pub fn too_large(bytes: usize) -> Self {
        let detail = format!("The body may be {bytes} bytes long: shorten it.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::BodyTooLarge, detail)
    }

    /// The body did not arrive in time.
    pub fn too_slow(limit: Duration) -> Self {
        let detail = format!("The body did not arrive within {} s: send the request again.", limit.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::NotJson, detail)
    }

    pub fn not_found(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, detail)
    }

    pub fn no_such_address() -> Self {
        Self::not_found("There is nothing at this address.")
    }

    pub fn no_such_message() -> Self {
        Self::not_found("There is no such message, or you are not in its chat.")
    }

    pub fn not_an_emoji() -> Self {
        let detail = "A reaction is one emoji, such as \u{1f44d}: no letters, and not two of them.";
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidField, detail).at("emoji")
    }

    pub fn no_such_token() -> Self {
        Self::not_found("You have no such sign-in, or it has ended.")
    }

    pub fn method_not_allowed() -> Self {
        let detail = "This address does not take this method; the header Allow names those that it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed, detail)
    }

    pub fn too_many_changes(retry_after: Duration) -> Self {
        Self::rate_limited("Too many changes a second: wait a moment and try again.", retry_after)
    }

    pub fn too_many_messages(retry_after: Duration) -> Self {
        Self::rate_limited("You send more messages a minute than one may here: wait a moment.", retry_after)
    }

    pub fn too_many_account_changes(retry_after: Duration) -> Self {
        Self::rate_limited(
            "You change your account more often than one may in a minute: wait a moment.",
            retry_after,
        )
    }

    pub fn too_many_addresses(retry_after: Duration) -> Self {
        let detail =
            "You have tried as many e-mail addresses as one may in an hour: wait, and write them exactly.";
        Self::rate_limited(detail, retry_after)
    }

    pub fn too_many_new_chats(retry_after: Duration) -> Self {
        let detail = "You have started as many chats with new people as one may in a day: go on later.";
        Self::rate_limited(detail, retry_after)
    }

    pub fn too_many_searches() -> Self {
        Self::rate_limited("Many people search just now: wait a moment and try again.", SEARCH_RETRY)
    }

    fn rate_limited(detail: &'static str, retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, detail).after(retry_after)
    }

    /// A fault of the server; its log says which.
    pub fn internal() -> Self {
        let detail = "Something failed that should not have; the server's log says what.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, detail)
    }

    pub fn draining() -> Self {
        let detail = "The server is about to restart: try again in a moment.";
        Self::unavailable(ErrorCode::Draining, detail, RESTART_RETRY.0)
    }

    pub fn full() -> Self {
        let detail = "The server has as many connections as it may: try again in a moment.";
        Self::unavailable(ErrorCode::Full, detail, FULL_RETRY)
    }

    fn store_unavailable() -> Self {
        let detail = "The server can't reach its database just now: try again in a moment.";
        Self::unavailable(ErrorCode::Unavailable, detail, STORE_RETRY)
    }
}

// Handshakes that get an HTTP answer.
impl Refusal {
    pub fn not_an_upgrade() -> Self {
        let detail = "This address is for WebSockets (RFC 6455): send an upgrade request.";
        Self::new(StatusCode::UPGRADE_REQUIRED, ErrorCode::MethodNotAllowed, detail)
    }

    pub fn foreign_origin() -> Self {
        let detail = "Pages of this origin may not open sockets here; the server's operator can allow it.";
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail)
    }
}

/// What closes a socket at its handshake or for want of the store, with reasons of at most 123 bytes (RFC 6455,
/// section 5.5).
pub(crate) mod closing {
    use super::*;

    pub(crate) fn token_in_url() -> Closing {
        let reason = "token in the URL is refused: send it as a subprotocol ['Bearer', token]";
        Closing::new(CloseCode::Unauthorized, reason)
    }

    pub(crate) fn bad_position() -> Closing {
        Closing::new(CloseCode::BrokenClient, "after must be a number, 0 or more")
    }

    pub(crate) fn no_such_chat() -> Closing {
        Refusal::no_such_chat().into_closing(CloseCode::NotParticipant)
    }

    pub(crate) fn second_factor_required() -> Closing {
        Refusal::second_factor_required().into_closing(CloseCode::SecondFactorRequired)
    }

    pub(crate) fn too_many_sockets() -> Closing {
        let reason = "you have as many connections as one may: close other tabs or devices";
        Closing::new(CloseCode::TooManySockets, reason)
    }

    pub(crate) fn tokens_unavailable() -> Closing {
        let reason = "the server can't check tokens just now: reconnect in a moment";
        Closing::new(CloseCode::InternalError, reason)
    }

    pub(crate) fn store_unavailable() -> Closing {
        let reason = "the server can't reach its database just now: reconnect in a moment";
        Closing::new(CloseCode::InternalError, reason)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request failed");
        match error {
            StoreError::Unavailable(_) => Self::store_unavailable(),
            StoreError::Failed(_) | StoreError::Unusable(_) => Self::internal(),
        }
    }
}

impl From<LimitExceeded> for Refusal {
    fn from(LimitExceeded { limit, retry_after }: LimitExceeded) -> Self {
        let (code, detail) = match limit {
            Limit::Sockets => return Self::full().after(retry_after),
            Limit::SocketsPerAddress => (
                ErrorCode::Full,
                "Your address has as many connections as one may: close one, or try again in a moment.",
            ),
            Limit::Rate => (ErrorCode::RateLimited, "Too many connections a second: try again in a moment."),
        };
        Self::unavailable(code, detail, retry_after)
    }
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::AuthError;

    #[test]
    fn a_reason_is_the_sentence_in_the_form_of_close_frames() {
        let closing = closing::no_such_chat();
        assert_eq!(closing.reason, "there is no such chat, or you are not in it");
        let expired = Refusal::from(AuthError::Expired);
        assert_eq!(expired.detail, "Token expired: sign in again.");
        assert_eq!(expired.into_closing(CloseCode::Unauthorized).reason, AuthError::Expired.to_string());
    }
}
