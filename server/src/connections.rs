//! The table of TCP connections: how many there may be, what each waits for, and which one is evicted for another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rustix::process::{Resource, getrlimit};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::clock;
use crate::config::Timeouts;
use crate::metrics::{Metrics, level};

/// File descriptors that are left to the database, Redis, the log and certificates.
const FILES_KEPT: u64 = 64;
/// Connections beyond the limit that are answered about the server's health and nothing else.
const RESERVE: usize = 16;
/// How long a client that has just connected has to send its request before it may be evicted first.
const FRESH: Duration = Duration::from_secs(1);
/// How often the number of open connections is looked at while accepting waits for evicted ones to close.
const RECHECK: Duration = Duration::from_millis(10);
/// Time to answer a request whose body timed out, before its connection does.
const ANSWER: Duration = Duration::from_secs(5);

/// A handle; clones share the table.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    /// Without the reserve.
    max: Option<usize>,
    metrics: Arc<Metrics>,
    table: Mutex<Table>,
    closed: Notify,
}

#[derive(Default)]
struct Table {
    /// Connections that are not closed, evicted ones among them.
    open: usize,
    /// Connections that count towards the limit, and those of the reserve; without evicted ones.
    counted: usize,
    reserved: usize,
    /// The id of the next connection.
    next: u64,
    /// Connections that speak HTTP, by age; they may be evicted while they wait for their client.
    http: BTreeMap<u64, Arc<ConnectionState>>,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// The head of a request, or TLS before it.
    Head,
    /// The body of a request.
    Body,
    /// The server.
    Busy,
    /// The next request, or the client to take the answer.
    Idle,
    /// The client to close it, after the server has.
    Lingering,
    /// Nothing here: it is a WebSocket, whose session looks after it.
    Upgraded,
}

const PHASES: [Phase; 6] =
    [Phase::Head, Phase::Body, Phase::Busy, Phase::Idle, Phase::Lingering, Phase::Upgraded];

#[derive(Debug)]
pub struct ConnectionState {
    id: u64,
    /// Whether it is one of the reserve, which answers about the health only.
    pub is_reserved: bool,
    phase: AtomicU8,
    /// When the phase began, or made progress last.
    since: AtomicU64,
    /// Whether a part of the head has arrived.
    has_received: AtomicBool,
    is_evicted: AtomicBool,
    evicted: Notify,
}

/// The right to one connection; given back when it is dropped.
pub struct ConnectionPermit {
    connections: Connections,
    state: Arc<ConnectionState>,
}

impl Connections {
    /// With a limit of 0, as many connections as the limit of open files leaves room for.
    pub fn new(limit: u32, metrics: Arc<Metrics>) -> Self {
        let max = match limit {
            0 => getrlimit(Resource::Nofile).current.map(max_for_files),
            limit => Some(limit as usize),
        };
        Self::with(max, metrics)
    }

