//! Refusals: one table of what a client is told when something is not done.
//!
//! A row is a code, a sentence, the field of the request and when to try again. It goes out as
//! `application/problem+json` (`http/problem.rs`), as an `error` frame ([`Refusal::into_frame`]) or as the reason of a
//! close frame ([`Refusal::into_closing`]). Where a channel has a sentence of its own, both stand beside each other.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::StatusCode;
use causerie_protocol::accounts::Registration;
use causerie_protocol::client_frame::{text_code, text_detail};
use causerie_protocol::reports::Outcome;
use causerie_protocol::server_frame::ErrorReply;
use causerie_protocol::text::TextError;
use causerie_protocol::{ChatId, ClientId, CloseCode, ErrorCode, ServerFrame, limits};

use crate::access::Who;
use crate::auth::people::ChangeError;
use crate::auth::{AuthError, PasswordError, SignInError};
use crate::outbox::{Closing, Frame};
use crate::socket_limiter::{Limit, LimitExceeded};
use crate::store::{NotChanged, Refused, ReportClosed, StoreError};

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

/// Why a change was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The store does not take it as it is.
    Refused(Refused),
    /// The server is about to stop.
    Draining,
    /// The store may work again in a moment.
    Unavailable,
    /// The store failed in a way that waiting does not mend.
    Failed,
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

// Accounts and tokens.
impl Refusal {
    pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, detail)
    }

    pub fn token_missing() -> Self {
        Self::unauthorized("Sign in, and send the token in the header Authorization: Bearer <token>.")
    }

    /// Addresses stand in logs, histories and referrers: a token there is as good as public.
    pub fn token_in_address() -> Self {
        Self::unauthorized(
            "A token in the address is not accepted: send it in the header Authorization: Bearer <token>.",
        )
    }

    pub fn malformed_authorization() -> Self {
        Self::unauthorized("The header Authorization must be Bearer <token> or Token <token>.")
    }

    pub fn metrics_token_missing() -> Self {
        Self::unauthorized("Metrics are for who has their token: send it as Authorization: Bearer TOKEN.")
    }
}

// Links that let somebody in.
impl Refusal {
    /// Used up, ended, revoked, or of another installation: the same, so that links can't be probed.
    pub fn link_invalid() -> Self {
        let detail =
            "This link was used, has ended, was revoked, or is of another server: ask for a new one.";
        Self::new(StatusCode::FORBIDDEN, ErrorCode::LinkInvalid, detail)
    }

    pub fn no_mail() -> Self {
        Self::not_found("This server sends no mail: ask whoever runs it for a link to set a new password.")
    }

    pub fn too_many_mails() -> Self {
        let detail = "Too many people ask for a new password just now: try again in a moment.";
        Self::unavailable(ErrorCode::Unavailable, detail, HASHING_RETRY)
    }

    pub fn no_such_invitation() -> Self {
        Self::not_found("There is no such invitation, or it was revoked already.")
    }

    pub fn no_such_person() -> Self {
        NotChanged::NoSuchPerson.into()
    }
}

// What the table of access does not allow.
impl Refusal {
    pub fn role_too_low(needed: Who) -> Self {
        let detail = match needed {
            Who::Owner => "Only an owner of this installation may do this: ask one.",
            Who::Moderator => "Only a moderator or an owner of this installation may do this: ask one.",
            _ => "Guests of an invitation may not do this: ask a member.",
        };
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail)
    }
}

