//! Looking after people: roles, suspension, invitations, links to set a password, and one's own account.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use causerie_protocol::accounts::{Account, CreateInvitation, InvitationInfo, Link, Registration};
use causerie_protocol::{Role, TokenId, User, UserId, handshake, limits};

use super::{Auth, PasswordError, SignInError, digest, password, secret};
use crate::bus::Envelope;
use crate::clock::UnixMicros;
use crate::config::WhoInvites;
use crate::store::{
    AccountChange, AccountCreated, Actor, Entry, InvitedTo, LinkRecord, LinkTo, NewAccount, NewLink,
    NotChanged, StoreError,
};
use crate::{clock, email};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// How long a link to set a new password is valid.
const RESET_LIFE: Duration = Duration::from_secs(limits::RESET_MINUTES as u64 * 60);
/// How long the link to the owner's account is valid; the next start prints another.
const OWNER_LINK_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("the account is not changed")]
    NotChanged(NotChanged),
    /// A number is out of its bounds; the field's name and what it may be.
    #[error("{field} is out of its bounds")]
    OutOfBounds { field: &'static str, least: i64, most: i64 },
    /// The password that a change of one's own account asks for.
    #[error("the current password is wrong")]
    WrongPassword,
    #[error("too many invitations")]
    TooManyInvitations { wait: Duration },
    #[error("too many wrong passwords")]
    TooManyGuesses { wait: Duration },
    #[error("the link can't be used")]
    LinkInvalid,
    #[error("there is a second factor already")]
    HasSecondFactor,
    /// None that could be set up, or changed.
    #[error("there is no second factor")]
    NoSecondFactor,
    #[error(transparent)]
    Code(SignInError),
    #[error(transparent)]
    Password(#[from] PasswordError),
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        Self::Password(error.into())
    }
}

impl From<NotChanged> for ChangeError {
    fn from(error: NotChanged) -> Self {
        Self::NotChanged(error)
    }
}

impl Auth {
    /// Changes an account, and closes the sockets of the sign-ins that end by it, on every node.
    pub async fn change(
        &self,
        actor: Actor,
        target: UserId,
        change: AccountChange,
    ) -> Result<Account, ChangeError> {
        let suspends = change == AccountChange::Suspend;
        let changed = self.store.change_account(actor, target, change).await??;
        let ended = changed.ended;
        if suspends && !ended.is_empty() {
            self.bus.publish(vec![Envelope::Suspended { tokens: ended }]).await;
        } else {
            self.announce_all_revoked(ended).await;
        }
        self.bus.publish(vec![Envelope::UserChanged { user: target }]).await;
        Ok(changed.account)
    }

    pub(super) async fn announce_all_revoked(&self, tokens: Vec<TokenId>) {
        if !tokens.is_empty() {
            let envelopes = tokens.into_iter().map(|token| Envelope::TokenRevoked { token }).collect();
            self.bus.publish(envelopes).await;
        }
    }

    /// Makes an account by command; `None` when the address is taken. Without a password nobody signs in to it until one
    /// is set by a link.
    pub async fn create_by_command(
        &self,
        email: &str,
        name: &str,
        password: Option<String>,
        role: Role,
    ) -> Result<Option<User>, PasswordError> {
        let password_hash = &self.hash(password.unwrap_or_else(secret)).await?;
        let account = NewAccount { email, name, password_hash, entry: Entry::Command(role) };
        Ok(match self.store.create_account(account).await? {
            AccountCreated::New { user, .. } => Some(user),
            AccountCreated::EmailTaken | AccountCreated::LinkInvalid => None,
        })
    }

