//! Which pages may use this server: its own, and those of the listed origins.

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

use crate::config::Config;

/// How long a browser may remember the answer to a preflight; browsers cap it at two hours.
const PREFLIGHT: Duration = Duration::from_secs(2 * 60 * 60);

/// The origin check against cross-site WebSocket hijacking (RFC 6455, section 10.2): browsers send the page's origin,
/// and let any page open a socket to any server.
///
/// Without an origin the client is a program and not a browser, and there is no other person's session to abuse.
#[must_use]
pub(super) fn may_connect(headers: &HeaderMap, config: &Config) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    is_allowed(origin, host, config)
}

/// Whether pages of an origin may open sockets to a server that is asked for as `host`.
#[must_use]
pub(super) fn is_allowed(origin: &str, host: Option<&str>, config: &Config) -> bool {
    let Some(page) = Triple::of(origin) else { return false };
    // The scheme is the page's: a proxy may have taken TLS off, so the server does not know its own.
    let own = host.and_then(|host| Triple::of(&format!("{}://{host}", page.scheme)));
    own.is_some_and(|own| own == page) || is_listed(&page, config)
}

fn is_listed(page: &Triple, config: &Config) -> bool {
    config.allowed_origins.iter().any(|listed| Triple::of(listed).is_some_and(|listed| listed == *page))
}

/// An origin as it is compared (RFC 6454, section 5): never by its text, in which a default port may stand or not.
#[derive(Debug, PartialEq, Eq)]
struct Triple {
    scheme: String,
    host: String,
    port: u16,
}

impl Triple {
    /// `None` when the text is not the origin of a page that came over HTTP, such as `null`.
    fn of(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !matches!(url.scheme(), "http" | "https") || !is_bare || has_user {
            return None;
        }
        let host = url.host_str()?;
        // An absolute name ends with the root's dot (RFC 1034, section 3.1) and is the same machine.
        let host = host.strip_suffix('.').unwrap_or(host).to_owned();
        Some(Self { scheme: url.scheme().to_owned(), host, port: url.port_or_known_default()? })
    }
}

/// CORS for pages of the listed origins that use the API.
pub(super) fn cors(config: &Config) -> CorsLayer {
    let config = config.clone();
    let is_listed = move |origin: &HeaderValue, _: &Parts| {
        origin.to_str().ok().and_then(Triple::of).is_some_and(|page| is_listed(&page, &config))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_listed))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::LINK, header::RETRY_AFTER, HeaderName::from_static("x-request-id")])
        .max_age(PREFLIGHT)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn own_origin_listed_origins_and_programs_are_allowed() {
        let mut config = Config::new(Path::new("unused.db"));
        config.allowed_origins = vec!["https://chat.example.org".to_owned()];
        for (origin, host, allowed) in [
            (None, "127.0.0.1:8000", true),
            (Some("http://127.0.0.1:8000"), "127.0.0.1:8000", true),
            (Some("https://Causerie.example.org"), "causerie.example.org", true),
            (Some("https://chat.example.org"), "127.0.0.1:8000", true),
            (Some("http://chat.example.org"), "127.0.0.1:8000", false),
            (Some("https://chat.example.org.evil.example"), "127.0.0.1:8000", false),
            (Some("http://127.0.0.1:8001"), "127.0.0.1:8000", false),
            (Some("null"), "127.0.0.1:8000", false),
            (Some("file://127.0.0.1:8000"), "127.0.0.1:8000", false),
            // A proxy may write the default port of the page's scheme, or the absolute name.
            (Some("https://causerie.example.org"), "causerie.example.org:443", true),
            (Some("http://causerie.example.org"), "causerie.example.org:80", true),
            (Some("https://causerie.example.org:443"), "causerie.example.org", true),
            (Some("https://causerie.example.org"), "causerie.example.org.", true),
            (Some("https://causerie.example.org."), "causerie.example.org", true),
            (Some("https://causerie.example.org."), "CAUSERIE.example.org.:443", true),
            (Some("http://[2001:db8::1]"), "[2001:DB8:0::1]:80", true),
            (Some("https://chat.example.org."), "127.0.0.1:8000", true),
            (Some("https://chat.example.org:443"), "127.0.0.1:8000", true),
            // The default port of the other scheme is another port.
            (Some("https://causerie.example.org"), "causerie.example.org:80", false),
            (Some("http://causerie.example.org"), "causerie.example.org:443", false),
            (Some("https://causerie.example.org"), "causerie.example.org:8443", false),
            (Some("https://causerie.example.org"), "causerie.example.org..", false),
            (Some("https://causerie.example.org"), "", false),
            (Some("https://evil.example"), "evil.example@causerie.example.org", false),
            (Some("https://evil.example"), "causerie.example.org@evil.example", false),
            (Some("https://evil.example"), "evil.example/causerie.example.org", false),
            (Some("https://evil.example"), "evil.example#causerie.example.org", false),
            (Some("https://user@causerie.example.org"), "causerie.example.org", false),
            (Some("https://causerie.example.org/page"), "causerie.example.org", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(may_connect(&headers, &config), allowed, "{origin:?} at {host}");
        }
    }
}
