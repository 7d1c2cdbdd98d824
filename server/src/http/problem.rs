//! Errors as the API answers them: `application/problem+json` (RFC 9457). The one place that maps them.

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use causerie_protocol::ErrorCode;
use causerie_protocol::client_frame::{text_code, text_detail};
use causerie_protocol::rest::Problem;
use causerie_protocol::text::TextError;

use crate::auth::{AuthError, PasswordError, SignInError};
use crate::chat::AppendError;
use crate::chat::refusal::words;
use crate::store::{Refused, StoreError};

/// When to come again after the store did not answer.
const STORE_RETRY: Duration = Duration::from_secs(1);
/// When to come again after too many passwords waited to be hashed.
const HASHING_RETRY: Duration = Duration::from_secs(5);
/// When to come again after there was no room for a connection.
const FULL_RETRY: Duration = Duration::from_secs(5);
/// When to come again after a restart began.
const RESTART_RETRY: Duration = Duration::from_secs(2);

/// A request that is not done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    code: ErrorCode,
    detail: String,
    field: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
}

impl Refusal {
    fn new(status: StatusCode, code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), field: None, retry_after: None }
    }

    /// 400: a field is missing.
    #[must_use]
    pub fn missing(field: impl Into<Cow<'static, str>>) -> Self {
        let field = field.into();
        let detail = format!("The field \"{field}\" is missing.");
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::MissingField, detail).at(field)
    }

    /// 400: a field is not what it should be; the sentence says what that is and never repeats what came.
    #[must_use]
    pub fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidField, detail).at(field)
    }

    /// 400: a message's text is blank or too long.
    #[must_use]
    pub fn text(field: impl Into<Cow<'static, str>>, error: TextError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text_code(error), text_detail(error)).at(field)
    }

    /// 400: the body is not a JSON object.
    #[must_use]
    pub fn not_json(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::NotJson, detail)
    }

    /// 415: the body says that it is something else than JSON.
    #[must_use]
    pub fn not_json_type() -> Self {
        let detail = "Send the body as JSON, with the header Content-Type: application/json.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::NotJson, detail)
    }

    /// 413: the body is too large.
    #[must_use]
    pub fn too_large(bytes: usize) -> Self {
        let detail = format!("The body may be {bytes} bytes long: shorten it.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::BodyTooLarge, detail)
    }

    /// 401: no token, or a bad one.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, detail)
    }

    /// 401: the address or the password is wrong; never which.
    #[must_use]
    pub fn wrong_credentials() -> Self {
        let detail = "The e-mail address or the password is wrong.";
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongCredentials, detail)
    }

    /// 429: too often; the sentence says what.
    #[must_use]
    pub fn rate_limited(detail: &str, wait: Duration) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, detail);
        Self { retry_after: Some(wait), ..refusal }
    }

    /// 408: the body did not come in time.
    #[must_use]
    pub fn too_slow(wait: Duration) -> Self {
        let detail = format!("The body did not arrive within {} s: send the request again.", wait.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::NotJson, detail)
    }

    /// 409: the address has an account.
    #[must_use]
    pub fn email_taken() -> Self {
        let detail = "An account with this e-mail address exists already: sign in, or use another address.";
        Self::new(StatusCode::CONFLICT, ErrorCode::EmailTaken, detail).at("email")
    }

    /// 404: nothing here, or not yours.
    #[must_use]
    pub fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, detail)
    }

    /// 404: no such chat, or not yours; the same, so that ids can't be probed.
    #[must_use]
    pub fn no_such_chat() -> Self {
        let detail = "There is no such chat, or you are not in it.";
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NoSuchChat, detail)
    }

    /// 404: no such message, or not yours to see.
    #[must_use]
    pub fn no_such_message() -> Self {
        Self::not_found("There is no such message, or you are not in its chat.")
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let detail = "This address does not take this method; the header Allow names those that it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed, detail)
    }

    /// 500: a fault of the server; the log says which.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "Something failed that should not have; the server's log says what.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, detail)
    }

    /// 503: there are as many connections as there may be.
    #[must_use]
    pub fn full() -> Self {
        let detail = "The server has as many connections as it may: try again in a moment.";
        Self::unavailable(ErrorCode::Full, detail, FULL_RETRY)
    }

    fn store_unavailable() -> Self {
        let detail = "The server can't reach its database just now: try again in a moment.";
        Self::unavailable(ErrorCode::Unavailable, detail, STORE_RETRY)
    }

    fn unavailable(code: ErrorCode, detail: &str, wait: Duration) -> Self {
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        Self { retry_after: Some(wait), ..refusal }
    }

    /// The field of the request that it is about.
    #[must_use]
    pub fn at(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem {
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code,
            field: self.field.map(Cow::into_owned),
            retry_after_ms: self.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds (RFC 9110, section 10.2.3), rounded up so that nobody comes too early.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1000) as u64));
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request failed");
        match error {
            StoreError::Unavailable(_) => Self::store_unavailable(),
            StoreError::Failed(_) | StoreError::Unusable(_) => Self::internal(),
        }
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        // The appender logged what the store said.
        match error {
            AppendError::Refused(refused) => refused.into(),
            AppendError::Draining => Self::unavailable(
                ErrorCode::Draining,
                "The server is about to restart: try again in a moment.",
                RESTART_RETRY,
            ),
            AppendError::Unavailable => Self::store_unavailable(),
            AppendError::Failed => Self::internal(),
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Store(error) => error.into(),
            AuthError::Unknown | AuthError::Expired | AuthError::Revoked => {
                Self::unauthorized(format!("{}.", capitalised(&error.to_string())))
            }
        }
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::EmailTaken => Self::email_taken(),
            SignInError::WrongCredentials => Self::wrong_credentials(),
            SignInError::TooManySignIns { wait } => {
                Self::rate_limited("Too many attempts to sign in: wait a minute and try again.", wait)
            }
            SignInError::TooManyRegistrations { wait } => Self::rate_limited(
                "Too many accounts are made from your network: wait a moment and try again.",
                wait,
            ),
            SignInError::Password(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Store(error) => error.into(),
            PasswordError::Busy => Self::unavailable(
                ErrorCode::Unavailable,
                "Too many people sign in or register just now: try again in a moment.",
                HASHING_RETRY,
            ),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let (code, detail) = words(refused);
        let status = match refused {
            Refused::NoSuchChat | Refused::NoSuchMessage => StatusCode::NOT_FOUND,
            Refused::NotTheSender => StatusCode::FORBIDDEN,
            Refused::NotAGroup | Refused::NoSuchUser => StatusCode::BAD_REQUEST,
            Refused::ChatClosed | Refused::ClientIdReused | Refused::AlreadyIn | Refused::Full => {
                StatusCode::CONFLICT
            }
        };
        let refusal = Self::new(status, code, detail);
        match refused {
            Refused::ClientIdReused => refusal.at("client_id"),
            Refused::NoSuchUser | Refused::AlreadyIn | Refused::Full => refusal.at("user"),
            _ => refusal,
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
