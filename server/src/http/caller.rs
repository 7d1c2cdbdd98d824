//! The caller of a request, by the `Authorization` header, and the rate of their changes.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use causerie_protocol::{ChatId, ClientId};

use super::peer_addr::PeerAddr;
use crate::auth::Caller;
use crate::clock;
use crate::refusal::Refusal;
use crate::state::AppState;

/// The caller that [`authorise`](super::guard::authorise) let through.
impl FromRequestParts<AppState> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &AppState) -> Result<Self, Refusal> {
        // A route for everybody has no caller: its row in the table of access is wrong.
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::internal)
    }
}

/// Whose token a request carries.
pub(super) async fn verify(parts: &mut Parts, app: &AppState) -> Result<Caller, Refusal> {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        let in_query = parts
            .uri
            .query()
            .is_some_and(|query| query.split('&').any(|pair| pair == "token" || pair.starts_with("token=")));
        return Err(if in_query { Refusal::token_in_address() } else { Refusal::token_missing() });
    };
    let token = value.to_str().ok().and_then(token).ok_or_else(Refusal::malformed_authorization)?;
    let token = token.to_owned();
    let Ok(from) = PeerAddr::from_request_parts(parts, app).await;
    Ok(app.auth.verify_token(&token, from.for_limits()).await?)
}

/// Counts a change towards the rate of its user's frames; repeats of a `client_id` count apart, and the answer is whether
/// it is one.
pub(super) fn check_rate(
    app: &AppState,
    caller: &Caller,
    client_id: Option<(ChatId, &ClientId)>,
) -> Result<bool, Refusal> {
    let rate = app.rates.user(caller.user.id);
    let is_repeat = client_id.is_some_and(|(chat, id)| rate.is_repeat(chat, id));
    rate.try_request(is_repeat, clock::monotonic()).map_err(Refusal::too_many_changes)?;
    Ok(is_repeat)
}

/// The token of a header's value; `Token` is what the old system called it.
fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("Token");
    known.then(|| token.trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_in_any_case() {
        assert_eq!(token("Bearer abc"), Some("abc"));
        assert_eq!(token("token  abc "), Some("abc"));
        for bad in ["", "abc", "Bearer", "Bearer  ", "Basic abc"] {
            assert_eq!(token(bad), None, "{bad:?}");
        }
    }
}
