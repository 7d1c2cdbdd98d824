//! Close codes: why a socket closes, and what a client does then.

use std::fmt;

use crate::limits;

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

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $policy:ident;)+) => {
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
        }
    };
}

close_codes! {
    /// The client or the server left on purpose.
    Normal = 1000, StayClosed;
    /// The server goes away, or the page was left.
    GoingAway = 1001, ResumeJittered;
    /// The client sent a binary frame, which the protocol does not have.
    UnsupportedData = 1003, BackOff;
    /// The connection broke without a close frame; never sent.
    Abnormal = 1006, BackOffAndDiagnose;
    /// The client sent text that is not UTF-8.
    InvalidPayload = 1007, BackOff;
    /// The client sent a frame over the size limit.
    MessageTooBig = 1009, ResumeNow;
    /// The store or the bus is unavailable.
    InternalError = 1011, BackOff;
    /// The server restarts.
    ServiceRestart = 1012, ResumeJittered;
    /// The server is overloaded.
    TryAgainLater = 1013, BackOff;
    /// There is no token, or it is invalid, expired or revoked; the reason says which.
    Unauthorized = 4001, SignIn;
    /// The client sent too many frames that make no sense.
    BrokenClient = 4002, StayClosed;
    /// The person is not in this chat, or there is no such chat; the same, so that ids can't be probed.
    NotParticipant = 4003, StayClosed;
    /// The account was suspended by whoever looks after this installation.
    Suspended = 4004, StayClosed;
    /// The installation asks the person for a second factor, which must be set up first.
    SecondFactorRequired = 4005, StayClosed;
    /// Another connection took this one's place.
    Replaced = 4009, StayClosed;
    /// The versions of client and server don't fit.
    VersionMismatch = 4010, StayClosed;
    /// The client sent or connected too often.
    RateLimited = 4108, BackOff;
    /// The person has as many connections as one may.
    TooManySockets = 4109, BackOff;
    /// The client read too slowly and its queue was full.
    FellBehind = 4201, ResumeNow;
    /// The client did not answer a ping in time.
    NoHeartbeat = 4202, ResumeNow;
}

impl CloseCode {
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
            (4005, StayClosed),
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
    fn every_code_has_a_meaning() {
        for code in CloseCode::ALL {
            assert!(code.meaning().ends_with('.'), "{code}: {:?}", code.meaning());
        }
    }

    #[test]
    fn a_reason_is_cut_at_a_character_boundary() {
        assert_eq!(CloseCode::clip_reason("short"), "short");
        let long = "é".repeat(100);
        assert_eq!(CloseCode::clip_reason(&long).len(), 122);
    }
}
