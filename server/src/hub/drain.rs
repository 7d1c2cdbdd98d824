//! The sockets' part of a graceful shutdown: tell them, and close them in batches.

use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::server_frame::GoAway;
use causerie_protocol::{CloseCode, ServerFrame};

use super::Hub;
use crate::outbox::{Closing, Frame, Item};

/// Sockets that are closed together in a drain, so that their clients do not all come back at once.
const DRAIN_BATCH: usize = 256;
/// The pause between two such batches.
const DRAIN_PAUSE: Duration = Duration::from_millis(20);
/// How long a drain waits for sockets that do not close.
const DRAIN_LIMIT: Duration = Duration::from_secs(6);
/// What `go_away` tells clients to wait, in milliseconds.
const DRAIN_RETRY_MS: u64 = 1_000;

impl Hub {
    /// Says `go_away` to all sockets and closes them with 1012 in batches, each once what it
    /// asked for was answered. Returns when they are gone, or after some seconds; false: some were still there.
    pub async fn drain(&self) -> bool {
        tokio::time::timeout(DRAIN_LIMIT, self.close_all()).await.is_ok()
    }

    async fn close_all(&self) {
        let sockets = self.users().sockets();
        let go_away = Frame::from(ServerFrame::GoAway(GoAway { retry_after_ms: DRAIN_RETRY_MS }).encode());
        for socket in &sockets {
            socket.push(Item::Reply(go_away.clone()));
        }
        let closing = Closing::new(CloseCode::ServiceRestart, "the server restarts: reconnect and resume");
        for batch in sockets.chunks(DRAIN_BATCH) {
            for socket in batch {
                socket.push(Item::Close(closing.clone()));
            }
            tokio::time::sleep(DRAIN_PAUSE).await;
        }
        loop {
            let emptied = self.0.emptied.notified();
            let stragglers = self.users().sockets();
            if stragglers.is_empty() {
                return;
            }
            // Who was just let in when the drain began.
            for socket in stragglers.iter().filter(|socket| !sockets.iter().any(|s| Arc::ptr_eq(s, socket))) {
                socket.push(Item::Close(closing.clone()));
            }
            let _ = tokio::time::timeout(DRAIN_PAUSE * 10, emptied).await;
        }
    }
}
