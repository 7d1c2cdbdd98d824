//! A client's end of a socket, over a WebSocket library of its own.

use causerie_protocol::server_frame::{Ack, ErrorReply, Pong, Presence, Subscribed};
use causerie_protocol::{ChatId, Event, Message, Seq, ServerFrame, UserId, handshake, paths};
use causerie_testkit::{LIMIT, socket};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::tungstenite::{self, Message as Ws};

use crate::common::server::{Person, TestServer};

/// An open socket.
pub struct Socket {
    pub ws: WebSocketStream<TcpStream>,
    /// The subprotocol that the server echoed.
    pub protocol: Option<String>,
}

/// Something that came from the server.
#[derive(Debug)]
pub enum Came {
    Frame(Box<ServerFrame>),
    /// A close frame.
    Closed(u16, String),
    /// The connection ended without one.
    Gone,
}

impl TestServer {
    /// A handshake's request, for changing.
    pub fn handshake(&self, path: &str, protocols: Option<&str>) -> Request {
        socket::request(self.address, path, protocols).unwrap()
    }

    pub async fn connect(&self, request: Request) -> Result<(Socket, Response), tungstenite::Error> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (ws, response) = timeout(LIMIT, socket::open(stream, request)).await.unwrap()?;
        let protocol =
            response.headers().get(handshake::HEADER).map(|value| value.to_str().unwrap().to_owned());
        Ok((Socket { ws, protocol }, response))
    }

    /// A socket as a browser opens it.
    pub async fn socket(&self, token: &str, path: &str) -> Socket {
        self.connect(socket::page_request(self.address, path, token).unwrap()).await.unwrap().0
    }

    /// A socket for many chats, welcomed.
    pub async fn many(&self, who: &Person) -> Socket {
        let mut socket = self.socket(&who.token, paths::SOCKET).await;
        socket.welcome().await;
        socket
    }

    /// A socket for one chat, welcomed and subscribed.
    pub async fn one(&self, who: &Person, chat: ChatId) -> Socket {
        let mut socket = self.socket(&who.token, &paths::chat_socket(chat, None)).await;
        socket.welcome().await;
        socket.subscribed().await;
        socket
    }

    /// Whom a person has blocked, as a new socket says it.
    pub async fn blocked(&self, who: &Person) -> Vec<UserId> {
        let mut socket = self.socket(&who.token, paths::SOCKET).await;
        let welcome = |frame| match frame {
            ServerFrame::Welcome(welcome) => Some(welcome.blocked),
            _ => None,
        };
        socket.until(welcome).await
    }
}

impl Socket {
    /// The next thing that came; pings and presence are left out, since they come when they like.
    pub async fn next(&mut self) -> Came {
        let deadline = Instant::now() + LIMIT;
        loop {
            match timeout_at(deadline, self.ws.next()).await.expect("nothing came") {
                Some(Ok(Ws::Text(text))) => match ServerFrame::decode(&text).expect("a frame") {
                    ServerFrame::Ping(_) | ServerFrame::Presence(_) => {}
                    frame => return Came::Frame(Box::new(frame)),
                },
                Some(Ok(Ws::Close(Some(close)))) => {
                    return Came::Closed(close.code.into(), close.reason.to_string());
                }
                Some(Ok(Ws::Ping(_) | Ws::Pong(_))) => {}
                Some(Ok(other)) => panic!("unexpected: {other:?}"),
                Some(Err(_)) | None => return Came::Gone,
            }
        }
    }

    pub async fn frame(&mut self) -> ServerFrame {
        match self.next().await {
            Came::Frame(frame) => *frame,
            other => panic!("no frame: {other:?}"),
        }
    }

    /// The next word on a person's presence.
    pub async fn presence(&mut self) -> Presence {
        let deadline = Instant::now() + LIMIT;
        loop {
            match timeout_at(deadline, self.ws.next()).await.expect("nobody's presence came") {
                Some(Ok(Ws::Text(text))) => {
                    if let Ok(ServerFrame::Presence(presence)) = ServerFrame::decode(&text) {
                        return presence;
                    }
                }
                Some(Ok(_)) => {}
                ended => panic!("it ended: {ended:?}"),
            }
        }
    }

    /// Closes it and waits for the server's answer.
    pub async fn close(mut self) {
        self.ws.close(None).await.unwrap();
        let ended = async { while let Some(Ok(_)) = self.ws.next().await {} };
        timeout(LIMIT, ended).await.expect("the server did not close it");
    }

    /// The close frame, whatever comes before it.
    pub async fn closed(&mut self) -> (u16, String) {
        let closed = async {
            loop {
                match self.next().await {
                    Came::Frame(_) => {}
                    Came::Closed(code, reason) => return (code, reason),
                    Came::Gone => panic!("the connection ended without a close frame"),
                }
            }
        };
        timeout(LIMIT, closed).await.expect("no close frame came")
    }

    /// The first frame that `pick` takes; those before it are dropped.
    pub async fn until<T>(&mut self, mut pick: impl FnMut(ServerFrame) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.frame().await) {
                    return found;
                }
            }
        };
        timeout(LIMIT, found).await.expect("other frames came, and not this one")
    }

    pub async fn welcome(&mut self) {
        let frame = self.frame().await;
        assert!(matches!(frame, ServerFrame::Welcome(_)), "{frame:?}");
    }

    pub async fn subscribed(&mut self) -> Subscribed {
        match self.frame().await {
            ServerFrame::Subscribed(body) => body,
            other => panic!("not subscribed: {other:?}"),
        }
    }

    /// The next event, which must be a message.
    pub async fn message(&mut self) -> Message {
        match self.frame().await {
            ServerFrame::Event(Event::Message(message)) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    /// The next error; other frames are dropped.
    pub async fn error(&mut self) -> ErrorReply {
        self.until(|frame| match frame {
            ServerFrame::Error(error) => Some(error),
            _ => None,
        })
        .await
    }

    /// The next ack; other frames are dropped.
    pub async fn ack(&mut self) -> Ack {
        self.until(|frame| match frame {
            ServerFrame::Ack(ack) => Some(ack),
            ServerFrame::Error(error) => panic!("refused: {error:?}"),
            _ => None,
        })
        .await
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.ws.send(Ws::text(text)).await.unwrap();
    }

    /// Waits until the server has read all that was sent: it reads a socket's frames in order.
    pub async fn taken(&mut self) {
        self.send(json!({"type": "ping", "t": 1})).await;
        let deadline = Instant::now() + LIMIT;
        loop {
            match timeout_at(deadline, self.ws.next()).await.expect("no pong came") {
                Some(Ok(Ws::Text(text))) if Pong::decode(&text).is_some() => return,
                Some(Ok(_)) => {}
                ended => panic!("it ended: {ended:?}"),
            }
        }
    }

    /// Sends a message that asks for an ack.
    pub async fn say(&mut self, chat: ChatId, text: &str, client_id: &str) {
        self.send(json!({"type": "message", "chat_id": chat, "text": text, "client_id": client_id})).await;
    }

    pub async fn subscribe(&mut self, chat: ChatId, after: Option<Seq>, epoch: Option<&str>) {
        self.send(json!({"type": "subscribe", "chat_id": chat, "after": after, "epoch": epoch})).await;
    }
}
