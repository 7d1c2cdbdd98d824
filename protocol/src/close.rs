//! Close codes: why a socket closes, what a client does then, and how it is explained to a person.

use std::fmt;

use crate::limits;
use crate::words::{Explanation, Language, vietnamese_close};

/// What a client does after a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Stays closed until a person acts.
    StayClosed,
    /// Asks the person to sign in, and continues where it was.
    SignIn,
    /// Reconnects after a random part of a short delay, and resumes.
    ResumeJittered,
    /// Reconnects at once, and resumes.
    ResumeNow,
    /// Waits longer after each failure (full jitter), then reconnects and resumes.
    BackOff,
    /// As [`Policy::BackOff`], and offers to find the cause, since the browser does not report it.
    BackOffAndDiagnose,
}

impl Policy {
    /// The policy in a few words, for tables.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::StayClosed => "stays closed until a person acts",
            Self::SignIn => "asks the person to sign in",
            Self::ResumeJittered => "resumes after a short random delay",
            Self::ResumeNow => "reconnects at once and resumes",
            Self::BackOff => "backs off, then resumes",
            Self::BackOffAndDiagnose => "backs off and finds out why",
        }
    }
}

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $policy:ident, $what:literal, $why:literal, $remedy:literal;)+) => {
        /// Why a WebSocket ended (RFC 6455, section 7.4; 4000–4999 are ours).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloseCode {
            $($(#[doc = $doc])+ $name,)+
            /// A code without a name in this version; its band decides.
            Other(u16),
        }

        impl CloseCode {
            /// Every code that has a name.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The number on the wire.
            #[must_use]
            pub fn code(self) -> u16 {
                match self {
                    $(Self::$name => $code,)+
                    Self::Other(code) => code,
                }
            }

            /// The code with this number.
            #[must_use]
            pub fn from_code(code: u16) -> Self {
                match code {
                    $($code => Self::$name,)+
                    other => Self::Other(other),
                }
            }

            /// What the code means, in one sentence; empty for one without a name.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                    Self::Other(_) => "",
                }
            }

            /// What a client does after this close.
            #[must_use]
            pub fn policy(self) -> Policy {
                match self {
                    $(Self::$name => Policy::$policy,)+
                    Self::Other(code) => match code {
                        1000 | 4000..=4099 => Policy::StayClosed,
                        4200..=4299 => Policy::ResumeNow,
                        _ => Policy::BackOff,
                    },
                }
            }

            /// The explanation in English; a page in English needs no other table.
            #[must_use]
            pub fn explanation(self) -> Explanation {
                match self {
                    $(Self::$name => Explanation { what: $what, why: $why, remedy: $remedy },)+
                    Self::Other(_) => Explanation {
                        what: "The connection was closed.",
                        why: "The server gave a reason that this page does not know; it may be newer than the page.",
                        remedy: "Reload the page. If that does not help, ask whoever runs the server.",
                    },
                }
            }
        }
    };
}