// What the installation asks for besides a password.
impl Refusal {
    pub fn second_factor_required() -> Self {
        let detail = "This server asks you for a second factor: set one up in your account first.";
        Self::new(StatusCode::FORBIDDEN, ErrorCode::SecondFactorRequired, detail)
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

// Chats, on a socket and by request.
impl Refusal {
    /// The chat does not exist or is not yours; the same, so that ids can't be probed.
    pub fn no_such_chat() -> Self {
        let detail = "There is no such chat, or you are not in it.";
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NoSuchChat, detail)
    }

    pub fn too_many_participants() -> Self {
        let detail = format!("A chat has at most {} people.", limits::PARTICIPANTS);
        Self::invalid("participants", detail)
    }

    pub fn no_other_participant() -> Self {
        Self::invalid("participants", "A chat needs somebody else in it: name another person.")
    }

    pub fn no_such_participant() -> Self {
        Self::invalid(
            "participants",
            "There is nobody whom you can write to under one of these addresses: name each by the exact e-mail address, or by id who shares a chat with you.",
        )
    }

    /// Unknown, or nobody that the caller has to do with; the same, so that ids are no address book.
    pub fn nobody_to_block() -> Self {
        Self::not_found("There is no such person in your chats.")
    }

    pub fn not_blocked() -> Self {
        Self::not_found("You have not blocked this person.")
    }

    pub fn no_such_report() -> Self {
        Self::not_found("There is no such report.")
    }

    pub fn own_message_reported() -> Self {
        Self::invalid("message_id", "This message is your own: delete it instead.")
    }

    pub fn too_many_reports(wait: Duration) -> Self {
        Self::rate_limited("You have reported as much as one may a day: the moderators look at it.", wait)
    }

    /// Another moderator was first, and the sentence says who and what they did; or this one may not.
    pub fn report_not_closed(closed: ReportClosed) -> Self {
        match closed {
            ReportClosed::Before(report) => {
                let detail = match report.outcome {
                    Some(Outcome { action, by, .. }) => {
                        let by = by.map_or_else(|| "Whoever runs the server".to_owned(), |by| by.name);
                        format!("{by} has closed this report already ({}): load it again.", action.as_str())
                    }
                    None => "This report was closed already: load it again.".to_owned(),
                };
                Self::new(StatusCode::CONFLICT, ErrorCode::InvalidField, detail)
            }
            ReportClosed::AboutOneself => {
                let detail = "This report is about you: another moderator or an owner decides.";
                Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail)
            }
            ReportClosed::NotChanged(refused) => refused.into(),
            ReportClosed::Now(_) | ReportClosed::NoSuchReport => Self::no_such_report(),
        }
    }

    pub fn pair_not_ended() -> Self {
        Self::not_found(
            "Neither of the two has ended their chat; a block ends when who blocked takes it back.",
        )
    }

    pub fn too_many_blocks() -> Self {
        let detail = format!("You may block {} people: unblock somebody first.", limits::BLOCKS);
        Self::new(StatusCode::CONFLICT, ErrorCode::InvalidField, detail)
    }

    pub fn too_many_subscriptions() -> Self {
        let detail = format!("A socket follows at most {} chats.", limits::SUBSCRIPTIONS);
        Self::new(StatusCode::CONFLICT, ErrorCode::TooManySubscriptions, detail)
    }

    pub fn chat_not_readable() -> Self {
        let detail = "The chat could not be read just now: subscribe again in a moment.";
        Self::unavailable(ErrorCode::Unavailable, detail, STORE_RETRY)
    }

