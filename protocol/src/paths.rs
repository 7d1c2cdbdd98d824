//! The addresses of the HTTP API and the sockets; each works with and without its closing slash.

use crate::ids::{ChatId, MessageId, Seq, TokenId};

/// Creates an account and signs in: `POST`.
pub const REGISTER: &str = "/api/auth/register/";
/// Signs in: `POST`.
pub const LOGIN: &str = "/api/auth/login/";
/// Signs out and revokes the token that was used: `POST`.
pub const LOGOUT: &str = "/api/auth/logout/";
/// The user of the token: `GET`.
pub const ME: &str = "/api/auth/me/";
/// The user's sign-ins: `GET`.
pub const TOKENS: &str = "/api/auth/tokens/";
/// The user's chats: `GET` lists them, `POST` creates one.
pub const CHATS: &str = "/api/chats/";
/// The socket that follows many chats.
pub const SOCKET: &str = "/ws/";
/// Answers 200 as soon as the server serves.
pub const HEALTH: &str = "/healthz";
/// Says whether the server should get requests: `GET` answers a [`crate::rest::Readiness`].
pub const READY: &str = "/readyz";
/// What the server counts and measures, in Prometheus' text format, where that asks by convention.
pub const METRICS: &str = "/metrics";
/// The server's identity and state for the doctor: `GET` answers a [`crate::doctor::ServerStatus`].
/// With `?origin=` it also says whether pages of that origin may connect.
pub const DOCTOR: &str = "/api/doctor/";
/// Records of handshakes with `?probe=`: `GET` below this, with the probe id, answers a
/// [`crate::doctor::RecordedTrace`].
pub const PROBES: &str = "/api/doctor/probes/";
/// The connection tester.
pub const TESTER: &str = "/chat-ws-test/";

/// One sign-in: `DELETE` revokes it.
#[must_use]
pub fn token(id: TokenId) -> String {
    format!("{TOKENS}{id}/")
}

/// One chat: `GET`, `PATCH`, `DELETE`.
#[must_use]
pub fn chat(id: ChatId) -> String {
    format!("{CHATS}{id}/")
}

/// The messages of a chat: `GET` reads a page, `POST` writes one.
#[must_use]
pub fn messages(id: ChatId) -> String {
    format!("{CHATS}{id}/messages/")
}

/// The participants of a chat: `POST` adds one to a group.
#[must_use]
pub fn participants(id: ChatId) -> String {
    format!("{CHATS}{id}/participants/")
}

/// `POST` leaves a group.
#[must_use]
pub fn leave(id: ChatId) -> String {
    format!("{CHATS}{id}/leave/")
}

/// One message: `GET`, `PATCH`, `DELETE`.
#[must_use]
pub fn message(id: MessageId) -> String {
    format!("/api/messages/{id}/")
}

/// The socket of one chat, from a position on when `after` is given.
#[must_use]
pub fn chat_socket(id: ChatId, after: Option<Seq>) -> String {
    match after {
        Some(after) => format!("/ws/chats/{id}/?after={after}"),
        None => format!("/ws/chats/{id}/"),
    }
}

/// The record of a handshake with this probe id.
#[must_use]
pub fn probe(probe: &str) -> String {
    format!("{PROBES}{probe}/")
}

/// A socket whose handshake the server records for a minute under this probe id.
#[must_use]
pub fn probe_socket(chat: Option<ChatId>, probe: &str) -> String {
    match chat {
        Some(chat) => format!("/ws/chats/{chat}/?probe={probe}"),
        None => format!("{SOCKET}?probe={probe}"),
    }
}
