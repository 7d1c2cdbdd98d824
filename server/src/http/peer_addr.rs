//! The address that a request comes from: the peer of the connection, or the client that a trusted proxy names.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::config::{Config, ForwardedHeader};
use crate::state::AppState;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// RFC 7239.
const FORWARDED: &str = "forwarded";

/// The client behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PeerAddr {
    /// The port is that of the connection, or 0 when a proxy named the client.
    pub address: SocketAddr,
    /// Whether this is a trusted proxy that named no client, or no valid one: any number of people may be behind it.
    pub is_proxy: bool,
}

impl PeerAddr {
    /// The address that limits count by; `None` when only a proxy is known.
    pub(super) fn for_limits(&self) -> Option<IpAddr> {
        (!self.is_proxy).then_some(self.address.ip())
    }

    fn of(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet], written: ForwardedHeader) -> Self {
        let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
        if !is_trusted(peer.ip().to_canonical()) {
            return Self { address: peer, is_proxy: false };
        }
        // Each proxy adds the address that it saw at the end, so the last that is no proxy of ours is the client.
        // What stands before that was written by the client, which may write what it likes.
        for named in forwarded_addresses(headers, written).iter().rev() {
            match *named {
                Some(ip) if is_trusted(ip) => {}
                Some(ip) => return Self { address: SocketAddr::new(ip, 0), is_proxy: false },
                None => break,
            }
        }
        Self { address: peer, is_proxy: true }
    }
}

/// The addresses that proxies wrote, in their order; `None` for one that makes no sense.
fn forwarded_addresses(headers: &HeaderMap, written: ForwardedHeader) -> Vec<Option<IpAddr>> {
    let is_there = |name| headers.contains_key(name);
    match written {
        ForwardedHeader::XForwardedFor => list(headers, FORWARDED_FOR, address),
        ForwardedHeader::Forwarded => list(headers, FORWARDED, forwarded),
        // The older header is the one that nearly every proxy writes. One that does passes a `Forwarded` of the
        // client's own on as it came, so that is read only where the other is missing.
        ForwardedHeader::Auto if is_there(FORWARDED_FOR) => list(headers, FORWARDED_FOR, address),
        ForwardedHeader::Auto => list(headers, FORWARDED, forwarded),
    }
}

/// A comma-separated header as one list, whether it came in one line or in several (RFC 9110, section 5.3).
fn list<T>(headers: &HeaderMap, name: &str, read: impl Fn(&str) -> Option<T>) -> Vec<Option<T>> {
    let mut elements = Vec::new();
    for value in headers.get_all(name) {
        match value.to_str() {
            Ok(value) => {
                elements.extend(value.split(',').map(str::trim).filter(|text| !text.is_empty()).map(&read));
            }
            Err(_) => elements.push(None),
        }
    }
    elements
}

/// The `for` of one element of `Forwarded`, such as `proto=https; For="[2001:db8::1]:4711"` (RFC 7239, section 4).
fn forwarded(element: &str) -> Option<IpAddr> {
    let mut named = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    let first = named.next().and_then(address);
    // Two would be two opinions on who it was.
    first.filter(|_| named.next().is_none())
}

/// An address in the forms that proxies write: bare, with a port, in brackets, in quotes, with a zone.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    let ip = if let Some(rest) = text.strip_prefix('[') {
        let (ip, port) = rest.split_once(']')?;
        if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
            return None;
        }
        let ip: Ipv6Addr = without_zone(ip).parse().ok()?;
        IpAddr::V6(ip)
    } else {
        match text.split_once(':') {
            // More than one colon is an IPv6 address, whose port would stand behind brackets.
            Some((ip, port)) if !port.contains(':') => {
                IpAddr::V4(ip.parse().ok().filter(|_: &Ipv4Addr| is_port(port))?)
            }
            _ => without_zone(text).parse().ok()?,
        }
    };
    Some(ip.to_canonical())
}

/// What names an interface of the proxy's own machine (RFC 4007, section 11) and nothing about the client.
fn without_zone(ip: &str) -> &str {
    ip.split_once('%').map_or(ip, |(ip, _)| ip)
}

/// A port, or what RFC 7239 allows in its place.
fn is_port(text: &str) -> bool {
    let is_obfuscated = text.strip_prefix('_').is_some_and(|name| !name.is_empty());
    is_obfuscated || text.parse::<u16>().is_ok()
}

