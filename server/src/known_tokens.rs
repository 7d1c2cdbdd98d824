//! Tokens that were checked a while ago: the next handshake or request with one does not ask the database.
//!
//! A revocation removes the token at once, here and, over the bus, on every other node. The bus is a hint and may lose
//! that, and other programs may change the database too. So a node asks it every two seconds whether one of these tokens
//! was revoked, and trusts none of which it has not said so for a few seconds.

use std::collections::HashMap;
use std::time::Duration;

use causerie_protocol::event::User;
use causerie_protocol::{Role, TokenId, UserId};
use hashlink::LruCache;
use parking_lot::Mutex;

use crate::clock::{self, UnixMicros};

/// Tokens that are kept, at some 300 bytes each; the least recently used one is dropped.
const KEPT: usize = 16_384;
/// How long a token is kept before the database is asked again all the same, for what nobody announces, such as a name
/// that another program changes.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The SHA-256 of a token.
pub(crate) type TokenDigest = [u8; 32];

/// A token that was good when the database was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownToken {
    pub(crate) id: TokenId,
    pub(crate) user: User,
    pub(crate) role: Role,
    /// When it ends; whoever uses it has to look.
    pub(crate) expires_at: UnixMicros,
    /// Whether something stands between the user and others; once it does, the token is forgotten.
    pub(crate) has_boundaries: bool,
    /// Whether the account has a second factor.
    pub(crate) has_second_factor: bool,
}

/// The tokens of a node; digests are the keys, so that no token is held.
#[derive(Debug)]
pub(crate) struct KnownTokens(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    tokens: LruCache<TokenDigest, Entry>,
    digests: HashMap<TokenId, TokenDigest>,
    /// How often something was forgotten. What was read before that may be older than the reason.
    forgotten: u64,
    /// When the database was last asked whether any of these tokens was revoked, in monotonic nanoseconds.
    confirmed_at: u64,
}

#[derive(Debug)]
struct Entry {
    token: KnownToken,
    /// When the database was asked about it, and when it was kept, in monotonic nanoseconds.
    read_at: u64,
    kept_at: u64,
}

/// The moment before the database is asked about a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    forgotten: u64,
    at: u64,
}

impl Default for KnownTokens {
    fn default() -> Self {
        Self(Mutex::new(Kept {
            tokens: LruCache::new(KEPT),
            digests: HashMap::new(),
            forgotten: 0,
            confirmed_at: 0,
        }))
    }
}

impl KnownTokens {
    /// A token of which the database has said within `trust` that it was not revoked.
    pub(crate) fn get(&self, digest: &TokenDigest, trust: Duration) -> Option<KnownToken> {
        self.get_at(digest, trust, clock::monotonic())
    }

    fn get_at(&self, digest: &TokenDigest, trust: Duration, now: u64) -> Option<KnownToken> {
        let mut kept = self.0.lock();
        let confirmed_at = kept.confirmed_at;
        let entry = kept.tokens.get(digest)?;
        let said_at = if entry.kept_at <= confirmed_at { confirmed_at } else { entry.read_at };
        let is_within = |since: u64, limit: Duration| Duration::from_nanos(now.saturating_sub(since)) < limit;
        (is_within(said_at, trust) && is_within(entry.read_at, MAX_AGE)).then(|| entry.token.clone())
    }

    /// To be called before the database is asked about a token that is then kept.
    pub(crate) fn begin(&self) -> Reading {
        Reading { forgotten: self.0.lock().forgotten, at: clock::monotonic() }
    }

    /// Keeps what the database said, unless a token was revoked meanwhile, since that may be this one.
    pub(crate) fn keep(&self, reading: Reading, digest: TokenDigest, token: KnownToken) {
        self.keep_at(reading, digest, token, clock::monotonic());
    }

    fn keep_at(&self, reading: Reading, digest: TokenDigest, token: KnownToken, now: u64) {
        let kept = &mut *self.0.lock();
        if kept.forgotten != reading.forgotten {
            return;
        }
        if kept.tokens.len() >= KEPT
            && !kept.tokens.contains_key(&digest)
            && let Some((_, oldest)) = kept.tokens.remove_lru()
        {
            kept.digests.remove(&oldest.token.id);
        }
        kept.digests.insert(token.id, digest);
        kept.tokens.insert(digest, Entry { token, read_at: reading.at, kept_at: now });
    }

    /// Forgets a token that was revoked.
    pub(crate) fn revoke(&self, token: TokenId) {
        let kept = &mut *self.0.lock();
        kept.forgotten += 1;
        if let Some(digest) = kept.digests.remove(&token) {
            kept.tokens.remove(&digest);
        }
    }

    /// Forgets the tokens of a user of whom something changed.
    pub(crate) fn forget_user(&self, user: UserId) {
        let kept = &mut *self.0.lock();
        // What is being read just now may be older than the change.
        kept.forgotten += 1;
        kept.tokens.retain(|_, entry| entry.token.user.id != user);
        kept.digests.retain(|_, digest| kept.tokens.contains_key(digest));
    }