    /// A change that came over a socket and could not be stored.
    pub fn not_stored(error: AppendError) -> Self {
        match error {
            AppendError::Refused(refused) => refused.into(),
            AppendError::Draining => Self::unavailable(
                ErrorCode::Draining,
                "The server restarts: send this again after reconnecting.",
                RESTART_RETRY.1,
            ),
            AppendError::Unavailable => Self::unavailable(
                ErrorCode::Unavailable,
                "The message could not be stored just now: try again in a moment.",
                STORE_RETRY,
            ),
            AppendError::Failed => {
                let detail = "The message could not be stored: the server's log says why.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, detail)
            }
        }
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

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        use ErrorCode::{ChatClosed, ClientIdReused, Forbidden, InvalidField, NotFound};
        use StatusCode as Status;
        match refused {
            Refused::NoSuchChat => Self::no_such_chat(),
            Refused::ChatClosed => {
                Self::new(Status::CONFLICT, ChatClosed, "The chat is closed: nobody can write to it.")
            }
            Refused::NotAccepted => {
                let detail = format!(
                    "They have not accepted the chat yet: until then you may send {} messages.",
                    limits::REQUEST_MESSAGES
                );
                Self::new(Status::CONFLICT, ErrorCode::NotAccepted, detail)
            }
            Refused::NotAllowed => Self::new(
                Status::BAD_REQUEST,
                ErrorCode::TextNotAllowed,
                "This message has a word that is not allowed here: change it.",
            )
            .at("content"),
            Refused::TooLongMasked => Self::new(
                Status::BAD_REQUEST,
                ErrorCode::TextTooLong,
                "The message is too long once the words that are not allowed here are masked: shorten it.",
            )
            .at("content"),
            Refused::NotARequest => {
                Self::new(Status::CONFLICT, InvalidField, "Nobody asks for this chat: it is open.")
            }
            Refused::OwnRequest => {
                let detail = "You asked for this chat: only the other person can accept it.";
                Self::new(Status::FORBIDDEN, Forbidden, detail)
            }
            Refused::ClientIdReused => Self::new(
                Status::CONFLICT,
                ClientIdReused,
                "This client_id was used for something else: every message and every new chat needs an id of its own.",
            )
            .at("client_id"),
            Refused::NoSuchMessage => Self::new(Status::NOT_FOUND, NotFound, "There is no such message."),
            Refused::TooManyReactions => {
                let detail = format!(
                    "{} different emoji are under this message already, which is as many as may be: take one of them.",
                    limits::REACTION_KINDS
                );
                Self::new(Status::CONFLICT, InvalidField, detail).at("emoji")
            }
            Refused::NotTheSender => {
                Self::new(Status::FORBIDDEN, Forbidden, "Only its sender can change a message, and delete it in a chat of two; in a group a moderator can delete it too.")
            }
            Refused::RoleTooLow => {
                let detail = "Your role in this chat is too small for that: ask its owner or a moderator.";
                Self::new(Status::FORBIDDEN, Forbidden, detail)
            }
            Refused::HasEnded => {
                let detail = "This chat has ended: its people can't open it again.";
                Self::new(Status::FORBIDDEN, Forbidden, detail).at("status")
            }
            Refused::LastOwner => {
                let detail = "A group needs an owner: make somebody else the owner first.";
                Self::new(Status::CONFLICT, InvalidField, detail).at("role")
            }
            Refused::NotIn => Self::new(Status::NOT_FOUND, NotFound, "That person is not in the chat."),
            Refused::NotAGroup => {
                let detail = "Only a group has a title, roles, and people who come and go.";
                Self::new(Status::BAD_REQUEST, InvalidField, detail)
            }
            Refused::NoSuchUser => {
                let detail = "There is nobody whom you can add under this address: name somebody by the exact e-mail address, or by id who shares a chat with you.";
                Self::new(Status::BAD_REQUEST, InvalidField, detail).at("user")
            }
            Refused::AlreadyIn => {
                Self::new(Status::CONFLICT, InvalidField, "That person is in the chat already.").at("user")
            }
            Refused::Full => {
                let detail =
                    format!("A chat has at most {} people, and this one is full.", limits::PARTICIPANTS);
                Self::new(Status::CONFLICT, InvalidField, detail).at("user")
            }
        }
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        // The appender logged what the store said.
        match error {
            AppendError::Refused(refused) => refused.into(),
            AppendError::Draining => Self::draining(),
            AppendError::Unavailable => Self::store_unavailable(),
            AppendError::Failed => Self::internal(),
        }
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

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Store(error) => error.into(),
            AuthError::Unknown | AuthError::Expired | AuthError::Revoked | AuthError::Suspended => {
                let mut detail = error.to_string() + ".";
                if let Some(first) = detail.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                Self::unauthorized(detail)
            }
        }
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::EmailTaken => {
                let detail =
                    "An account with this e-mail address exists already: sign in, or use another address.";
                Self::new(StatusCode::CONFLICT, ErrorCode::EmailTaken, detail).at("email")
            }
            SignInError::WrongCredentials => {
                let detail = "The e-mail address or the password is wrong.";
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongCredentials, detail)
            }
            SignInError::CodeNeeded => {
                let detail = "This account has a second factor: sign in with a code of its app too (in the field \"code\"), or with a recovery code.";
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::CodeNeeded, detail).at("code")
            }
            SignInError::WrongCode => {
                let detail =
                    "The code is wrong, or was used already: wait for the next one that the app shows.";
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongCode, detail).at("code")
            }
            SignInError::TooManyCodes { wait } => Self::rate_limited(
                "Too many wrong codes: wait before you try again, or use a recovery code.",
                wait,
            ),
            SignInError::RegistrationClosed(Registration::Closed) => Self::new(
                StatusCode::FORBIDDEN,
                ErrorCode::RegistrationClosed,
                "Nobody can register here: whoever runs this server makes the accounts.",
            ),
            SignInError::RegistrationClosed(_) => Self::new(
                StatusCode::FORBIDDEN,
                ErrorCode::RegistrationClosed,
                "Accounts are made by invitation only here: ask somebody for a link.",
            ),
            SignInError::LinkInvalid => Self::link_invalid(),
            SignInError::TooManySignIns { wait } => {
                Self::rate_limited("Too many attempts to sign in: wait a minute and try again.", wait)
            }
            SignInError::TooManyRegistrations { wait } => Self::rate_limited(
                "Too many accounts are made from your network: wait a moment and try again.",
                wait,
            ),
            SignInError::Password(PasswordError::Store(error)) => error.into(),
            SignInError::Password(PasswordError::Busy) => Self::unavailable(
                ErrorCode::Unavailable,
                "Too many people sign in or register just now: try again in a moment.",
                HASHING_RETRY,
            ),
        }
    }
}

