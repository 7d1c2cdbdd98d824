//! Second factors: codes by time (TOTP, RFC 6238) and recovery codes, and how many wrong ones an account takes.
//!
//! Decided here without input or output, by a time that is given. The store reads and writes what [`SecondFactor`] holds
//! around one decision, in one transaction, so that no code counts twice and no wrong one is overlooked.

use std::time::Duration;

use causerie_protocol::limits;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Secret, Totp};

use crate::clock::UnixMicros;

/// What apps show as the name of what a code is for.
const ISSUER: &str = "Causerie";
/// Bytes of a secret (RFC 4226, section 4, requirement R6).
pub const SECRET_BYTES: usize = 20;
/// Random bytes of a recovery code: too many to be guessed at any rate, so these codes have no limit of their own.
pub const RECOVERY_BYTES: usize = 10;
/// Bytes of a digest.
const DIGEST: usize = 32;
/// How long an account waits after as many wrong codes as cost nothing; twice as long after each further one, up to a limit.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 60 * 60);

/// The second factor of an account, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    pub secret: Vec<u8>,
    /// When it was set up; until then it is asked for nowhere.
    pub confirmed_at: Option<UnixMicros>,
    /// The time step of the last code that was taken.
    pub last_step: i64,
    /// Wrong codes since the last right one.
    pub wrong_codes: i64,
    /// Until then no further code is looked at.
    pub blocked_until: UnixMicros,
    /// The digests of the recovery codes that are left, one behind the other.
    pub recovery: Vec<u8>,
}

/// What a code is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    Right,
    /// Wrong, too old, or used before; never which.
    Wrong,
    /// There were too many wrong ones, so this one was not looked at.
    Blocked {
        wait: Duration,
    },
}

impl SecondFactor {
    /// A new one, which is not set up yet.
    #[must_use]
    pub fn new(secret: Vec<u8>) -> Self {
        Self {
            secret,
            confirmed_at: None,
            last_step: 0,
            wrong_codes: 0,
            blocked_until: UnixMicros(0),
            recovery: Vec::new(),
        }
    }

    /// Judges a code, and uses it up or counts it.
    pub fn judge(&mut self, code: &str, now: UnixMicros) -> Judgement {
        let code = typed(code);
        if code.len() == recovery_chars() {
            return self.judge_recovery(&code);
        }
        let wait = self.blocked_until.saturating_since(now);
        if !wait.is_zero() {
            return Judgement::Blocked { wait };
        }
        let step = totp(&self.secret, "").check(&code, seconds(now));
        match step.and_then(|step| i64::try_from(step).ok()) {
            Some(step) if step > self.last_step => {
                self.last_step = step;
                self.clear();
                Judgement::Right
            }
            _ => {
                self.wrong_codes = self.wrong_codes.saturating_add(1);
                if let Ok(more) = u32::try_from(self.wrong_codes - limits::WRONG_CODES) {
                    let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(more)).min(LONGEST_WAIT);
                    self.blocked_until = now + wait;
                }
                Judgement::Wrong
            }
        }
    }

    fn judge_recovery(&mut self, code: &str) -> Judgement {
        let wanted = digest(code);
        let Some(place) = self.recovery.chunks_exact(DIGEST).position(|kept| kept == wanted) else {
            return Judgement::Wrong;
        };
        self.recovery.drain(place * DIGEST..(place + 1) * DIGEST);
        self.clear();
        Judgement::Right
    }

    fn clear(&mut self) {
        self.wrong_codes = 0;
        self.blocked_until = UnixMicros(0);
    }
}

/// How many recovery codes so many bytes of digests are.
#[must_use]
pub(crate) fn codes_in(bytes: i64) -> i64 {
    bytes / DIGEST as i64
}

/// The secret as people type it, and the address that a QR code holds, for an account.
#[must_use]
pub fn shown(secret: &[u8], email: &str) -> (String, String) {
    // An app takes what stands before a colon for the issuer.
    let totp = totp(secret, &email.replace(':', "_"));
    let uri = totp.to_url().expect("there is an account name without a colon");
    (totp.secret().to_base32(), uri)
}

/// Recovery codes of random bytes as people read them, and what is stored of them.
#[must_use]
pub fn recovery_codes(random: &[[u8; RECOVERY_BYTES]]) -> (Vec<String>, Vec<u8>) {
    let codes: Vec<String> = random.iter().map(base32).collect();
    let digests = codes.iter().flat_map(|code| digest(code)).collect();
    (codes.iter().map(|code| in_groups(code)).collect(), digests)
}

fn base32(random: &[u8; RECOVERY_BYTES]) -> String {
    Secret::new(Box::new(*random)).to_base32().to_ascii_lowercase()
}

