//! `/api/auth/…`: making an account, signing in and out, and the list of sign-ins.

use std::fmt::Display;
use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use causerie_protocol::event::User;
use causerie_protocol::rest::{Login, Register, SignedIn, TokenInfo};
use causerie_protocol::{PersonName, TokenId, limits, paths, text};

use super::Routes;
use super::client::Client;
use super::id::{Id, Resource};
use super::json_body::JsonBody;
use super::problem::Refusal;
use crate::state::AppState;
use crate::auth::attempts::Origin;
use crate::auth::{Caller, password};
use crate::{clock, email};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .at(paths::REGISTER, post(register))
        .at(paths::LOGIN, post(login))
        .at(paths::LOGOUT, post(logout))
        .at(paths::ME, get(me))
        .at(paths::TOKENS, get(tokens))
        .at(&format!("{}{{id}}/", paths::TOKENS), delete(revoke))
}

async fn register(
    State(app): State<AppState>,
    client: Client,
    JsonBody(body): JsonBody<Register>,
) -> Result<(StatusCode, Json<SignedIn>), Refusal> {
    let invalid = |field, error: &dyn Display| Refusal::invalid(field, error.to_string());
    let email = email::parse(&body.email).map_err(|error| invalid("email", &error))?;
    password::check(&body.password).map_err(|error| invalid("password", &error))?;
    let name = name(body.name.as_deref(), &email)?;
    let too_many = "Too many accounts are made from your network: wait a moment and try again.";
    app.attempts
        .register(client.limited(), Instant::now())
        .map_err(|wait| Refusal::rate_limited(too_many, wait))?;
    let user = app.auth.register(&email, &name, body.password).await?.ok_or_else(Refusal::email_taken)?;
    app.attempts.succeeded(client.limited(), &email::key(&email));
    Ok((StatusCode::CREATED, Json(app.auth.sign_in(user).await?)))
}

async fn login(
    State(app): State<AppState>,
    client: Client,
    JsonBody(body): JsonBody<Login>,
) -> Result<Json<SignedIn>, Refusal> {
    let Login { email, password } = body;
    let email = email.trim();
    // Counted by what is one account, so that another spelling of the address is no further guess.
    let account = email::key(email);
    let too_many =
        |wait| Refusal::rate_limited("Too many attempts to sign in: wait a minute and try again.", wait);
    let origin = app.attempts.begin(client.limited(), &account, Instant::now()).map_err(too_many)?;
    if !email::is_possible(email) || !password::is_possible(&password) {
        return Err(Refusal::wrong_credentials());
    }
    let Some(user) = app.auth.check(email, password, origin).await? else {
        return Err(match origin {
            Origin::Crowd { wait } => too_many(wait),
            Origin::Known | Origin::New => Refusal::wrong_credentials(),
        });
    };
    app.attempts.succeeded(client.limited(), &account);
    Ok(Json(app.auth.sign_in(user).await?))
}

async fn logout(State(app): State<AppState>, caller: Caller) -> Result<StatusCode, Refusal> {
    // Somebody else may have revoked it a moment ago; signed out is signed out.
    app.auth.revoke(caller.user.id, caller.token).await?;
    app.chats.token_revoked(caller.token).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(caller: Caller) -> Json<User> {
    Json(caller.user)
}

async fn tokens(State(app): State<AppState>, caller: Caller) -> Result<Json<Vec<TokenInfo>>, Refusal> {
    let mut tokens = app.store.tokens_of(caller.user.id, clock::now()).await?;
    for token in &mut tokens {
        token.current = token.id == caller.token;
    }
    Ok(Json(tokens))
}

async fn revoke(
    State(app): State<AppState>,
    caller: Caller,
    Id(token): Id<TokenId>,
) -> Result<StatusCode, Refusal> {
    if !app.auth.revoke(caller.user.id, token).await? {
        return Err(TokenId::not_found());
    }
    app.chats.token_revoked(token).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The name to show: the one that was given, or the address's part before the `@`.
fn name(given: Option<&str>, email: &str) -> Result<String, Refusal> {
    let given = given.map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = given else {
        let local = email.split('@').next().unwrap_or(email);
        return Ok(local[..local.floor_char_boundary(limits::NAME_BYTES)].to_owned());
    };
    match PersonName::new(name) {
        Ok(name) => Ok(name.into_string()),
        Err(error) => Err(Refusal::invalid("name", text::name_detail(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_name_comes_from_the_address_and_fits() {
        assert_eq!(name(None, "ana@example.org").unwrap(), "ana");
        assert_eq!(name(Some("  "), "ana@example.org").unwrap(), "ana");
        assert_eq!(name(Some(" Ana B "), "ana@example.org").unwrap(), "Ana B");
        let long = format!("{}@example.org", "é".repeat(80));
        assert_eq!(name(None, &long).unwrap(), "é".repeat(50));
        for bad in ["x".repeat(101).as_str(), "\u{200b}", "\u{3164}\u{2800}", "A\nB", "A\u{2028}B", "A\0"] {
            assert!(name(Some(bad), "ana@example.org").is_err(), "{bad:?}");
        }
    }
}
