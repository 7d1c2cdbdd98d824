//! The addresses of the HTTP API and the sockets; each works with and without its closing slash.

use crate::ids::{ChatId, InvitationId, MessageId, ReportId, Seq, TokenId, UserId};

/// Creates an account and signs in: `POST`.
pub const REGISTER: &str = "/api/auth/register/";
/// Signs in: `POST`.
pub const LOGIN: &str = "/api/auth/login/";
/// Signs out and revokes the token that was used: `POST`.
pub const LOGOUT: &str = "/api/auth/logout/";
/// The user of the token: `GET`.
pub const ME: &str = "/api/auth/me/";
/// The user's sign-ins: `GET` lists them, `DELETE` ends all but this one.
pub const TOKENS: &str = "/api/auth/tokens/";
/// Asks for a link to set a new password, by mail: `POST`.
pub const RESET: &str = "/api/auth/reset/";
/// Sets a new password by such a link: `POST`.
pub const RESET_PASSWORD: &str = "/api/auth/reset/password/";
/// Confirms a new e-mail address by a link: `POST`.
pub const CONFIRM_EMAIL: &str = "/api/auth/email/";
/// What a page must know before somebody signs in: `GET` answers a [`crate::accounts::Installation`].
pub const INSTALLATION: &str = "/api/installation/";
/// What an invitation is to: `POST` answers a [`crate::accounts::InvitationInfo`].
pub const INVITATION: &str = "/api/invitation/";
/// Adds the user to the groups of an invitation: `POST` answers a [`crate::accounts::JoinedGroups`].
pub const JOIN_GROUPS: &str = "/api/invitation/join/";
/// Asks for the deletion of the user's own account, after a week to think: `POST`.
pub const DELETE_ACCOUNT: &str = "/api/account/delete/";
/// Takes that wish back: `POST`.
pub const KEEP_ACCOUNT: &str = "/api/account/keep/";
/// Begins to set up a second factor: `POST`.
pub const SECOND_FACTOR: &str = "/api/account/second-factor/";
/// Sets it up with a first code: `POST`.
pub const CONFIRM_SECOND_FACTOR: &str = "/api/account/second-factor/confirm/";
/// Turns it off: `POST`.
pub const SECOND_FACTOR_OFF: &str = "/api/account/second-factor/off/";
/// Makes other recovery codes: `POST`.
pub const RECOVERY_CODES: &str = "/api/account/second-factor/codes/";
/// The user's own account: `GET`, `PATCH`.
pub const ACCOUNT: &str = "/api/account/";
/// The people of the installation, for those who look after them: `GET`.
pub const PEOPLE: &str = "/api/admin/people/";
/// The invitations of the installation: `GET` lists them, `POST` makes one.
pub const INVITATIONS: &str = "/api/admin/invitations/";
/// What was done to people, by whom and when: `GET`.
pub const AUDIT: &str = "/api/admin/audit/";
/// How the installation is set: `GET`, and for an owner `PATCH`.
pub const SETTINGS: &str = "/api/admin/settings/";
/// The user's chats: `GET` lists them, `POST` creates one.
pub const CHATS: &str = "/api/chats/";
/// Whom the user has blocked: `GET` lists them, `POST` blocks somebody.
pub const BLOCKS: &str = "/api/blocks/";
/// Reports a message to the moderators of the installation: `POST`.
pub const REPORTS: &str = "/api/reports/";
/// What was reported, for moderators: `GET`; one below this, `GET`, and `POST` to its `close/`.
pub const ADMIN_REPORTS: &str = "/api/admin/reports/";
/// Searches the messages that the user may read: `POST`, so that no query stands in an address.
pub const SEARCH: &str = "/api/search/";
/// What others see of the user: `GET`, `PATCH`.
pub const PRIVACY: &str = "/api/privacy/";
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

/// Somebody's account: `PATCH` gives a role, `DELETE` deletes it.
#[must_use]
pub fn person(id: UserId) -> String {
    format!("{PEOPLE}{id}/")
}

