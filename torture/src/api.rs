//! The REST client of the simulated clients and of the run itself.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use causerie_client::{ChangeError, HistoryPlace, LoadError};
use causerie_protocol::rest::{
    AddParticipant, Block, Chat, ChatCursor, CreateChat, Decided, Login, MessageBody, PostMessage, Problem,
    React, Register, SignedIn, UserRef,
};
use causerie_protocol::{ChatId, Message, MessageId, Seq, UserId, paths};
use causerie_testkit::read_body as read;
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;

/// How many messages a page of history has.
const PAGE: usize = 100;
/// How many chats a page of the list has: fewer than a user has, so that chats move while the list is loaded page by
/// page.
const CHATS_PAGE: usize = 4;
/// How long the run's own requests are retried while the server is away.
const PATIENCE: Duration = Duration::from_secs(90);

/// The result of sending a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The message is in the log.
    Stored { id: MessageId, seq: Seq, duplicate: bool },
    /// The message is not in the log, and never will be.
    Refused,
}

/// A REST client of one server, or of the proxy in front of it.
#[derive(Clone, Debug)]
pub struct Api(causerie_testkit::Api);

impl Api {
    /// Creates a client of the server at this address.
    ///
    /// # Errors
    /// When the HTTP client can't be built.
    pub fn new(address: SocketAddr) -> Result<Self> {
        Ok(Self(causerie_testkit::Api::new(address)?))
    }

    /// Retries a request until the server responds with any status but 429 and 5xx.
    async fn insist<B: Serialize + Sync>(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&B>,
    ) -> Result<Response> {
        let answered = async {
            loop {
                match self.0.call(method.clone(), path, token, body).await {
                    Ok(response)
                        if !response.status().is_server_error()
                            && response.status() != StatusCode::TOO_MANY_REQUESTS =>
                    {
                        return response;
                    }
                    _ => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, answered)
            .await
            .with_context(|| format!("{method} {path} got no answer for {PATIENCE:?}"))
    }

    /// Creates an account.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn register(&self, email: &str, password: &str) -> Result<SignedIn> {
        let body = Register {
            email: email.to_owned(),
            password: Some(password.to_owned()),
            name: None,
            invitation: None,
            language: None,
        };
        read(self.insist(Method::POST, paths::REGISTER, None, Some(&body)).await?).await
    }

    /// Signs in.
    ///
    /// # Errors
    /// When the server refuses, or does not respond within `PATIENCE`.
    pub async fn login(&self, email: &str, password: &str) -> Result<SignedIn> {
        let body = Login { email: email.to_owned(), password: password.to_owned(), code: None };
        read(self.insist(Method::POST, paths::LOGIN, None, Some(&body)).await?).await
    }

    /// Signs out. A token that is already revoked is not an error.
    ///
    /// # Errors
    /// When the server refuses, or does not respond within `PATIENCE`.
    pub async fn logout(&self, token: &str) -> Result<()> {
        let response = self.insist(Method::POST, paths::LOGOUT, Some(token), None::<&()>).await?;
        done(response, StatusCode::UNAUTHORIZED).await
    }

    /// Starts a chat.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn start_chat(&self, token: &str, chat: &CreateChat) -> Result<Chat> {
        read(self.insist(Method::POST, paths::CHATS, Some(token), Some(chat)).await?).await
    }

    /// Leaves a group. A retry succeeds too when the user has left already, since the first response may have been lost.
    ///
    /// # Errors
    /// When the server refuses, or does not respond within `PATIENCE`.
    pub async fn leave(&self, token: &str, chat: ChatId) -> Result<()> {
        let response = self.insist(Method::POST, &paths::leave(chat), Some(token), None::<&()>).await?;
        done(response, StatusCode::NOT_FOUND).await
    }

    /// Adds a user to a group. A retry succeeds too when the user is a participant already, since the first response may
    /// have been lost.
    ///
    /// # Errors
    /// When the server refuses, or does not respond within `PATIENCE`.
    pub async fn add(&self, token: &str, chat: ChatId, user: UserId) -> Result<()> {
        let body = AddParticipant { user: UserRef::Id(user) };
        let response =
            self.insist(Method::POST, &paths::participants(chat), Some(token), Some(&body)).await?;
        if response.status().is_client_error() {
            let status = response.status();
            let problem: Problem = response.json().await.context("reading a refusal")?;
            if !problem.detail.contains("already") {
                bail!("adding a person was refused with {status}: {}", problem.detail);
            }
        }
        Ok(())
    }

