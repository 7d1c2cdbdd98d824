//! Refusals of what concerns accounts: tokens, signing in, links that let somebody in, roles, and changes of an account.

use std::borrow::Cow;

use axum::http::StatusCode;
use causerie_protocol::accounts::Registration;
use causerie_protocol::{ErrorCode, limits};

use super::{HASHING_RETRY, Refusal};
use crate::access::Who;
use crate::auth::people::ChangeError;
use crate::auth::{AuthError, PasswordError, SignInError};
use crate::store::NotChanged;

// Accounts and tokens.
impl Refusal {
    pub fn unauthorized(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, detail)
    }

    pub fn token_missing() -> Self {
        Self::unauthorized("Sign in, and send the token in the header Authorization: Bearer <token>.")
    }

    /// Addresses stand in logs, histories and referrers: a token there is as good as public.
    pub fn token_in_address() -> Self {
        Self::unauthorized(
            "A token in the address is not accepted: send it in the header Authorization: Bearer <token>.",
        )
    }

    pub fn malformed_authorization() -> Self {
        Self::unauthorized("The header Authorization must be Bearer <token> or Token <token>.")
    }

    pub fn metrics_token_missing() -> Self {
        Self::unauthorized("Metrics are for who has their token: send it as Authorization: Bearer TOKEN.")
    }
}

// Links that let somebody in.
impl Refusal {
    /// Used up, ended, revoked, or of another installation: the same, so that links can't be probed.
    pub fn link_invalid() -> Self {
        let detail =
            "This link was used, has ended, was revoked, or is of another server: ask for a new one.";
        Self::new(StatusCode::FORBIDDEN, ErrorCode::LinkInvalid, detail)
    }

    pub fn no_mail() -> Self {
        Self::not_found("This server sends no mail: ask whoever runs it for a link to set a new password.")
    }

    pub fn too_many_mails() -> Self {
        let detail = "Too many mails wait to be written just now: try again in a moment.";
        Self::unavailable(ErrorCode::Unavailable, detail, HASHING_RETRY)
    }

    pub fn no_such_invitation() -> Self {
        Self::not_found("There is no such invitation, or it was revoked already.")
    }

    pub fn no_such_person() -> Self {
        NotChanged::NoSuchPerson.into()
    }
}

// What the table of access does not allow.
impl Refusal {
    pub fn role_too_low(needed: Who) -> Self {
        let detail = match needed {
            Who::Owner => "Only an owner of this installation may do this: ask one.",
            Who::Moderator => "Only a moderator or an owner of this installation may do this: ask one.",
            _ => "Guests of an invitation may not do this: ask a member.",
        };
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail)
    }
}

// What the installation asks for besides a password.
impl Refusal {
    pub fn second_factor_required() -> Self {
        let detail = "This server asks you for a second factor: set one up in your account first.";
        Self::new(StatusCode::FORBIDDEN, ErrorCode::SecondFactorRequired, detail)
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Store(error) => error.into(),
            AuthError::Unknown | AuthError::Expired | AuthError::Revoked | AuthError::Suspended => {
                let mut detail = error.to_string() + ".";
                if let Some(first) = detail.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                Self::unauthorized(detail)
            }
        }
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::EmailTaken => {
                let detail =
                    "An account with this e-mail address exists already: sign in, or use another address.";
                Self::new(StatusCode::CONFLICT, ErrorCode::EmailTaken, detail).at("email")
            }
            SignInError::WrongCredentials => {
                let detail = "The e-mail address or the password is wrong.";
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongCredentials, detail)
            }
            SignInError::CodeNeeded => {
                let detail = "This account has a second factor: sign in with a code of its app too (in the field \"code\"), or with a recovery code.";
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::CodeNeeded, detail).at("code")
            }
            SignInError::WrongCode => {
                let detail =
                    "The code is wrong, or was used already: wait for the next one that the app shows.";
                Self::new(StatusCode::UNAUTHORIZED, ErrorCode::WrongCode, detail).at("code")
            }
            SignInError::TooManyCodes { wait } => Self::rate_limited(
                "Too many wrong codes: wait before you try again, or use a recovery code.",
                wait,
            ),
            SignInError::RegistrationClosed(Registration::Closed) => Self::new(
                StatusCode::FORBIDDEN,
                ErrorCode::RegistrationClosed,
                "Nobody can register here: whoever runs this server makes the accounts.",
            ),
            SignInError::RegistrationClosed(_) => Self::new(
                StatusCode::FORBIDDEN,
                ErrorCode::RegistrationClosed,
                "Accounts are made by invitation only here: ask somebody for a link.",
            ),
            SignInError::LinkInvalid => Self::link_invalid(),
            SignInError::TooManySignIns { wait } => {
                Self::rate_limited("Too many attempts to sign in: wait a minute and try again.", wait)
            }
            SignInError::TooManyRegistrations { wait } => Self::rate_limited(
                "Too many accounts are made from your network: wait a moment and try again.",
                wait,
            ),
            SignInError::Password(PasswordError::Store(error)) => error.into(),
            SignInError::Password(PasswordError::Busy) => Self::unavailable(
                ErrorCode::Unavailable,
                "Too many people sign in or register just now: try again in a moment.",
                HASHING_RETRY,
            ),
        }
    }
}

