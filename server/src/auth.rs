//! Accounts and tokens: passwords (argon2id), and bearer tokens (random, stored as SHA-256).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use argon2::password_hash::Error as HashError;
use argon2::password_hash::phc::PasswordHash;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use causerie_protocol::accounts::Registration;
use causerie_protocol::event::User;
use causerie_protocol::rest::SignedIn;
use causerie_protocol::{ChatId, Role, TokenId, UserId, handshake, limits};
use rand::RngCore;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use self::attempts::{Attempts, Origin};
use crate::access::Who;
use crate::bus::{Bus, Envelope};
use crate::clock::UnixMicros;
use crate::config::{Limits, Require2fa, WhoInvites};
use crate::hub::{Hub, SUSPENDED};
use crate::known_tokens::{KnownToken, TokenDigest};
use crate::store::{AccountCreated, Entry, NewAccount, NewToken, Store, StoreError, TokenRecord};
use crate::{clock, email};

mod argon;
pub(crate) mod attempts;
pub(crate) mod password;
pub(crate) mod people;
mod second_factor;

/// The hash that the password for an unknown address is checked against, so that the answer takes as long as for a known one.
///
/// Its parameters are those of new hashes (a test holds them equal). It is the hash of no password.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How long a token is valid.
const TOKEN_LIFE: Duration = Duration::from_secs(limits::TOKEN_DAYS as u64 * 24 * 60 * 60);
/// How old a note of a sign-in's use may be before it is made again.
const TOUCH_AFTER: Duration = Duration::from_secs(60 * 60);

/// A handle; clones share its queues and limits.
#[derive(Clone)]
pub struct Auth {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    hub: Hub,
    /// What the option says; an owner's decision comes before it.
    registration: Registration,
    require_2fa: Require2fa,
    who_invites: WhoInvites,
    queues: Arc<Queues>,
    attempts: Arc<Attempts>,
    /// Held while the use of a sign-in is noted: one at a time, and who finds it taken is noted the next time.
    touching: Arc<Semaphore>,
}

/// What [`Auth::begin_registration`] decided.
pub enum Begun {
    /// The account can be made, by this way.
    Confirmed(Entry),
    /// A link is to be mailed to the address, for which the invitation of this digest is kept.
    ToConfirm { invitation: Option<[u8; 32]> },
}

/// How somebody may come to an account.
struct Admitted {
    entry: Entry,
    /// Whether it is by the server's own link to the owner's account.
    is_owners: bool,
    /// The address that the link was mailed to.
    mailed_to: Option<String>,
}

/// Who gets an account; all but the password is checked.
pub struct Newcomer<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub password: String,
    /// As [`Begun::Confirmed`] has it.
    pub entry: Entry,
}

/// What is made of it.
pub struct Welcomed {
    pub signed_in: SignedIn,
    /// Who invited, and the groups that they add the person to.
    pub invited_by: Option<UserId>,
    pub chats: Vec<ChatId>,
    /// Whether who invited wants a chat with the person.
    pub meets_inviter: bool,
}

/// What somebody signs in with, and from where, for the list of sign-ins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Device<'a> {
    pub name: Option<&'a str>,
    /// Missing when a proxy did not name the client.
    pub address: Option<IpAddr>,
}

/// Hashes that run or wait in one queue; one more is refused.
const QUEUE: usize = 256;
/// Added to each hash in the queue for suspicious sign-ins, so that guessing there is slower still.
const SUSPICIOUS_PAUSE: Duration = Duration::from_millis(200);

/// The queues for hashes, apart from one another, so that a flood of one kind does not hold up the others.
struct Queues {
    /// Sign-ins to accounts from networks that are known for them.
    known: Queue,
    /// All other sign-ins.
    new: Queue,
    /// Sign-ins to accounts that were guessed at from networks that no proxy named.
    suspicious: Queue,
    registration: Queue,
}