    /// Puts a reaction under a message, or takes it back, as a page does.
    ///
    /// # Errors
    /// As the client needs it.
    pub async fn react(&self, token: &str, message: MessageId, body: &React) -> Result<Seq, ChangeError> {
        let path = paths::reactions(message);
        let response = self.0.call(Method::POST, &path, Some(token), Some(body)).await;
        let Ok(response) = response else { return Err(ChangeError::Temporary) };
        match response.status() {
            StatusCode::OK => {
                let decided: Result<Decided, _> = response.json().await;
                decided.map(|decided| decided.seq).map_err(|_| ChangeError::Temporary)
            }
            StatusCode::UNAUTHORIZED => Err(ChangeError::Unauthorized),
            StatusCode::TOO_MANY_REQUESTS => Err(ChangeError::Temporary),
            status if status.is_client_error() => Err(ChangeError::Refused { detail: status.to_string() }),
            _ => Err(ChangeError::Temporary),
        }
    }

    /// Removes somebody from a group. A retry succeeds too when they are out already.
    ///
    /// # Errors
    /// When the server refuses, or does not respond within `PATIENCE`.
    pub async fn remove(&self, token: &str, chat: ChatId, user: UserId) -> Result<()> {
        let path = paths::participant(chat, user);
        let response = self.insist(Method::DELETE, &path, Some(token), None::<&()>).await?;
        done(response, StatusCode::NOT_FOUND).await
    }

    /// Blocks somebody.
    ///
    /// # Errors
    /// When the server refuses, or does not respond within `PATIENCE`.
    pub async fn block(&self, token: &str, user: UserId) -> Result<()> {
        let body = Block { user_id: Some(user), message_id: None };
        let response = self.insist(Method::POST, paths::BLOCKS, Some(token), Some(&body)).await?;
        done(response, StatusCode::NO_CONTENT).await
    }

    /// Takes a block back. A retry succeeds too when there is none any more.
    ///
    /// # Errors
    /// When the server refuses, or does not respond within `PATIENCE`.
    pub async fn unblock(&self, token: &str, user: UserId) -> Result<()> {
        let response = self.insist(Method::DELETE, &paths::block(user), Some(token), None::<&()>).await?;
        done(response, StatusCode::NOT_FOUND).await
    }

    /// Changes somebody's account as a moderator, by an action of its own path.
    ///
    /// # Errors
    /// When the server refuses, or does not respond within `PATIENCE`.
    pub async fn act_on(&self, token: &str, user: UserId, action: &str) -> Result<()> {
        let path = paths::person_action(user, action);
        let response = self.insist(Method::POST, &path, Some(token), None::<&()>).await?;
        done(response, StatusCode::OK).await
    }

    /// Sends a message once. Returns none when no response came, or one that leaves open whether the message is stored.
    pub async fn say(&self, token: &str, chat: ChatId, message: &PostMessage) -> Option<Said> {
        let path = paths::messages(chat);
        let response = self.0.call(Method::POST, &path, Some(token), Some(message)).await.ok()?;
        match response.status() {
            status @ (StatusCode::OK | StatusCode::CREATED) => {
                let body: MessageBody = response.json().await.ok()?;
                Some(Said::Stored { id: body.id, seq: body.seq, duplicate: status == StatusCode::OK })
            }
            StatusCode::NOT_FOUND | StatusCode::CONFLICT => Some(Said::Refused),
            _ => None,
        }
    }

    /// Loads all chats of a user, page by page.
    ///
    /// # Errors
    /// As the client's state machine distinguishes them.
    pub async fn chats(&self, token: &str) -> Result<Vec<Chat>, LoadError> {
        let (mut chats, mut has_more) = self.chats_before(token, None).await?;
        while has_more {
            let (page, more) = self.chats_before(token, chats.last().map(Chat::cursor)).await?;
            chats.extend(page);
            has_more = more;
        }
        Ok(chats)
    }

