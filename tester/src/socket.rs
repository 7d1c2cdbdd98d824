//! The one file that uses the browser's `WebSocket`; it passes every event on.

use std::rc::Rc;

use js_sys::{Array, ArrayBuffer};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

/// An event of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketEvent {
    /// The handshake succeeded.
    Opened {
        /// The subprotocol that the server chose; empty when it chose none.
        protocol: String,
    },
    Text(String),
    /// A binary message of this many bytes.
    Binary(usize),
    /// It comes once and last.
    Closed {
        /// 1006 when no close frame came.
        code: u16,
        reason: String,
    },
}

/// Why the browser does not even try to open a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// A `ws:` address on an https page.
    Forbidden,
    /// An invalid address or subprotocol.
    Malformed,
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
    /// Opens a socket and offers subprotocols; events come later, never during this call.
    pub fn open(
        url: &str,
        protocols: &[String],
        on_event: impl Fn(SocketEvent) + 'static,
    ) -> Result<Self, OpenError> {
        let offer: Array = protocols.iter().map(JsValue::from).collect();
        let socket = WebSocket::new_with_str_sequence(url, &offer).map_err(|error| {
            let name = js_sys::Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
            if name.as_deref() == Some("SecurityError") { OpenError::Forbidden } else { OpenError::Malformed }
        })?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_event = Rc::new(on_event);

        let (tell, opened) = (Rc::clone(&on_event), socket.clone());
        let on_open = Closure::<dyn FnMut(Event)>::new(move |_| {
            tell(SocketEvent::Opened { protocol: opened.protocol() });
        });
        let tell = Rc::clone(&on_event);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            tell(match data.as_string() {
                Some(text) => SocketEvent::Text(text),
                None => {
                    let bytes = data.dyn_ref::<ArrayBuffer>().map_or(0, ArrayBuffer::byte_length);
                    SocketEvent::Binary(bytes as usize)
                }
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

    /// Sends a text message; returns false when the socket is not open, and then nothing is sent.
    #[must_use]
    pub fn send(&self, text: &str) -> bool {
        // On a closing socket `send` succeeds and the message vanishes.
        self.socket.ready_state() == WebSocket::OPEN && self.socket.send_with_str(text).is_ok()
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
