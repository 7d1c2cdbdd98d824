//! A request's JSON body as one of the types that [`causerie_protocol::rest`] shares with the client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use causerie_protocol::{ChatTitle, MessageText, limits, text};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use tokio::time::timeout;

use crate::auth::{AuthError, Caller};
use crate::connections::{ConnectionState, Phase};
use crate::refusal::Refusal;
use crate::state::AppState;

/// What a `client_id` must be.
const CLIENT_ID: &str = "1 to 64 visible ASCII characters, for example a UUID";
const _: () = assert!(limits::CLIENT_ID_BYTES == 64);

/// A body that comes within this time is of a caller whose token was checked just now.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The body of a request. The answer to a bad one names the field and never repeats its value.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Refusal::not_json_type());
        }
        let wait = app.config.timeouts.body;
        let state = request.extensions().get::<Arc<ConnectionState>>().cloned();
        // Meanwhile the connection waits for its client, so it may be evicted for another.
        let enter = |phase| state.iter().for_each(|state| state.enter(phase));
        enter(Phase::Body);
        let caller = request.extensions().get::<Caller>().cloned();
        let begun = Instant::now();
        let body = timeout(wait, Bytes::from_request(request, app)).await;
        enter(Phase::Busy);
        // Whoever was let through before the body came may have been signed out while it did.
        if let Some(caller) = caller.filter(|_| begun.elapsed() > AT_ONCE)
            && !app.store.revoked(&[caller.token]).await?.is_empty()
        {
            return Err(AuthError::Revoked.into());
        }
        let body = body.map_err(|_| Refusal::too_slow(wait))?.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(limits::BODY_BYTES),
                _ => Refusal::not_json("The body did not arrive whole."),
            }
        })?;
        read(&body).map(Self)
    }
}

/// Reads a body. Of a field that comes twice the last value counts.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let mut body: Value =
        serde_json::from_slice(body).map_err(|_| Refusal::not_json("The body is not JSON."))?;
    let Some(fields) = body.as_object_mut() else {
        return Err(Refusal::not_json("The body must be a JSON object."));
    };
    // No field takes an object, but serde reads an enum from one too: {"active": null} as "active".
    fields.values_mut().filter(|value| value.is_object()).for_each(|value| *value = Value::Bool(false));
    serde_path_to_error::deserialize(&body).map_err(|error| refusal(&error, &body))
}

fn refusal(error: &serde_path_to_error::Error<serde_json::Error>, body: &Value) -> Refusal {
    let field = match error.path().iter().next() {
        Some(Segment::Map { key }) => key.clone(),
        // A field that is missing has no path: serde's own sentence names it.
        _ => error.inner().to_string().split('`').nth(1).unwrap_or_default().to_owned(),
    };
    match body.get(&field) {
        // `null` counts as missing.
        None | Some(Value::Null) => Refusal::missing(field),
        Some(value) => invalid(field, value, &error.inner().to_string()),
    }
}

/// The answer to a value that the field's type does not take; serde's sentence ends with what it takes.
fn invalid(field: String, value: &Value, sentence: &str) -> Refusal {
    let text = value.as_str();
    if field == "content"
        && let Some(Err(error)) = text.map(MessageText::new)
    {
        return Refusal::text(field, error);
    }
    if field == "title"
        && let Some(Err(error)) = text.map(ChatTitle::new)
    {
        return Refusal::invalid(field, text::title_detail(error));
    }
    let expected = match (field.as_str(), text) {
        ("participants", _) => "an array of ids and e-mail addresses",
        ("user", _) => "a person's id or e-mail address",
        ("client_id", Some(_)) => CLIENT_ID,
        ("status", Some(_)) => "\"active\" or \"closed\"",
        ("role", Some(_)) => "\"member\", \"moderator\" or \"owner\"",
        ("reason", Some(_)) => "\"spam\", \"harassment\", \"threat\", \"sexual\", \"fraud\" or \"other\"",
        ("action", Some(_)) => "\"dismissed\", \"warned\", \"suspended\" or \"other\"",
        ("notify", Some(_)) => "\"all\", \"mentions\" or \"nothing\"",
        ("muted_until", _) => "a time in milliseconds since 1970",
        ("user_id" | "message_id", _) => "a number",
        _ if sentence.ends_with("expected a boolean") => "true or false",
        _ if sentence.ends_with("expected u64") || sentence.ends_with("expected i64") => "a whole number",
        _ if sentence.ends_with("expected a sequence") => "an array",
        _ => "a string",
    };
    let detail = format!("The field \"{field}\" must be {expected}.");
    Refusal::invalid(field, detail)
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
    use causerie_protocol::rest::{AddParticipant, CreateChat, PostMessage, UpdateChat};

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

    fn refused<T: DeserializeOwned>(body: &str) -> Refusal {
        read::<T>(body.as_bytes()).err().unwrap()
    }

    #[test]
    fn null_counts_as_missing() {
        assert_eq!(refused::<PostMessage>(r#"{"content":null}"#), Refusal::missing("content"));
        assert_eq!(refused::<PostMessage>("{}"), Refusal::missing("content"));
        let body: UpdateChat = read(br#"{"title":null,"status":null}"#).unwrap();
        assert_eq!(body, UpdateChat::default());
    }

    #[test]
    fn of_a_field_that_comes_twice_the_last_value_counts() {
        let body: PostMessage = read(br#"{"content":1,"content":"Hello"}"#).unwrap();
        assert_eq!(body.content.as_str(), "Hello");
    }

    #[test]
    fn a_wrong_value_is_answered_by_the_fields_own_sentence() {
        let detail = |field: &str, expected: &str| {
            Refusal::invalid(field.to_owned(), format!("The field \"{field}\" must be {expected}."))
        };
        for value in ["1", "[]", "{}", "true"] {
            for field in ["title", "client_id"] {
                let body = format!(r#"{{"participants":[1],"{field}":{value}}}"#);
                assert_eq!(refused::<CreateChat>(&body), detail(field, "a string"));
            }
        }
        let status = refused::<UpdateChat>(r#"{"status":"open"}"#);
        assert_eq!(status, detail("status", "\"active\" or \"closed\""));
        let variant = refused::<UpdateChat>(r#"{"status":{"active":null}}"#);
        assert_eq!(variant, detail("status", "a string"));
        let client_id = refused::<PostMessage>(r#"{"content":"a","client_id":" "}"#);
        assert_eq!(client_id, detail("client_id", CLIENT_ID));
        for value in ["1", r#"[""]"#, "[1.5]", r#"["a\u0000"]"#, "[1, true]"] {
            let refused = refused::<CreateChat>(&format!(r#"{{"participants":{value}}}"#));
            assert_eq!(refused, detail("participants", "an array of ids and e-mail addresses"));
        }
        let user = refused::<AddParticipant>(r#"{"user":" "}"#);
        assert_eq!(user, detail("user", "a person's id or e-mail address"));
    }
}