/// A hash takes a core and 19 MiB for some 20 ms; more at once than there are cores only costs memory.
struct Queue {
    /// One for each hash that runs or waits.
    admitted: Semaphore,
    running: Semaphore,
}

/// Why a password was not hashed, or what came of it not stored.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("too many passwords wait to be hashed")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Queue {
    fn new(running: usize) -> Self {
        Self { admitted: Semaphore::new(QUEUE), running: Semaphore::new(running.max(1)) }
    }

    /// Runs a hash in its turn, on a thread for blocking work.
    async fn run<T: Send + 'static>(
        &self,
        pause: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _admitted = self.admitted.try_acquire().map_err(|_| PasswordError::Busy)?;
        let _running = self.running.acquire().await.expect("the semaphore is never closed");
        let done =
            tokio::task::spawn_blocking(work).await.expect("hashing does not panic and is not cancelled");
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok(done)
    }
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("an account with this address exists already")]
    EmailTaken,
    /// The address or the password; never which.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    /// The password is right, and a code of the second factor is missing.
    #[error("a code of the second factor is needed")]
    CodeNeeded,
    /// Wrong, too old, or used before; never which.
    #[error("the code is wrong or was used already")]
    WrongCode,
    #[error("too many wrong codes")]
    TooManyCodes { wait: Duration },
    /// An account is made by invitation only, or not at all.
    #[error("nobody may register here without an invitation")]
    RegistrationClosed(Registration),
    /// Used up, ended, revoked, or not of this installation; never which.
    #[error("the link can't be used")]
    LinkInvalid,
    #[error("too many attempts to sign in")]
    TooManySignIns { wait: Duration },
    #[error("too many registrations from one network")]
    TooManyRegistrations { wait: Duration },
    #[error(transparent)]
    Password(#[from] PasswordError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Password(error.into())
    }
}

/// The owner of a valid token.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: User,
    pub role: Role,
    pub token: TokenId,
    pub expires_at: UnixMicros,
    /// Whether something stands between the caller and others, see [`Store::boundaries`].
    pub has_boundaries: bool,
    /// Whether the installation asks for a second factor that the caller has not set up.
    pub lacks_second_factor: bool,
}

impl Caller {
    /// Whether the table of access lets this person through.
    pub fn may(&self, who: Who) -> bool {
        who.admits(Some(self.role))
    }
}

/// Why a token is not valid; the text is the reason of a close with 4001 and the detail of a 401.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// This server never issued it.
    #[error("unknown token: sign in again")]
    Unknown,
    #[error("token expired: sign in again")]
    Expired,
    #[error("token revoked: sign in again")]
    Revoked,
    #[error("{SUSPENDED}")]
    Suspended,
    #[error("the server can't check tokens just now: try again")]
    Store(#[from] StoreError),
}

