//! The one file that uses the browser's `WebSocket`.
//!
//! It assumes nothing: `open` only says that a server answered the handshake, and a send on a closing socket vanishes.
//! Only its events change the client's state.

use std::rc::Rc;

use causerie_client::SocketInput;
use causerie_protocol::handshake;
use causerie_texts::say;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

/// The browser's code for a socket that never opened, or broke.
const ABNORMAL: u16 = 1006;

/// A socket of the browser; dropping it removes the event handlers and closes it.
pub struct Socket {
    socket: WebSocket,
    // The browser calls these as long as the socket lives.
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket to a `ws:` or `wss:` address and offers the token as a subprotocol.
    ///
    /// Inputs come later, never during this call; `Closed` comes once and last. An address or a token that the browser
    /// does not accept gives `Closed` as the error.
    pub fn open(
        url: &str,
        token: &str,
        on_input: impl Fn(SocketInput) + 'static,
    ) -> Result<Self, SocketInput> {
        let offer: js_sys::Array = handshake::offer(token).iter().map(JsValue::from).collect();
        Self::open_with(url, &offer, on_input)
    }

    /// As [`Socket::open`], with any subprotocols, so that a test can offer wrong ones.
    pub fn open_with(
        url: &str,
        protocols: &js_sys::Array,
        on_input: impl Fn(SocketInput) + 'static,
    ) -> Result<Self, SocketInput> {
        let socket = WebSocket::new_with_str_sequence(url, protocols)
            .map_err(|_| SocketInput::Closed { code: ABNORMAL, reason: say!(NotAccepted).to_owned() })?;
        let on_input = Rc::new(on_input);

        let opened = Rc::clone(&on_input);
        let on_open = Closure::<dyn FnMut(Event)>::new(move |_| opened(SocketInput::Opened));
        let framed = Rc::clone(&on_input);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // The protocol has no binary messages; they are ignored.
            if let Some(text) = event.data().as_string() {
                framed(SocketInput::Frame(text));
            }
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            on_input(SocketInput::Closed { code: event.code(), reason: event.reason() });
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        // There is no handler for `error`: it carries no cause, and `close` always follows it.
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })
    }

    /// Gives a text message to the browser. Only a reply proves that it arrived.
    pub fn send(&self, text: &str) {
        // `send` fails only before `open`, and the client sends nothing before `welcome`.
        let _ = self.socket.send_with_str(text);
    }

    pub fn protocol(&self) -> String {
        self.socket.protocol()
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
