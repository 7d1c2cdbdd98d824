//! The page that is built into the program: files, their compressed forms, and how browsers may keep them.

use std::collections::HashMap;
use std::io::{self, Cursor};
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use causerie_protocol::paths;
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::store::{PageFile, Store, StoreError};

struct Embedded {
    path: &'static str,
    content_type: &'static str,
    hash: &'static str,
    compressed: bool,
    content: &'static [u8],
}

// `EMBEDDED`, sorted by path.
include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The view that every address without a file of its own leads to; the page reads the address itself.
const INDEX: &str = "index.html";
/// The document's `<base>` as the build leaves it: everything that the page loads and calls is relative to it.
const BASE: &str = "<base href=\"/\">";
/// The name of brotli as a content coding (RFC 7932).
const BROTLI: &str = "br";
/// The longest name of a file that is looked up among other versions; those of the build are shorter.
const NAME_CHARS: usize = 100;
/// Files of other versions that are cached in memory; the store has about this many.
const HELD: usize = 64;
/// How often storing the files is tried: two nodes that start at once may get in each other's way.
const TRIES: usize = 3;

/// A file of the page.
#[derive(Debug)]
pub struct File {
    /// Its path without a leading slash.
    path: String,
    content_type: String,
    /// Identifies the content, such as the start of its SHA-256.
    hash: String,
    /// Whether the name holds a hash of the content, so that the content can never change.
    hashed: bool,
    /// Whether `content` is brotli.
    compressed: bool,
    content: Bytes,
    /// The decompressed content, once a browser that does not accept brotli has asked for it.
    uncompressed: OnceLock<Bytes>,
}

/// The files that the build embedded.
pub fn built_in() -> Vec<File> {
    let file = |file: &Embedded| File {
        path: file.path.to_owned(),
        content_type: file.content_type.to_owned(),
        hash: file.hash.to_owned(),
        hashed: is_hashed_name(file.path),
        compressed: file.compressed,
        content: Bytes::from_static(file.content),
        uncompressed: OnceLock::new(),
    };
    EMBEDDED.iter().map(file).collect()
}

/// The page as one node serves it: its own version, and the files of others.
///
/// During a rolling update a balancer may send a browser with a document of one version to a node of the other. So each
/// node stores its files before it serves, and looks in the store for files that it does not have itself.
pub struct Page {
    files: Vec<File>,
    /// The policy's sources for the inline scripts of the document.
    scripts: String,
    store: Arc<dyn Store>,
    /// Files of other versions that were requested. One is looked up at a time, so that requests for files that never
    /// existed take one connection to the database at most.
    held: Mutex<HashMap<String, Arc<File>>>,
}

impl Page {
    /// The page below a path such as `/chat`, empty at the top; its files are kept for nodes of other versions.
    pub async fn open(mut files: Vec<File>, base_path: &str, store: Arc<dyn Store>) -> Self {
        let mut scripts = String::new();
        for index in files.iter_mut().filter(|file| file.path == INDEX) {
            if !base_path.is_empty() {
                let html = String::from_utf8_lossy(&index.uncompressed()).into_owned();
                let html = html.replace(BASE, &format!("<base href=\"{base_path}/\">"));
                *index = File::new(INDEX, &index.content_type, html);
            }
            scripts = inline_scripts(&String::from_utf8_lossy(&index.uncompressed()));
        }
        let kept: Vec<PageFile> = files.iter().filter(|file| file.hashed).map(File::to_store).collect();
        for left in (0..TRIES).rev() {
            match store.keep_page_files(&kept).await {
                Ok(()) => break,
                Err(error) if left == 0 => {
                    tracing::warn!(%error, "nodes of other versions can't serve this version's page");
                }
                Err(_) => {}
            }
        }
        Self { files, scripts, store, held: Mutex::default() }
    }

    /// The answer to `GET` of a path: a file, or the document for an address of one of its views. `None`: no such file.
    pub async fn answer(&self, path: &str, headers: &HeaderMap) -> Result<Option<Response>, StoreError> {
        if let Some(file) = find(&self.files, path) {
            let policy = (file.path == INDEX).then(|| content_security_policy(path, headers, &self.scripts));
            return Ok(Some(file.answer(policy.as_deref(), headers)));
        }
        let name = path.trim_start_matches('/');
        if !is_hashed_name(name) {
            return Ok(None);
        }
        let mut held = self.held.lock().await;
        if let Some(file) = held.get(name) {
            return Ok(Some(file.answer(None, headers)));
        }
        let Some(file) = self.store.page_file(name).await? else { return Ok(None) };
        if held.len() >= HELD {
            held.clear();
        }
        let file = held.entry(name.to_owned()).or_insert(Arc::new(File::from_store(file)));
        Ok(Some(file.answer(None, headers)))
    }
}

