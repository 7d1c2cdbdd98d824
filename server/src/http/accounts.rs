//! `/api/auth/…`: registering, signing in and out, and the list of tokens.

use std::fmt::Display;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use causerie_protocol::event::User;
use causerie_protocol::rest::{Asked, Login, Register, SignedIn, TokenInfo};
use causerie_protocol::{ChatId, PersonName, TokenId, UserId, paths, text};

use super::RouteSlash;
use super::device::SignInDevice;
use super::id::{Id, Resource};
use super::json_body::JsonBody;
use crate::auth::{Begun, Caller, Newcomer, Welcomed, password};
use crate::chat::CreateOutcome;
use crate::mail::Letter;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::{AccountChange, Actor, Append, Change, NewChat};
use crate::{clock, email};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route_slash(paths::REGISTER, post(register))
        .route_slash(paths::LOGIN, post(login))
        .route_slash(paths::LOGOUT, post(logout))
        .route_slash(paths::ME, get(me))
        .route_slash(paths::TOKENS, get(tokens).delete(revoke_others))
        .route_slash(&format!("{}{{id}}/", paths::TOKENS), delete(revoke))
}

async fn register(
    State(app): State<AppState>,
    device: SignInDevice,
    JsonBody(body): JsonBody<Register>,
) -> Result<Response, Refusal> {
    let Register { email: address, password, name: given, invitation, language } = body;
    let invalid = |field, error: &dyn Display| Refusal::invalid(field, error.to_string());
    let email = email::parse(&address).map_err(|error| invalid("email", &error))?;
    let sends_mail = app.mailer.is_set_up();
    let password = password.ok_or_else(|| Refusal::missing("password")).and_then(|password| {
        password::check(&password).map_err(|error| invalid("password", &error))?;
        Ok(password)
    });
    // Where mails are sent, only their link asks for one.
    let password = if sends_mail { password } else { Ok(password?) };
    let name = name(given.as_deref(), &email)?;
    let device = device.device();
    let entry = match app.auth.begin_registration(&email, invitation.as_deref(), sends_mail, device).await? {
        Begun::Confirmed(entry) => entry,
        Begun::ToConfirm { invitation } => {
            // From here on whether the address has an account shows in nothing but its mails.
            if !app.mailer.send(Letter::Register { email, invitation, language }) {
                return Err(Refusal::too_many_mails());
            }
            return Ok((StatusCode::ACCEPTED, Json(Asked { asked: address })).into_response());
        }
    };
    let newcomer = Newcomer { email: &email, name: &name, password: password?, entry };
    let Welcomed { signed_in, invited_by, chats, meets_inviter } =
        app.auth.register(newcomer, device).await?;
    if let Some(inviter) = invited_by {
        add_to(&app, inviter, signed_in.user.id, chats).await;
        if meets_inviter {
            meet(&app, inviter, signed_in.user.id).await;
        }
    }
    Ok((StatusCode::CREATED, Json(signed_in)).into_response())
}

/// Adds somebody to the groups of an invitation, as who made it may do now; answers those that they are in by it, and one
/// that does not take them is left out.
pub(super) async fn add_to(app: &AppState, inviter: UserId, user: UserId, chats: Vec<ChatId>) -> Vec<ChatId> {
    let mut joined = Vec::with_capacity(chats.len());
    for chat in chats {
        let append = Append { actor: inviter, chat, change: Change::Join { user } };
        match app.chats.append(append).await {
            Ok(_) => joined.push(chat),
            Err(error) => {
                tracing::info!(%chat, %user, ?error, "an invitation's group did not take the person");
            }
        }
    }
    joined
}

/// Gives somebody and who invited them a chat, which both want; without one the invitation was of use all the same.
pub(super) async fn meet(app: &AppState, inviter: UserId, user: UserId) -> Option<ChatId> {
    let new = NewChat {
        creator: inviter,
        participants: vec![inviter, user],
        title: None,
        direct: true,
        client_id: None,
        asks: false,
        unseen: false,
    };
    match app.chats.create(new).await {
        Ok(CreateOutcome::New(chat) | CreateOutcome::Existing(chat)) => Some(chat.id),
        other => {
            tracing::info!(%inviter, %user, ?other, "who came by an invitation got no chat with who invited");
            None
        }
    }
}

async fn login(
    State(app): State<AppState>,
    device: SignInDevice,
    JsonBody(body): JsonBody<Login>,
) -> Result<Json<SignedIn>, Refusal> {
    Ok(Json(app.auth.sign_in(body.email.trim(), body.password, body.code.as_deref(), device.device()).await?))
}

async fn logout(State(app): State<AppState>, caller: Caller) -> Result<StatusCode, Refusal> {
    app.auth.sign_out(&caller).await?;
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

async fn revoke_others(State(app): State<AppState>, caller: Caller) -> Result<StatusCode, Refusal> {
    limit_changes(&app, &caller)?;
    let me = caller.user.id;
    app.auth.change(own(&caller), me, AccountChange::SignOut { except: Some(caller.token) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke(
    State(app): State<AppState>,
    caller: Caller,
    Id(token): Id<TokenId>,
) -> Result<StatusCode, Refusal> {
    limit_changes(&app, &caller)?;
    if !app.auth.revoke(caller.user.id, token).await? {
        return Err(TokenId::not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Counts a change of the caller's own account.
pub(super) fn limit_changes(app: &AppState, caller: &Caller) -> Result<(), Refusal> {
    app.auth.limit_account_changes(caller.user.id).map_err(Refusal::too_many_account_changes)
}

/// Somebody who changes their own account.
pub(super) fn own(caller: &Caller) -> Actor {
    Actor::Own { user: caller.user.id, token: caller.token }
}

/// The display name: the given one, or the local part of the address.
pub(super) fn name(given: Option<&str>, email: &str) -> Result<String, Refusal> {
    let given = given.map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = given else {
        return Ok(email::name_of(email).to_owned());
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
