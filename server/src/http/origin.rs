//! Which pages may talk to this server: its own, and those of the list.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Config;

/// How long a browser may remember the answer to a preflight; browsers cap it at two hours.
const PREFLIGHT: Duration = Duration::from_secs(2 * 60 * 60);

/// Whether a socket may be opened: browsers send the page's origin and open sockets to everywhere.
///
/// Without an origin it is a program and not a browser, and there is no session of somebody else to abuse.
#[must_use]
pub fn origin_allowed(headers: &HeaderMap, config: &Config) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    allowed(origin, host, config)
}

/// Whether pages of an origin may open sockets to a server that is asked for as `host`.
#[must_use]
pub fn allowed(origin: &str, host: Option<&str>, config: &Config) -> bool {
    let same = host.is_some_and(|host| {
        let page = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        page.is_some_and(|page| page.eq_ignore_ascii_case(host))
    });
    same || config.allowed_origins.iter().any(|allowed| allowed == origin)
}

/// What browsers are told about pages elsewhere that use the API (the Fetch standard's CORS protocol).
pub fn cors(config: &Config) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        config.allowed_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
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
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(origin_allowed(&headers, &config), allowed, "{origin:?} at {host}");
        }
    }
}
