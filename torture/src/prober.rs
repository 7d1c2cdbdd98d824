//! The prober: waits until every node has recovered, as shown by `/readyz` and by messages between all nodes.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use causerie_protocol::rest::{CreateChat, Readiness};
use causerie_protocol::{ChatId, ClientFrame, Event, ServerFrame, paths};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use crate::api::Api;
use crate::client::socket::{self, Received};
use crate::label::Label;
use crate::population::SignIn;

/// How long a node may take to answer `/readyz`.
const ANSWER: Duration = Duration::from_secs(1);
/// How long messages from every node to every other may take before the attempt counts as failed.
const ROUND: Duration = Duration::from_secs(5);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
/// A recovery that took longer is printed, with what was missing at the last failed attempt.
const SLOW: Duration = Duration::from_secs(3);
/// The prober's number as a client in labels.
const CLIENT: u32 = 2_000_000;

/// A node has not recovered from a fault in time.
#[derive(Debug, thiserror::Error)]
#[error("not whole {limit:?} after the fault {fault}: {last}")]
pub struct NotWhole {
    /// The fault in words.
    pub fault: String,
    pub limit: Duration,
    /// What was missing at the last attempt.
    pub last: String,
}

/// Connects to each node directly, not through the balancer, with its own account and chat.
#[derive(Debug)]
pub struct Prober {
    nodes: Vec<SocketAddr>,
    http: reqwest::Client,
    sign_in: std::sync::Arc<SignIn>,
    chat: ChatId,
    number: u32,
}

struct Ear {
    node: usize,
    frames: mpsc::UnboundedSender<String>,
    inbox: mpsc::Receiver<Received>,
}

impl Prober {
    /// Creates the prober's accounts and chat.
    pub async fn new(nodes: Vec<SocketAddr>, direct: &Api) -> Result<Self> {
        let sign_in = SignIn::register(direct, "prober@example.org").await?;
        let other = SignIn::register(direct, "witness@example.org").await?;
        let body = CreateChat {
            participants: vec![other.person.by_email()],
            title: None,
            client_id: None,
            language: None,
        };
        let chat = direct.start_chat(&sign_in.token(), &body).await?.id;
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?;
        Ok(Self { nodes, http, sign_in, chat, number: 0 })
    }

    /// Waits until every node is ready, and a message sent to each node has reached the sockets on all nodes.
    ///
    /// Returns the time since the fault ended.
    ///
    /// # Errors
    /// [`NotWhole`] when that takes longer than `limit`.
    pub async fn until_whole(&mut self, fault: &str, since: Instant, limit: Duration) -> Result<Duration> {
        let mut last = String::new();
        while let Err(missing) = self.attempt().await {
            last = format!("{missing:#}");
            if since.elapsed() > limit {
                let fault = fault.to_owned();
                return Err(NotWhole { fault, limit, last }.into());
            }
            sleep(PAUSE).await;
        }
        let took = since.elapsed();
        if took > SLOW {
            println!("  {} ms until whole after: {fault}; until then: {last}", took.as_millis());
        }
        Ok(took)
    }

    /// Waits until one node is ready.
    ///
    /// # Errors
    /// [`NotWhole`] when that takes longer than `limit`.
    pub async fn until_ready(&self, node: usize, fault: &str, limit: Duration) -> Result<()> {
        let begin = Instant::now();
        while let Err(missing) = self.says_ready(node).await {
            if begin.elapsed() > limit {
                let (fault, last) = (fault.to_owned(), format!("{missing:#}"));
                return Err(NotWhole { fault, limit, last }.into());
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn says_ready(&self, node: usize) -> Result<()> {
        let url = format!("http://{}{}", self.nodes[node], paths::READY);
        let asked = async { self.http.get(url).send().await?.json::<Readiness>().await };
        let readiness = asked.await.map_err(reqwest::Error::without_url);
        let readiness = readiness.with_context(|| format!("node {node} does not say how it is"))?;
        anyhow::ensure!(readiness.ready && readiness.bus, "node {node} says {readiness:?}");
        Ok(())
    }

    async fn attempt(&mut self) -> Result<()> {
        for node in 0..self.nodes.len() {
            self.says_ready(node).await?;
        }
        let mut ears = Vec::new();
        for node in 0..self.nodes.len() {
            ears.push(self.open(node));
        }
        let end = Instant::now() + ROUND;
        for ear in &mut ears {
            let node = ear.node;
            ear.wait(end, |frame| matches!(frame, ServerFrame::Subscribed(_)))
                .await
                .with_context(|| format!("node {node} does not let follow a chat"))?;
        }
        let mut sent = HashSet::new();
        for ear in &ears {
            self.number += 1;
            let label = Label { client: CLIENT, number: self.number };
            let (text, client_id) = (label.message(), Some(label.client_id()));
            let _ = ear.frames.send(
                ClientFrame::Message { text, client_id, chat_id: None, reply_to: None, plain: false }
                    .encode(),
            );
            sent.insert(label);
        }
        for ear in &mut ears {
            let (node, mut unseen) = (ear.node, sent.clone());
            let seen = ear.wait(end, |frame| {
                if let ServerFrame::Event(Event::Message(message)) = frame
                    && let Some(label) = Label::of_text(&message.content)
                {
                    unseen.remove(&label);
                }
                unseen.is_empty()
            });
            let seen = seen.await;
            seen.with_context(|| format!("node {node} does not show {} of {}", unseen.len(), sent.len()))?;
        }
        Ok(())
    }

    fn open(&self, node: usize) -> Ear {
        let (frames, outgoing) = mpsc::unbounded_channel();
        let (sender, inbox) = mpsc::channel(64);
        let path = paths::chat_socket(self.chat, None);
        tokio::spawn(socket::run(self.nodes[node], path, self.sign_in.token(), sender, outgoing));
        Ear { node, frames, inbox }
    }
}

impl Ear {
    /// Reads frames until the expected one comes.
    async fn wait(&mut self, end: Instant, mut is_it: impl FnMut(&ServerFrame) -> bool) -> Result<()> {
        loop {
            let received = timeout_at(end, self.inbox.recv()).await.context("in time")?;
            match received.context("the socket's task ended")? {
                Received::Opened => {}
                Received::Frame(text) => {
                    if is_it(&ServerFrame::decode(&text)?) {
                        return Ok(());
                    }
                }
                Received::Closed(code, reason) => anyhow::bail!("the socket was closed with {code} {reason}"),
            }
        }
    }
}
