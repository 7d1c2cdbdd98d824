//! The one file that uses the browser's `WebSocket`.
//!
//! It assumes nothing: `open` only says that a server answered the handshake.

use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

/// An event of a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketEvent {
    /// The handshake succeeded.
    Opened,
    Text(String),
    /// A binary message, which the protocol does not have.
    Binary(JsValue),
    /// It comes once and last.
    Closed {
        /// 1006 when no close frame came.
        code: u16,
        reason: String,
    },
}

/// A socket of the browser; dropping it removes the event handlers and closes it.
pub struct Socket {
    socket: WebSocket,
    // The browser calls these as long as the socket lives.
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket to a `ws:` or `wss:` address and offers subprotocols.
    ///
    /// Events come later, never during this call. The error is the browser's, for an address or a subprotocol that it
    /// does not accept.
    pub fn open(
        url: &str,
        protocols: &[impl AsRef<str>],
        on_event: impl Fn(SocketEvent) + 'static,
    ) -> Result<Self, JsValue> {
        let offer: Array = protocols.iter().map(|protocol| JsValue::from(protocol.as_ref())).collect();
        let socket = WebSocket::new_with_str_sequence(url, &offer)?;
        let on_event = Rc::new(on_event);

        let opened = Rc::clone(&on_event);
        let on_open = Closure::<dyn FnMut(Event)>::new(move |_| opened(SocketEvent::Opened));
        let received = Rc::clone(&on_event);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            received(match data.as_string() {
                Some(text) => SocketEvent::Text(text),
                None => SocketEvent::Binary(data),
            });
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            on_event(SocketEvent::Closed { code: event.code(), reason: event.reason() });
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        // There is no handler for `error`: it carries no cause, and `close` always follows it.
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })
    }

    /// Gives a text message to the browser; returns false when that is too early. Only a reply proves that it arrived:
    /// on a socket that closes, sending succeeds and the message vanishes.
    pub fn send(&self, text: &str) -> bool {
        self.socket.send_with_str(text).is_ok()
    }

    pub fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }

    /// The subprotocol that the server chose; empty when it chose none, and before the socket is open.
    pub fn protocol(&self) -> String {
        self.socket.protocol()
    }

    /// Begins to close; `Closed` follows. Returns false when a browser may not send this code or reason.
    #[must_use]
    pub fn close(&self, code: u16, reason: &str) -> bool {
        self.socket.close_with_code_and_reason(code, reason).is_ok()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing a closed socket does nothing, and 1000 is always a valid code.
        let _ = self.socket.close_with_code(1000);
    }
}
