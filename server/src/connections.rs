//! The connections of this server: how many there may be, what each waits for, and which one makes room for another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::config::Timeouts;
use crate::metrics::{Metrics, level};
use crate::pace;

/// Files that are left to the database, Redis, the log and certificates.
const FILES_KEPT: u64 = 64;
/// Connections beyond the limit that are answered about the server's health and nothing else.
const RESERVE: usize = 16;
/// For how long a client that has just connected is given the time to send its request.
const FRESH: Duration = Duration::from_secs(1);
/// How long the door stays shut before another look, when connections that were ended are not closed yet.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// What a body's own timeout needs to be answered.
const ANSWER: Duration = Duration::from_secs(5);

/// A handle to the node's connections; clones share it.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    /// Most of them, without the reserve.
    most: Option<usize>,
    metrics: Arc<Metrics>,
    table: Mutex<Table>,
    closed: Notify,
}

#[derive(Default)]
struct Table {
    /// Those that are not closed.
    open: usize,
    /// Those that count towards the limit, and those of the reserve: open, and not ended to make room.
    counted: usize,
    reserved: usize,
    /// Names the next one.
    next: u64,
    /// Those that speak HTTP, which may be ended while they wait for their client; the oldest first.
    http: BTreeMap<u64, Arc<State>>,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// The head of a request, or TLS before it.
    Head,
    /// The body of a request.
    Body,
    /// This server.
    Busy,
    /// The next request, or that its client takes the answer.
    Idle,
    /// It was ended by this end, and is read on until its client ends it too.
    Lingering,
    /// Nothing any more: it is a socket, whose session looks after it.
    Upgraded,
}

const PHASES: [Phase; 6] =
    [Phase::Head, Phase::Body, Phase::Busy, Phase::Idle, Phase::Lingering, Phase::Upgraded];

/// One connection.
#[derive(Debug)]
pub struct State {
    id: u64,
    /// Whether it is of the reserve.
    pub is_reserved: bool,
    phase: AtomicU8,
    /// The beginning of the phase, or the last progress in it.
    since: AtomicU64,
    /// Whether anything of the head has come.
    has_spoken: AtomicBool,
    is_ended: AtomicBool,
    ended: Notify,
}

/// The place of one connection; given back when it is dropped.
pub struct Slot {
    connections: Connections,
    state: Arc<State>,
}

impl Connections {
    /// No connections yet. With a limit of 0, as many as the limit of open files leaves room for.
    #[must_use]
    pub fn new(limit: u32, metrics: Arc<Metrics>) -> Self {
        let most = match limit {
            0 => getrlimit(Resource::Nofile).current.map(of_files),
            limit => Some(limit as usize),
        };
        Self::with(most, metrics)
    }