fn find<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    let path = path.trim_start_matches('/');
    let exact = files.iter().find(|file| file.path == path);
    exact.or_else(|| {
        // A missing script must not be answered with HTML, which fails in a browser without a clear error.
        let last = path.rsplit('/').next().unwrap_or_default();
        if last.contains('.') { None } else { files.iter().find(|file| file.path == INDEX) }
    })
}

/// Whether a file of this name may be one that a version of the page loads: `name-0123456789abcdef.js` and the like.
fn is_hashed_name(name: &str) -> bool {
    let is_hash = |part: &str| part.len() >= 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let stem = name.split('.').next().unwrap_or_default();
    name.len() <= NAME_CHARS
        && name.contains('.')
        && name.bytes().all(is_plain)
        && stem.split(['-', '_']).any(is_hash)
}

impl File {
    /// A file that is not compressed; its name says its content when it holds a hash.
    pub fn new(path: &str, content_type: &str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        Self {
            path: path.to_owned(),
            content_type: content_type.to_owned(),
            hash: Sha256::digest(&content)[..8].iter().map(|byte| format!("{byte:02x}")).collect(),
            hashed: is_hashed_name(path),
            compressed: false,
            content,
            uncompressed: OnceLock::new(),
        }
    }

    fn from_store(file: PageFile) -> Self {
        Self {
            // The name contains a hash.
            hash: file.path.clone(),
            path: file.path,
            content_type: file.content_type,
            hashed: true,
            compressed: file.encoding == BROTLI,
            content: file.content,
            uncompressed: OnceLock::new(),
        }
    }

    fn to_store(&self) -> PageFile {
        PageFile {
            path: self.path.clone(),
            content_type: self.content_type.clone(),
            encoding: if self.compressed { BROTLI.to_owned() } else { String::new() },
            content: self.content.clone(),
        }
    }

    fn answer(&self, policy: Option<&str>, headers: &HeaderMap) -> Response {
        let mut response = Response::new(Body::empty());
        let out = response.headers_mut();
        let keep = if self.hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        // Weak (RFC 9110, section 8.8.1): both encodings share it.
        let tag: ETag =
            format!("W/\"{}\"", self.hash).parse().expect("a hash is visible ASCII without quotes");
        let wanted = headers.typed_get::<IfNoneMatch>().is_none_or(|known| known.precondition_passes(&tag));
        out.typed_insert(tag);
        if let Some(Ok(value)) = policy.map(HeaderValue::from_str) {
            out.insert(header::CONTENT_SECURITY_POLICY, value);
        }
        if !wanted {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        if let Ok(value) = HeaderValue::from_str(&self.content_type) {
            out.insert(header::CONTENT_TYPE, value);
        }
        let body = if self.compressed && accepts_brotli(headers) {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(BROTLI));
            self.content.clone()
        } else {
            self.uncompressed()
        };
        *response.body_mut() = Body::from(body);
        response
    }

    fn uncompressed(&self) -> Bytes {
        if !self.compressed {
            return self.content.clone();
        }
        let unpack = || {
            let mut plain = Vec::new();
            let done = brotli::BrotliDecompress(&mut Cursor::new(&self.content), &mut plain);
            // Only a damaged row of the database fails here; the content is cut short then.
            done.unwrap_or_else(
                |error: io::Error| tracing::error!(%error, path = self.path, "a damaged file"),
            );
            plain.into()
        };
        self.uncompressed.get_or_init(unpack).clone()
    }
}

/// The policy's sources for inline scripts, each by its hash (CSP Level 3, section 2.3.1).
fn inline_scripts(html: &str) -> String {
    let mut sources = String::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        let Some(open) = rest[start..].find('>').map(|end| start + end + 1) else { break };
        let Some(close) = rest[open..].find("</script").map(|end| open + end) else { break };
        let script = &rest[open..close];
        let is_inline = !rest[start..open].contains(" src=");
        if is_inline && !script.is_empty() {
            sources += &format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script.as_bytes())));
        }
        rest = &rest[close..];
    }
    sources
}

/// Whether the browser accepts brotli; a weight of 0 refuses it (RFC 9110, section 12.4.2).
fn accepts_brotli(headers: &HeaderMap) -> bool {
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

/// Allows the page to run what the build made and to connect to this server, and nothing else.
/// The connection tester may connect to every server, as its purpose is.
fn content_security_policy(path: &str, headers: &HeaderMap, scripts: &str) -> String {
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
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'; \
         connect-src 'self'{sockets}; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
         base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
}

fn is_tester(path: &str) -> bool {
    path.trim_matches('/') == paths::TESTER.trim_matches('/')
}

#[cfg(test)]
#[path = "page/tests.rs"]
mod tests;
