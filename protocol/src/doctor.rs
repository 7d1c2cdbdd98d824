//! What a server reports to the doctor: about itself, and about a handshake that reached it.
//!
//! Nothing here is a secret: of an offered token it says only whether there was one.

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::{handshake, limits};

/// The value of [`ServerStatus::name`].
pub const NAME: &str = "causerie";

/// `GET /api/doctor/`: the server's identity and state. Pages of every origin may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    /// [`NAME`].
    pub name: String,
    /// The release, as `causerie --version` prints it.
    pub version: String,
    /// The protocol's version, [`limits::VERSION`].
    pub protocol: u32,
    /// Identifies one of several servers behind one address: random at each start.
    pub node: String,
    /// Whether there may be other servers behind the same address.
    pub clustered: bool,
    /// The server's clock, in milliseconds since 1970.
    pub time_ms: i64,
    /// The time between two pings of a socket, in milliseconds.
    pub heartbeat_ms: u64,
    /// The header `Host` of this request as it arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Whether the database answers.
    pub database: bool,
    /// Whether the bus is reachable; always true on a single node.
    pub bus: bool,
    /// Whether the server drains.
    pub draining: bool,
    /// Whether other nodes use the same database and no bus connects them with this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unheard: bool,
    /// Whether a page may connect; only when the request named an origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginStatus>,
}

/// Whether pages of an origin may open sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginStatus {
    /// The origin.
    pub origin: String,
    /// Whether its pages may open sockets.
    pub allowed: bool,
    /// The setting that allows more origins.
    pub setting: String,
}

/// `GET /api/doctor/probes/{probe}/`: the record that one server has of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedTrace {
    /// The server that responds, as in [`ServerStatus::node`].
    pub node: String,
    /// The handshake that arrived there within the last [`limits::PROBE_SECONDS`], if one did.
    pub trace: Option<Trace>,
}

/// A handshake as it arrived, and the response to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Whether it had the headers of a WebSocket upgrade (RFC 6455, section 4.1); if not, a proxy dropped them.
    pub upgrade: bool,
    /// What `Sec-WebSocket-Protocol` offered.
    pub offered: Offered,
    /// The header `Origin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Whether that origin may connect.
    pub origin_allowed: bool,
    /// The header `Host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The HTTP status of the response; 101 when a socket was opened.
    pub status: u16,
    /// Why it was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
}

/// Which subprotocols a handshake offered, without any values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// The number of values.
    pub values: usize,
    /// Whether [`handshake::VERSIONED`] was among them.
    pub versioned: bool,
    /// Whether [`handshake::BEARER`] was among them.
    pub bearer: bool,
    /// Whether a value followed `Bearer`.
    pub token: bool,
    /// Whether that value has the shape of a token.
    pub well_formed: bool,
}

impl Offered {
    /// Parses the raw value of the header.
    #[must_use]
    pub fn read(header: &str) -> Self {
        let values: Vec<&str> = header.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
        let bearer = values.iter().position(|value| *value == handshake::BEARER);
        let token = bearer.and_then(|at| values.get(at + 1));
        Self {
            values: values.len(),
            versioned: values.contains(&handshake::VERSIONED),
            bearer: bearer.is_some(),
            token: token.is_some(),
            well_formed: token.is_some_and(|token| handshake::is_token(token)),
        }
    }
}

/// Whether a text can be a probe id: 8 to [`limits::PROBE_CHARS`] letters, digits or `-`, such as a UUID.
#[must_use]
pub fn is_probe(text: &str) -> bool {
    (8..=limits::PROBE_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_reported_without_its_values() {
        let token = "x".repeat(limits::TOKEN_CHARS);
        let header = handshake::offer(&token).join(", ");
        let offered = Offered::read(&header);
        assert_eq!(
            offered,
            Offered { values: 3, versioned: true, bearer: true, token: true, well_formed: true }
        );
        assert!(!serde_json::to_string(&offered).unwrap().contains("xxx"));
        assert_eq!(Offered::read(""), Offered::default());
        assert_eq!(Offered::read("Bearer"), Offered { values: 1, bearer: true, ..Offered::default() });
        let short = Offered::read("causerie.v1,Bearer,short");
        assert!(short.token && !short.well_formed);
    }

    #[test]
    fn a_probe_id_has_only_characters_that_an_address_can_have() {
        assert!(is_probe("0b9b5b0e-3f0a-4d7e-9d43-6a1f5f0f9a11"));
        for bad in ["", "short", "0b9b5b0e/3f0a", "é".repeat(10).as_str(), &"a".repeat(65)] {
            assert!(!is_probe(bad), "{bad:?}");
        }
    }
}
