//! The HTTP API.

use std::pin::Pin;
use std::task::{Context, Poll};

use causerie_protocol::accounts::{
    Account, AskReset, AuditEntry, ConfirmEmail, ConfirmSecondFactor, CreateInvitation, DeleteAccount,
    Installation, Invitation, InvitationInfo, JoinedGroups, Link, LookAtInvitation, NewSecondFactor,
    ProvePassword, RecoveryCodes, ResetPassword, Role, SetRole, Settings, UpdateAccount, UpdateSettings,
};
use causerie_protocol::limits::FORMER_TEXTS_PAGE;
use causerie_protocol::paths;
use causerie_protocol::reports::{CloseReport, CreateReport, Reopen, Reopened, Report};
use causerie_protocol::rest::{
    AddParticipant, Block, Blocked, Chat, ChatCursor, CreateChat, Decided, EditMessage, FormerText, Login,
    PinMessage, Privacy, Problem, React, Register, SignedIn, TokenInfo, UpdateChat, UpdateParticipant,
};
use causerie_protocol::search::{Found, SearchRequest};
use causerie_protocol::{
    AuditId, ChatId, ChatSettings, InvitationId, Message, MessageId, ReportId, Seq, TokenId,
    UpdateChatSettings, User, UserId,
};
use gloo_net::http::{Method, Request, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use web_sys::AbortSignal;

use crate::window::base;

/// How long the server may take to answer a health check, in milliseconds.
const ANSWER_MS: u32 = 3_000;
/// The status of a request that is carried out later (RFC 9110, section 15.3.3).
const ACCEPTED: u16 = 202;
/// How many messages a page of history has.
const PAGE: usize = 60;
/// How many chats a page of the list has.
const CHATS_PAGE: usize = 100;

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status; 0 when no response came.
    pub status: u16,
    pub failure: Failure,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server can't be reached, or a proxy says that of the server behind it.
    NoAnswer,
    /// The answer is none of this API.
    NotUnderstood,
    Refused(Problem),
}

impl ApiError {
    const NO_ANSWER: Self = Self { status: 0, failure: Failure::NoAnswer };

    fn not_understood(status: u16) -> Self {
        Self { status, failure: Failure::NotUnderstood }
    }
}

/// Whether the page's server answers in time.
pub async fn answers() -> bool {
    let signal = AbortSignal::timeout_with_u32(ANSWER_MS);
    let request = RequestBuilder::new(&(base() + paths::HEALTH)).abort_signal(Some(&signal)).build();
    match request {
        Ok(request) => request.send().await.is_ok_and(|response| response.ok()),
        Err(_) => false,
    }
}

/// The server's HTTP API, with the user's token once there is one.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    token: Option<String>,
}

impl Api {
    /// The API at a base address such as `http://127.0.0.1:8000`; an empty one means the page's own server.
    pub fn new(address: impl Into<String>) -> Self {
        let address = address.into();
        Self { base: if address.is_empty() { base() } else { address }, token: None }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { base: self.base.clone(), token: Some(token.to_owned()) }
    }

    /// Creates an account and signs in; `None`: the address is confirmed first, by a link that is mailed to it.
    pub fn register(&self, body: &Register) -> Call<Option<SignedIn>> {
        self.start(Method::POST, paths::REGISTER, Some(json(body)), unless_accepted)
    }

    pub fn login(&self, body: &Login) -> Call<SignedIn> {
        self.call(Method::POST, paths::LOGIN, body)
    }

    /// Revokes the token; when the server can't be reached it stays valid until it expires.
    pub fn logout(&self) -> Call<()> {
        self.done(Method::POST, paths::LOGOUT, None)
    }

    /// What is to be known before somebody signs in.
    pub fn installation(&self) -> Call<Installation> {
        self.get(paths::INSTALLATION)
    }

    pub fn look_at_invitation(&self, token: String) -> Call<InvitationInfo> {
        self.call(Method::POST, paths::INVITATION, &LookAtInvitation { token })
    }

    /// Asks for a link to set a new password, by mail.
    pub fn ask_reset(&self, email: String, language: &str) -> Call<()> {
        let language = Some(language.to_owned());
        self.done(Method::POST, paths::RESET, Some(json(&AskReset { email, language })))
    }

