//! A request's JSON body, read field by field, so that what is wrong is named and never repeated.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use causerie_protocol::{ChatTitle, ClientId, MessageText, limits, text};
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::problem::Refusal;
use crate::state::AppState;
use crate::connections::{Phase, State};

/// The body's fields. What nobody takes is ignored.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl FromRequest<AppState> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Refusal::not_json_type());
        }
        let wait = app.config.timeouts.body;
        let state = request.extensions().get::<Arc<State>>().cloned();
        // Meanwhile the connection waits for its client, so it may make room for another.
        let enter = |phase| state.iter().for_each(|state| state.enter(phase));
        enter(Phase::Body);
        let body = timeout(wait, Bytes::from_request(request, app)).await;
        enter(Phase::Busy);
        let body = body.map_err(|_| Refusal::too_slow(wait))?.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(limits::BODY_BYTES),
                _ => Refusal::not_json("The body did not arrive whole."),
            }
        })?;
        Self::parse(&body)
    }
}

impl Fields {
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Refusal::not_json("The body must be a JSON object.")),
            Err(_) => Err(Refusal::not_json("The body is not JSON.")),
        }
    }

    /// A field's value; `null` is as good as missing.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field).filter(|value| !value.is_null())
    }

    /// A string, if it is there.
    ///
    /// # Errors
    /// When it is something else.
    pub fn optional_text(&mut self, field: &'static str) -> Result<Option<String>, Refusal> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::invalid(field, format!("The field \"{field}\" must be a string."))),
        }
    }

    /// A string.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn text(&mut self, field: &'static str) -> Result<String, Refusal> {
        self.optional_text(field)?.ok_or_else(|| Refusal::missing(field))
    }

    /// The text of a message.
    ///
    /// # Errors
    /// When it is missing, something else, blank or too long.
    pub fn message_text(&mut self, field: &'static str) -> Result<MessageText, Refusal> {
        MessageText::new(self.text(field)?).map_err(|error| Refusal::text(field, error))
    }

    /// The sender's own name for a message, if it is there.
    ///
    /// # Errors
    /// When it is something else, or none that may be.
    pub fn client_id(&mut self, field: &'static str) -> Result<Option<ClientId>, Refusal> {
        let rule = || {
            let max = limits::CLIENT_ID_BYTES;
            let detail = format!(
                "The field \"{field}\" must be 1 to {max} visible ASCII characters, for example a UUID."
            );
            Refusal::invalid(field, detail)
        };
        self.optional_text(field)?.map(|text| ClientId::new(text).map_err(|_| rule())).transpose()
    }

    /// A chat's title, if it is there.
    ///
    /// # Errors
    /// When it is something else, shows nothing, is too long, or is not one line.
    pub fn title(&mut self, field: &'static str) -> Result<Option<ChatTitle>, Refusal> {
        let Some(text) = self.optional_text(field)? else { return Ok(None) };
        ChatTitle::new(text).map(Some).map_err(|error| Refusal::invalid(field, text::title_detail(error)))
    }
}

/// Whether a body claims to be JSON (RFC 6839 for the `+json` suffix).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_json_is_json() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(is_json(&headers), expected, "{kind:?}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn null_is_missing() {
        let mut fields = Fields::parse(br#"{"a":null}"#).unwrap();
        assert_eq!(fields.text("a"), Err(Refusal::missing("a")));
        assert_eq!(fields.optional_text("a"), Ok(None));
    }
}
