//! A watcher: an independent client on one chat's socket, which sends many messages at once and resumes with `?after=`.
//!
//! It trusts the stream: it does not subscribe again at a gap, so that a gap that the server made is found.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::rest::PostMessage;
use causerie_protocol::{
    ChatId, ClientFrame, CloseCode, ErrorCode, MessageText, Policy, Seq, ServerFrame, paths,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::socket::{self, Received};
use super::{ClientSetup, Phase, Progress};
use crate::api::Said;
use crate::history::{Clock, Ending, Fact, History, Kind};
use crate::label::Label;

/// The interval at which it checks its state when no frame comes.
const LOOK: Duration = Duration::from_millis(20);
/// How many acknowledged messages it remembers, to send some of them again.
const REMEMBERED: usize = 32;

#[derive(Debug)]
pub struct Watcher {
    setup: ClientSetup,
    chat: ChatId,
    history: History,
    random: StdRng,
    /// Messages that were sent and have no reply yet, in order.
    unanswered: VecDeque<u32>,
    /// Messages with a reply, the newest last.
    answered: VecDeque<u32>,
    acked: HashSet<u32>,
    /// Messages that were refused for now; it reconnects when every other message on the connection has a reply.
    refused: HashSet<u32>,
    next_number: u32,
    next_write: u64,
    /// The greatest number of messages in flight.
    window: usize,
    at: u64,
    held: HashSet<u64>,
    reported_empty: bool,
    reported_settled: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Departure {
    Over,
    After(Duration),
    NewToken,
    /// The user is not in the chat any more.
    PutOut,
}

impl Watcher {
    pub fn new(setup: ClientSetup, chat: ChatId, clock: Arc<Clock>) -> Self {
        let history = History::new(setup.client, setup.sign_in.person.user.id.0, Kind::Watcher, clock);
        let mut random = StdRng::seed_from_u64(setup.seed);
        Self {
            chat,
            window: random.random_range(8..240),
            random,
            unanswered: VecDeque::new(),
            answered: VecDeque::new(),
            acked: HashSet::new(),
            refused: HashSet::new(),
            next_number: 1,
            next_write: 0,
            at: 0,
            held: HashSet::new(),
            reported_empty: false,
            reported_settled: false,
            setup,
            history,
        }
    }

    /// Runs until the phase is [`Phase::Over`]; returns the history.
    pub async fn run(mut self) -> History {
        loop {
            match self.connection().await {
                Departure::Over => break,
                Departure::After(pause) => self.pause(pause).await,
                Departure::NewToken => {
                    let _ = self.setup.sign_in.renew(&self.setup.direct).await;
                }
                Departure::PutOut => {
                    self.ask_about_unanswered().await;
                    self.pause(Duration::from_millis(1_000)).await;
                }
            }
        }
        self.history.ending = Some(Ending {
            views: Vec::new(),
            reached: Some((self.chat.0, self.at)),
            waiting: self.unanswered.len(),
        });
        self.history
    }

    async fn pause(&mut self, pause: Duration) {
        tokio::select! {
            () = sleep(pause.mul_f64(self.random.random())) => {}
            _ = self.setup.phase.changed() => {}
        }
    }

    async fn connection(&mut self) -> Departure {
        if matches!(*self.setup.phase.borrow(), Phase::Over) {
            return Departure::Over;
        }
        let (frames, outgoing) = mpsc::unbounded_channel();
        let (sender, mut inbox) = mpsc::channel(16);
        let path = paths::chat_socket(self.chat, Some(Seq(self.at)));
        let task =
            tokio::spawn(socket::run(self.setup.address, path, self.setup.sign_in.token(), sender, outgoing));
        self.history.note(Fact::Subscribing { chat: self.chat.0, after: self.at });
        self.held.clear();
        self.refused.clear();
        let left = self.talk(&frames, &mut inbox).await;
        if left == Departure::Over {
            self.history.note(Fact::Closed { code: 0 });
        }
        drop(frames);
        // Frames that still arrive are ignored.
        drop(inbox);
        task.abort();
        left
    }

    async fn talk(
        &mut self,
        frames: &mpsc::UnboundedSender<String>,
        inbox: &mut mpsc::Receiver<Received>,
    ) -> Departure {
        let mut is_welcome = false;
        let mut stalled_until = 0;
        loop {
            let phase = self.setup.phase.borrow_and_update().clone();
            match &phase {
                Phase::Running if is_welcome && self.refused.is_empty() => self.write(frames),
                Phase::Running => {}
                Phase::Emptying => self.tell_empty(is_welcome),
                Phase::Settling(chats) => {
                    self.tell_empty(is_welcome);
                    let chats = chats.get(&self.setup.sign_in.person.user.id).map_or(&[][..], Vec::as_slice);
                    let head = chats.iter().find(|chat| chat.id == self.chat).map(|chat| chat.head.0);
                    if !self.reported_settled && head.is_none_or(|head| self.at >= head) {
                        self.reported_settled = true;
                        let _ = self.setup.progress.send(Progress::Settled(self.setup.client));
                    }
                }
                Phase::Over => return Departure::Over,
            }
            let is_running = matches!(phase, Phase::Running);
            if is_running && self.random.random_bool(0.000_1) {
                stalled_until = self.history.clock().ms() + self.random.random_range(500..12_000);
            }
            let is_stalled = is_running && self.history.clock().ms() < stalled_until;
            tokio::select! {
                received = inbox.recv(), if !is_stalled => match received {
                    Some(Received::Opened) => {}
                    Some(Received::Frame(text)) => {
                        let Ok(frame) = ServerFrame::decode(&text) else { continue };
                        self.history.frame(&frame);
                        match frame {
                            ServerFrame::Welcome(_) => {
                                is_welcome = true;
                                self.resend(frames);
                            }
                            ServerFrame::Ping(ping) => {
                                let _ = frames.send(ClientFrame::Pong { t: Some(ping.t) }.encode());
                            }
                            frame => if let Some(left) = self.frame(&frame) {
                                self.history.note(Fact::Closed { code: 0 });
                                return left;
                            },
                        }
                    }
                    Some(Received::Closed(code, _)) => {
                        self.history.note(Fact::Closed { code });
                        return self.closed(code);
                    }
                    None => return Departure::After(Duration::from_millis(500)),
                },
                () = sleep(LOOK) => {}
                _ = self.setup.phase.changed() => {}
            }
        }
    }

    fn tell_empty(&mut self, is_known: bool) {
        // Before `welcome` it is unknown whether the user is still in the chat.
        if self.unanswered.is_empty() && is_known && !self.reported_empty {
            self.reported_empty = true;
            let _ = self.setup.progress.send(Progress::Empty(self.setup.client));
        }
    }

    /// Handles a frame; returns a departure when it must disconnect.
    fn frame(&mut self, frame: &ServerFrame) -> Option<Departure> {
        match frame {
            ServerFrame::Subscribed(reply) if reply.reset => {
                // Too far behind: a client without rows goes on from the head.
                self.at = reply.head.0;
                self.held.clear();
            }
            ServerFrame::Event(event) => self.event(event.seq().0),
            ServerFrame::Ack(ack) => {
                let label = Label::of_client_id(ack.client_id.as_str());
                if let Some(Label { number, .. }) = label.filter(|label| label.client == self.setup.client) {
                    self.answered(number);
                    if self.acked.insert(number) {
                        self.history.clock().count_acked();
                    }
                    return self.is_answered().then_some(Departure::After(Duration::from_millis(1_000)));
                }
            }
            ServerFrame::Error(error) => {
                let label = error.client_id.as_ref().and_then(|id| Label::of_client_id(id.as_str()));
                let Label { number, .. } = label?;
                if error.code == ErrorCode::ClientIdReused {
                    return None;
                }
                if error.code.is_temporary() {
                    let pause = Duration::from_millis(error.retry_after_ms.unwrap_or(300).min(2_000));
                    if error.code == ErrorCode::Draining || !self.unanswered.contains(&number) {
                        return Some(Departure::After(pause));
                    }
                    // The server refuses everything that was sent after it on this connection as well.
                    self.refused.insert(number);
                    return self.is_answered().then_some(Departure::After(pause));
                }
                if self.unanswered.contains(&number) {
                    self.history.note(Fact::Failed { number });
                    self.unanswered.retain(|waiting| *waiting != number);
                }
            }
            _ => {}
        }
        None
    }

    /// After a refusal: whether everything that was sent on this connection is answered.
    fn is_answered(&self) -> bool {
        !self.refused.is_empty() && self.unanswered.iter().all(|number| self.refused.contains(number))
    }

    fn event(&mut self, seq: u64) {
        if seq > self.at {
            self.held.insert(seq);
        }
        while self.held.remove(&(self.at + 1)) {
            self.at += 1;
        }
    }

    fn answered(&mut self, number: u32) {
        if let Some(place) = self.unanswered.iter().position(|waiting| *waiting == number) {
            self.unanswered.remove(place);
            self.answered.push_back(number);
            if self.answered.len() > REMEMBERED {
                self.answered.pop_front();
            }
        }
    }

    fn closed(&mut self, code: u16) -> Departure {
        match CloseCode::from_code(code).policy() {
            Policy::SignIn => Departure::NewToken,
            Policy::StayClosed => Departure::PutOut,
            Policy::ResumeNow => Departure::After(Duration::from_millis(20)),
            _ => Departure::After(Duration::from_millis(1_000)),
        }
    }

    /// The user has left the chat: unanswered messages fail, unless a copy was stored, which only the server knows.
    async fn ask_about_unanswered(&mut self) {
        while let Some(number) = self.unanswered.front().copied() {
            let label = self.history.label(number);
            let message = PostMessage {
                content: label.message(),
                client_id: Some(label.client_id()),
                reply_to: None,
                plain: false,
            };
            let token = self.setup.sign_in.token();
            match self.setup.api.say(&token, self.chat, &message).await {
                Some(Said::Stored { id, seq, duplicate }) => {
                    let (chat, id, seq) = (self.chat.0, id.0, seq.0);
                    self.history.note(Fact::Acked { chat, number, id, seq, duplicate });
                    self.answered(number);
                    if self.acked.insert(number) {
                        self.history.clock().count_acked();
                    }
                }
                Some(Said::Refused) => {
                    self.history.note(Fact::Failed { number });
                    self.unanswered.pop_front();
                }
                None => return,
            }
        }
        let is_running = matches!(*self.setup.phase.borrow(), Phase::Running);
        self.tell_empty(!is_running);
    }

    /// After a reconnection: sends everything unanswered again, in order, and sometimes answered messages too.
    fn resend(&mut self, frames: &mpsc::UnboundedSender<String>) {
        let old = self.random.random_range(0..4).min(self.answered.len());
        let again: Vec<u32> = self.answered.iter().rev().take(old).rev().copied().collect();
        for number in again.into_iter().chain(self.unanswered.iter().copied()) {
            self.send(frames, number, None);
        }
    }

    fn write(&mut self, frames: &mpsc::UnboundedSender<String>) {
        let now = self.history.clock().ms();
        if now < self.next_write {
            return;
        }
        self.next_write = now + self.random.random_range(10..60);
        // Usually one or two, and now and then as many as may be in flight.
        let most = if self.random.random_bool(0.01) { self.window } else { self.random.random_range(1..=2) };
        for _ in 0..most.min(self.window.saturating_sub(self.unanswered.len())) {
            let number = self.next_number;
            self.next_number += 1;
            self.history.note(Fact::Queued { chat: self.chat.0, number });
            self.unanswered.push_back(number);
            self.send(frames, number, None);
        }
        if self.random.random_bool(0.01)
            && let Some(number) = self.answered.back().copied()
        {
            // The same `client_id` with another text must be refused and never be stored.
            let text = format!("{}?", self.history.label(number).text());
            self.send(frames, number, MessageText::new(text).ok());
        }
    }

    fn send(&self, frames: &mpsc::UnboundedSender<String>, number: u32, other: Option<MessageText>) {
        let label = self.history.label(number);
        let frame = ClientFrame::Message {
            text: other.unwrap_or_else(|| label.message()),
            client_id: Some(label.client_id()),
            chat_id: None,
            reply_to: None,
            plain: false,
        };
        // When the socket is closing, the send fails and its `Closed` follows.
        let _ = frames.send(frame.encode());
    }
}