    pub fn reset_password(&self, body: &ResetPassword) -> Call<()> {
        self.done(Method::POST, paths::RESET_PASSWORD, Some(json(body)))
    }

    pub fn confirm_email(&self, body: &ConfirmEmail) -> Call<()> {
        self.done(Method::POST, paths::CONFIRM_EMAIL, Some(json(body)))
    }

    /// The user's own account.
    pub fn account(&self) -> Call<Account> {
        self.get(paths::ACCOUNT)
    }

    pub fn update_account(&self, body: &UpdateAccount) -> Call<Account> {
        self.call(Method::PATCH, paths::ACCOUNT, body)
    }

    pub fn delete_account(&self, current_password: String) -> Call<()> {
        self.done(Method::POST, paths::DELETE_ACCOUNT, Some(json(&DeleteAccount { current_password })))
    }

    pub fn keep_account(&self) -> Call<()> {
        self.done(Method::POST, paths::KEEP_ACCOUNT, None)
    }

    /// Begins to set up a second factor.
    pub fn begin_second_factor(&self, body: &ProvePassword) -> Call<NewSecondFactor> {
        self.call(Method::POST, paths::SECOND_FACTOR, body)
    }

    /// Sets it up with a first code.
    pub fn confirm_second_factor(&self, body: &ConfirmSecondFactor) -> Call<RecoveryCodes> {
        self.call(Method::POST, paths::CONFIRM_SECOND_FACTOR, body)
    }

    pub fn turn_second_factor_off(&self, body: &ProvePassword) -> Call<()> {
        self.done(Method::POST, paths::SECOND_FACTOR_OFF, Some(json(body)))
    }

    pub fn renew_recovery_codes(&self, body: &ProvePassword) -> Call<RecoveryCodes> {
        self.call(Method::POST, paths::RECOVERY_CODES, body)
    }

    /// People whose name or address holds these words.
    pub fn people(&self, words: &str) -> Call<Vec<Account>> {
        let words = String::from(js_sys::encode_uri_component(words));
        self.get(&format!("{}?q={words}", paths::PEOPLE))
    }

    pub fn set_role(&self, person: UserId, role: Role) -> Call<Account> {
        self.call(Method::PATCH, &paths::person(person), &SetRole { role })
    }

    /// Changes an account by an action of its own path, such as `suspend`.
    pub fn act_on(&self, person: UserId, action: &str) -> Call<Account> {
        self.start(Method::POST, &paths::person_action(person, action), None, Answer::read)
    }

    /// A link by which somebody sets a new password.
    pub fn reset_link(&self, person: UserId) -> Call<Link> {
        self.start(Method::POST, &paths::person_action(person, "reset"), None, Answer::read)
    }

    pub fn invitations(&self) -> Call<Vec<Invitation>> {
        self.get(paths::INVITATIONS)
    }

    pub fn invite(&self, body: &CreateInvitation) -> Call<Link> {
        self.call(Method::POST, paths::INVITATIONS, body)
    }

    /// An invitation into a group, by its moderator.
    pub fn invite_into(&self, chat: ChatId, body: &CreateInvitation) -> Call<Link> {
        self.call(Method::POST, &paths::chat_invitations(chat), body)
    }

    /// The invitations into a group that can be used, the newest first.
    pub fn invitations_into(&self, chat: ChatId) -> Call<Vec<Invitation>> {
        self.get(&paths::chat_invitations(chat))
    }

    /// Takes a group out of an invitation.
    pub fn revoke_invitation_into(&self, chat: ChatId, invitation: InvitationId) -> Call<()> {
        self.done(Method::DELETE, &paths::chat_invitation(chat, invitation), None)
    }

    pub fn revoke_invitation(&self, invitation: InvitationId) -> Call<()> {
        self.done(Method::DELETE, &paths::invitation(invitation), None)
    }

    /// The audit log before an entry, the newest first: all of it, or what was done by or to one person.
    pub fn audit(&self, of: Option<UserId>, before: Option<AuditId>) -> Call<Vec<AuditEntry>> {
        let mut path = format!("{}?", paths::AUDIT);
        if let Some(of) = of {
            path += &format!("of={of}&");
        }
        if let Some(before) = before {
            path += &format!("before={before}");
        }
        self.get(&path)
    }

