//! Sabotage: a layer between proxy and server that makes a correct server look like one with a certain fault.
//!
//! It exists to test the checker; the server itself has no such switch.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use causerie_protocol::{handshake, paths};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// One in this many messages or events is affected.
const EVERY: u64 = 50;
/// Frames for every client that may wait for one of them.
const TOLD: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// Acknowledges messages that it then loses.
    AckBeforeCommit,
    /// Drops events, like a server with a full queue.
    DropOnFull,
    /// Does not recognise a message that is sent again.
    NoDedup,
    /// Tells everybody who types, whatever stands between people.
    TellEverybody,
    /// A node that was cut off from Redis never reconnects; for several nodes.
    StayDeaf,
}

#[derive(Debug)]
struct Saboteur {
    fault: Fault,
    /// What every client is told.
    told: broadcast::Sender<String>,
    upstream: SocketAddr,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    messages: u64,
    /// How often each client id has passed.
    passed: HashMap<String, u32>,
    /// Messages that were acknowledged and lost.
    lost: HashSet<String>,
    heads: HashMap<i64, u64>,
}

/// Listens on a free loopback port, and forwards connections to `upstream` with the fault.
pub async fn start(upstream: SocketAddr, fault: Fault) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("binding the saboteur")?;
    let address = listener.local_addr()?;
    let (told, _) = broadcast::channel(TOLD);
    let saboteur = Arc::new(Saboteur { fault, told, upstream, memory: Mutex::default() });
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let saboteur = saboteur.clone();
            // Either end may close at any time.
            tokio::spawn(async move { drop(saboteur.serve(client).await) });
        }
    });
    Ok(address)
}

impl Saboteur {
    async fn serve(&self, mut client: TcpStream) -> Result<()> {
        let mut start = [0; 7];
        while client.peek(&mut start).await? < start.len() {
            client.readable().await?;
            tokio::task::yield_now().await;
        }
        let mut server = TcpStream::connect(self.upstream).await?;
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        if &start != b"GET /ws" {
            copy_bidirectional(&mut client, &mut server).await?;
            return Ok(());
        }
        let (mut path, mut offer) = (String::new(), HeaderValue::from_static(""));
        #[allow(clippy::result_large_err, reason = "the library's signature")]
        let accept = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            if let Some(offered) = request.headers().get(handshake::HEADER) {
                offer = offered.clone();
            }
            let echo = HeaderValue::from_static(handshake::VERSIONED);
            response.headers_mut().insert(handshake::HEADER, echo);
            Ok(response)
        };
        let client = tokio_tungstenite::accept_hdr_async(client, accept).await?;
        let mut request = format!("ws://{}{path}", self.upstream).into_client_request()?;
        request.headers_mut().insert(handshake::HEADER, offer);
        let (server, _) = tokio_tungstenite::client_async(request, server).await?;
        let chat = chat_of(&path);
        let (mut to_client, mut from_client) = client.split();
        let (mut to_server, mut from_server) = server.split();
        let (answers, mut answered) = tokio::sync::mpsc::unbounded_channel::<Message>();
        let up = async {
            while let Some(Ok(message)) = from_client.next().await {
                let message = match &message {
                    Message::Text(text) => match self.up(text, chat) {
                        Up::Forward => message,
                        Up::Instead(text) => Message::text(text),
                        Up::Answer(answer) => {
                            let _ = answers.send(Message::text(answer));
                            continue;
                        }
                        Up::Swallow => continue,
                    },
                    _ => message,
                };
                to_server.send(message).await?;
            }
            anyhow::Ok(())
        };
        let mut told = self.told.subscribe();
        let down = async {
            let mut events = 0;
            loop {
                let message = tokio::select! {
                    Some(answer) = answered.recv() => answer,
                    Ok(text) = told.recv() => Message::text(text),
                    message = from_server.next() => match message {
                        Some(Ok(Message::Text(text))) => match self.down(&text, &mut events) {
                            Some(text) => Message::text(text),
                            None => continue,
                        },
                        Some(Ok(message)) => message,
                        _ => return anyhow::Ok(()),
                    },
                };
                to_client.send(message).await?;
            }
        };
        tokio::select! {
            ended = up => ended,
            ended = down => ended,
        }
    }

    /// What is forwarded of a client's frame.
    fn up(&self, text: &str, chat: Option<i64>) -> Up {
        let Ok(mut frame) = serde_json::from_str::<Value>(text) else { return Up::Forward };
        let Some(client_id) = frame["client_id"].as_str().map(str::to_owned) else { return Up::Forward };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match self.fault {
            Fault::AckBeforeCommit => {
                if memory.lost.contains(&client_id) {
                    return Up::Swallow;
                }
                memory.messages += 1;
                let Some(chat) = frame["chat_id"].as_i64().or(chat) else { return Up::Forward };
                let passed_before = memory.passed.insert(client_id.clone(), 1).is_some();
                if passed_before || !memory.messages.is_multiple_of(EVERY) {
                    return Up::Forward;
                }
                memory.lost.insert(client_id.clone());
                let seq = memory.heads.get(&chat).copied().unwrap_or_default() + 1;
                let id = 1_000_000_000 + memory.messages;
                let sent_at = "2026-01-01T00:00:00.000000Z";
                let ack = json!({"type": "ack", "client_id": client_id, "chat_id": chat, "id": id, "seq": seq, "sent_at": sent_at, "duplicate": false});
                Up::Answer(ack.to_string())
            }
            Fault::NoDedup => {
                let times = memory.passed.entry(client_id.clone()).or_default();
                *times += 1;
                if *times == 1 {
                    return Up::Forward;
                }
                frame["client_id"] = json!(format!("{client_id}~{times}"));
                Up::Instead(frame.to_string())
            }
            Fault::DropOnFull | Fault::TellEverybody | Fault::StayDeaf => Up::Forward,
        }
    }

    /// What is forwarded of a server's frame.
    fn down(&self, text: &str, events: &mut u64) -> Option<String> {
        let Ok(mut frame) = serde_json::from_str::<Value>(text) else { return Some(text.to_owned()) };
        if let (Some(chat), Some(seq)) = (frame["data"]["chat_id"].as_i64(), frame["seq"].as_u64()) {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            let head = memory.heads.entry(chat).or_default();
            *head = seq.max(*head);
            *events += 1;
            if self.fault == Fault::DropOnFull && events.is_multiple_of(EVERY) {
                return None;
            }
        }
        if self.fault == Fault::TellEverybody && frame["type"] == "typing" {
            // It comes back as for everybody else; without one who listens it is lost.
            let _ = self.told.send(text.to_owned());
            return None;
        }
        if self.fault == Fault::NoDedup {
            for place in ["/client_id", "/data/client_id"] {
                if let Some(Value::String(id)) = frame.pointer_mut(place)
                    && let Some(end) = id.find('~')
                {
                    id.truncate(end);
                }
            }
            return Some(frame.to_string());
        }
        Some(text.to_owned())
    }
}

enum Up {
    Forward,
    Instead(String),
    Answer(String),
    Swallow,
}

fn chat_of(path: &str) -> Option<i64> {
    path.strip_prefix(paths::SOCKET)?.strip_prefix("chats/")?.split('/').next()?.parse().ok()
}