    fn with(most: Option<usize>, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Inner { most, metrics, table: Mutex::default(), closed: Notify::new() }))
    }

    /// Waits until those that were ended to make room are closed, except for a few.
    pub async fn room(&self) {
        let Some(most) = self.0.most else { return };
        while self.table().open >= most + 2 * RESERVE {
            // A look in between, since one may have closed before this waited.
            let _ = timeout(LOOK_AGAIN, self.0.closed.notified()).await;
        }
    }

    /// A place for a new connection. Beyond the limit it is that of the one that has waited for its client longest;
    /// when none waits, it is one of the reserve. `None`: there is none of these either.
    #[must_use]
    pub fn admit(&self) -> Option<Slot> {
        self.admit_at(pace::now())
    }

    fn admit_at(&self, now: u64) -> Option<Slot> {
        let mut table = self.table();
        let is_reserved =
            if self.0.most.is_none_or(|most| table.counted < most) || self.end_one(&mut table, false, now) {
                table.counted += 1;
                false
            } else if table.reserved < RESERVE || self.end_one(&mut table, true, now) {
                table.reserved += 1;
                self.0.metrics.connections_refused.inc();
                true
            } else {
                self.0.metrics.connections_refused.inc();
                return None;
            };
        let state = Arc::new(State::new(table.next, is_reserved));
        table.next += 1;
        table.open += 1;
        table.http.insert(state.id, state.clone());
        drop(table);
        Some(Slot { connections: self.clone(), state })
    }

    /// Notes that a connection speaks HTTP no more: it became a socket, which never makes room for another.
    pub fn upgraded(&self, state: &State) {
        self.table().http.remove(&state.id);
    }

    /// Ends the connection that has waited for its client longest; for when the system has no more files.
    pub fn make_room(&self) {
        let (now, mut table) = (pace::now(), self.table());
        let _ = self.end_one(&mut table, false, now) || self.end_one(&mut table, true, now);
    }

    fn end_one(&self, table: &mut Table, is_reserved: bool, now: u64) -> bool {
        let first = |waits: &dyn Fn(&State) -> bool| {
            let mut candidates = table.http.values().filter(|state| state.is_reserved == is_reserved);
            candidates.find(|state| waits(state)).map(|state| state.id)
        };
        let halfway = |state: &State| matches!(state.phase(), Phase::Head | Phase::Body);
        // What a proxy keeps for its next request is worth more than half a request that never becomes whole, and less
        // than one that has only just begun.
        let found =
            first(&|state| state.phase() == Phase::Lingering || halfway(state) && state.age(now) >= FRESH)
                .or_else(|| first(&|state| state.phase() == Phase::Idle))
                .or_else(|| first(&halfway));
        let Some(state) = found.and_then(|id| table.http.remove(&id)) else { return false };
        table.discount(&state);
        state.is_ended.store(true, Ordering::Release);
        state.ended.notify_one();
        self.0.metrics.connections_evicted.inc();
        true
    }

    /// Counts one whose client took too long.
    pub fn timed_out(&self) {
        self.0.metrics.connections_timed_out.inc();
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> i64 {
        level(self.table().open)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No section leaves the counts half changed.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many connections a limit of open files leaves room for.
fn of_files(files: u64) -> usize {
    let kept = FILES_KEPT.min(files / 4) + RESERVE as u64;
    usize::try_from(files.saturating_sub(kept)).unwrap_or(usize::MAX).max(1)
}

impl Table {
    fn discount(&mut self, state: &State) {
        if state.is_reserved {
            self.reserved -= 1;
        } else {
            self.counted -= 1;
        }
    }
}

impl Slot {
    /// The connection's state.
    #[must_use]
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// The connection is read on after its end, by a task of its own.
    pub fn linger(&self) {
        self.state.enter(Phase::Lingering);
        if !self.state.is_ended() {
            self.connections.table().http.insert(self.state.id, self.state.clone());
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        table.open -= 1;
        table.http.remove(&self.state.id);
        if !self.state.is_ended() {
            table.discount(&self.state);
        }
        drop(table);
        self.connections.0.closed.notify_one();
    }
}

impl State {
    fn new(id: u64, is_reserved: bool) -> Self {
        Self {
            id,
            is_reserved,
            phase: AtomicU8::new(Phase::Head as u8),
            since: AtomicU64::new(pace::now()),
            has_spoken: AtomicBool::new(false),
            is_ended: AtomicBool::new(false),
            ended: Notify::new(),
        }
    }

    /// What it waits for.
    #[must_use]
    pub fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Ordering::Relaxed)).min(PHASES.len() - 1)]
    }

    /// It waits for something else.
    pub fn enter(&self, phase: Phase) {
        self.since.store(pace::now(), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Bytes came.
    pub fn read(&self) {
        match self.phase() {
            Phase::Head if !self.has_spoken.load(Ordering::Relaxed) => {
                self.has_spoken.store(true, Ordering::Relaxed);
            }
            Phase::Idle => self.enter(Phase::Head),
            _ => {}
        }
    }

    /// Bytes went.
    pub fn wrote(&self) {
        if matches!(self.phase(), Phase::Head | Phase::Idle) {
            self.since.store(pace::now(), Ordering::Relaxed);
        }
    }

    /// How long it has waited.
    fn age(&self, now: u64) -> Duration {
        Duration::from_nanos(now.saturating_sub(self.since.load(Ordering::Relaxed)))
    }

    /// Whether its client began a request that is not whole.
    #[must_use]
    pub fn is_half_a_head(&self) -> bool {
        self.phase() == Phase::Head && self.has_spoken.load(Ordering::Relaxed)
    }

    /// Whether it was ended to make room for another.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Acquire)
    }

    /// Waits until it is ended to make room for another. For one task at a time.
    pub async fn ended(&self) {
        while !self.is_ended() {
            self.ended.notified().await;
        }
    }

    /// Waits until its client has taken too long.
    pub async fn overdue(&self, timeouts: Timeouts) {
        loop {
            let allowed = match self.phase() {
                Phase::Head => timeouts.head,
                Phase::Body => timeouts.body + ANSWER,
                Phase::Idle => timeouts.idle,
                // Looked at again after the shortest time in which that could become overdue.
                Phase::Busy | Phase::Lingering | Phase::Upgraded => {
                    sleep_until(Instant::now() + timeouts.head.min(timeouts.idle)).await;
                    continue;
                }
            };
            let Some(left) = allowed.checked_sub(self.age(pace::now())).filter(|left| !left.is_zero()) else {
                return;
            };
            sleep_until(Instant::now() + left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn connections(most: usize) -> Connections {
        Connections::with(Some(most), Arc::default())
    }

    fn filled(connections: &Connections, count: usize, phase: Phase) -> Vec<Slot> {
        let slots: Vec<Slot> = (0..count).map(|_| connections.admit().unwrap()).collect();
        for slot in &slots {
            assert!(!slot.state.is_reserved);
            slot.state.enter(phase);
        }
        slots
    }

    fn ended(slots: &[Slot]) -> Vec<usize> {
        slots.iter().enumerate().filter(|(_, slot)| slot.state.is_ended()).map(|(place, _)| place).collect()
    }

    #[test]
    fn files_are_left_for_everything_else() {
        for (files, connections) in
            [(1_048_576, 1_048_496), (1_024, 944), (256, 176), (64, 32), (8, 1), (0, 1)]
        {
            assert_eq!(of_files(files), connections);
        }
    }

    #[test]
    fn a_newcomer_takes_the_place_of_the_oldest_that_waits_for_its_client() {
        let connections = connections(6);
        let slots = filled(&connections, 6, Phase::Busy);
        for (place, phase) in [(1, Phase::Head), (2, Phase::Idle), (3, Phase::Body), (4, Phase::Lingering)] {
            slots[place].state.enter(phase);
        }
        // The body has stood still for long, and the head has only just begun.
        let now = pace::now() + 10_000_000_000;
        slots[1].state.since.store(now, Ordering::Relaxed);
        let mut newcomers = Vec::new();
        for expected in [&[3][..], &[3, 4], &[2, 3, 4], &[1, 2, 3, 4]] {
            let slot = connections.admit_at(now).unwrap();
            assert!(!slot.state.is_reserved);
            slot.state.enter(Phase::Busy);
            newcomers.push(slot);
            assert_eq!(ended(&slots), expected);
        }
        assert!(connections.admit().unwrap().state.is_reserved);
    }

    #[test]
    fn sockets_and_running_requests_are_never_ended_and_health_is_still_answered() {
        let connections = connections(2);
        let slots = filled(&connections, 2, Phase::Upgraded);
        let reserve: Vec<Slot> = (0..RESERVE).map(|_| connections.admit().unwrap()).collect();
        assert!(reserve.iter().all(|slot| slot.state.is_reserved));
        // Those of the reserve make room for one another.
        let again = connections.admit().unwrap();
        assert!(again.state.is_reserved);
        assert_eq!((ended(&slots), ended(&reserve)), (vec![], vec![0]));
        for slot in reserve.iter().chain([&again]) {
            slot.state.enter(Phase::Busy);
        }
        assert!(connections.admit().is_none());
        drop(slots);
        assert!(!connections.admit().unwrap().state.is_reserved);
    }

    #[test]
    fn places_are_given_back_once() {
        let connections = connections(2);
        for _ in 0..10 {
            let slots = filled(&connections, 2, Phase::Head);
            let newcomer = connections.admit().unwrap();
            assert_eq!(connections.open(), 3);
            drop((slots, newcomer));
        }
        let table = connections.table();
        assert_eq!((table.open, table.counted, table.reserved, table.http.len()), (0, 0, 0, 0));
    }

    #[tokio::test]
    async fn nothing_is_overdue_while_the_server_works_and_all_else_is_in_its_time() {
        let timeouts = Timeouts {
            head: Duration::from_millis(1),
            body: Duration::from_millis(2),
            idle: Duration::from_millis(3),
        };
        let state = State::new(0, false);
        for phase in [Phase::Head, Phase::Idle] {
            state.enter(phase);
            state.overdue(timeouts).await;
        }
        for phase in [Phase::Busy, Phase::Lingering, Phase::Upgraded] {
            state.enter(phase);
            assert!(state.overdue(timeouts).now_or_never().is_none(), "{phase:?}");
        }
    }
}
