//! A client of the REST API.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use causerie_protocol::paths;
use causerie_protocol::rest::{Chat, CreateChat, Login, Register, SignedIn};
use reqwest::{Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The timeout of a request.
const ANSWER: Duration = Duration::from_secs(10);

/// A REST client of one server, or of the proxy in front of it.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    address: SocketAddr,
}

impl Api {
    /// Creates a client of the server at this address.
    pub fn new(address: SocketAddr) -> Result<Self> {
        Ok(Self { http: reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?, address })
    }

    /// Sends one request and returns the response, whatever its status.
    pub async fn call<B: Serialize + Sync>(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&B>,
    ) -> reqwest::Result<Response> {
        let mut request = self.http.request(method, format!("http://{}{path}", self.address));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    /// Creates an account.
    pub async fn register(&self, account: &Register) -> Result<SignedIn> {
        read_body(self.call(Method::POST, paths::REGISTER, None, Some(account)).await?).await
    }

    /// Signs in.
    pub async fn login(&self, account: &Login) -> Result<SignedIn> {
        read_body(self.call(Method::POST, paths::LOGIN, None, Some(account)).await?).await
    }

    /// Starts a chat.
    pub async fn start_chat(&self, token: &str, chat: &CreateChat) -> Result<Chat> {
        read_body(self.call(Method::POST, paths::CHATS, Some(token), Some(chat)).await?).await
    }
}

/// Reads the body of a response; fails when the status is not a success.
pub async fn read_body<T: DeserializeOwned>(response: Response) -> Result<T> {
    let status = response.status();
    if !status.is_success() {
        let path = response.url().path().to_owned();
        bail!("{path} was refused with {status}: {}", response.text().await.unwrap_or_default());
    }
    response.json().await.context("reading an answer")
}
