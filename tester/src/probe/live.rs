//! A socket whose events are waited for, each with its time, as the doctor does one thing after the other.

use std::collections::VecDeque;

use causerie_protocol::ClientFrame;
use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use std::pin::pin;

use crate::browser;
use crate::frame::Head;
use crate::socket::{OpenError, Socket, SocketEvent};

/// An open socket.
pub struct Live {
    socket: Socket,
    events: UnboundedReceiver<(f64, SocketEvent)>,
    /// Events that were taken and are for whoever comes next.
    waiting: VecDeque<(f64, SocketEvent)>,
}

impl Live {
    /// Opens a socket.
    ///
    /// # Errors
    /// When the browser does not even try.
    pub fn open(url: &str, protocols: &[String]) -> Result<Self, OpenError> {
        let (tell, events) = unbounded();
        let socket = Socket::open(url, protocols, move |event| {
            // Nobody listens any more once the examination ended.
            let _ = tell.unbounded_send((browser::now(), event));
        })?;
        Ok(Self { socket, events, waiting: VecDeque::new() })
    }

    /// The next event and when it came; `None` when none comes before a time.
    pub async fn next_until(&mut self, end: f64) -> Option<(f64, SocketEvent)> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        let left = (end - browser::now()).max(0.0);
        let timer = pin!(browser::pause(left as u32));
        match select(self.events.next(), timer).await {
            Either::Left((event, _)) => event,
            Either::Right(_) => None,
        }
    }

    /// Leaves an event to whoever comes next.
    pub fn put_back(&mut self, at: f64, event: SocketEvent) {
        self.waiting.push_back((at, event));
    }

    /// Sends a frame; that it could not be sent shows by the close that follows.
    pub fn send(&self, frame: &ClientFrame) {
        let _ = self.socket.send(&frame.encode());
    }

    /// Answers a frame when it is a ping, so that the server does not give the connection up.
    pub fn answer(&self, text: &str) {
        let head = Head::read(text);
        if head.kind.as_deref() == Some("ping") {
            self.send(&ClientFrame::Pong { t: head.t });
        }
    }
}