    /// Makes an invitation, whose secret is shown this once. Into groups members may make one too, if the installation lets
    /// them.
    pub async fn invite(&self, actor: Actor, asked: &CreateInvitation) -> Result<Link, ChangeError> {
        let bounded = |field, given: Option<i64>, default, most| {
            let value = given.unwrap_or(default);
            if (1..=most).contains(&value) {
                Ok(value)
            } else {
                Err(ChangeError::OutOfBounds { field, least: 1, most })
            }
        };
        let hours = bounded("hours", asked.hours, limits::INVITATION_HOURS, limits::INVITATION_HOURS_MAX)?;
        let max_uses = bounded("uses", asked.uses, 1, limits::INVITATION_USES_MAX)?;
        let most = limits::INVITATION_CHATS;
        if asked.chats.len() > most {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            return Err(ChangeError::OutOfBounds { field: "chats", least: 0, most });
        }
        if let Actor::User(user) = actor {
            self.attempts
                .invite(user, Instant::now())
                .map_err(|wait| ChangeError::TooManyInvitations { wait })?;
        }
        let by_members = self.members_invite().await?;
        let to = LinkTo::Join { role: asked.role, max_uses, chats: asked.chats.clone(), by_members };
        self.make_link(actor, to, clock::now() + HOUR * u32::try_from(hours).unwrap_or(1)).await
    }

    /// Whether members may invite too: where everybody may register, they let in nobody who could not come.
    pub async fn members_invite(&self) -> Result<bool, StoreError> {
        Ok(self.who_invites == WhoInvites::Members || self.registration().await? == Registration::Open)
    }

