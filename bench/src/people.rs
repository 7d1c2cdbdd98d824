//! Accounts, chats and sockets for the load, made through the public API.

use anyhow::{Context, Result, ensure};
use causerie_protocol::{handshake, paths};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// A socket of the load.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) token: String,
}

pub(crate) async fn register(address: &str, count: usize) -> Result<Vec<Person>> {
    let client = reqwest::Client::new();
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        let body = json!({
            "email": format!("load{number}@example.org"),
            "password": "only for a benchmark",
            "name": format!("Load {number}"),
        });
        let url = format!("http://{address}{}", paths::REGISTER);
        let answer = client.post(url).json(&body).send().await?.error_for_status()?;
        let answer: Value = answer.json().await?;
        people.push(Person {
            id: answer["user"]["id"].as_i64().context("no id")?,
            token: answer["token"].as_str().context("no token")?.to_owned(),
        });
    }
    Ok(people)
}

/// The direct chat of two people.
pub(crate) async fn pair(address: &str, one: &Person, other: &Person) -> Result<i64> {
    let url = format!("http://{address}{}", paths::CHATS);
    let answer = reqwest::Client::new()
        .post(url)
        .bearer_auth(&one.token)
        .json(&json!({"participants": [other.id]}))
        .send()
        .await?
        .error_for_status()?;
    let chat: Value = answer.json().await?;
    chat["id"].as_i64().context("a chat without an id")
}

/// Opens a socket of one chat. The bare room ignores the token.
pub(crate) async fn socket(address: &str, chat: i64, token: &str) -> Result<Socket> {
    let mut request = format!("ws://{address}/ws/chats/{chat}/").into_client_request()?;
    let offer = handshake::offer(token).join(", ");
    request.headers_mut().insert(handshake::HEADER, HeaderValue::from_str(&offer)?);
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
    let echoed = response.headers().get(handshake::HEADER).and_then(|value| value.to_str().ok());
    ensure!(echoed == Some(handshake::VERSIONED), "the server echoed {echoed:?}");
    Ok(socket)
}
