//! The page that is built into the program: files, their compressed forms, and how browsers may keep them.

use std::io::Cursor;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use causerie_protocol::paths;

/// A file of the page, as the build made it.
#[derive(Debug)]
struct File {
    /// Its path without a leading slash.
    path: &'static str,
    content_type: &'static str,
    /// The start of its SHA-256.
    hash: &'static str,
    /// Whether the name holds a hash of the content, so that the content can never change.
    hashed: bool,
    /// Whether `content` is brotli (RFC 7932).
    compressed: bool,
    content: &'static [u8],
    /// The content as it was, once a browser asked for it that does not take brotli.
    plain: OnceLock<Bytes>,
}

// `FILES`, sorted by path, and `INLINE_SCRIPTS`, the sources for the policy.
include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The view that every address without a file of its own leads to; the page reads the address itself.
const INDEX: &str = "index.html";

/// The answer to `GET` of a path: a file, or the page for an address of one of its views. `None`: no such file.
#[must_use]
pub fn answer(path: &str, headers: &HeaderMap) -> Option<Response> {
    find(&FILES, path).map(|file| file.answer(path, headers))
}

fn find<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    let path = path.trim_start_matches('/');
    let exact = files.iter().find(|file| file.path == path);
    exact.or_else(|| {
        // A missing script must not be answered with HTML, which fails in a way that nobody understands.
        let last = path.rsplit('/').next().unwrap_or_default();
        if last.contains('.') { None } else { files.iter().find(|file| file.path == INDEX) }
    })
}

impl File {
    fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        let mut response = Response::new(Body::empty());
        let out = response.headers_mut();
        let keep = if self.hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        // Weak (RFC 9110, section 8.8.1): both encodings share it.
        let tag = format!("W/\"{}\"", self.hash);
        if let Ok(value) = HeaderValue::from_str(&tag) {
            out.insert(header::ETAG, value);
        }
        if self.path == INDEX
            && let Ok(value) = HeaderValue::from_str(&policy(path, headers))
        {
            out.insert(header::CONTENT_SECURITY_POLICY, value);
        }
        if holds(headers, &tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        let body = if self.compressed && takes_brotli(headers) {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
            Bytes::from_static(self.content)
        } else {
            self.plain()
        };
        *response.body_mut() = Body::from(body);
        response
    }

    fn plain(&self) -> Bytes {
        if !self.compressed {
            return Bytes::from_static(self.content);
        }
        let unpack = || {
            let mut plain = Vec::new();
            let done = brotli::BrotliDecompress(&mut Cursor::new(self.content), &mut plain);
            done.expect("the build compressed it, and writing to memory does not fail");
            plain.into()
        };
        self.plain.get_or_init(unpack).clone()
    }
}

/// Whether the browser holds this version already (RFC 9110, section 13.1.2).
fn holds(headers: &HeaderMap, tag: &str) -> bool {
    let held = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let strong = tag.trim_start_matches("W/");
    held.flat_map(|value| value.split(',')).any(|value| {
        let value = value.trim();
        value == "*" || value.trim_start_matches("W/") == strong
    })
}

/// Whether the browser takes brotli; a weight of 0 is a no (RFC 9110, section 12.4.2).
fn takes_brotli(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        let refused = parts.any(|part| {
            part.strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()).is_some_and(|w| w <= 0.0)
        });
        named && !refused
    })
}

/// What the page may do: run what the build made, talk to this server, and nothing else.
/// The connection tester may talk to every server: that is what it is for.
fn policy(path: &str, headers: &HeaderMap) -> String {
    // Some browsers do not count a socket to the page's own host as 'self'.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_authority = |host: &&str| {
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)) && !host.is_empty()
    };
    let sockets = host.filter(is_authority).map(|host| format!(" ws://{host} wss://{host}"));
    let mut sockets = sockets.unwrap_or_default();
    if is_tester(path) {
        sockets += " http: https: ws: wss:";
    }
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{INLINE_SCRIPTS}; style-src 'self'; \
         connect-src 'self'{sockets}; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

fn is_tester(path: &str) -> bool {
    path.trim_matches('/') == paths::TESTER.trim_matches('/')
}

#[cfg(test)]
#[path = "page/tests.rs"]
mod tests;
