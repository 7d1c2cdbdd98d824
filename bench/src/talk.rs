//! Sockets that send, and sockets that count what comes: how fast, how late, and whether anything is lost or doubled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::people::{self, Seat, Socket};
use crate::process::{Kind, Process};
use crate::scenes::Plan;
use crate::stats::{micros_each, percentile, rate};
use crate::table::{Figure, Unit};

/// A sentence of the usual length.
pub(crate) const TEXT: &str = "Seven, at the entrance? I bring the umbrella and the tickets.";
/// How long what was sent may take to arrive once nothing more is sent; what is missing then is lost.
const DRAIN: Duration = Duration::from_secs(20);
/// How often a socket to which nothing comes looks whether everything has.
const LOOK: Duration = Duration::from_millis(50);
/// Messages of one sender whose arrivals are counted at a time; more than are ever on their way.
const SLOTS: usize = 256;

/// How a sender knows when to send on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// By what it got an answer to.
    Acknowledged,
    /// By what everybody has.
    Complete,
}

/// A load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    /// Sockets of each chat that send.
    pub(crate) senders: usize,
    /// Messages that a sender has on their way.
    pub(crate) in_flight: usize,
    pub(crate) window: Window,
}

/// What a load did.
#[derive(Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) acked: u64,
    delivered: u64,
    lost: u64,
    doubled: u64,
    took: Duration,
    pub(crate) cpu: Duration,
    /// From a send to its answer, sorted.
    answered: Vec<Duration>,
    /// From a send until everybody has it, sorted.
    complete: Vec<Duration>,
}

impl Outcome {
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered
    }

    pub(crate) fn figures(&self, what: &str) -> Vec<Figure> {
        let name = |figure: &str| format!("{what}: {figure}");
        vec![
            Figure::new(name("acknowledged"), rate(self.acked, self.took), Unit::PerSecond),
            Figure::new(name("delivered"), rate(self.delivered, self.took), Unit::PerSecond),
            Figure::new(name("server CPU per delivery"), micros_each(self.cpu, self.delivered), Unit::Micros),
            Figure::millis(name("send to acknowledgement, p50"), percentile(&self.answered, 50)),
            Figure::millis(name("send to acknowledgement, p99"), percentile(&self.answered, 99)),
            Figure::millis(name("send until all have it, p50"), percentile(&self.complete, 50)),
            Figure::millis(name("send until all have it, p99"), percentile(&self.complete, 99)),
            Figure::count(name("lost"), self.lost),
            Figure::count(name("doubled"), self.doubled),
        ]
    }
}

/// One message on its way.
#[derive(Default)]
struct Slot {
    /// Nanoseconds since the load began.
    sent_at: AtomicU64,
    missing: AtomicU32,
}

/// What is known of one sender's messages.
struct Sender {
    sent: AtomicU64,
    /// Nothing more is sent.
    is_done: AtomicBool,
    /// How many messages everybody has.
    complete: AtomicU64,
    completed: Notify,
    slots: Vec<Slot>,
}

/// A chat, with those in it who send.
struct Room {
    kind: Kind,
    /// Which load of this program it is: a chat that is loaded again is sent other ids.
    load: usize,
    begin: Instant,
    members: u32,
    senders: Vec<Sender>,
    acked: Arc<AtomicU64>,
    delivered: Arc<AtomicU64>,
}

/// What one socket saw.
#[derive(Default)]
struct Tally {
    lost: u64,
    doubled: u64,
    answered: Vec<Duration>,
    complete: Vec<Duration>,
}

/// One socket of a room.
struct Member {
    socket: Socket,
    room: Arc<Room>,
    talk: Talk,
    /// Which of the senders it is, if it is one.
    sends: Option<usize>,
    /// The number of the next message of each sender.
    next: Vec<u64>,
    /// When the messages were sent that are not answered.
    unanswered: VecDeque<Instant>,
    tally: Tally,
}