impl From<NotChanged> for Refusal {
    fn from(refused: NotChanged) -> Self {
        use ErrorCode::{EmailTaken, Forbidden, InvalidField, LastOwner, NotFound};
        use StatusCode as Status;
        match refused {
            NotChanged::SignedOut => AuthError::Revoked.into(),
            NotChanged::NoSuchPerson => Self::new(Status::NOT_FOUND, NotFound, "There is no such person."),
            NotChanged::RoleAbove => Self::new(
                Status::FORBIDDEN,
                Forbidden,
                "That is above your own role in this installation: ask an owner.",
            ),
            NotChanged::LastOwner => Self::new(
                Status::CONFLICT,
                LastOwner,
                "This is the only owner of the installation: make somebody else an owner first.",
            ),
            NotChanged::EmailTaken => Self::new(
                Status::CONFLICT,
                EmailTaken,
                "Another account has this e-mail address: use another one.",
            )
            .at("email"),
            NotChanged::NoSuchChat => {
                let detail = "People can be invited to groups only, and to those that you are in.";
                Self::new(Status::BAD_REQUEST, InvalidField, detail).at("chats")
            }
            NotChanged::TooManyInvitations => {
                let detail = format!(
                    "You have {} invitations that nobody has used yet, which is as many as one may: revoke some.",
                    limits::INVITATIONS_PER_PERSON
                );
                Self::new(Status::CONFLICT, InvalidField, detail)
            }
        }
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotChanged(refused) => refused.into(),
            ChangeError::OutOfBounds { field, least, most } => {
                Self::invalid(field, format!("\"{field}\" must be from {least} to {most}."))
            }
            ChangeError::WrongPassword => {
                let detail = "The current password is wrong.";
                Self::new(StatusCode::FORBIDDEN, ErrorCode::WrongCredentials, detail).at("current_password")
            }
            ChangeError::TooManyInvitations { wait } => Self::rate_limited(
                "You have made as many invitations as one may in a day: go on later.",
                wait,
            ),
            ChangeError::TooManyGuesses { wait } => SignInError::TooManySignIns { wait }.into(),
            ChangeError::LinkInvalid => Self::link_invalid(),
            ChangeError::HasSecondFactor => {
                let detail = "Your account has a second factor already: turn it off first to set up another.";
                Self::new(StatusCode::CONFLICT, ErrorCode::InvalidField, detail)
            }
            ChangeError::NoSecondFactor => Self::not_found(
                "Your account has no second factor, or it was set up meanwhile: load the page again.",
            ),
            // Not 401: the sign-in itself is good.
            ChangeError::Code(SignInError::WrongCode) => {
                Self { status: StatusCode::FORBIDDEN, ..SignInError::WrongCode.into() }
            }
            ChangeError::Code(error) => error.into(),
            ChangeError::Password(error) => SignInError::from(error).into(),
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

    #[test]
    fn a_reason_is_the_sentence_in_the_form_of_close_frames() {
        let closing = closing::no_such_chat();
        assert_eq!(closing.reason, "there is no such chat, or you are not in it");
        let expired = Refusal::from(AuthError::Expired);
        assert_eq!(expired.detail, "Token expired: sign in again.");
        assert_eq!(expired.into_closing(CloseCode::Unauthorized).reason, AuthError::Expired.to_string());
    }
}
