//! A resident: somebody of a household on one node, who writes, types and reads, and records what reaches them.
//!
//! It asks for a `pong` again and again: what comes after one was sent by the server after the `ping` had been sent, however
//! long the network held it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::server_frame::Pong;
use causerie_protocol::{ChatId, ClientFrame, Event, Seq, ServerFrame, UserId, paths};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::Phase;
use super::socket::{self, Received};
use crate::history::Clock;
use crate::households::{Household, Moment, Pass, Reached, Record, Sent, What};
use crate::label::Label;

/// Between two actions of a resident on each node, in milliseconds: with more nodes more of them share one database.
const ACTION_MS: std::ops::Range<u64> = 25..150;
/// The pause before the next connection.
const PAUSE: Duration = Duration::from_millis(150);

#[derive(Debug)]
pub struct Resident {
    household: Arc<Household>,
    address: SocketAddr,
    pass: watch::Receiver<Pass>,
    phase: watch::Receiver<Phase>,
    clock: Arc<Clock>,
    random: StdRng,
    record: Record,
    /// The last position that was seen of the group, and the last one that was read.
    seen: Seq,
    read: Seq,
    nodes: u32,
}

/// What is known of one connection.
#[derive(Default)]
struct Talk {
    /// The `ping`s that have no `pong` yet, oldest first.
    pings: VecDeque<Moment>,
    /// When the last one was sent that has one.
    answered: Moment,
    follows_group: bool,
}

impl Resident {
    pub fn new(
        household: Arc<Household>,
        (client, user, pass): (u32, UserId, watch::Receiver<Pass>),
        address: SocketAddr,
        nodes: u32,
        phase: watch::Receiver<Phase>,
        clock: Arc<Clock>,
        seed: u64,
    ) -> Self {
        let record = Record { client, user: user.0, reached: Vec::new(), sent: Vec::new() };
        let random = StdRng::seed_from_u64(seed);
        Self { household, address, pass, phase, clock, random, record, seen: Seq(0), read: Seq(0), nodes }
    }

    /// Goes on until the run settles; returns what happened.
    pub async fn run(mut self) -> Record {
        let mut phase = self.phase.clone();
        loop {
            tokio::select! {
                () = self.connection() => {}
                _ = phase.wait_for(|phase| !matches!(phase, Phase::Running)) => return self.record,
            }
            sleep(PAUSE).await;
        }
    }

    async fn connection(&mut self) {
        let Pass { token, number: sign_in } = self.pass.borrow_and_update().clone();
        let (frames, outgoing) = mpsc::unbounded_channel();
        let (sender, mut inbox) = mpsc::channel(64);
        let task = tokio::spawn(socket::run(self.address, paths::SOCKET.to_owned(), token, sender, outgoing));
        let mut talk = Talk::default();
        let mut is_welcome = false;
        let mut due = Instant::now();
        loop {
            tokio::select! {
                received = inbox.recv() => match received {
                    Some(Received::Opened) => {}
                    Some(Received::Frame(text)) => {
                        is_welcome |= self.frame(&mut talk, &text);
                        if is_welcome && talk.pings.is_empty() {
                            self.ping(&mut talk, &frames);
                        }
                    }
                    Some(Received::Closed(..)) | None => break,
                },
                () = sleep_until(due) => {
                    due = Instant::now() + Duration::from_millis(self.random.random_range(ACTION_MS)) * self.nodes;
                    if is_welcome {
                        self.act(&mut talk, &frames, sign_in);
                    }
                }
            }
        }
        task.abort();
    }

    /// Takes a frame; true for a welcome.
    fn frame(&mut self, talk: &mut Talk, text: &str) -> bool {
        if let Some(Pong { t }) = Pong::decode(text) {
            let is_it = |ping: &Moment| t == i64::try_from(ping.tick).ok();
            if let Some(place) = talk.pings.iter().position(is_it) {
                talk.answered = talk.pings[place];
                talk.pings.drain(..=place);
                self.reached(talk, What::Pong);
            }
            return false;
        }
        let Ok(frame) = ServerFrame::decode(text) else { return false };
        let what = match &frame {
            ServerFrame::Welcome(_) => return true,
            ServerFrame::Typing(typing) => What::Typing { of: typing.user_id.0, chat: typing.chat_id.0 },
            ServerFrame::Read(read) => What::Read { of: read.user_id.0, chat: read.chat_id.0 },
            ServerFrame::Presence(presence) if presence.online => What::Online { of: presence.user_id.0 },
            ServerFrame::Event(event) => {
                self.note(event);
                What::Stream { chat: event.chat_id().0 }
            }
            ServerFrame::Subscribed(reply) => {
                talk.follows_group |= reply.chat_id == self.household.group;
                What::Stream { chat: reply.chat_id.0 }
            }
            ServerFrame::Unsubscribed(ended) => {
                talk.follows_group &= ended.chat_id != self.household.group;
                return false;
            }
            _ => return false,
        };
        self.reached(talk, what);
        false
    }

    fn note(&mut self, event: &Event) {
        if event.chat_id() == self.household.group {
            self.seen = self.seen.max(event.seq());
        }
    }

    fn reached(&mut self, talk: &Talk, what: What) {
        let again = |last: &Reached| last.after == talk.answered && last.what == what;
        // The first of several that are alike says as much as all of them.
        if !self.record.reached.last().is_some_and(again) {
            self.record.reached.push(Reached { after: talk.answered, tick: self.clock.tick(), what });
        }
    }

    fn ping(&self, talk: &mut Talk, frames: &mpsc::UnboundedSender<String>) {
        let now = Moment::now(&self.clock);
        talk.pings.push_back(now);
        // When the socket is closing, the send fails and its `Closed` follows.
        let _ = frames.send(ClientFrame::Ping { t: i64::try_from(now.tick).ok() }.encode());
    }

    fn act(&mut self, talk: &mut Talk, frames: &mpsc::UnboundedSender<String>, sign_in: u32) {
        let Household { pair, group, .. } = *self.household;
        let chat = if self.random.random() { pair } else { group };
        let frame = match self.random.random_range(0..10) {
            0..3 => return self.ping(talk, frames),
            3..5 => ClientFrame::Typing { chat_id: Some(chat) },
            5..7 if self.seen > self.read => {
                self.read = self.seen;
                ClientFrame::Read { chat_id: Some(group), seq: self.seen }
            }
            5..7 => return self.ping(talk, frames),
            7..9 => self.message(chat, sign_in),
            _ if talk.follows_group => ClientFrame::Subscribe { chat_id: pair, after: None, epoch: None },
            _ => ClientFrame::Subscribe { chat_id: group, after: None, epoch: None },
        };
        let _ = frames.send(frame.encode());
    }

    fn message(&mut self, chat: ChatId, sign_in: u32) -> ClientFrame {
        let number = u32::try_from(self.record.sent.len()).unwrap_or_default() + 1;
        let label = Label { client: self.record.client, number };
        self.record.sent.push(Sent { at: Moment::now(&self.clock), number, chat: chat.0, sign_in });
        ClientFrame::Message {
            text: label.message(),
            client_id: Some(label.client_id()),
            chat_id: Some(chat),
            reply_to: None,
            plain: false,
        }
    }
}