impl Member {
    async fn take_part(mut self, mut stop: watch::Receiver<bool>) -> Result<Tally> {
        let room = Arc::clone(&self.room);
        let own = self.sends.and_then(|place| room.senders.get(place));
        while !*stop.borrow() {
            self.send().await?;
            let completed = async {
                match own {
                    Some(own) if self.talk.window == Window::Complete => own.completed.notified().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = stop.changed() => {}
                message = self.socket.next() => {
                    let message = message.context("the server closed the socket")??;
                    self.take(&message);
                }
                () = completed => {}
            }
        }
        if let Some(own) = own {
            own.is_done.store(true, Ordering::Release);
        }
        let until = Instant::now() + DRAIN;
        while !self.has_everything() && Instant::now() < until {
            if let Ok(message) = timeout(LOOK, self.socket.next()).await {
                let message = message.context("the server closed the socket")??;
                self.take(&message);
            }
        }
        for (sender, next) in room.senders.iter().zip(&self.next) {
            self.tally.lost += sender.sent.load(Ordering::Acquire).saturating_sub(*next);
        }
        Ok(self.tally)
    }

    fn has_everything(&self) -> bool {
        let mut senders = self.room.senders.iter().zip(&self.next);
        self.unanswered.is_empty()
            && senders.all(|(sender, next)| {
                sender.is_done.load(Ordering::Acquire) && *next >= sender.sent.load(Ordering::Acquire)
            })
    }

    /// Fills the window once half of it is free.
    async fn send(&mut self) -> Result<()> {
        let Some(place) = self.sends else { return Ok(()) };
        let own = &self.room.senders[place];
        let mut sent = own.sent.load(Ordering::Relaxed);
        let on_their_way = match self.talk.window {
            Window::Acknowledged => self.unanswered.len(),
            Window::Complete => usize::try_from(sent - own.complete.load(Ordering::Acquire))?,
        };
        if on_their_way > self.talk.in_flight / 2 {
            return Ok(());
        }
        for _ in on_their_way..self.talk.in_flight {
            let slot = &own.slots[sent as usize % SLOTS];
            slot.missing.store(self.room.members, Ordering::Relaxed);
            slot.sent_at.store(nanoseconds(self.room.begin.elapsed()), Ordering::Release);
            let load = self.room.load;
            let frame =
                format!(r#"{{"type":"message","text":"{TEXT}","client_id":"{place}-{sent}-{load}"}}"#);
            sent += 1;
            own.sent.store(sent, Ordering::Release);
            self.unanswered.push_back(Instant::now());
            self.socket.feed(Message::text(frame)).await?;
        }
        self.socket.flush().await?;
        Ok(())
    }

    fn take(&mut self, message: &Message) {
        let Message::Text(text) = message else { return };
        let is_message = text.starts_with(r#"{"type":"message""#);
        let number = if is_message { number_of(text) } else { None };
        if let Some((sender, number)) = number {
            self.room.delivered.fetch_add(1, Ordering::Relaxed);
            self.count(sender, number);
        }
        let is_answer = match self.room.kind {
            Kind::Causerie => text.starts_with(r#"{"type":"ack""#),
            // The room answers with nothing but the message itself.
            Kind::Bare => number.is_some_and(|(sender, _)| Some(sender) == self.sends),
        };
        if is_answer && let Some(sent) = self.unanswered.pop_front() {
            self.room.acked.fetch_add(1, Ordering::Relaxed);
            self.tally.answered.push(sent.elapsed());
        }
    }

    /// Counts a message against the one that is next in its sender's order.
    fn count(&mut self, sender: usize, number: u64) {
        let (Some(next), Some(sender)) = (self.next.get_mut(sender), self.room.senders.get(sender)) else {
            return;
        };
        if number < *next {
            self.tally.doubled += 1;
            return;
        }
        self.tally.lost += number - *next;
        *next = number + 1;
        let slot = &sender.slots[number as usize % SLOTS];
        if slot.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            let sent_at = Duration::from_nanos(slot.sent_at.load(Ordering::Acquire));
            self.tally.complete.push(self.room.begin.elapsed().saturating_sub(sent_at));
            sender.complete.fetch_add(1, Ordering::AcqRel);
            sender.completed.notify_one();
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The sender and the number of a message, which are its `client_id`.
fn number_of(text: &str) -> Option<(usize, u64)> {
    let (_, id) = text.split_once(r#""client_id":""#)?;
    let mut parts = id.split_once('"')?.0.split('-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Opens the seats of each chat, lets the sockets talk for the plan's time, and counts.
pub(crate) async fn talk(
    plan: &Plan,
    process: &Process,
    chats: &[Vec<Seat>],
    talk: Talk,
    scene: &str,
) -> Result<Outcome> {
    static LOADS: AtomicUsize = AtomicUsize::new(0);
    let load = LOADS.fetch_add(1, Ordering::Relaxed);
    let [acked, delivered] = [const { AtomicU64::new(0) }; 2].map(Arc::new);
    let mut members = Vec::new();
    let mut number = 0;
    for seats in chats {
        let sockets = people::open(process, seats, number).await?;
        number += sockets.len();
        let senders = (0..talk.senders).map(|_| Sender {
            sent: AtomicU64::new(0),
            is_done: AtomicBool::new(false),
            complete: AtomicU64::new(0),
            completed: Notify::new(),
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
        });
        let room = Arc::new(Room {
            kind: process.kind,
            load,
            begin: Instant::now(),
            members: u32::try_from(seats.len())?,
            senders: senders.collect(),
            acked: Arc::clone(&acked),
            delivered: Arc::clone(&delivered),
        });
        members.extend(sockets.into_iter().enumerate().map(|(place, socket)| Member {
            socket,
            room: Arc::clone(&room),
            talk,
            sends: (place < talk.senders).then_some(place),
            next: vec![0; talk.senders],
            unanswered: VecDeque::new(),
            tally: Tally::default(),
        }));
    }
    let (stop, stopped) = watch::channel(false);
    let watch = process.watch(plan.profiler.as_ref(), scene)?;
    let begin = Instant::now();
    let tasks: Vec<_> =
        members.into_iter().map(|member| tokio::spawn(member.take_part(stopped.clone()))).collect();
    #[expect(clippy::disallowed_methods, reason = "how long is measured")]
    tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
    let mut outcome = Outcome {
        acked: acked.load(Ordering::Relaxed),
        delivered: delivered.load(Ordering::Relaxed),
        took: begin.elapsed(),
        cpu: watch.end()?,
        ..Outcome::default()
    };
    stop.send_replace(true);
    for task in tasks {
        let tally = task.await??;
        outcome.lost += tally.lost;
        outcome.doubled += tally.doubled;
        outcome.answered.extend(tally.answered);
        outcome.complete.extend(tally.complete);
    }
    outcome.answered.sort_unstable();
    outcome.complete.sort_unstable();
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_client_id_in_what_either_room_sends() {
        for text in [
            r#"{"type":"message","seq":7,"data":{"id":9,"client_id":"1-42-0"}}"#,
            r#"{"type":"message","text":"Seven","client_id":"1-42-0"}"#,
        ] {
            assert_eq!(number_of(text), Some((1, 42)));
        }
        assert_eq!(number_of(r#"{"type":"message","data":{"id":9}}"#), None);
    }
}