    /// Makes an invitation for a mail to this address, to an account and a chat with who asks; `None`: that person may not
    /// invite, has invited too many, or the address was invited a while ago, and then nothing is to be sent.
    pub async fn mail_invitation(&self, user: UserId, address: &str) -> Result<Option<Link>, ChangeError> {
        if self.registration().await? == Registration::Closed
            || self.attempts.invite(user, Instant::now()).is_err()
        {
            return Ok(None);
        }
        let to = LinkTo::Meet { email: email::key(address), by_members: self.members_invite().await? };
        let hours = u32::try_from(limits::INVITATION_HOURS).unwrap_or(1);
        match self.make_link(Actor::User(user), to, clock::now() + HOUR * hours).await {
            Ok(link) => Ok(Some(link)),
            Err(ChangeError::NotChanged(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a link for a mail to this address, by which its owner makes an account; `None`: the invitation that it was asked
    /// for with has ended since.
    pub async fn mail_registration(
        &self,
        address: &str,
        invitation: Option<[u8; 32]>,
    ) -> Result<Option<Link>, ChangeError> {
        let to = LinkTo::Register { email: address.to_owned(), invitation };
        match self.make_link(Actor::Operator, to, clock::now() + HOUR * limits::REGISTRATION_HOURS).await {
            Ok(link) => Ok(Some(link)),
            Err(ChangeError::NotChanged(NotChanged::LinkEnded)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the link by which somebody becomes the owner of an installation that has none.
    pub async fn invite_owner(&self) -> Result<Link, ChangeError> {
        self.make_link(Actor::Operator, LinkTo::Own, clock::now() + OWNER_LINK_LIFE).await
    }

    /// Makes a link to set a person's password.
    pub async fn invite_to_reset(&self, actor: Actor, user: UserId) -> Result<Link, ChangeError> {
        let ends_at = clock::now() + RESET_LIFE;
        self.make_link(actor, LinkTo::Reset { user, mailed_to: None }, ends_at).await
    }

    /// As [`Auth::invite_to_reset`], for a mail to this address of the person's.
    pub async fn mail_reset(&self, user: UserId, address: &str) -> Result<Link, ChangeError> {
        let to = LinkTo::Reset { user, mailed_to: Some(address.to_owned()) };
        self.make_link(Actor::User(user), to, clock::now() + RESET_LIFE).await
    }

    /// Makes a link by which an account gets another address.
    pub async fn invite_to_email(&self, user: UserId, email: String) -> Result<Link, ChangeError> {
        let ends_at = clock::now() + RESET_LIFE;
        self.make_link(Actor::User(user), LinkTo::Email { user, email }, ends_at).await
    }

    /// Gives an account the address that a link was sent to; the answer is the address before.
    pub async fn confirm_email(&self, token: &str) -> Result<String, ChangeError> {
        if !handshake::is_token(token) {
            return Err(ChangeError::LinkInvalid);
        }
        let changed = self.store.change_email_by_link(digest(token)).await?;
        let (user, before) = changed.ok_or(ChangeError::LinkInvalid)?;
        self.bus.publish(vec![Envelope::UserChanged { user }]).await;
        Ok(before)
    }

    async fn make_link(&self, actor: Actor, to: LinkTo, ends_at: UnixMicros) -> Result<Link, ChangeError> {
        let token = secret();
        self.store.create_link(actor, NewLink { digest: digest(&token), to, ends_at }).await??;
        Ok(Link { token, ends_at: clock::to_wire(ends_at) })
    }

    /// What an invitation is to.
    pub async fn look_at_invitation(
        &self,
        token: &str,
        sends_mail: bool,
    ) -> Result<InvitationInfo, ChangeError> {
        if !handshake::is_token(token) {
            return Err(ChangeError::LinkInvalid);
        }
        let link =
            self.store.invitation(digest(token), clock::now()).await?.ok_or(ChangeError::LinkInvalid)?;
        let ends_at = clock::to_wire(link.ends_at);
        let confirms = sends_mail && !link.is_owners();
        let LinkRecord { role, invited_by, mailed_to: email, .. } = link;
        Ok(InvitationInfo { role, invited_by, email, confirms, ends_at })
    }

    /// Uses an invitation for somebody who has an account.
    pub async fn use_invitation(&self, token: &str, user: UserId) -> Result<InvitedTo, ChangeError> {
        if !handshake::is_token(token) {
            return Err(ChangeError::LinkInvalid);
        }
        let used = self.store.use_invitation(digest(token), user, clock::now()).await?;
        used.ok_or(ChangeError::LinkInvalid)
    }

    /// Counts a look at a link as a try to sign in from this network.
    pub fn limit_looks(&self, peer: Option<IpAddr>) -> Result<(), SignInError> {
        self.attempts.look(peer, Instant::now()).map_err(|wait| SignInError::TooManySignIns { wait })
    }

    /// Counts a wish for a new password, by network, and by account whether there is one or not.
    pub fn limit_resets(&self, peer: Option<IpAddr>, email: &str) -> Result<(), SignInError> {
        let wait = self.attempts.ask_reset(peer, &email::key(email.trim()), Instant::now());
        wait.map_err(|wait| SignInError::TooManySignIns { wait })
    }

    /// Counts a link to confirm an address: by network, by that address, and by who asks for it.
    pub fn limit_confirmations(
        &self,
        peer: Option<IpAddr>,
        user: UserId,
        email: &str,
    ) -> Result<(), SignInError> {
        self.limit_resets(peer, email)?;
        // No address has this form.
        let wait = self.attempts.ask_reset(None, &format!("user {user}"), Instant::now());
        wait.map_err(|wait| SignInError::TooManySignIns { wait })
    }

    /// Whether this is the password of somebody who is signed in; wrong ones count as guesses.
    pub async fn check_own_password(
        &self,
        user: &User,
        peer: Option<IpAddr>,
        password: String,
    ) -> Result<(), ChangeError> {
        let account = email::key(user.own_email());
        let begun = self.attempts.begin(peer, &account, Instant::now());
        let origin = begun.map_err(|wait| ChangeError::TooManyGuesses { wait })?;
        let is_theirs = password::is_possible(&password)
            && self
                .check(user.own_email(), password, origin)
                .await?
                .is_some_and(|(found, _)| found.id == user.id);
        if !is_theirs {
            return Err(ChangeError::WrongPassword);
        }
        self.attempts.succeeded(peer, &account);
        Ok(())
    }

    /// The hash of a new password, which was checked.
    pub async fn hash_new(&self, password: String) -> Result<String, ChangeError> {
        Ok(self.hash(password).await?)
    }

    /// Sets a password by a link; every sign-in of the account ends.
    pub async fn reset_password(&self, token: &str, password: String) -> Result<(), ChangeError> {
        if !handshake::is_token(token) {
            return Err(ChangeError::LinkInvalid);
        }
        let digest = digest(token);
        // Before the hash, which is dear.
        if !self.store.can_reset(digest, clock::now()).await? {
            return Err(ChangeError::LinkInvalid);
        }
        let hash = self.hash(password).await?;
        let (_, ended) = self.store.reset_password(digest, &hash).await?.ok_or(ChangeError::LinkInvalid)?;
        self.announce_all_revoked(ended).await;
        Ok(())
    }
}