    /// The newest reports: those that are open, or all.
    pub fn reports(&self, all: bool) -> Call<Vec<Report>> {
        self.get(&format!("{}?all={all}", paths::ADMIN_REPORTS))
    }

    /// A report with its copies.
    pub fn read_report(&self, report: ReportId) -> Call<Report> {
        self.get(&paths::report(report))
    }

    pub fn close_report(&self, report: ReportId, body: &CloseReport) -> Call<Report> {
        self.call(Method::POST, &paths::close_report(report), body)
    }

    /// Opens the chat of two that one of them has ended.
    pub fn reopen(&self, one: UserId, body: &Reopen) -> Call<Reopened> {
        self.call(Method::POST, &paths::person_action(one, "reopen"), body)
    }

    /// How the installation is set.
    pub fn settings(&self) -> Call<Settings> {
        self.get(paths::SETTINGS)
    }

    pub fn set_settings(&self, body: &UpdateSettings) -> Call<Settings> {
        self.call(Method::PATCH, paths::SETTINGS, body)
    }

    /// Adds the user to the groups of an invitation.
    pub fn join_groups(&self, token: String) -> Call<JoinedGroups> {
        self.call(Method::POST, paths::JOIN_GROUPS, &LookAtInvitation { token })
    }

    /// The user of the token.
    pub fn me(&self) -> Call<User> {
        self.get(paths::ME)
    }

    /// The user's sign-ins.
    pub fn tokens(&self) -> Call<Vec<TokenInfo>> {
        self.get(paths::TOKENS)
    }

    pub fn revoke(&self, token: TokenId) -> Call<()> {
        self.done(Method::DELETE, &paths::token(token), None)
    }

    /// Ends all of the user's sign-ins but this one.
    pub fn revoke_others(&self) -> Call<()> {
        self.done(Method::DELETE, paths::TOKENS, None)
    }

    /// A page of the user's list of chats, and whether there is a next one.
    pub fn chats(&self, before: Option<ChatCursor>) -> Call<(Vec<Chat>, bool)> {
        let mut path = format!("{}?limit={CHATS_PAGE}", paths::CHATS);
        if let Some(before) = before {
            path += &format!("&before={before}");
        }
        self.start(Method::GET, &path, None, |answer| {
            let chats: Vec<Chat> = answer.read()?;
            let has_more = answer.goes_on("before=", chats.len() == CHATS_PAGE);
            Ok((chats, has_more))
        })
    }

    /// The chats that the user has pinned, wherever they stand in the list.
    pub fn pinned_chats(&self) -> Call<Vec<Chat>> {
        self.get(&format!("{}?pinned=true", paths::CHATS))
    }

    /// A chat with all its participants.
    pub fn chat(&self, chat: ChatId) -> Call<Chat> {
        self.get(&paths::chat(chat))
    }

    /// Creates a chat; for the same pair the server returns the existing one. Nothing: whoever has the address is asked, and
    /// there is a chat once they accept.
    pub fn create_chat(&self, body: &CreateChat) -> Call<Option<Chat>> {
        self.start(Method::POST, paths::CHATS, Some(json(body)), unless_accepted)
    }

    pub fn update_chat(&self, chat: ChatId, body: &UpdateChat) -> Call<()> {
        self.done(Method::PATCH, &paths::chat(chat), Some(json(body)))
    }

    pub fn add(&self, chat: ChatId, body: &AddParticipant) -> Call<()> {
        self.done(Method::POST, &paths::participants(chat), Some(json(body)))
    }

    pub fn leave(&self, chat: ChatId) -> Call<()> {
        self.done(Method::POST, &paths::leave(chat), None)
    }

    /// Changes what the user has set of a chat; answers all that is set.
    pub fn set_chat(&self, chat: ChatId, body: &UpdateChatSettings) -> Call<ChatSettings> {
        self.call(Method::PATCH, &paths::chat_settings(chat), body)
    }

    /// Accepts a chat that somebody asked for.
    pub fn accept(&self, chat: ChatId) -> Call<()> {
        self.done(Method::POST, &paths::accept(chat), None)
    }

