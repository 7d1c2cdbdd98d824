//! The client's socket: the browser's events as the client's inputs.

use causerie_client::SocketInput;
use causerie_protocol::handshake;
use causerie_texts::say;
use causerie_web::socket::{Socket, SocketEvent};

/// The browser's code for a socket that never opened, or broke.
const ABNORMAL: u16 = 1006;

/// Opens a socket and offers the token as a subprotocol.
///
/// `Closed` comes once and last; it is the error for an address or a token that the browser does not accept.
pub fn open(url: &str, token: &str, on_input: impl Fn(SocketInput) + 'static) -> Result<Socket, SocketInput> {
    let on_event = move |event| match event {
        SocketEvent::Opened => on_input(SocketInput::Opened),
        SocketEvent::Text(text) => on_input(SocketInput::Frame(text)),
        // The protocol has no binary messages; they are ignored.
        SocketEvent::Binary(_) => {}
        SocketEvent::Closed { code, reason } => on_input(SocketInput::Closed { code, reason }),
    };
    Socket::open(url, &handshake::offer(token), on_event)
        .map_err(|_| SocketInput::Closed { code: ABNORMAL, reason: say!(NotAccepted).to_owned() })
}