    fn with(max: Option<usize>, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Inner { max, metrics, table: Mutex::default(), closed: Notify::new() }))
    }

    /// Waits until evicted connections are closed, except for a few.
    pub async fn wait_for_room(&self) {
        let Some(max) = self.0.max else { return };
        while self.table().open >= max + 2 * RESERVE {
            // With a timeout, since one may have closed before this waited.
            let _ = timeout(RECHECK, self.0.closed.notified()).await;
        }
    }

    /// A permit for a new connection. Beyond the limit, the connection that has waited longest for its client is
    /// evicted for it; if none waits, the permit is one of the reserve. `None` when the reserve is used up too.
    pub fn admit(&self) -> Option<ConnectionPermit> {
        self.admit_at(clock::monotonic())
    }

    fn admit_at(&self, now: u64) -> Option<ConnectionPermit> {
        let mut table = self.table();
        let is_reserved =
            if self.0.max.is_none_or(|max| table.counted < max) || self.evict(&mut table, false, now) {
                table.counted += 1;
                false
            } else if table.reserved < RESERVE || self.evict(&mut table, true, now) {
                table.reserved += 1;
                self.0.metrics.connections_refused.inc();
                true
            } else {
                self.0.metrics.connections_refused.inc();
                return None;
            };
        let state = Arc::new(ConnectionState::new(table.next, is_reserved));
        table.next += 1;
        table.open += 1;
        table.http.insert(state.id, state.clone());
        drop(table);
        Some(ConnectionPermit { connections: self.clone(), state })
    }

    /// Notes that a connection became a WebSocket, which is never evicted.
    pub fn upgraded(&self, state: &ConnectionState) {
        self.table().http.remove(&state.id);
    }

    /// Evicts the connection that has waited longest for its client, when the system has no more file descriptors.
    pub fn evict_one(&self) {
        let (now, mut table) = (clock::monotonic(), self.table());
        let _ = self.evict(&mut table, false, now) || self.evict(&mut table, true, now);
    }

    fn evict(&self, table: &mut Table, is_reserved: bool, now: u64) -> bool {
        let first = |waits: &dyn Fn(&ConnectionState) -> bool| {
            let mut candidates = table.http.values().filter(|state| state.is_reserved == is_reserved);
            candidates.find(|state| waits(state)).map(|state| state.id)
        };
        let is_halfway = |state: &ConnectionState| matches!(state.phase(), Phase::Head | Phase::Body);
        // An idle connection, which a proxy keeps for its next request, is worth more than half a request that has
        // stalled, and less than one that has only just begun.
        let found =
            first(&|state| state.phase() == Phase::Lingering || is_halfway(state) && state.age(now) >= FRESH)
                .or_else(|| first(&|state| state.phase() == Phase::Idle))
                .or_else(|| first(&is_halfway));
        let Some(state) = found.and_then(|id| table.http.remove(&id)) else { return false };
        table.discount(&state);
        state.is_evicted.store(true, Ordering::Release);
        state.evicted.notify_one();
        self.0.metrics.connections_evicted.inc();
        true
    }

    /// Counts a connection whose client took too long.
    pub fn timed_out(&self) {
        self.0.metrics.connections_timed_out.inc();
    }

    pub fn open(&self) -> i64 {
        level(self.table().open)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock()
    }
}

/// How many connections a limit of open files leaves room for.
fn max_for_files(files: u64) -> usize {
    let kept = FILES_KEPT.min(files / 4) + RESERVE as u64;
    usize::try_from(files.saturating_sub(kept)).unwrap_or(usize::MAX).max(1)
}

impl Table {
    fn discount(&mut self, state: &ConnectionState) {
        if state.is_reserved {
            self.reserved -= 1;
        } else {
            self.counted -= 1;
        }
    }
}

impl ConnectionPermit {
    pub fn state(&self) -> &Arc<ConnectionState> {
        &self.state
    }

    /// Notes that the connection is read on after its end.
    pub fn linger(&self) {
        self.state.enter(Phase::Lingering);
        if !self.state.is_evicted() {
            self.connections.table().http.insert(self.state.id, self.state.clone());
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        table.open -= 1;
        table.http.remove(&self.state.id);
        if !self.state.is_evicted() {
            table.discount(&self.state);
        }
        drop(table);
        self.connections.0.closed.notify_one();
    }
}

impl ConnectionState {
    fn new(id: u64, is_reserved: bool) -> Self {
        Self {
            id,
            is_reserved,
            phase: AtomicU8::new(Phase::Head as u8),
            since: AtomicU64::new(clock::monotonic()),
            has_received: AtomicBool::new(false),
            is_evicted: AtomicBool::new(false),
            evicted: Notify::new(),
        }
    }