impl Auth {
    pub fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        hub: Hub,
        limits: &Limits,
        registration: Registration,
        require_2fa: Require2fa,
        who_invites: WhoInvites,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let half = cores.div_ceil(2);
        let queues = Queues {
            known: Queue::new(cores),
            new: Queue::new(half),
            suspicious: Queue::new(1),
            registration: Queue::new(half),
        };
        Self {
            store,
            bus,
            hub,
            registration,
            require_2fa,
            who_invites,
            queues: Arc::new(queues),
            attempts: Arc::new(Attempts::new(limits)),
            touching: Arc::new(Semaphore::new(1)),
        }
    }

    /// Whose token this is, from the store or, when that was asked a while ago, from memory. Notes now and then that it is
    /// used from this address.
    pub async fn verify_token(&self, token: &str, from: Option<IpAddr>) -> Result<Caller, AuthError> {
        if !handshake::is_token(token) {
            return Err(AuthError::Unknown);
        }
        let digest = digest(token);
        let trust = self.bus.trusts_tokens_for();
        let known = trust.and_then(|trust| self.hub.known_tokens().get(&digest, trust));
        let KnownToken { id, user, role, expires_at, has_boundaries, has_second_factor } = match known {
            Some(known) => known,
            None => self.read_token(digest, from).await?,
        };
        if expires_at <= clock::now() {
            return Err(AuthError::Expired);
        }
        let lacks_second_factor = !has_second_factor && self.require_2fa.applies_to(role);
        Ok(Caller { user, role, token: id, expires_at, has_boundaries, lacks_second_factor })
    }

    /// Asks the store about a token, and keeps one that was not revoked.
    async fn read_token(&self, digest: TokenDigest, from: Option<IpAddr>) -> Result<KnownToken, AuthError> {
        let known_tokens = self.hub.known_tokens();
        let reading = known_tokens.begin();
        let record = self.store.token(digest).await?.ok_or(AuthError::Unknown)?;
        if record.suspended {
            return Err(AuthError::Suspended);
        }
        if record.revoked {
            return Err(AuthError::Revoked);
        }
        let last_used_at = record.last_used_at;
        let TokenRecord { id, user, role, expires_at, has_boundaries, has_second_factor, .. } = record;
        let token = KnownToken { id, user, role, expires_at, has_boundaries, has_second_factor };
        // Who may do more than others is asked for every time: a command may take the role away, which nobody announces.
        if role <= Role::Member {
            known_tokens.keep(reading, digest, token.clone());
        }
        let now = clock::now();
        if expires_at > now && now.saturating_since(last_used_at) >= TOUCH_AFTER {
            self.touch(id, Device { name: None, address: from }).await;
        }
        Ok(token)
    }

    /// Notes the use of a sign-in, unless another one is being noted; nothing depends on it.
    async fn touch(&self, token: TokenId, device: Device<'_>) {
        let Ok(_turn) = self.touching.try_acquire() else { return };
        let address = device.address.map(|address| address.to_string()).unwrap_or_default();
        if let Err(error) = self.store.touch_token(token, clock::now(), device.name, &address).await {
            tracing::debug!(%error, "the use of a sign-in was not noted");
        }
    }

    /// Decides whether somebody may register, or comes by an invitation, and whether the address has to be confirmed first:
    /// where mails are sent, and unless the link was sent to that address. Nothing is asked about the address itself.
    ///
    /// The network address is missing when a proxy did not name the client.
    pub async fn begin_registration(
        &self,
        email: &str,
        invitation: Option<&str>,
        sends_mail: bool,
        from: Device<'_>,
    ) -> Result<Begun, SignInError> {
        let now = Instant::now();
        self.attempts
            .register(from.address, now)
            .map_err(|wait| SignInError::TooManyRegistrations { wait })?;
        // Before the hash, which is dear, and again when the account is made.
        let Admitted { entry, is_owners, mailed_to } = self.entry(invitation).await?;
        let is_confirmed = mailed_to.is_some_and(|address| email::key(&address) == email::key(email));
        if !sends_mail || is_owners || is_confirmed {
            return Ok(Begun::Confirmed(entry));
        }
        // No address has this form, so that nobody who registers keeps an account's owner from asking for a password.
        self.attempts
            .ask_reset(None, &format!("register {}", email::key(email)), now)
            .map_err(|wait| SignInError::TooManyRegistrations { wait })?;
        let invitation = match entry {
            Entry::Invitation(digest) => Some(digest),
            Entry::Registration | Entry::Command(_) => None,
        };
        Ok(Begun::ToConfirm { invitation })
    }

    /// Makes an account and signs its owner in.
    pub async fn register(&self, newcomer: Newcomer<'_>, from: Device<'_>) -> Result<Welcomed, SignInError> {
        let Newcomer { email, name, password, entry } = newcomer;
        let password_hash = &self.hash(password).await?;
        let created = self.store.create_account(NewAccount { email, name, password_hash, entry }).await?;
        let (user, invited_by, chats, meets_inviter) = match created {
            AccountCreated::New { user, invited_by, chats, meets_inviter, .. } => {
                (user, invited_by, chats, meets_inviter)
            }
            AccountCreated::EmailTaken => {
                self.attempts.found_account(from.address, Instant::now());
                return Err(SignInError::EmailTaken);
            }
            AccountCreated::LinkInvalid => return Err(SignInError::LinkInvalid),
        };
        self.attempts.succeeded(from.address, &email::key(email));
        let signed_in = self.issue_token(user, password_hash, from).await?;
        let signed_in = signed_in.ok_or(SignInError::WrongCredentials)?;
        Ok(Welcomed { signed_in, invited_by, chats, meets_inviter })
    }

    /// Who may make an account: what an owner decided, or else the option.
    pub async fn registration(&self) -> Result<Registration, StoreError> {
        Ok(self.store.registration().await?.unwrap_or(self.registration))
    }

    /// Counts an address that somebody tries; the error is how long to wait if there were too many.
    pub fn try_address(&self, user: UserId, from: Option<IpAddr>) -> Result<(), Duration> {
        self.attempts.try_address(user, from, Instant::now())
    }

    /// As [`Auth::try_address`], of a change of one's own account.
    pub fn limit_account_changes(&self, user: UserId) -> Result<(), Duration> {
        self.attempts.change_account(user, Instant::now())
    }

    /// As [`Auth::try_address`], of a chat with a stranger.
    pub fn start_chat(&self, user: UserId) -> Result<(), Duration> {
        self.attempts.start_chat(user, Instant::now())
    }

    /// How somebody with this invitation, or without one, may come to an account.
    async fn entry(&self, invitation: Option<&str>) -> Result<Admitted, SignInError> {
        let registration = self.registration().await?;
        let closed = SignInError::RegistrationClosed(registration);
        let Some(secret) = invitation else {
            let admitted = Admitted { entry: Entry::Registration, is_owners: false, mailed_to: None };
            return if registration == Registration::Open { Ok(admitted) } else { Err(closed) };
        };
        if !handshake::is_token(secret) {
            return Err(SignInError::LinkInvalid);
        }
        let digest = digest(secret);
        let link = self.store.invitation(digest, clock::now()).await?.ok_or(SignInError::LinkInvalid)?;
        // It is for an installation without an owner, however that is set.
        let is_owners = link.is_owners();
        if registration == Registration::Closed && !is_owners {
            return Err(closed);
        }
        Ok(Admitted { entry: Entry::Invitation(digest), is_owners, mailed_to: link.mailed_to })
    }

    /// Makes an account of somebody who registers; `None` when the address is taken.
    pub async fn create_account(
        &self,
        email: &str,
        name: &str,
        password: String,
    ) -> Result<Option<User>, PasswordError> {
        let hash = self.hash(password).await?;
        Ok(self.store.create_user(email, name, &hash).await?)
    }

    /// Signs in with an address and a password, and with a code where the account has a second factor, within the limits
    /// for guesses.
    pub async fn sign_in(
        &self,
        email: &str,
        password: String,
        code: Option<&str>,
        from: Device<'_>,
    ) -> Result<SignedIn, SignInError> {
        let peer = from.address;
        // Counted by account, so that another spelling of the address is no further guess.
        let account = email::key(email);
        let origin = self
            .attempts
            .begin(peer, &account, Instant::now())
            .map_err(|wait| SignInError::TooManySignIns { wait })?;
        if !email::is_possible(email) || !password::is_possible(&password) {
            return Err(SignInError::WrongCredentials);
        }
        let Some((user, hash)) = self.check(email, password, origin).await? else {
            return Err(match origin {
                Origin::Suspicious { wait } => SignInError::TooManySignIns { wait },
                Origin::Known | Origin::New => SignInError::WrongCredentials,
            });
        };
        self.check_code(user.id, code).await?;
        self.attempts.succeeded(peer, &account);
        // The password was changed, or the account suspended, while the hash was checked.
        self.issue_token(user, &hash, from).await?.ok_or(SignInError::WrongCredentials)
    }

    /// The person with this address and password, and the hash that it was checked against or replaced by; takes the same
    /// time whether or not there is an account.
    ///
    /// A hash that was made otherwise than today's is replaced, now that the password is known.
    async fn check(
        &self,
        email: &str,
        password: String,
        origin: Origin,
    ) -> Result<Option<(User, String)>, PasswordError> {
        let (user, mut hash) = match self.store.account(email).await? {
            Some((user, hash)) => (Some(user), hash),
            None => (None, DUMMY_HASH.to_owned()),
        };
        let (is_valid, replacement) = self.verify_password(password, hash.clone(), origin).await?;
        let user = user.filter(|_| is_valid);
        if let (Some(user), Some(replacement)) = (&user, replacement) {
            // The sign-in does not depend on it: the next one tries again.
            match self.store.replace_password_hash(user.id, &hash, &replacement).await {
                Ok(replaced) => {
                    tracing::info!(user = %user.id, replaced, "an older password hash was replaced");
                    if replaced {
                        hash = replacement;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, user = %user.id, "a password hash could not be replaced");
                }
            }
        }
        Ok(user.map(|user| (user, hash)))
    }

    /// A new token for a person, which is shown this once; only its digest is kept. `None`: the hash that the password was
    /// checked against is not the account's any more.
    async fn issue_token(
        &self,
        user: User,
        hash: &str,
        from: Device<'_>,
    ) -> Result<Option<SignedIn>, StoreError> {
        let token = secret();
        let now = clock::now();
        let expires_at = now + TOKEN_LIFE;
        let created = self.store.create_token(user.id, hash, digest(&token), now, expires_at).await?;
        let Some(NewToken { id, ended }) = created else { return Ok(None) };
        self.announce_all_revoked(ended).await;
        self.touch(id, from).await;
        Ok(Some(SignedIn { token, expires_at: clock::to_wire(expires_at), user }))
    }

    /// Revokes the caller's own token and closes its sockets with 4001.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), StoreError> {
        // Another request may have revoked it a moment ago; signed out is signed out.
        self.store.revoke_token(caller.user.id, caller.token).await?;
        self.announce_revoked(caller.token).await;
        Ok(())
    }

    /// Revokes a person's token and closes its sockets with 4001. Returns false if this person has no such active token.
    pub async fn revoke(&self, user: UserId, token: TokenId) -> Result<bool, StoreError> {
        let revoked = self.store.revoke_token(user, token).await?;
        if revoked {
            self.announce_revoked(token).await;
        }
        Ok(revoked)
    }

    async fn announce_revoked(&self, token: TokenId) {
        self.bus.publish(vec![Envelope::TokenRevoked { token }]).await;
    }

    async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.queues.registration.run(Duration::ZERO, move || hash(&password::prepare(&password))).await
    }

    /// Whether a hash is of this password, and what to replace the hash by if it is of an older kind.
    async fn verify_password(
        &self,
        password: String,
        hash: String,
        origin: Origin,
    ) -> Result<(bool, Option<String>), PasswordError> {
        let (queue, pause) = match origin {
            Origin::Known => (&self.queues.known, Duration::ZERO),
            Origin::New => (&self.queues.new, Duration::ZERO),
            Origin::Suspicious { .. } => (&self.queues.suspicious, SUSPICIOUS_PAUSE),
        };
        queue.run(pause, move || verify_and_rehash(&password, &hash)).await
    }
}

