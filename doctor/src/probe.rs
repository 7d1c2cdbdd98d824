//! The probes, and what can be observed.

use causerie_protocol::ErrorCode;

/// One thing to try. Each is answered by the [`Observation`] of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Whether the device has a network: in a browser `navigator.onLine`; a terminal always answers yes.
    Online,
    /// Connect to the server, with TLS if `tls`.
    /// A browser fetches `url` in the mode `no-cors`, which succeeds with any response.
    Reach {
        /// A name or an IP address.
        host: String,
        port: u16,
        tls: bool,
        url: String,
    },
    /// `GET` this, without following redirects and without credentials.
    Status { url: String },
    /// Open a socket and wait for `welcome`, and for `subscribed` if `chat`.
    /// After `welcome` it stays open for the probes that follow.
    Socket { url: String, offer: Offer, chat: bool },
    /// `GET` this, as [`Probe::Status`].
    Trace { url: String },
    /// Send this many `ping` frames over the open socket, each after the answer to the last, and measure the times.
    RoundTrips { count: u32 },
    /// Send nothing over the open socket, except answers to pings, until a frame came after a pause of `quiet_ms`, but
    /// no longer than `at_most_ms`.
    Hold {
        /// The pause to wait for, in milliseconds.
        quiet_ms: u64,
        /// When to give up, in milliseconds.
        at_most_ms: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// [`causerie_protocol::handshake::offer`], with the user's token.
    Token,
    /// [`causerie_protocol::handshake::VERSIONED`] alone.
    Version,
    Nothing,
}

/// The result of a probe.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    Online(bool),
    Reached(Reached),
    Status(Fetched),
    Socket(SocketObservation),
    Trace(Fetched),
    /// The times in milliseconds; none when the server does not answer `ping` frames.
    RoundTrips(Vec<f64>),
    Held(HoldResult),
}

/// The result of connecting.
#[derive(Clone, Debug, PartialEq)]
pub enum Reached {
    Connected {
        /// How long it took, if that is known.
        milliseconds: Option<f64>,
    },
    /// The name has no address.
    NameNotFound,
    /// The connection was refused: no program listens on the port.
    Refused,
    /// There was no response in time, or no route.
    TimedOut,
    /// The certificate was not accepted, with the TLS library's message.
    CertificateRefused(String),
    /// The server does not speak TLS.
    TlsNotSpoken,
    /// There is no connection, and the cause can't be observed.
    Failed,
}

/// The result of a `GET`.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched {
    Answered(Answer),
    /// A response that the page may not read, since it has no CORS header.
    Hidden,
    /// There was no response in time.
    TimedOut,
    /// There was no response.
    Failed,
}

/// An HTTP response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// The header `Server`, if it can be read.
    pub server: Option<String>,
    /// Where it redirects to: the header `Location`, or in a browser the final address.
    pub location: Option<String>,
    /// The body, as far as it is text; the first 64 KiB are enough.
    pub body: String,
    /// The device's clock when the request was sent, in milliseconds since 1970.
    pub sent_at_ms: i64,
    /// How long the response took, in milliseconds.
    pub milliseconds: f64,
}

/// The result of opening a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketObservation {
    /// `welcome` came, and `subscribed` if it was waited for; the socket is still open.
    Welcomed {
        /// The protocol's version in `welcome`.
        version: u32,
        /// From the start of the handshake to `welcome`, in milliseconds.
        milliseconds: f64,
    },
    /// The server closed it.
    Closed {
        code: u16,
        reason: String,
        /// Whether `welcome` came before.
        welcomed: bool,
    },
    /// The response to the handshake was not 101; a browser can't observe this.
    Refused {
        status: u16,
        /// The error code in the body, if it was Causerie's.
        code: Option<ErrorCode>,
    },
    /// The response was 101 without any of the offered subprotocols; a browser can't observe this.
    NotEchoed,
    /// It never opened or broke, without a cause: a bare 1006.
    Failed,
    /// It opened, and no frame came within ten seconds.
    Silent,
}

/// The result of holding an idle connection.
#[derive(Clone, Debug, PartialEq)]
pub enum HoldResult {
    /// A frame came after this pause.
    Lasted { quiet_ms: u64 },
    /// It broke without a close frame, after this pause.
    Cut { quiet_ms: u64 },
    /// The server closed it.
    Closed { code: u16, reason: String },
    /// No frame came, for the whole time.
    Silent,
    /// Frames came all the time, so that there was no long pause.
    Busy,
}
