//! Where a request comes from: the other end of the connection, or whom a trusted proxy names.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::app::App;
use crate::listener::Peer;

/// What proxies add each client's address to.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address; the port is that of the connection, or 0 when a proxy named the client.
    pub address: SocketAddr,
    /// Whether it is a trusted proxy that named nobody, behind which any number of people may be.
    pub is_proxy: bool,
}

impl Client {
    /// The address that limits hold for, if it is known.
    #[must_use]
    pub fn limited(&self) -> Option<IpAddr> {
        (!self.is_proxy).then_some(self.address.ip())
    }

    fn of(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |ip: IpAddr| {
            let ip = ip.to_canonical();
            trusted.iter().any(|network| network.contains(&ip))
        };
        if !is_trusted(peer.ip()) {
            return Self { address: peer, is_proxy: false };
        }
        // Each proxy adds whom it saw at the end, so the last that is no proxy of ours is the client.
        // What stands before that was written by the client, which may write what it likes.
        let values = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
        for text in named.iter().rev() {
            let Ok(ip) = text.parse::<IpAddr>() else { break };
            if !is_trusted(ip) {
                return Self { address: SocketAddr::new(ip, 0), is_proxy: false };
            }
        }
        Self { address: peer, is_proxy: true }
    }
}

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>();
        let peer = peer.map_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), |ConnectInfo(Peer(peer))| *peer);
        Ok(Self::of(peer, &parts.headers, &app.config.trusted_proxies))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let client = Client::of(SocketAddr::new(peer.parse().unwrap(), 5_000), &headers, &trusted);
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
            ("10.0.0.1", &[], "10.0.0.1", true),
        ] {
            assert_eq!(seen(peer, forwarded), (client.to_owned(), is_proxy), "{peer} {forwarded:?}");
        }
    }
}
