//! How a session ends, and what it does last.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use causerie_protocol::CloseCode;

use super::driver::Driver;
use super::link::{Link, Lost, finish, finish_unreadable};
use crate::metrics::Closed;
use crate::outbox::Closing;

/// How a session ends.
pub(super) enum End {
    /// By our close frame.
    Close(Closing),
    /// As the same, after which nothing can be read.
    Bad(Closing),
    /// By the client's close frame.
    Closed(Option<u16>),
    /// By a connection that is gone.
    Lost,
}

impl End {
    fn code(&self) -> CloseCode {
        match self {
            Self::Close(closing) | Self::Bad(closing) => closing.code,
            // 1005: the client gave no code (RFC 6455, section 7.1.5).
            Self::Closed(code) => CloseCode::from_code(code.unwrap_or(1005)),
            Self::Lost => CloseCode::Abnormal,
        }
    }
}

impl From<Lost> for End {
    fn from(_: Lost) -> Self {
        Self::Lost
    }
}

impl<L: Link> Driver<L> {
    /// Says goodbye as far as the connection lets it, and answers the close code.
    pub(super) async fn end(&mut self, end: End) -> CloseCode {
        // Nothing more is sent, so nothing need wait here.
        self.outbox.close(Closing::new(CloseCode::Normal, ""));
        self.pending = VecDeque::new();
        let code = end.code();
        self.services.metrics.socket_closes.inc(Closed(code));
        match end {
            End::Close(closing) => finish(&mut self.link, closing).await,
            End::Bad(closing) => finish_unreadable(&mut self.link, closing).await,
            End::Closed(_) => {
                // Reading on lets the link answer the close frame.
                let answered = poll_fn(|cx| self.link.poll_recv(cx));
                let _ = tokio::time::timeout(Duration::from_secs(2), answered).await;
            }
            End::Lost => {}
        }
        code
    }
}