    pub fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Ordering::Relaxed)).min(PHASES.len() - 1)]
    }

    pub fn enter(&self, phase: Phase) {
        self.since.store(clock::monotonic(), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub fn bytes_read(&self) {
        match self.phase() {
            Phase::Head if !self.has_received.load(Ordering::Relaxed) => {
                self.has_received.store(true, Ordering::Relaxed);
            }
            Phase::Idle => self.enter(Phase::Head),
            _ => {}
        }
    }

    pub fn bytes_written(&self) {
        if matches!(self.phase(), Phase::Head | Phase::Idle) {
            self.since.store(clock::monotonic(), Ordering::Relaxed);
        }
    }

    fn age(&self, now: u64) -> Duration {
        Duration::from_nanos(now.saturating_sub(self.since.load(Ordering::Relaxed)))
    }

    /// Whether the head of a request has arrived in part.
    pub fn has_partial_head(&self) -> bool {
        self.phase() == Phase::Head && self.has_received.load(Ordering::Relaxed)
    }

    pub fn is_evicted(&self) -> bool {
        self.is_evicted.load(Ordering::Acquire)
    }

    /// Waits until it is evicted. For one task at a time.
    pub async fn evicted(&self) {
        while !self.is_evicted() {
            self.evicted.notified().await;
        }
    }

    /// Waits until the client has taken too long.
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
            let Some(left) = allowed.checked_sub(self.age(clock::monotonic())).filter(|left| !left.is_zero())
            else {
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

    fn connections(max: usize) -> Connections {
        Connections::with(Some(max), Arc::default())
    }

    fn filled(connections: &Connections, count: usize, phase: Phase) -> Vec<ConnectionPermit> {
        let permits: Vec<ConnectionPermit> = (0..count).map(|_| connections.admit().unwrap()).collect();
        for permit in &permits {
            assert!(!permit.state.is_reserved);
            permit.state.enter(phase);
        }
        permits
    }

    fn evicted(permits: &[ConnectionPermit]) -> Vec<usize> {
        permits
            .iter()
            .enumerate()
            .filter(|(_, permit)| permit.state.is_evicted())
            .map(|(place, _)| place)
            .collect()
    }

    #[test]
    fn file_descriptors_are_left_for_everything_else() {
        for (files, connections) in
            [(1_048_576, 1_048_496), (1_024, 944), (256, 176), (64, 32), (8, 1), (0, 1)]
        {
            assert_eq!(max_for_files(files), connections);
        }
    }

    #[test]
    fn the_oldest_connection_that_waits_for_its_client_is_evicted_for_a_new_one() {
        let connections = connections(6);
        let permits = filled(&connections, 6, Phase::Busy);
        for (place, phase) in [(1, Phase::Head), (2, Phase::Idle), (3, Phase::Body), (4, Phase::Lingering)] {
            permits[place].state.enter(phase);
        }
        // The body has stood still for long, and the head has only just begun.
        let now = clock::monotonic() + 10_000_000_000;
        permits[1].state.since.store(now, Ordering::Relaxed);
        let mut newcomers = Vec::new();
        for expected in [&[3][..], &[3, 4], &[2, 3, 4], &[1, 2, 3, 4]] {
            let permit = connections.admit_at(now).unwrap();
            assert!(!permit.state.is_reserved);
            permit.state.enter(Phase::Busy);
            newcomers.push(permit);
            assert_eq!(evicted(&permits), expected);
        }
        assert!(connections.admit().unwrap().state.is_reserved);
    }

    #[test]
    fn sockets_and_running_requests_are_never_evicted_and_health_is_still_answered() {
        let connections = connections(2);
        let permits = filled(&connections, 2, Phase::Upgraded);
        let reserve: Vec<ConnectionPermit> = (0..RESERVE).map(|_| connections.admit().unwrap()).collect();
        assert!(reserve.iter().all(|permit| permit.state.is_reserved));
        // Connections of the reserve are evicted for one another.
        let again = connections.admit().unwrap();
        assert!(again.state.is_reserved);
        assert_eq!((evicted(&permits), evicted(&reserve)), (vec![], vec![0]));
        for permit in reserve.iter().chain([&again]) {
            permit.state.enter(Phase::Busy);
        }
        assert!(connections.admit().is_none());
        drop(permits);
        assert!(!connections.admit().unwrap().state.is_reserved);
    }

    #[test]
    fn permits_are_given_back_once() {
        let connections = connections(2);
        for _ in 0..10 {
            let permits = filled(&connections, 2, Phase::Head);
            let newcomer = connections.admit().unwrap();
            assert_eq!(connections.open(), 3);
            drop((permits, newcomer));
        }
        let table = connections.table();
        assert_eq!((table.open, table.counted, table.reserved, table.http.len()), (0, 0, 0, 0));
    }

    #[tokio::test]
    async fn nothing_is_overdue_while_the_server_works_and_all_else_is_after_its_timeout() {
        let timeouts = Timeouts {
            head: Duration::from_millis(1),
            body: Duration::from_millis(2),
            idle: Duration::from_millis(3),
        };
        let state = ConnectionState::new(0, false);
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