close_codes! {
    /// The client or the server left on purpose.
    Normal = 1000, StayClosed,
        "The connection was ended.", "It was closed on purpose.", "Connect again when you want to.";
    /// The server goes away, or the page was left.
    GoingAway = 1001, ResumeJittered,
        "The server is going away.", "It is being stopped or moved.", "Nothing: the page reconnects by itself.";
    /// The client sent a binary frame, which the protocol does not have.
    UnsupportedData = 1003, BackOff,
        "The server did not understand what was sent.", "A binary frame came where only text is spoken.", "Reload the page, so that it is of the same version as the server.";
    /// The connection broke without a close frame; never sent.
    Abnormal = 1006, BackOffAndDiagnose,
        "The connection broke.", "The network is away, a proxy cut the connection, or no server is listening.", "Check your network. The page keeps trying; \"Why?\" finds the cause.";
    /// The client sent text that is not UTF-8.
    InvalidPayload = 1007, BackOff,
        "The server could not read what was sent.", "The text was not valid UTF-8.", "Reload the page, so that it is of the same version as the server.";
    /// The client sent a frame over the size limit.
    MessageTooBig = 1009, ResumeNow,
        "What was sent is too large.", "A frame was larger than the server takes.", "Shorten the message, or send it in parts.";
    /// The store or the bus is unavailable.
    InternalError = 1011, BackOff,
        "The server has a problem.", "Its database or another service that it needs does not answer.", "Nothing: the page keeps trying. If it lasts, tell whoever runs the server.";
    /// The server restarts.
    ServiceRestart = 1012, ResumeJittered,
        "The server restarts.", "It is being updated.", "Nothing: the page reconnects in a moment.";
    /// The server is overloaded.
    TryAgainLater = 1013, BackOff,
        "The server is busy.", "More people are connected than it can serve just now.", "Nothing: the page tries again after a while.";
    /// There is no token, or it is invalid, expired or revoked; the reason says which.
    Unauthorized = 4001, SignIn,
        "You are signed out.", "Your sign-in expired, was ended elsewhere, or never reached the server.", "Sign in again. What you have not sent yet is kept.";
    /// The client sent too many frames that make no sense.
    BrokenClient = 4002, StayClosed,
        "The server ended the connection because it did not understand this page.", "The page is older or newer than the server, or a program sent nonsense.", "Reload the page.";
    /// The person is not in this chat, or there is no such chat; the same, so that ids can't be probed.
    NotParticipant = 4003, StayClosed,
        "You have no access to this chat.", "You are not a participant, or the chat does not exist any more.", "Ask somebody in the chat to add you.";
    /// The account was suspended by whoever looks after this installation.
    Suspended = 4004, StayClosed,
        "Your account is suspended.", "Somebody who looks after this installation did that.", "Ask whoever runs the server. What you have not sent yet is kept on this device.";
    /// Another connection took this one's place.
    Replaced = 4009, StayClosed,
        "This connection was replaced.", "The same page was opened again elsewhere.", "Go on there, or reload this page.";
    /// The versions of client and server don't fit.
    VersionMismatch = 4010, StayClosed,
        "This page and the server speak different versions.", "One of them was updated and the other was not.", "Reload the page.";
    /// The client sent or connected too often.
    RateLimited = 4108, BackOff,
        "The server asks for a pause.", "Too much was sent in too short a time.", "Nothing: the page goes on after a while.";
    /// The person has as many connections as one may.
    TooManySockets = 4109, BackOff,
        "You have too many connections at once.", "The page is open in very many tabs or on very many devices.", "Close some of them. The page connects when there is room.";
    /// The client read too slowly and its queue was full.
    FellBehind = 4201, ResumeNow,
        "The connection was too slow and starts again.", "Messages came faster than this device could take them.", "Nothing: the page fetches what it missed.";
    /// The client did not answer a ping in time.
    NoHeartbeat = 4202, ResumeNow,
        "The connection had gone quiet and starts again.", "The device slept, or the network lost it.", "Nothing: the page fetches what it missed.";
}

impl CloseCode {
    /// The explanation in a language.
    #[must_use]
    pub fn explanation_in(self, language: Language) -> Explanation {
        match language {
            Language::English => self.explanation(),
            Language::Vietnamese => vietnamese_close::close(self),
        }
    }

    /// A reason, cut at a character boundary to the [`limits::CLOSE_REASON_BYTES`] that fit into a close frame.
    #[must_use]
    pub fn clip_reason(reason: &str) -> &str {
        let mut end = reason.len().min(limits::CLOSE_REASON_BYTES);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        &reason[..end]
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_of_every_code_is_the_contract() {
        use Policy::{BackOff, BackOffAndDiagnose, ResumeJittered, ResumeNow, SignIn, StayClosed};
        let contract = [
            (1000, StayClosed),
            (1001, ResumeJittered),
            (1003, BackOff),
            (1006, BackOffAndDiagnose),
            (1007, BackOff),
            (1009, ResumeNow),
            (1011, BackOff),
            (1012, ResumeJittered),
            (1013, BackOff),
            (4001, SignIn),
            (4002, StayClosed),
            (4003, StayClosed),
            (4004, StayClosed),
            (4009, StayClosed),
            (4010, StayClosed),
            (4108, BackOff),
            (4109, BackOff),
            (4201, ResumeNow),
            (4202, ResumeNow),
        ];
        assert_eq!(contract.len(), CloseCode::ALL.len());
        for (code, policy) in contract {
            assert_eq!(CloseCode::from_code(code).policy(), policy, "{code}");
            assert_ne!(CloseCode::from_code(code), CloseCode::Other(code));
        }
    }

    #[test]
    fn the_band_decides_for_a_code_without_a_name() {
        for (code, policy) in [
            (4099, Policy::StayClosed),
            (4150, Policy::BackOff),
            (4299, Policy::ResumeNow),
            (4300, Policy::BackOff),
            (1005, Policy::BackOff),
        ] {
            assert_eq!(CloseCode::from_code(code), CloseCode::Other(code));
            assert_eq!(CloseCode::from_code(code).policy(), policy, "{code}");
        }
    }

    #[test]
    fn every_code_has_words_for_a_person() {
        for code in CloseCode::ALL {
            let words = code.explanation();
            for sentence in [words.what, words.why, words.remedy, code.meaning()] {
                assert!(sentence.ends_with('.'), "{code}: {sentence:?}");
                assert!(!sentence.contains(&code.code().to_string()), "{code} is a bare number");
            }
        }
    }

    #[test]
    fn a_reason_is_cut_at_a_character_boundary() {
        assert_eq!(CloseCode::clip_reason("short"), "short");
        let long = "é".repeat(100);
        assert_eq!(CloseCode::clip_reason(&long).len(), 122);
    }
}