/// Something to do to somebody's account, such as `suspend`: `POST`.
#[must_use]
pub fn person_action(id: UserId, action: &str) -> String {
    format!("{PEOPLE}{id}/{action}/")
}

/// One report: `GET`.
#[must_use]
pub fn report(id: ReportId) -> String {
    format!("{ADMIN_REPORTS}{id}/")
}

/// `POST` closes a report.
#[must_use]
pub fn close_report(id: ReportId) -> String {
    format!("{ADMIN_REPORTS}{id}/close/")
}

/// One invitation: `DELETE` revokes it.
#[must_use]
pub fn invitation(id: InvitationId) -> String {
    format!("{INVITATIONS}{id}/")
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

/// The invitations into a group, for its moderators and owners: `POST` makes one and answers a [`crate::accounts::Link`],
/// `GET` lists those that can be used as [`crate::accounts::Invitation`]s.
#[must_use]
pub fn chat_invitations(id: ChatId) -> String {
    format!("{CHATS}{id}/invitations/")
}

/// One of them: `DELETE` takes the group out of it, and revokes it if it leads into no other.
#[must_use]
pub fn chat_invitation(chat: ChatId, id: InvitationId) -> String {
    format!("{}{id}/", chat_invitations(chat))
}

/// One participant of a group: `PATCH` changes the role, `DELETE` removes the person.
#[must_use]
pub fn participant(chat: ChatId, user: UserId) -> String {
    format!("{CHATS}{chat}/participants/{user}/")
}

/// Somebody whom the user has blocked: `DELETE` unblocks.
#[must_use]
pub fn block(user: UserId) -> String {
    format!("{BLOCKS}{user}/")
}

/// `POST` leaves a group.
#[must_use]
pub fn leave(id: ChatId) -> String {
    format!("{CHATS}{id}/leave/")
}

/// What the user has set of a chat for themself: `PATCH` changes it and answers a [`crate::ChatSettings`].
#[must_use]
pub fn chat_settings(id: ChatId) -> String {
    format!("{CHATS}{id}/settings/")
}

/// `POST` accepts a chat that somebody asked for.
#[must_use]
pub fn accept(id: ChatId) -> String {
    format!("{CHATS}{id}/accept/")
}

/// One message: `GET`, `PATCH`, `DELETE`.
#[must_use]
pub fn message(id: MessageId) -> String {
    format!("/api/messages/{id}/")
}

/// Whether a message is pinned: `POST` pins it in its chat, or no more.
#[must_use]
pub fn pin(id: MessageId) -> String {
    format!("/api/messages/{id}/pin/")
}

/// The texts that a message had before its edits, for its sender, and in a group for its moderators and owner: `GET` reads a
/// page of [`crate::rest::FormerText`]s, the one that was replaced last first, `?before=` the `seq` of an edit.
/// Anybody else gets the answer of a message that does not exist.
#[must_use]
pub fn former_texts(id: MessageId) -> String {
    format!("/api/messages/{id}/former/")
}

/// The reactions to a message: `POST` puts one there or takes it back.
#[must_use]
pub fn reactions(id: MessageId) -> String {
    format!("/api/messages/{id}/reactions/")
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

/// Where the page makes an account by an invitation; the secret is a fragment, which browsers send to no server.
#[must_use]
pub fn join_page(secret: &str) -> String {
    format!("/#{JOIN}{secret}")
}

/// Where the page sets a new password by a link; as for [`join_page`].
#[must_use]
pub fn reset_page(secret: &str) -> String {
    format!("/#{RESET_BY}{secret}")
}

/// Where the page confirms a new e-mail address by a link; as for [`join_page`].
#[must_use]
pub fn email_page(secret: &str) -> String {
    format!("/#{EMAIL_BY}{secret}")
}

/// What the secret of an invitation follows in the page's address.
pub const JOIN: &str = "join=";
/// What the secret of a link to set a password follows there.
pub const RESET_BY: &str = "reset=";
/// What the secret of a link to confirm an e-mail address follows there.
pub const EMAIL_BY: &str = "email=";
