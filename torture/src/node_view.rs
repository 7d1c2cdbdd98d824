//! Reads every chat through every node at the end: all nodes must show the same log.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use causerie_client::LoadError;
use causerie_protocol::{ChatId, MessageId};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::api::Api;
use crate::history::Chat;
use crate::label::Label;
use crate::population::Population;

/// How long a request to a node is retried.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before a retry.
const PAUSE: Duration = Duration::from_millis(200);

/// A message as a node shows it: seq, id, and the label if the text is the one of that label.
pub type Line = (u64, i64, Option<Label>);

#[derive(Clone, Debug, Default)]
pub struct NodeView {
    pub node: usize,
    /// By chat, the head in the list of chats.
    pub heads: BTreeMap<Chat, u64>,
    /// By chat, all messages, oldest first.
    pub chats: BTreeMap<Chat, Vec<Line>>,
}

/// Reads through all nodes concurrently.
pub async fn read_all(nodes: &[SocketAddr], population: &Population) -> Result<Vec<NodeView>> {
    let mut readers = JoinSet::new();
    for (node, address) in nodes.iter().enumerate() {
        let api = Api::new(*address)?;
        let chats =
            population.chats.iter().map(|(chat, members)| (*chat, population.sign_ins[members[0]].token()));
        readers.spawn(read(node, api, chats.collect()));
    }
    let mut node_views = Vec::new();
    while let Some(view) = readers.join_next().await {
        node_views.push(view??);
    }
    node_views.sort_by_key(|view| view.node);
    Ok(node_views)
}

async fn read(node: usize, api: Api, chats: Vec<(ChatId, String)>) -> Result<NodeView> {
    let mut view = NodeView { node, ..NodeView::default() };
    for (chat, token) in chats {
        let own = patiently(node, || api.chats(&token)).await?;
        view.heads.extend(own.iter().map(|chat| (chat.id.0, chat.head.0)));
        let mut lines: Vec<Line> = Vec::new();
        let mut before: Option<MessageId> = None;
        loop {
            let (page, has_older) = patiently(node, || api.messages(&token, chat, before)).await?;
            before = page.first().map(|message| message.id);
            let line = |message: &causerie_protocol::Message| {
                (message.seq.0, message.id.0, Label::of_text(&message.content))
            };
            lines.extend(page.iter().rev().map(line));
            if !has_older {
                break;
            }
        }
        lines.reverse();
        view.chats.insert(chat.0, lines);
    }
    Ok(view)
}

/// Retries a request after a temporary failure.
async fn patiently<T, F>(node: usize, mut ask: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T, LoadError>>,
{
    let end = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(LoadError::Temporary { detail }) if Instant::now() < end => {
                println!("  node {node} is asked again: {detail}");
                sleep(PAUSE).await;
            }
            Err(error) => bail!("node {node} can't be read at the end: {error:?}"),
        }
    }
}
