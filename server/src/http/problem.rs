//! A refusal as HTTP says it: `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use causerie_protocol::rest::Problem;
use headers::{Connection, HeaderMapExt, SecWebsocketVersion, Upgrade};

use crate::refusal::{Refusal, milliseconds};

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, code, detail, field, retry_after } = self;
        let problem = Problem {
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into_owned(),
            code: code.clone(),
            field: field.map(Cow::into_owned),
            retry_after_ms: retry_after.map(milliseconds),
        };
        let mut response = (status, Json(problem)).into_response();
        // Browsers hide why a handshake was refused; the record of probes shows it.
        response.extensions_mut().insert(code);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = retry_after {
            // Whole seconds (RFC 9110, section 10.2.3), rounded up so that nobody comes too early; the typed header
            // rounds down.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(milliseconds(wait).div_ceil(1_000)));
        }
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::UPGRADE_REQUIRED => name_the_upgrade(headers),
            _ => {}
        }
        response
    }
}

/// RFC 9110, section 15.5.22, and RFC 6455, section 4.4.
fn name_the_upgrade(headers: &mut HeaderMap) {
    headers.typed_insert(Upgrade::websocket());
    headers.typed_insert(Connection::upgrade());
    headers.typed_insert(SecWebsocketVersion::V13);
}
