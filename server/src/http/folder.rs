//! A server in a folder of a site, as `https://example.org/chat/`: the path before its own addresses.
//!
//! A proxy may take the folder's path away or leave it; both work, since no address of Causerie begins like a folder
//! that the settings allow.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

/// Middleware: strips the folder's path from a request, and puts it before the addresses in the answer.
pub(super) async fn strip_base_path(
    State(base_path): State<Arc<str>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(uri) = without_base_path(request.uri(), &base_path) {
        *request.uri_mut() = uri;
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, begins) in [(header::LINK, "</"), (header::LOCATION, "/")] {
        prefix(headers.get_mut(name), begins, &base_path);
    }
    response
}

/// The address without the folder's path; `None` when it is not there.
fn without_base_path(uri: &Uri, base_path: &str) -> Option<Uri> {
    let rest = uri.path().strip_prefix(base_path)?;
    let path = match rest.as_bytes() {
        [] => "/",
        [b'/', ..] => rest,
        // Another folder, whose name begins alike.
        _ => return None,
    };
    let path = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.ok()?);
    Uri::from_parts(parts).ok()
}

/// Addresses of this server in a header begin with a slash.
fn prefix(value: Option<&mut HeaderValue>, begins: &str, base_path: &str) {
    let Some(value) = value else { return };
    let Ok(text) = value.to_str() else { return };
    if !text.starts_with(begins) {
        return;
    }
    // In a list of links, each of them.
    let count = if begins == "/" { 1 } else { usize::MAX };
    let whole = begins.replace('/', &format!("{base_path}/"));
    if let Ok(changed) = HeaderValue::try_from(text.replacen(begins, &whole, count)) {
        *value = changed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_taken_away_and_nothing_else() {
        for (asked, left) in [
            ("/chat", Some("/")),
            ("/chat/", Some("/")),
            ("/chat?a=1", Some("/?a=1")),
            ("/chat/api/chats/?limit=2", Some("/api/chats/?limit=2")),
            ("/chat/chats/7", Some("/chats/7")),
            ("/chat//x", Some("//x")),
            ("/chats/7", None),
            ("/chat-ws-test/", None),
            ("/", None),
        ] {
            let uri = without_base_path(&asked.parse().unwrap(), "/chat");
            assert_eq!(uri.map(|uri| uri.to_string()).as_deref(), left, "{asked}");
        }
    }

    #[test]
    fn addresses_of_this_server_get_the_folder_and_others_do_not() {
        for (begins, value, expected) in [
            ("</", "</api/a/>; rel=\"next\"", "</chat/api/a/>; rel=\"next\""),
            (
                "</",
                "</a>; rel=\"next\", </b>; rel=\"prev\"",
                "</chat/a>; rel=\"next\", </chat/b>; rel=\"prev\"",
            ),
            ("</", "<https://example.org/a>; rel=\"next\"", "<https://example.org/a>; rel=\"next\""),
            ("/", "/chats/7/", "/chat/chats/7/"),
            ("/", "https://example.org/", "https://example.org/"),
        ] {
            let mut header = HeaderValue::from_static(value);
            prefix(Some(&mut header), begins, "/chat");
            assert_eq!(header, expected);
        }
    }
}