    /// Loads a page of a user's list of chats; returns whether more pages follow.
    ///
    /// # Errors
    /// As the client's state machine distinguishes them.
    pub async fn chats_before(
        &self,
        token: &str,
        before: Option<ChatCursor>,
    ) -> Result<(Vec<Chat>, bool), LoadError> {
        let mut path = format!("{}?limit={CHATS_PAGE}", paths::CHATS);
        if let Some(before) = before {
            path += &format!("&before={before}");
        }
        let response = loaded(self.0.call(Method::GET, &path, Some(token), None::<&()>).await).await?;
        let has_more = goes_on(&response);
        Ok((response.json().await.map_err(temporary)?, has_more))
    }

    /// Loads one chat.
    ///
    /// # Errors
    /// As the client's state machine distinguishes them.
    pub async fn chat(&self, token: &str, chat: ChatId) -> Result<Chat, LoadError> {
        let response = self.0.call(Method::GET, &paths::chat(chat), Some(token), None::<&()>).await;
        loaded(response).await?.json().await.map_err(temporary)
    }

    /// Loads a page of messages, oldest first; returns whether there are older ones.
    ///
    /// # Errors
    /// As the client's state machine distinguishes them.
    pub async fn messages(
        &self,
        token: &str,
        chat: ChatId,
        before: Option<MessageId>,
    ) -> Result<(Vec<Message>, bool), LoadError> {
        let mut path = format!("{}?limit={PAGE}", paths::messages(chat));
        if let Some(before) = before {
            path += &format!("&before={before}");
        }
        let response = loaded(self.0.call(Method::GET, &path, Some(token), None::<&()>).await).await?;
        let has_older = goes_on(&response);
        let bodies: Vec<MessageBody> = response.json().await.map_err(temporary)?;
        Ok((bodies.into_iter().map(Message::from).collect(), has_older))
    }

    /// A page of a chat's history as the page's client asks for it, and whether there are older messages, and newer ones.
    pub async fn messages_at(
        &self,
        token: &str,
        chat: ChatId,
        place: HistoryPlace,
    ) -> Result<(Vec<Message>, bool, bool), LoadError> {
        let (name, seq) = match place {
            HistoryPlace::Newest => return self.messages(token, chat, None).await.map(latest),
            HistoryPlace::Before(id) => return self.messages(token, chat, Some(id)).await.map(latest),
            HistoryPlace::After(seq) => ("after", seq),
            HistoryPlace::Around(seq) => ("around", seq),
        };
        let path = format!("{}?limit={PAGE}&{name}={seq}", paths::messages(chat));
        let response = loaded(self.0.call(Method::GET, &path, Some(token), None::<&()>).await).await?;
        let (has_older, has_newer) = (goes_on(&response), links_to(&response, "prev"));
        let bodies: Vec<MessageBody> = response.json().await.map_err(temporary)?;
        Ok((bodies.into_iter().map(Message::from).collect(), has_older, has_newer))
    }
}

/// Whether the response links to a next page.
fn goes_on(response: &Response) -> bool {
    links_to(response, "next")
}

fn links_to(response: &Response, relation: &str) -> bool {
    let link = response.headers().get("link").and_then(|link| link.to_str().ok());
    link.is_some_and(|link| link.contains(&format!("rel=\"{relation}\"")))
}

fn latest((messages, has_older): (Vec<Message>, bool)) -> (Vec<Message>, bool, bool) {
    (messages, has_older, false)
}

async fn done(response: Response, also: StatusCode) -> Result<()> {
    let status = response.status();
    if status.is_success() || status == also {
        return Ok(());
    }
    let path = response.url().path().to_owned();
    bail!("{path} was refused with {status}: {}", response.text().await.unwrap_or_default())
}

async fn loaded(response: reqwest::Result<Response>) -> Result<Response, LoadError> {
    let response = response.map_err(temporary)?;
    match response.status() {
        status if status.is_success() => Ok(response),
        StatusCode::UNAUTHORIZED => Err(LoadError::Unauthorized),
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => Err(LoadError::NotFound),
        status => Err(LoadError::Temporary { detail: format!("The server answered {status}.") }),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn temporary(error: reqwest::Error) -> LoadError {
    LoadError::Temporary { detail: error.without_url().to_string() }
}