impl FromRequestParts<AppState> for PeerAddr {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), |ConnectInfo(peer)| *peer);
        let Config { trusted_proxies, forwarded_header, .. } = &*app.config;
        Ok(Self::of(peer, &parts.headers, trusted_proxies, *forwarded_header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTO: ForwardedHeader = ForwardedHeader::Auto;

    fn seen(peer: &str, written: ForwardedHeader, lines: &[(&'static str, &str)]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let client = PeerAddr::of(SocketAddr::new(peer.parse().unwrap(), 5_000), &headers, &trusted, written);
        (client.address.ip().to_string(), client.is_proxy)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_as_far_as_it_saw() {
        for (peer, forwarded, client, is_proxy) in [
            // Nobody else may speak for others.
            ("192.0.2.1", &["198.51.100.1"][..], "192.0.2.1", false),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1", false),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1", false),
            ("fd00::1", &["2001:db8::1"], "2001:db8::1", false),
            // The client wrote the first one itself.
            ("10.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1", false),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.1, 10.0.0.2"], "198.51.100.1", false),
            ("10.0.0.1", &["198.51.100.1, nonsense"], "10.0.0.1", true),
            ("10.0.0.1", &["nonsense, 198.51.100.1"], "198.51.100.1", false),
            ("10.0.0.1", &["10.0.0.3"], "10.0.0.1", true),
            ("10.0.0.1", &["203.0.113.9", "\u{e9}"], "10.0.0.1", true),
            ("10.0.0.1", &["198.51.100.1,", ""], "198.51.100.1", false),
            ("10.0.0.1", &[], "10.0.0.1", true),
        ] {
            let lines: Vec<_> = forwarded.iter().map(|value| (FORWARDED_FOR, *value)).collect();
            assert_eq!(seen(peer, AUTO, &lines), (client.to_owned(), is_proxy), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn an_address_is_read_in_every_form_that_proxies_write() {
        for (text, read) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:47011", Some("192.0.2.1")),
            (" \"192.0.2.1:47011\" ", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:47011", Some("2001:db8::1")),
            ("\"[2001:db8::1]:_port\"", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("[fe80::1%25eth0]:80", Some("fe80::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("[::ffff:192.0.2.1]:80", Some("192.0.2.1")),
            ("unknown", None),
            ("_hidden", None),
            ("", None),
            ("192.0.2.1:", None),
            ("192.0.2.1:99999", None),
            ("192.0.2", None),
            ("[192.0.2.1]", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1]80", None),
            ("\"192.0.2.1", None),
            ("client.example.org", None),
        ] {
            assert_eq!(address(text).map(|ip| ip.to_string()).as_deref(), read, "{text:?}");
        }
    }

    #[test]
    fn forwarded_is_read_where_the_older_header_is_missing_or_the_settings_say_so() {
        use ForwardedHeader::{Auto, Forwarded, XForwardedFor};
        const OLD: (&str, &str) = (FORWARDED_FOR, "198.51.100.1");
        for (written, lines, client, is_proxy) in [
            (Auto, &[(FORWARDED, "for=192.0.2.1")][..], "192.0.2.1", false),
            (
                Auto,
                &[(FORWARDED, "proto=https; For=\"[2001:db8::1]:4711\";by=10.0.0.1")],
                "2001:db8::1",
                false,
            ),
            (Auto, &[(FORWARDED, "for=203.0.113.9, for=192.0.2.1;by=_a, for=10.0.0.2")], "192.0.2.1", false),
            (Auto, &[(FORWARDED, "for=203.0.113.9"), (FORWARDED, "for=192.0.2.1")], "192.0.2.1", false),
            (Auto, &[(FORWARDED, "for=192.0.2.1, for=unknown")], "10.0.0.1", true),
            (Auto, &[(FORWARDED, "for=192.0.2.1, proto=https")], "10.0.0.1", true),
            (Auto, &[(FORWARDED, "for=192.0.2.1;for=192.0.2.2")], "10.0.0.1", true),
            // A proxy that writes the older header passes on what the client wrote into the other.
            (Auto, &[(FORWARDED, "for=203.0.113.9"), OLD], "198.51.100.1", false),
            (Forwarded, &[(FORWARDED, "for=192.0.2.1"), OLD], "192.0.2.1", false),
            (Forwarded, &[OLD], "10.0.0.1", true),
            (XForwardedFor, &[(FORWARDED, "for=203.0.113.9")], "10.0.0.1", true),
        ] {
            assert_eq!(seen("10.0.0.1", written, lines), (client.to_owned(), is_proxy), "{lines:?}");
        }
    }
}
