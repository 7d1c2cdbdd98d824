//! Error codes: why one request failed while the socket stays open, or why a REST call did.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $wire:literal,)+) => {
        /// Why one request failed, as a name for programs.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
            /// A code that this version does not know, kept unchanged.
            Unknown(String),
        }

        impl ErrorCode {
            /// Every code that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $wire,)+
                    Self::Unknown(name) => name,
                }
            }

            /// The meaning in one sentence; empty for an unknown code.
            #[must_use]
            pub fn meaning(&self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                    Self::Unknown(_) => "",
                }
            }

            /// The code that has this name on the wire.
            #[must_use]
            pub fn from_wire(name: &str) -> Self {
                match name {
                    $($wire => Self::$name,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }
    };
}

error_codes! {
    /// The frame or body is not a JSON object.
    NotJson = "not_json",
    /// The frame's `type` is none that a client may send.
    UnknownType = "unknown_type",
    /// A field that this request needs is missing.
    MissingField = "missing_field",
    /// A field has the wrong type or a value outside its bounds.
    InvalidField = "invalid_field",
    /// The text shows nothing: it is empty, or nothing but white space and characters that can't be seen.
    TextBlank = "text_blank",
    /// The text has a word that this installation does not allow.
    TextNotAllowed = "text_not_allowed",
    /// The text is longer than the limit.
    TextTooLong = "text_too_long",
    /// The chat does not exist or is not yours.
    NoSuchChat = "no_such_chat",
    /// The message that this one replies to is none of the chat's, or from before you were in it.
    NoSuchOriginal = "no_such_original",
    /// The chat is closed, so nobody can write to it.
    ChatClosed = "chat_closed",
    /// The other person has not accepted the chat yet, and as many messages were sent as may be until then.
    NotAccepted = "not_accepted",
    /// The message was sent longer ago than messages may be edited here; it can still be deleted.
    TooLateToEdit = "too_late_to_edit",
    /// The same `client_id` came with something else: another text, or another chat to start.
    ClientIdReused = "client_id_reused",
    /// This socket follows as many chats as it may.
    TooManySubscriptions = "too_many_subscriptions",
    /// The server could not store this just now; try again after `retry_after_ms`.
    Unavailable = "unavailable",
    /// The server is about to restart and takes nothing new; send again after reconnecting.
    Draining = "draining",
    /// Something failed that should not have; the server's log says what.
    Internal = "internal",
    /// The e-mail address or the password is wrong.
    WrongCredentials = "wrong_credentials",
    /// The password is right, and the account has a second factor: send the same again with its `code`.
    CodeNeeded = "code_needed",
    /// The code of the second factor is wrong, or was used already.
    WrongCode = "wrong_code",
    /// This installation asks the person for a second factor, which must be set up before anything else.
    SecondFactorRequired = "second_factor_required",
    /// The request carries no valid token.
    Unauthorized = "unauthorized",
    /// An account with this e-mail address exists already.
    EmailTaken = "email_taken",
    /// Accounts are made by invitation only here, or not at all.
    RegistrationClosed = "registration_closed",
    /// The link was used, has ended, was revoked, or is of another installation.
    LinkInvalid = "link_invalid",
    /// It would leave the installation without an owner.
    LastOwner = "last_owner",
    /// You may see this but not change it.
    Forbidden = "forbidden",
    /// There is nothing at this address, or it is not yours.
    NotFound = "not_found",
    /// This address exists but not for this method.
    MethodNotAllowed = "method_not_allowed",
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large",
    /// Too many requests; try again after `retry_after_ms`.
    RateLimited = "rate_limited",
    /// There are as many connections as there may be; try again after `retry_after_ms`.
    Full = "full",
}

impl ErrorCode {
    /// Whether the same request may succeed later without being changed.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Draining | Self::RateLimited | Self::Full)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_wire(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_the_wire_and_has_a_sentence() {
        for code in ErrorCode::ALL {
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(&serde_json::from_str::<ErrorCode>(&json).unwrap(), code);
            assert!(code.meaning().ends_with('.'), "{code}: {:?}", code.meaning());
        }
    }

    #[test]
    fn an_unknown_code_is_carried_on() {
        let code: ErrorCode = serde_json::from_str(r#""out_of_tea""#).unwrap();
        assert_eq!(code, ErrorCode::Unknown("out_of_tea".into()));
        assert_eq!(serde_json::to_string(&code).unwrap(), r#""out_of_tea""#);
    }
}
