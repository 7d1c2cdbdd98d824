//! What to try, and what can be seen of it.

use causerie_protocol::ErrorCode;

/// One thing to try. Each is answered by the [`Observation`] of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Has the device a network? In a browser `navigator.onLine`; a terminal answers yes, and lets the next probe tell.
    Online,
    /// Connect to the machine, with TLS where `tls` says so.
    /// A browser fetches `url` in the mode `no-cors`, which succeeds as soon as anything answers.
    Reach {
        /// The name or number.
        host: String,
        /// The port.
        port: u16,
        /// Whether TLS is spoken.
        tls: bool,
        /// What a browser fetches.
        url: String,
    },
    /// `GET` this, without following a redirection, without any credential.
    Status {
        /// The address.
        url: String,
    },
    /// Open a socket and wait for the `welcome`, and for `subscribed` where the address names a chat.
    /// One that was welcomed is kept open for the probes that follow.
    Socket {
        /// The address.
        url: String,
        /// The subprotocols to offer.
        offer: Offer,
        /// Whether to wait for `subscribed` too.
        chat: bool,
    },
    /// `GET` this, as [`Probe::Status`].
    Trace {
        /// The address.
        url: String,
    },
    /// Send so many `ping` frames over the open socket, each after the answer to the last, and take the times.
    RoundTrips {
        /// How many.
        count: u32,
    },
    /// Send nothing over the open socket (apart from answers to pings), until something came after a pause of `quiet_ms`,
    /// but no longer than `at_most_ms`.
    Hold {
        /// The pause that is long enough, in milliseconds.
        quiet_ms: u64,
        /// When to give up, in milliseconds.
        at_most_ms: u64,
    },
}

/// Which subprotocols to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// [`causerie_protocol::handshake::offer`], with the person's token.
    Token,
    /// [`causerie_protocol::handshake::VERSIONED`] alone.
    Version,
    /// None at all.
    Nothing,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// Of [`Probe::Online`].
    Online(bool),
    /// Of [`Probe::Reach`].
    Reached(Reached),
    /// Of [`Probe::Status`].
    Status(Fetched),
    /// Of [`Probe::Socket`].
    Socket(SocketObservation),
    /// Of [`Probe::Trace`].
    Trace(Fetched),
    /// Of [`Probe::RoundTrips`]: the times in milliseconds; none when the server does not answer such frames.
    RoundTrips(Vec<f64>),
    /// Of [`Probe::Hold`].
    Held(HoldResult),
}

/// Whether there is a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Reached {
    /// There is, after so many milliseconds.
    Connected {
        /// How long it took, if that is known.
        milliseconds: Option<f64>,
    },
    /// No address belongs to the name.
    NameNotFound,
    /// The machine refused: nothing listens on the port.
    Refused,
    /// Nothing answered in time, or no way leads there.
    TimedOut,
    /// The certificate was not accepted, with what the TLS library says.
    CertificateRefused(String),
    /// What answered does not speak TLS.
    TlsNotSpoken,
    /// There is none, and this place does not tell why.
    Failed,
}

/// What a `GET` led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched {
    /// An answer.
    Answered(Answer),
    /// An answer that this page may not read (no CORS header on it).
    Hidden,
    /// None came in time.
    TimedOut,
    /// None.
    Failed,
}

/// An HTTP answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header `Server`, if it can be read.
    pub server: Option<String>,
    /// Where it leads on to: the header `Location`, or in a browser the address after the redirections.
    pub location: Option<String>,
    /// The body, as far as it is text; the first 64 KiB are enough.
    pub body: String,
    /// The device's clock when the request was sent, in milliseconds since 1970.
    pub sent_at_ms: i64,
    /// How long the answer took, in milliseconds.
    pub milliseconds: f64,
}

/// What became of a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketObservation {
    /// It was welcomed (and its chat subscribed), and is still open.
    Welcomed {
        /// The protocol's version that `welcome` announced.
        version: u32,
        /// From the start of the handshake to `welcome`, in milliseconds.
        milliseconds: f64,
    },
    /// The server closed it with a code.
    Closed {
        /// The code.
        code: u16,
        /// The reason.
        reason: String,
        /// Whether `welcome` came before.
        welcomed: bool,
    },
    /// The handshake was answered by something else than 101; a browser does not see this.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of the problem in the body, if it was Causerie's.
        code: Option<ErrorCode>,
    },
    /// The answer was 101, without any of the offered subprotocols; a browser does not see this.
    NotEchoed,
    /// It never opened or broke, and nobody says why: a bare 1006.
    Failed,
    /// It opened, and nothing came within ten seconds.
    Silent,
}

/// What became of a connection on which nothing was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum HoldResult {
    /// Something came after a pause of so many milliseconds.
    Lasted {
        /// The pause.
        quiet_ms: u64,
    },
    /// It broke without a close frame, after a pause of so many milliseconds.
    Cut {
        /// The pause.
        quiet_ms: u64,
    },
    /// The server closed it.
    Closed {
        /// The code.
        code: u16,
        /// The reason.
        reason: String,
    },
    /// Nothing came, for the whole time.
    Silent,
    /// So much came that there was no long pause.
    Busy,
}
