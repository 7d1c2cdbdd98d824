//! What stands before servers and serves the page badly: it takes turns between them, and breaks what it is told to.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Bytes of a request's head; browsers send less.
const HEAD: usize = 16 * 1024;

/// What becomes of an answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Another status, without a body that means anything.
    Status(u16),
    /// The connection ends in the middle of the body.
    Cut,
    /// Another body, of the same media type, that browsers may keep.
    Replaced(Vec<u8>),
    /// The same document with a text in the place of another, under the same policy.
    Edited(&'static str, &'static str),
}

/// A balancer on a free port of loopback; it ends with the value.
#[derive(Debug)]
pub struct Front {
    task: JoinHandle<()>,
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// How an address ends, what becomes of its answer, and how often from now on.
    faults: Vec<(String, Fault, usize)>,
    asked: Vec<String>,
    turn: usize,
}

impl Front {
    /// A balancer before servers, which get requests in turn.
    pub async fn start(backends: Vec<u16>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (state, backends) = (shared.clone(), backends.clone());
                // A browser that leaves breaks its connections.
                tokio::spawn(async move { drop(serve(near, &state, &backends).await) });
            }
        });
        Ok(Self { task, port, state })
    }

    /// Break the answers for addresses that end so, a number of times.
    pub fn breaks(&self, end: &str, fault: Fault, times: usize) {
        self.with(|state| state.faults.push((end.to_owned(), fault, times)));
    }

    /// Break nothing from now on.
    pub fn mend(&self) {
        self.with(|state| state.faults.clear());
    }

    /// How often addresses that end so were asked for.
    pub fn asked(&self, end: &str) -> usize {
        self.with(|state| state.asked.iter().filter(|path| path.ends_with(end)).count())
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request, and its answer. Both ends close afterwards, so that every request gets its turn.
async fn serve(mut near: TcpStream, state: &Mutex<State>, backends: &[u16]) -> Result<()> {
    let (mut head, mut rest) = (Vec::new(), Vec::new());
    while rest.is_empty() && head.len() < HEAD {
        if near.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            rest = head.split_off(end);
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
    let (backend, fault) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.turn += 1;
        state.asked.push(path.clone());
        let fault = state.faults.iter_mut().find(|(end, _, left)| path.ends_with(end.as_str()) && *left > 0);
        let fault = fault.map(|(_, fault, left)| {
            *left -= 1;
            fault.clone()
        });
        (backends[state.turn % backends.len()], fault)
    };
    let mut far = TcpStream::connect(("127.0.0.1", backend)).await?;
    let is_upgrade = text.to_ascii_lowercase().contains("\r\nupgrade:");
    let gone = |line: &&str| {
        let line = line.to_ascii_lowercase();
        let is_gone = line.starts_with("connection:") || line.starts_with("accept-encoding:");
        is_upgrade || !(is_gone || line.starts_with("if-none-match:"))
    };
    let mut request = text.split("\r\n").filter(gone).collect::<Vec<_>>().join("\r\n");
    if !is_upgrade {
        request += "\r\nConnection: close";
    }
    far.write_all(request.as_bytes()).await?;
    far.write_all(&rest).await?;
    let Some(fault) = fault else {
        tokio::io::copy_bidirectional(&mut near, &mut far).await?;
        return Ok(());
    };
    let mut answer = Vec::new();
    far.read_to_end(&mut answer).await?;
    let end =
        answer.windows(4).position(|window| window == b"\r\n\r\n").context("an answer without a head")?;
    let (head, body) = answer.split_at(end + 4);
    let broken = match fault {
        Fault::Status(status) => {
            format!("HTTP/1.1 {status} Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
        }
        Fault::Cut => [head, &body[..body.len() / 2]].concat(),
        Fault::Replaced(other) => [sized(head, other.len()).as_bytes(), &other].concat(),
        Fault::Edited(old, new) => {
            let other = String::from_utf8_lossy(body).replace(old, new);
            [sized(head, other.len()), other].concat().into_bytes()
        }
    };
    near.write_all(&broken).await?;
    near.shutdown().await?;
    Ok(())
}

/// The head of an answer with the length of another body.
fn sized(head: &[u8], length: usize) -> String {
    let head = String::from_utf8_lossy(head);
    let kept = head
        .trim_end()
        .split("\r\n")
        .filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    format!("{}\r\ncontent-length: {length}\r\n\r\n", kept.collect::<Vec<_>>().join("\r\n"))
}
