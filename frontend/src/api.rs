//! The HTTP API as the page calls it.

use std::pin::Pin;

use causerie_client::LoadError;
use causerie_protocol::error::ErrorCode;
use causerie_protocol::paths;
use causerie_protocol::rest::{
    AddParticipant, Chat, CreateChat, EditMessage, Login, Problem, Register, SignedIn, TokenInfo, UpdateChat,
};
use causerie_protocol::{ChatId, Message, MessageId, TokenId, User};
use gloo_net::http::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many messages are fetched at a time.
const PAGE: usize = 60;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status; 0 when no answer came.
    pub status: u16,
    /// For programs.
    pub code: ErrorCode,
    /// For a person: what is wrong and what to do.
    pub detail: String,
}

impl ApiError {
    fn no_answer() -> Self {
        Self {
            status: 0,
            code: ErrorCode::Unavailable,
            detail: "The server can't be reached. Check your network, then try again.".to_owned(),
        }
    }

    fn not_understood(status: u16) -> Self {
        Self {
            status,
            code: ErrorCode::Internal,
            detail: "The server's answer was not understood. Try again, or reload the page.".to_owned(),
        }
    }
}

impl From<ApiError> for LoadError {
    fn from(error: ApiError) -> Self {
        match error.status {
            401 => Self::Unauthorized,
            403 | 404 => Self::NotFound,
            _ => Self::Temporary { detail: error.detail },
        }
    }
}

/// The server's HTTP API, with a person's token once there is one.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    token: Option<String>,
}

impl Api {
    /// The API at a base address such as `http://127.0.0.1:8000`, empty for the page's own.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), token: None }
    }

    /// The same API with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { base: self.base.clone(), token: Some(token.to_owned()) }
    }

    /// Makes an account and signs in.
    ///
    /// # Errors
    /// [`ApiError`], as for every call here.
    pub async fn register(&self, body: &Register) -> Result<SignedIn, ApiError> {
        self.call(Method::POST, paths::REGISTER, Some(body)).await
    }

    /// Signs in.
    ///
    /// # Errors
    /// 401 when e-mail or password are wrong.
    pub async fn login(&self, body: &Login) -> Result<SignedIn, ApiError> {
        self.call(Method::POST, paths::LOGIN, Some(body)).await
    }

    /// Ends the token.
    ///
    /// # Errors
    /// When the server can't be reached; the token then lives on until it expires.
    pub async fn logout(&self) -> Result<(), ApiError> {
        self.request(Method::POST, paths::LOGOUT, None::<&()>).await.map(drop)
    }

    /// Who the token belongs to.
    ///
    /// # Errors
    /// 401 when it is no good any more.
    pub async fn me(&self) -> Result<User, ApiError> {
        self.get(paths::ME).await
    }

    /// Where the person is signed in.
    ///
    /// # Errors
    /// As every call.
    pub async fn tokens(&self) -> Result<Vec<TokenInfo>, ApiError> {
        self.get(paths::TOKENS).await
    }

    /// Ends another sign-in.
    ///
    /// # Errors
    /// As every call.
    pub async fn revoke(&self, token: TokenId) -> Result<(), ApiError> {
        self.request(Method::DELETE, &paths::token(token), None::<&()>).await.map(drop)
    }

    /// All chats of the person.
    ///
    /// # Errors
    /// As every call.
    pub async fn chats(&self) -> Result<Vec<Chat>, ApiError> {
        self.get(paths::CHATS).await
    }

    /// Starts a chat; the same pair gets the chat that it has.
    ///
    /// # Errors
    /// 4xx when nobody has that e-mail.
    pub async fn create_chat(&self, body: &CreateChat) -> Result<Chat, ApiError> {
        self.call(Method::POST, paths::CHATS, Some(body)).await
    }

    /// Changes a chat's title or status.
    ///
    /// # Errors
    /// 403 when the person may not.
    pub async fn update_chat(&self, chat: ChatId, body: &UpdateChat) -> Result<(), ApiError> {
        self.request(Method::PATCH, &paths::chat(chat), Some(body)).await.map(drop)
    }

    /// Adds somebody to a group.
    ///
    /// # Errors
    /// 4xx when nobody has that e-mail.
    pub async fn add(&self, chat: ChatId, body: &AddParticipant) -> Result<(), ApiError> {
        self.request(Method::POST, &paths::participants(chat), Some(body)).await.map(drop)
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// As every call.
    pub async fn leave(&self, chat: ChatId) -> Result<(), ApiError> {
        self.request(Method::POST, &paths::leave(chat), None::<&()>).await.map(drop)
    }

    /// A page of messages, oldest first, and whether there are older ones.
    ///
    /// # Errors
    /// 404 when the chat is not the person's.
    pub async fn messages(
        &self,
        chat: ChatId,
        before: Option<MessageId>,
    ) -> Result<(Vec<Message>, bool), ApiError> {
        let mut path = format!("{}?limit={PAGE}", paths::messages(chat));
        if let Some(before) = before {
            path += &format!("&before={before}");
        }
        let answer = self.request(Method::GET, &path, None::<&()>).await?;
        let messages: Vec<Message> = answer.read()?;
        // The `Link` header may be out of reach behind a proxy or on another origin; a full page says the same.
        let has_older = match &answer.link {
            Some(link) => link.contains("rel=\"prev\"") || link.contains("rel=prev"),
            None => messages.len() >= PAGE,
        };
        Ok((messages, has_older))
    }

    /// Changes an own message's text.
    ///
    /// # Errors
    /// 403 when it is somebody else's.
    pub async fn edit(&self, message: MessageId, body: &EditMessage) -> Result<(), ApiError> {
        self.request(Method::PATCH, &paths::message(message), Some(body)).await.map(drop)
    }

    /// Deletes an own message.
    ///
    /// # Errors
    /// 403 when it is somebody else's.
    pub async fn delete(&self, message: MessageId) -> Result<(), ApiError> {
        self.request(Method::DELETE, &paths::message(message), None::<&()>).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.call(Method::GET, path, None::<&()>).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, ApiError> {
        self.request(method, path, body).await?.read()
    }

    /// Boxed, and of one type for all calls: a page downloads each of its futures.
    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Boxed<Result<Answer, ApiError>> {
        let body = body.map(|body| serde_json::to_string(body).expect("bodies have only string keys"));
        Box::pin(send(method, format!("{}{path}", self.base), self.token.clone(), body))
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// What the server answered when it did what was asked.
struct Answer {
    status: u16,
    link: Option<String>,
    text: String,
}

impl Answer {
    fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_str(&self.text).map_err(|_| ApiError::not_understood(self.status))
    }
}

/// The one place that fetches.
async fn send(
    method: Method,
    url: String,
    token: Option<String>,
    body: Option<String>,
) -> Result<Answer, ApiError> {
    let mut request = RequestBuilder::new(&url).method(method);
    if let Some(token) = token {
        request = request.header("authorization", &format!("Bearer {token}"));
    }
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body),
        None => request.build(),
    };
    let response = request.map_err(|_| ApiError::no_answer())?;
    let response = response.send().await.map_err(|_| ApiError::no_answer())?;
    let text = response.text().await.map_err(|_| ApiError::no_answer())?;
    let answer = Answer { status: response.status(), link: response.headers().get("link"), text };
    if response.ok() {
        return Ok(answer);
    }
    let problem = answer.read::<Problem>()?;
    Err(ApiError { status: answer.status, code: problem.code, detail: problem.detail })
}
