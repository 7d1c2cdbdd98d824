//! Accounts, chats and sockets for the load, made through the public API.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use causerie_protocol::rest::{CreateChat, Register, UserRef};
use causerie_protocol::{ChatId, UserId, handshake, paths};
use causerie_testkit::Api;
use causerie_testkit::socket::{open, page_request};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;

/// A socket of the load.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) token: String,
}

pub(crate) async fn register(address: SocketAddr, count: usize) -> Result<Vec<Person>> {
    let api = Api::new(address)?;
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        let account = Register {
            email: format!("load{number}@example.org"),
            password: "only for a benchmark".to_owned(),
            name: Some(format!("Load {number}")),
            invitation: None,
        };
        let signed_in = api.register(&account).await?;
        people.push(Person { id: signed_in.user.id, token: signed_in.token });
    }
    Ok(people)
}

/// The direct chat of two people.
pub(crate) async fn pair(address: SocketAddr, one: &Person, other: &Person) -> Result<ChatId> {
    let chat = CreateChat { participants: vec![UserRef::Id(other.id)], title: None, client_id: None };
    Ok(Api::new(address)?.start_chat(&one.token, &chat).await?.id)
}

/// Opens a socket of one chat. The bare room ignores the token.
pub(crate) async fn socket(address: SocketAddr, chat: ChatId, token: &str) -> Result<Socket> {
    let request = page_request(address, &paths::chat_socket(chat, None), token)?;
    let (socket, response) = open(TcpStream::connect(address).await?, request).await?;
    let echoed = response.headers().get(handshake::HEADER).and_then(|value| value.to_str().ok());
    ensure!(echoed == Some(handshake::VERSIONED), "the server echoed {echoed:?}");
    Ok(socket)
}