/// `abcdefghijklmnop` as `abcd-efgh-ijkl-mnop`.
fn in_groups(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// A code without what people type between its signs; no more of it than the longest one has, and one sign.
fn typed(code: &str) -> String {
    let signs = code.chars().filter(|sign| !sign.is_whitespace() && *sign != '-');
    signs.take(recovery_chars() + 1).map(|sign| sign.to_ascii_lowercase()).collect()
}

/// Base32 has eight signs for five bytes (RFC 4648, section 6).
const fn recovery_chars() -> usize {
    RECOVERY_BYTES / 5 * 8
}

/// A recovery code has 80 random bits, so a fast hash without salt is enough.
fn digest(code: &str) -> [u8; DIGEST] {
    Sha256::digest(code.as_bytes()).into()
}

/// What every app can: SHA-1, six digits, steps of thirty seconds; taken one step early or late (RFC 6238, section 5.2).
fn totp(secret: &[u8], email: &str) -> Totp {
    Builder::new()
        .with_secret(Secret::new(secret.into()))
        .with_skew(1)
        .with_step_duration(limits::CODE_SECONDS)
        .with_issuer(Some(ISSUER))
        .with_account_name(email)
        .build_noncompliant()
}

fn seconds(now: UnixMicros) -> u64 {
    u64::try_from(now.0 / 1_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8; SECRET_BYTES] = b"12345678901234567890";

    fn factor() -> SecondFactor {
        SecondFactor::new(SECRET.to_vec())
    }

    fn at(seconds: i64) -> UnixMicros {
        UnixMicros(seconds * 1_000_000)
    }

    fn code_at(secret: &[u8], now: UnixMicros) -> String {
        totp(secret, "").generate(seconds(now)).to_string()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: the last six digits of its eight.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, at(time)), code, "{time}");
            assert_eq!(factor().judge(code, at(time)), Judgement::Right, "{time}");
        }
        assert_eq!(factor().judge(" 287 082", at(59)), Judgement::Right, "as apps show it");
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_no_more() {
        let now = 1_111_111_110;
        for (steps, judgement) in [
            (-2, Judgement::Wrong),
            (-1, Judgement::Right),
            (0, Judgement::Right),
            (1, Judgement::Right),
            (2, Judgement::Wrong),
        ] {
            let code = code_at(SECRET, at(now + 30 * steps));
            assert_eq!(factor().judge(&code, at(now)), judgement, "{steps}");
        }
    }

    #[test]
    fn a_code_is_taken_once_and_none_before_it() {
        let mut factor = factor();
        let (before, code) = (code_at(SECRET, at(1_000)), code_at(SECRET, at(1_030)));
        assert_eq!(factor.judge(&code, at(1_030)), Judgement::Right);
        assert_eq!(factor.judge(&code, at(1_031)), Judgement::Wrong, "again");
        assert_eq!(factor.judge(&before, at(1_031)), Judgement::Wrong, "an earlier one");
        assert_eq!(factor.judge(&code_at(SECRET, at(1_060)), at(1_060)), Judgement::Right);
    }

    #[test]
    fn wrong_codes_cost_more_and_more_time_and_a_right_one_clears_that() {
        let (mut factor, mut now) = (factor(), at(1_000_000));
        let mut looked_at = 0_u32;
        // A guesser who tries every second for a day.
        for _ in 0..24 * 60 * 60 {
            if factor.judge("000000", now) == Judgement::Wrong {
                looked_at += 1;
            }
            now = now + Duration::from_secs(1);
        }
        assert!((15..25).contains(&looked_at), "{looked_at}");
        let Judgement::Blocked { wait } = factor.judge(&code_at(SECRET, now), now) else {
            panic!("a right one is not looked at either");
        };
        assert!(wait <= LONGEST_WAIT);
        now = now + wait;
        assert_eq!(factor.judge(&code_at(SECRET, now), now), Judgement::Right);
        assert_eq!((factor.wrong_codes, factor.blocked_until), (0, UnixMicros(0)));
        assert_eq!(factor.judge("000000", now), Judgement::Wrong);
        assert!(factor.blocked_until <= now, "some are for nothing");
    }

    #[test]
    fn a_recovery_code_is_taken_once_also_while_others_wait() {
        let mut factor = factor();
        let (codes, digests) =
            recovery_codes(&[[1; RECOVERY_BYTES], [2; RECOVERY_BYTES], [3; RECOVERY_BYTES]]);
        factor.recovery = digests;
        factor.wrong_codes = 50;
        factor.blocked_until = at(5_000);
        assert_eq!(codes[1].len(), "abcd-efgh-ijkl-mnop".len(), "{}", codes[1]);
        assert_eq!(factor.judge(&codes[1].to_uppercase().replace('-', " "), at(1)), Judgement::Right);
        assert_eq!(factor.judge(&codes[1], at(1)), Judgement::Wrong);
        assert_eq!(factor.judge("aaaa-aaaa-aaaa-aaaa", at(1)), Judgement::Wrong);
        assert_eq!(codes_in(factor.recovery.len() as i64), 2);
        assert_eq!(factor.judge(&codes[0], at(1)), Judgement::Right);
        assert_eq!(factor.judge(&codes[2], at(1)), Judgement::Right);
        assert!(factor.recovery.is_empty());
    }

    #[test]
    fn an_app_gets_the_secret_and_whose_it_is() {
        let (secret, uri) = shown(SECRET, "an:a+b@example.org");
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(uri.starts_with("otpauth://totp/Causerie:an_a%2Bb%40example.org?"), "{uri}");
        assert!(uri.contains(&format!("secret={secret}")) && uri.contains("issuer=Causerie"), "{uri}");
    }

    #[test]
    fn nonsense_is_wrong_however_long_it_is() {
        for nonsense in ["", " ", "12345", "1234567", "abcdef", "１２３４５６", &"9".repeat(100_000)] {
            assert_eq!(factor().judge(nonsense, at(59)), Judgement::Wrong);
        }
    }
}