    /// Deletes a group, or the own copy of a direct chat.
    pub fn delete_chat(&self, chat: ChatId) -> Call<()> {
        self.done(Method::DELETE, &paths::chat(chat), None)
    }

    pub fn set_chat_role(&self, chat: ChatId, user: UserId, body: &UpdateParticipant) -> Call<()> {
        self.done(Method::PATCH, &paths::participant(chat, user), Some(json(body)))
    }

    pub fn remove(&self, chat: ChatId, user: UserId) -> Call<()> {
        self.done(Method::DELETE, &paths::participant(chat, user), None)
    }

    /// Whom the user has blocked.
    pub fn blocks(&self) -> Call<Vec<Blocked>> {
        self.get(paths::BLOCKS)
    }

    pub fn block(&self, body: &Block) -> Call<()> {
        self.done(Method::POST, paths::BLOCKS, Some(json(body)))
    }

    /// Searches the messages that the user may read.
    pub fn search(&self, body: &SearchRequest) -> Call<Found> {
        self.call(Method::POST, paths::SEARCH, body)
    }

    /// Reports a message to the moderators.
    pub fn report(&self, body: &CreateReport) -> Call<()> {
        self.done(Method::POST, paths::REPORTS, Some(json(body)))
    }

    pub fn unblock(&self, user: UserId) -> Call<()> {
        self.done(Method::DELETE, &paths::block(user), None)
    }

    /// What others see of the user.
    pub fn privacy(&self) -> Call<Privacy> {
        self.get(paths::PRIVACY)
    }

    pub fn set_privacy(&self, body: &Privacy) -> Call<Privacy> {
        self.call(Method::PATCH, paths::PRIVACY, body)
    }

    /// A page of messages, oldest first, and whether there are older ones.
    pub fn messages(&self, chat: ChatId, before: Option<MessageId>) -> Call<(Vec<Message>, bool)> {
        let mut path = format!("{}?limit={PAGE}", paths::messages(chat));
        if let Some(before) = before {
            path += &format!("&before={before}");
        }
        self.start(Method::GET, &path, None, |answer| {
            let messages: Vec<Message> = answer.read()?;
            let has_older = answer.goes_on("before=", messages.len() >= PAGE);
            Ok((messages, has_older))
        })
    }

    /// The messages after a position, oldest first, and whether there are newer ones.
    pub fn messages_after(&self, chat: ChatId, seq: Seq) -> Call<(Vec<Message>, bool)> {
        let path = format!("{}?limit={PAGE}&after={seq}", paths::messages(chat));
        self.start(Method::GET, &path, None, |answer| {
            let messages: Vec<Message> = answer.read()?;
            let has_newer = answer.goes_on("after=", messages.len() >= PAGE);
            Ok((messages, has_newer))
        })
    }

    /// The messages around a position, oldest first, and whether there are older ones, and newer ones.
    pub fn messages_around(&self, chat: ChatId, seq: Seq) -> Call<(Vec<Message>, bool, bool)> {
        let path = format!("{}?limit={PAGE}&around={seq}", paths::messages(chat));
        self.start(Method::GET, &path, None, |answer| {
            let messages: Vec<Message> = answer.read()?;
            let is_full = messages.len() >= PAGE / 2;
            let (older, newer) = (answer.goes_on("before=", is_full), answer.goes_on("after=", is_full));
            Ok((messages, older, newer))
        })
    }

    pub fn edit(&self, message: MessageId, body: &EditMessage) -> Call<()> {
        self.done(Method::PATCH, &paths::message(message), Some(json(body)))
    }

    /// Puts a reaction under a message, or takes it back; answers at which position of the log it is so.
    pub fn react(&self, message: MessageId, body: &React) -> Call<Decided> {
        self.call(Method::POST, &paths::reactions(message), body)
    }

    /// Pins a message in its chat, or no more.
    pub fn pin(&self, message: MessageId, on: bool) -> Call<Decided> {
        self.call(Method::POST, &paths::pin(message), &PinMessage { on })
    }

