//! Reads every chat through every node at the end: all of them must show the one log.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use causerie_protocol::{ChatId, MessageId};
use tokio::task::JoinSet;

use crate::api::Api;
use crate::history::Chat;
use crate::label::Label;
use crate::world::World;

/// A message as a node shows it: position, id, and the label of a text that is right.
pub type Line = (u64, i64, Option<Label>);

/// What one node shows.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Which node, from 0.
    pub node: usize,
    /// By chat, the head that the list of chats tells.
    pub heads: BTreeMap<Chat, u64>,
    /// By chat, all messages, oldest first.
    pub chats: BTreeMap<Chat, Vec<Line>>,
}

/// Reads through all nodes at once.
///
/// # Errors
/// When a node does not answer.
pub async fn of_all(nodes: &[SocketAddr], world: &World) -> Result<Vec<Reading>> {
    let mut readers = JoinSet::new();
    for (node, address) in nodes.iter().enumerate() {
        let api = Api::new(*address)?;
        let chats = world.chats.iter().map(|(chat, members)| (*chat, world.sign_ins[members[0]].token()));
        readers.spawn(read(node, api, chats.collect()));
    }
    let mut readings = Vec::new();
    while let Some(reading) = readers.join_next().await {
        readings.push(reading??);
    }
    readings.sort_by_key(|reading| reading.node);
    Ok(readings)
}

async fn read(node: usize, api: Api, chats: Vec<(ChatId, String)>) -> Result<Reading> {
    let unread = |error| anyhow!("node {node} can't be read at the end: {error:?}");
    let mut reading = Reading { node, ..Reading::default() };
    for (chat, token) in chats {
        let own = api.chats(&token).await.map_err(unread)?;
        reading.heads.extend(own.iter().map(|chat| (chat.id.0, chat.head.0)));
        let mut lines: Vec<Line> = Vec::new();
        let mut before: Option<MessageId> = None;
        loop {
            let (page, has_older) = api.messages(&token, chat, before).await.map_err(unread)?;
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
        reading.chats.insert(chat.0, lines);
    }
    Ok(reading)
}