fn hash(prepared: &str) -> String {
    argon::hash(prepared.as_bytes()).expect("the default parameters are valid")
}

fn verify_and_rehash(password: &str, hash: &str) -> (bool, Option<String>) {
    let prepared = password::prepare(password);
    if verify(&prepared, hash) {
        return (true, is_outdated(hash).then(|| self::hash(&prepared)));
    }
    // Older hashes are of the password as it was typed.
    if prepared != password && verify(password, hash) {
        return (true, Some(self::hash(&prepared)));
    }
    (false, None)
}

fn verify(password: &str, hash: &str) -> bool {
    let matches = PasswordHash::new(hash).map_err(HashError::from);
    matches.and_then(|hash| argon::matches(password.as_bytes(), &hash)).unwrap_or_else(|error| {
        tracing::error!(%error, "a stored password hash can't be read");
        false
    })
}

/// Whether a hash was made with other parameters than those of new ones.
fn is_outdated(hash: &str) -> bool {
    match (PasswordHash::new(hash), PasswordHash::new(DUMMY_HASH)) {
        (Ok(hash), Ok(new)) => {
            (hash.algorithm, hash.version, &hash.params) != (new.algorithm, new.version, &new.params)
        }
        _ => false,
    }
}

/// A new secret for a token or a link, in the form of tokens.
fn secret() -> String {
    let mut secret = [0; limits::TOKEN_BYTES];
    rand::rng().fill_bytes(&mut secret);
    URL_SAFE_NO_PAD.encode(secret)
}