    /// All that are kept, to ask the database whether one was revoked.
    pub(crate) fn ids(&self) -> Vec<TokenId> {
        self.0.lock().digests.keys().copied().collect()
    }

    /// Notes that the database was asked about [`KnownTokens::ids`], which were taken at or after this time, and that
    /// those that it named are revoked here.
    pub(crate) fn confirm(&self, asked_at: u64) {
        self.0.lock().confirmed_at = asked_at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUST: Duration = Duration::from_secs(3);
    const SECOND: u64 = 1_000_000_000;

    fn token(id: i64) -> KnownToken {
        let user = User { id: UserId(id), email: Some("a@example.org".to_owned()), name: "A".to_owned() };
        KnownToken {
            id: TokenId(id),
            user,
            role: Role::Member,
            expires_at: UnixMicros(i64::MAX),
            has_boundaries: false,
            has_second_factor: false,
        }
    }

    fn digest(id: i64) -> TokenDigest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&id.to_be_bytes());
        digest
    }

    /// Keeps a token at a time, as read then.
    fn keep(tokens: &KnownTokens, id: i64, at: u64) {
        let reading = Reading { at, ..tokens.begin() };
        tokens.keep_at(reading, digest(id), token(id), at);
    }

    fn is_known(tokens: &KnownTokens, id: i64, trust: Duration, now: u64) -> bool {
        tokens.get_at(&digest(id), trust, now).is_some()
    }

    #[test]
    fn a_token_is_known_until_it_is_revoked() {
        let tokens = KnownTokens::default();
        keep(&tokens, 1, 0);
        keep(&tokens, 2, 0);
        assert_eq!(tokens.get_at(&digest(1), TRUST, SECOND), Some(token(1)));
        tokens.revoke(TokenId(1));
        assert!(!is_known(&tokens, 1, TRUST, SECOND));
        assert!(is_known(&tokens, 2, TRUST, SECOND), "another token");
        assert_eq!(tokens.ids(), [TokenId(2)]);
    }

    #[test]
    fn a_user_of_whom_something_changed_is_read_again() {
        let tokens = KnownTokens::default();
        keep(&tokens, 1, 0);
        keep(&tokens, 2, 0);
        let reading = tokens.begin();
        tokens.forget_user(UserId(1));
        tokens.keep_at(reading, digest(1), token(1), 0);
        assert_eq!([1, 2].map(|id| is_known(&tokens, id, TRUST, 0)), [false, true]);
        assert_eq!(tokens.ids(), [TokenId(2)]);
    }

    #[test]
    fn what_was_read_before_a_revocation_is_not_kept_after_it() {
        let tokens = KnownTokens::default();
        let reading = tokens.begin();
        tokens.revoke(TokenId(1));
        tokens.keep_at(reading, digest(1), token(1), 0);
        assert!(!is_known(&tokens, 1, TRUST, 0));
    }

    #[test]
    fn a_token_is_trusted_for_a_while_after_the_database_was_asked() {
        let tokens = KnownTokens::default();
        keep(&tokens, 1, SECOND);
        assert!(is_known(&tokens, 1, TRUST, 4 * SECOND - 1));
        assert!(!is_known(&tokens, 1, TRUST, 4 * SECOND));
        tokens.confirm(5 * SECOND);
        assert!(is_known(&tokens, 1, TRUST, 8 * SECOND - 1));
        assert!(!is_known(&tokens, 1, TRUST, 8 * SECOND));
        // It was kept after the question, so the answer did not say anything about it.
        let reading = Reading { at: 9 * SECOND, ..tokens.begin() };
        tokens.keep_at(reading, digest(2), token(2), 11 * SECOND);
        tokens.confirm(10 * SECOND);
        assert!(!is_known(&tokens, 2, TRUST, 12 * SECOND));
    }

    #[test]
    fn the_database_is_asked_again_in_the_end_whatever_was_heard() {
        let tokens = KnownTokens::default();
        keep(&tokens, 1, 0);
        let age = u64::try_from(MAX_AGE.as_nanos()).unwrap();
        tokens.confirm(age - 1);
        assert!(is_known(&tokens, 1, Duration::MAX, age - 1));
        assert!(!is_known(&tokens, 1, Duration::MAX, age));
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let tokens = KnownTokens::default();
        let most = i64::try_from(KEPT).unwrap();
        for id in 0..most + 10 {
            keep(&tokens, id, 0);
            assert!(is_known(&tokens, 0, TRUST, 0), "it is used again and again");
        }
        let kept = tokens.0.lock();
        assert_eq!((kept.tokens.len(), kept.digests.len()), (KEPT, KEPT));
        assert!(!kept.tokens.contains_key(&digest(1)));
    }
}