    /// What a message said before its edits, the newest first, and whether there are more; those before a position.
    pub fn former_texts(&self, message: MessageId, before: Option<Seq>) -> Call<(Vec<FormerText>, bool)> {
        let before = before.map(|before| format!("?before={before}")).unwrap_or_default();
        self.start(Method::GET, &format!("{}{before}", paths::former_texts(message)), None, |answer| {
            let texts: Vec<FormerText> = answer.read()?;
            let is_full = texts.len() >= FORMER_TEXTS_PAGE;
            Ok((texts, answer.goes_on("\"next\"", is_full)))
        })
    }

    /// Deletes a message, also if the page is closed meanwhile.
    pub fn delete(&self, message: MessageId) -> Call<()> {
        self.done(Method::DELETE, &paths::message(message), None)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Call<T> {
        self.start(Method::GET, path, None, Answer::read)
    }

    fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: &impl Serialize) -> Call<T> {
        self.start(method, path, Some(json(body)), Answer::read)
    }

    /// A call without a response body.
    fn done(&self, method: Method, path: &str, body: Option<String>) -> Call<()> {
        self.start(method, path, body, |_| Ok(()))
    }

    fn start<T>(&self, method: Method, path: &str, body: Option<String>, read: Read<T>) -> Call<T> {
        Call {
            answer: Box::pin(send(method, format!("{}{path}", self.base), self.token.clone(), body)),
            read,
        }
    }
}

/// `None` when it is carried out later.
fn unless_accepted<T: DeserializeOwned>(answer: &Answer) -> Result<Option<T>, ApiError> {
    match answer.status {
        ACCEPTED => Ok(None),
        _ => answer.read().map(Some),
    }
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("bodies have only string keys")
}

type Read<T> = fn(&Answer) -> Result<T, ApiError>;

/// A call; it starts when it is awaited.
///
/// One future for all calls and a function for each, since the page would download a state machine for each.
#[must_use = "a call starts when it is awaited"]
pub struct Call<T> {
    answer: Pin<Box<dyn Future<Output = Result<Answer, ApiError>>>>,
    read: Read<T>,
}

impl<T> Future for Call<T> {
    type Output = Result<T, ApiError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.get_mut();
        let read = call.read;
        call.answer.as_mut().poll(context).map(|answer| answer.and_then(|answer| read(&answer)))
    }
}

/// A successful response.
struct Answer {
    status: u16,
    link: Option<String>,
    text: String,
}

impl Answer {
    /// Whether there is a page on this side.
    ///
    /// The `Link` header may be hidden by a proxy or on another origin; then a full page counts as a sign of more.
    fn goes_on(&self, side: &str, is_full: bool) -> bool {
        self.link.as_ref().map_or(is_full, |link| link.contains(side))
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_str(&self.text).map_err(|_| ApiError::not_understood(self.status))
    }
}

/// A request that the browser finishes also when the page is closed (Fetch, `keepalive`).
fn outliving(request: Request) -> Request {
    let request = web_sys::Request::from(request);
    let options = web_sys::RequestInit::new();
    let _ = js_sys::Reflect::set(&options, &"keepalive".into(), &true.into());
    let outliving = web_sys::Request::new_with_request_and_init(&request, &options);
    outliving.unwrap_or(request).into()
}

async fn send(
    method: Method,
    url: String,
    token: Option<String>,
    body: Option<String>,
) -> Result<Answer, ApiError> {
    let outlives_page = matches!(method, Method::DELETE);
    let mut request = RequestBuilder::new(&url).method(method);
    if let Some(token) = token {
        request = request.header("authorization", &format!("Bearer {token}"));
    }
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body),
        None => request.build(),
    };
    let request = request.map_err(|_| ApiError::NO_ANSWER)?;
    let request = if outlives_page { outliving(request) } else { request };
    let response = request.send().await.map_err(|_| ApiError::NO_ANSWER)?;
    let text = response.text().await.map_err(|_| ApiError::NO_ANSWER)?;
    let answer = Answer { status: response.status(), link: response.headers().get("link"), text };
    if response.ok() {
        return Ok(answer);
    }
    let problem = answer.read::<Problem>().map_err(|error| match answer.status {
        // A proxy answers so when the server is down.
        502..=504 => ApiError { status: answer.status, ..ApiError::NO_ANSWER },
        _ => error,
    })?;
    Err(ApiError { status: answer.status, failure: Failure::Refused(problem) })
}