/// A token has 384 random bits, so a fast hash without salt is enough.
fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use argon2::Argon2;
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn the_dummy_hash_takes_as_long_to_check_as_a_real_one() {
        let fresh = Argon2::default().hash_password(b"a password").unwrap();
        let dummy = PasswordHash::new(DUMMY_HASH).unwrap();
        assert_eq!(dummy.algorithm, fresh.algorithm);
        assert_eq!(dummy.version, fresh.version);
        assert_eq!(dummy.params, fresh.params);
        let checked = Argon2::default().verify_password(b"a password", &dummy);
        assert_eq!(checked, Err(HashError::PasswordInvalid));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_holds_up_no_other() {
        let [full, other] = [Queue::new(1), Queue::new(1)];
        let held: Vec<_> = (0..QUEUE).map(|_| full.admitted.try_acquire().unwrap()).collect();
        assert!(matches!(full.run(Duration::ZERO, || 1).await, Err(PasswordError::Busy)));
        assert_eq!(other.run(Duration::ZERO, || 2).await.unwrap(), 2);
        drop(held);
        assert_eq!(full.run(Duration::ZERO, || 3).await.unwrap(), 3);
    }

    #[test]
    fn a_password_matches_in_every_form_and_an_older_hash_is_replaced() {
        let (composed, decomposed) = ("mật khẩu dài", "mâ\u{323}t khâ\u{309}u da\u{300}i");
        let old = Argon2::default().hash_password(decomposed.as_bytes()).unwrap().to_string();
        let (matches_old, replacement) = verify_and_rehash(decomposed, &old);
        let new = replacement.unwrap();
        assert!(matches_old);
        for typed in [composed, decomposed, "mật\u{a0}khẩu\u{3000}dài"] {
            assert_eq!(verify_and_rehash(typed, &new), (true, None), "{typed:?}");
        }
        assert_eq!(verify_and_rehash("mat khau dai", &new), (false, None));
        assert_eq!(verify_and_rehash("another password", &old), (false, None));
    }

    #[test]
    fn a_hash_with_other_parameters_is_replaced() {
        let weaker = argon2::Params::new(8 * 1024, 1, 1, None).unwrap();
        let weaker = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, weaker);
        let old = weaker.hash_password(b"a password").unwrap().to_string();
        let (matches_old, replacement) = verify_and_rehash("a password", &old);
        assert!(matches_old);
        assert_eq!(verify_and_rehash("a password", &replacement.unwrap()), (true, None));
    }

    #[test]
    fn reasons_fit_a_close_frame() {
        for error in [AuthError::Unknown, AuthError::Expired, AuthError::Revoked, AuthError::Suspended] {
            assert!(error.to_string().len() <= limits::CLOSE_REASON_BYTES);
        }
    }
}