impl From<NotChanged> for Refusal {
    fn from(refused: NotChanged) -> Self {
        use ErrorCode::{EmailTaken, Forbidden, InvalidField, LastOwner, NotFound};
        use StatusCode as Status;
        match refused {
            NotChanged::SignedOut => AuthError::Revoked.into(),
            NotChanged::NoSuchPerson => Self::new(Status::NOT_FOUND, NotFound, "There is no such person."),
            NotChanged::RoleAbove => Self::new(
                Status::FORBIDDEN,
                Forbidden,
                "That is above your own role in this installation: ask an owner.",
            ),
            NotChanged::LastOwner => Self::new(
                Status::CONFLICT,
                LastOwner,
                "This is the only owner of the installation: make somebody else an owner first.",
            ),
            NotChanged::EmailTaken => Self::new(
                Status::CONFLICT,
                EmailTaken,
                "Another account has this e-mail address: use another one.",
            )
            .at("email"),
            NotChanged::NoSuchChat => {
                let detail = "People can be invited to groups only, and to those that you are in.";
                Self::new(Status::BAD_REQUEST, InvalidField, detail).at("chats")
            }
            NotChanged::RoleInGroup => {
                let detail = "Only a group's moderators and owner may invite into it: ask one.";
                Self::new(Status::FORBIDDEN, Forbidden, detail).at("chats")
            }
            // Who has somebody invited by mail is not told whether that was done.
            NotChanged::LinkEnded => Self::link_invalid(),
            NotChanged::TooManyInvitations | NotChanged::InvitedBefore => {
                let detail = format!(
                    "You have {} invitations that nobody has used yet, which is as many as one may: revoke some.",
                    limits::INVITATIONS_PER_PERSON
                );
                Self::new(Status::CONFLICT, InvalidField, detail)
            }
        }
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotChanged(refused) => refused.into(),
            ChangeError::OutOfBounds { field, least, most } => {
                Self::invalid(field, format!("\"{field}\" must be from {least} to {most}."))
            }
            ChangeError::WrongPassword => {
                let detail = "The current password is wrong.";
                Self::new(StatusCode::FORBIDDEN, ErrorCode::WrongCredentials, detail).at("current_password")
            }
            ChangeError::TooManyInvitations { wait } => Self::rate_limited(
                "You have made as many invitations as one may in a day: go on later.",
                wait,
            ),
            ChangeError::TooManyGuesses { wait } => SignInError::TooManySignIns { wait }.into(),
            ChangeError::LinkInvalid => Self::link_invalid(),
            ChangeError::HasSecondFactor => {
                let detail = "Your account has a second factor already: turn it off first to set up another.";
                Self::new(StatusCode::CONFLICT, ErrorCode::InvalidField, detail)
            }
            ChangeError::NoSecondFactor => Self::not_found(
                "Your account has no second factor, or it was set up meanwhile: load the page again.",
            ),
            // Not 401: the sign-in itself is good.
            ChangeError::Code(SignInError::WrongCode) => {
                Self { status: StatusCode::FORBIDDEN, ..SignInError::WrongCode.into() }
            }
            ChangeError::Code(error) => error.into(),
            ChangeError::Password(error) => SignInError::from(error).into(),
        }
    }
}
