//! `/api/auth/…`: making an account, signing in and out, and the list of sign-ins.

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use causerie_protocol::event::User;
use causerie_protocol::rest::{SignedIn, TokenInfo};
use causerie_protocol::{TokenId, limits, paths};

use super::Routes;
use super::client::Client;
use super::fields::Fields;
use super::id::{Id, Named};
use super::problem::Refusal;
use crate::app::App;
use crate::auth::Caller;
use crate::auth::attempts::Origin;
use crate::clock;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .at(paths::REGISTER, post(register))
        .at(paths::LOGIN, post(login))
        .at(paths::LOGOUT, post(logout))
        .at(paths::ME, get(me))
        .at(paths::TOKENS, get(tokens))
        .at(&format!("{}{{id}}/", paths::TOKENS), delete(revoke))
}

async fn register(
    State(app): State<App>,
    client: Client,
    mut fields: Fields,
) -> Result<(StatusCode, Json<SignedIn>), Refusal> {
    let email = email(&fields.text("email")?)?.to_owned();
    let password = fields.text("password")?;
    if password.chars().count() < limits::PASSWORD_MIN_CHARS {
        let detail = format!("The password must have at least {} characters.", limits::PASSWORD_MIN_CHARS);
        return Err(Refusal::invalid("password", detail));
    }
    if password.len() > limits::PASSWORD_MAX_BYTES {
        let detail = format!("The password may have at most {} bytes.", limits::PASSWORD_MAX_BYTES);
        return Err(Refusal::invalid("password", detail));
    }
    let name = name(fields.optional_text("name")?.as_deref(), &email)?;
    let too_many = "Too many accounts are made from your network: wait a moment and try again.";
    app.attempts
        .register(client.limited(), Instant::now())
        .map_err(|wait| Refusal::rate_limited(too_many, wait))?;
    let user = app.auth.register(&email, &name, password).await?.ok_or_else(Refusal::email_taken)?;
    app.attempts.succeeded(client.limited(), &email);
    Ok((StatusCode::CREATED, Json(app.auth.sign_in(user).await?)))
}

async fn login(
    State(app): State<App>,
    client: Client,
    mut fields: Fields,
) -> Result<Json<SignedIn>, Refusal> {
    let email = fields.text("email")?;
    let email = email.trim();
    let password = fields.text("password")?;
    let too_many =
        |wait| Refusal::rate_limited("Too many attempts to sign in: wait a minute and try again.", wait);
    let origin = app.attempts.begin(client.limited(), email, Instant::now()).map_err(too_many)?;
    // No password that long was ever set, and hashing it would take its time; no address has a U+0000, which Postgres
    // can't even be asked for.
    if email.len() > limits::EMAIL_BYTES
        || email.contains('\0')
        || password.len() > limits::PASSWORD_MAX_BYTES
    {
        return Err(Refusal::wrong_credentials());
    }
    let Some(user) = app.auth.check(email, password, origin).await? else {
        return Err(match origin {
            Origin::Crowd { wait } => too_many(wait),
            Origin::Known | Origin::New => Refusal::wrong_credentials(),
        });
    };
    app.attempts.succeeded(client.limited(), email);
    Ok(Json(app.auth.sign_in(user).await?))
}

async fn logout(State(app): State<App>, caller: Caller) -> Result<StatusCode, Refusal> {
    // Somebody else may have revoked it a moment ago; signed out is signed out.
    app.auth.revoke(caller.user.id, caller.token).await?;
    app.chats.token_revoked(caller.token).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(caller: Caller) -> Json<User> {
    Json(caller.user)
}

async fn tokens(State(app): State<App>, caller: Caller) -> Result<Json<Vec<TokenInfo>>, Refusal> {
    let mut tokens = app.store.tokens_of(caller.user.id, clock::now()).await?;
    for token in &mut tokens {
        token.current = token.id == caller.token;
    }
    Ok(Json(tokens))
}

async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(token): Id<TokenId>,
) -> Result<StatusCode, Refusal> {
    if !app.auth.revoke(caller.user.id, token).await? {
        return Err(TokenId::missing());
    }
    app.chats.token_revoked(token).await;
    Ok(StatusCode::NO_CONTENT)
}

/// An address as people write it: whether mail reaches it, only a mail could tell.
fn email(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    let fail = |detail: &str| Err(Refusal::invalid("email", detail));
    if text.len() > limits::EMAIL_BYTES {
        return fail(&format!("The e-mail address may have at most {} bytes.", limits::EMAIL_BYTES));
    }
    let whole = text
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    if !whole || text.chars().any(|char| char.is_whitespace() || char.is_control()) {
        return fail("This is not an e-mail address: write one such as name@example.org.");
    }
    Ok(text)
}

/// The name to show: the one that was given, or the address's part before the `@`.
fn name(given: Option<&str>, email: &str) -> Result<String, Refusal> {
    let given = given.map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = given else {
        let local = email.split('@').next().unwrap_or(email);
        return Ok(local[..local.floor_char_boundary(limits::NAME_BYTES)].to_owned());
    };
    if name.len() > limits::NAME_BYTES || name.chars().any(char::is_control) {
        let detail = format!("The name may have at most {} bytes and no line breaks.", limits::NAME_BYTES);
        return Err(Refusal::invalid("name", detail));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_and_looked_at() {
        assert_eq!(email(" ana@example.org\n").unwrap(), "ana@example.org");
        assert!(email("ünal+chat@example.org").is_ok());
        let long = format!("{}@example.org", "x".repeat(250));
        for bad in ["", "ana", "@example.org", "ana@", "a@b@c", "a b@example.org", "a\u{0}@b", &long] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_missing_name_comes_from_the_address_and_fits() {
        assert_eq!(name(None, "ana@example.org").unwrap(), "ana");
        assert_eq!(name(Some("  "), "ana@example.org").unwrap(), "ana");
        assert_eq!(name(Some(" Ana B "), "ana@example.org").unwrap(), "Ana B");
        let long = format!("{}@example.org", "é".repeat(80));
        assert_eq!(name(None, &long).unwrap(), "é".repeat(50));
        assert!(name(Some(&"x".repeat(101)), "ana@example.org").is_err());
    }
}
