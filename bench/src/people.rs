//! Accounts, chats and sockets for the load, made through the public API.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail, ensure};
use causerie_protocol::rest::{CreateChat, Register, UserRef};
use causerie_protocol::{ChatId, UserId, handshake, limits, paths};
use causerie_testkit::Api;
use causerie_testkit::socket::page_request;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::process::{Kind, Process};

/// Sockets that are opened at a time.
const AT_A_TIME: usize = 32;
/// Sockets of one source address: a connection needs a port of its own there.
const PER_ADDRESS: usize = 10_000;
/// The buffers of a client's socket; the library's own would fill the machine with those of thousands.
const BUFFER: usize = 8 * 1024;
/// The password of everybody here.
pub(crate) const PASSWORD: &str = "only for a benchmark";

/// A socket of the load.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) token: String,
}

/// The address of the person with this number.
pub(crate) fn email(number: usize) -> String {
    format!("load{number}@example.org")
}

/// Makes so many accounts.
pub(crate) async fn register(address: SocketAddr, count: usize) -> Result<Vec<Person>> {
    let api = &Api::new(address)?;
    let people = stream::iter(0..count).map(async |number| {
        let account = Register {
            email: email(number),
            password: Some(PASSWORD.to_owned()),
            name: Some(format!("Load {number}")),
            invitation: None,
            language: None,
        };
        let signed_in = api.register(&account).await?;
        anyhow::Ok(Person { id: signed_in.user.id, email: account.email, token: signed_in.token })
    });
    people.buffered(4).try_collect().await
}

/// The direct chat of two people.
pub(crate) async fn pair(address: SocketAddr, one: &Person, other: &Person) -> Result<ChatId> {
    let chat = CreateChat {
        participants: vec![UserRef::Email(other.email.clone())],
        title: None,
        client_id: None,
        language: None,
    };
    Ok(Api::new(address)?.start_chat(&one.token, &chat).await?.id)
}

/// Where a socket belongs.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) chat: ChatId,
    pub(crate) token: String,
}

/// Seats in `chats` chats of two people each, `sockets` in each chat, alternately of the one and of the other.
pub(crate) async fn seats(process: &Process, chats: usize, sockets: usize) -> Result<Vec<Vec<Seat>>> {
    let mut seats = Vec::with_capacity(chats);
    let people = match process.kind {
        Kind::Causerie => register(process.address, 2 * chats).await?,
        Kind::Bare => Vec::new(),
    };
    for number in 0..chats {
        let (chat, tokens) = match people.get(2 * number..2 * number + 2) {
            Some([one, other]) => {
                let chat = pair(process.address, one, other).await?;
                (chat, [one.token.clone(), other.token.clone()])
            }
            // A token's shape, for a server that does not look at it.
            _ => (ChatId(number as i64 + 1), ["x", "y"].map(|letter| letter.repeat(limits::TOKEN_CHARS))),
        };
        seats.push((0..sockets).map(|n| Seat { chat, token: tokens[n % 2].clone() }).collect());
    }
    Ok(seats)
}

/// The source address of the socket with this number, so that there are enough ports for all of them; another for each
/// server, since the ports of closed sockets stay in use for a minute (`TIME_WAIT`, RFC 9293).
fn source(server: SocketAddr, number: usize) -> Result<SocketAddr> {
    let last = u8::try_from(2 + number / PER_ADDRESS).context("too many sockets for the source addresses")?;
    let [high, low] = server.port().to_be_bytes();
    Ok((Ipv4Addr::new(127, high, low, last), 0).into())
}

/// Opens a socket of one chat. The bare room ignores the token.
pub(crate) async fn socket(address: SocketAddr, seat: &Seat, number: usize) -> Result<Socket> {
    connect(address, &paths::chat_socket(seat.chat, None), &seat.token, number).await
}

/// Opens a socket for all chats.
pub(crate) async fn socket_for_all(address: SocketAddr, token: &str, number: usize) -> Result<Socket> {
    connect(address, paths::SOCKET, token, number).await
}

async fn connect(address: SocketAddr, path: &str, token: &str, number: usize) -> Result<Socket> {
    let tcp = TcpSocket::new_v4()?;
    tcp.set_reuseaddr(true)?;
    tcp.bind(source(address, number)?)?;
    let stream = tcp.connect(address).await.context("connecting")?;
    stream.set_nodelay(true)?;
    let request = page_request(address, path, token)?;
    let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    let (socket, response) = client_async_with_config(request, stream, Some(config)).await?;
    let echoed = response.headers().get(handshake::HEADER).and_then(|value| value.to_str().ok());
    ensure!(echoed == Some(handshake::VERSIONED), "the server echoed {echoed:?}");
    Ok(socket)
}

/// Opens a socket for every seat, several at a time, and waits until each is subscribed.
pub(crate) async fn open(process: &Process, seats: &[Seat], first: usize) -> Result<Vec<Socket>> {
    let sockets = stream::iter(seats.iter().enumerate()).map(async |(number, seat)| {
        let mut socket = socket(process.address, seat, first + number).await?;
        if process.kind == Kind::Causerie {
            subscribed(&mut socket).await?;
        }
        anyhow::Ok(socket)
    });
    sockets.buffered(AT_A_TIME).try_collect().await
}

/// Waits until the server says that live events follow.
pub(crate) async fn subscribed(socket: &mut Socket) -> Result<()> {
    while let Some(message) = socket.next().await {
        if message?.to_text().is_ok_and(|text| text.starts_with(r#"{"type":"subscribed""#)) {
            return Ok(());
        }
    }
    bail!("the server closed a new socket")
}
