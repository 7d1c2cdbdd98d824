//! A socket whose events are awaited with their times, since the doctor makes one probe after the other.

use std::pin::pin;

use causerie_doctor::socket_checks::{Next, Received};
use causerie_protocol::ClientFrame;
use causerie_web::socket::{Socket, SocketEvent};
use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use wasm_bindgen::JsValue;

use crate::browser;

/// The code that a browser reports for a connection that ended without a close frame (RFC 6455, section 7.1.5).
const NO_CLOSE_FRAME: u16 = 1006;

pub struct Live {
    socket: Socket,
    events: UnboundedReceiver<(f64, SocketEvent)>,
    /// How it closed, for later calls of `listen`.
    ended: Option<(f64, SocketEvent)>,
}

impl Live {
    pub fn open(url: &str, protocols: &[String]) -> Result<Self, JsValue> {
        let (tell, events) = unbounded();
        let socket = Socket::open(url, protocols, move |event| {
            // After the examination the receiver is gone.
            let _ = tell.unbounded_send((causerie_web::now(), event));
        })?;
        Ok(Self { socket, events, ended: None })
    }

    /// Passes events on until the check is over; `None` when it is not over at `end`.
    pub async fn listen<T>(
        &mut self,
        end: f64,
        mut on_event: impl FnMut(f64, Received<'_>) -> Next<T>,
    ) -> Option<T> {
        loop {
            let (at, event) = self.next_until(end).await?;
            let next = match &event {
                SocketEvent::Opened => continue,
                SocketEvent::Text(text) => on_event(at, Received::Text(text)),
                SocketEvent::Binary(_) => on_event(at, Received::Binary),
                SocketEvent::Closed { code: NO_CLOSE_FRAME, .. } => on_event(at, Received::Cut),
                SocketEvent::Closed { code, reason } => {
                    on_event(at, Received::Closed { code: *code, reason })
                }
            };
            if let SocketEvent::Closed { .. } = event {
                self.ended = Some((at, event));
            }
            match next {
                Next::Listen => {}
                Next::Answer(frame) => self.send(&frame),
                Next::Over(outcome) => return Some(outcome),
            }
        }
    }

    /// Sends a frame; a failure shows by the close that follows.
    pub fn send(&self, frame: &ClientFrame) {
        let _ = self.socket.send(&frame.encode());
    }

    /// The next event and its time; `None` when none comes before `end`.
    async fn next_until(&mut self, end: f64) -> Option<(f64, SocketEvent)> {
        if let Some(ended) = self.ended.take() {
            return Some(ended);
        }
        let left = (end - causerie_web::now()).max(0.0);
        let timer = pin!(browser::pause(left as u32));
        match select(self.events.next(), timer).await {
            Either::Left((event, _)) => event,
            Either::Right(_) => None,
        }
    }
}
