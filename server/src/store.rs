//! The store: accounts, chats and their logs, durable. The trait is the contract; a backend is a file beside this one.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use causerie_protocol::accounts::{Account, AuditEntry, Invitation, Registration};
use causerie_protocol::event::User;
use causerie_protocol::reports::{CloseReport, CreateReport, Report};
use causerie_protocol::rest::{Block, Blocked, Chat, ChatCursor, FormerText, TokenInfo, UserRef};
use causerie_protocol::search::Found;
use causerie_protocol::{
    AuditId, ChatId, ChatSettings, Epoch, Event, InvitationId, Message, MessageId, ReportId, Role, Seq,
    TokenId, UpdateChatSettings, UserId,
};

use crate::clock::UnixMicros;
use crate::hub::{Ending, NodeId};
use crate::search::Query;
use crate::second_factor::Judgement;

mod addresses;
mod apart;
mod change;
mod chat;
mod chat_settings;
mod instruments;
mod people;
pub mod postgres;
mod report;
mod rows;
mod search;
pub mod sqlite;
mod time;
pub mod transfer;

pub use addresses::Addresses;
pub use apart::{Boundaries, Ended, Parting, Reopening, StoredParting, Unblocking};
pub use change::{Append, AppendResult, Appended, Change, Refused};
pub use chat::{Created, Deletion, NewChat, Position, StoredRead};
pub use chat_settings::StoredSettings;
pub use people::{
    AccountChange, AccountChanged, AccountCreated, Actor, Ask, ChangedAccount, Entry, Erasure, InvitedTo,
    LinkRecord, LinkTo, NewAccount, NewLink, NotChanged,
};
pub use postgres::PostgresStore;
pub use report::{ReportClosed, ReportDone, Reported};
pub use search::Indexed;
pub use sqlite::{Contents, Restored, SqliteStore};
pub use transfer::transfer;

/// Gives the database of a URL another epoch, so that every page loads afresh.
///
/// # Errors
/// [`StoreError::Unusable`] with a sentence that names the setting and the remedy, also while a server uses it.
pub async fn renew_epoch(url: &str) -> Result<(), StoreError> {
    if url.starts_with("sqlite:") {
        SqliteStore::renew_epoch(url).await
    } else {
        PostgresStore::renew_epoch(url).await
    }
}

/// Where people reach the page of the server that uses the database of a URL, or used it last, if that is noted beside it.
#[must_use]
pub fn page_of_server(url: &str) -> Option<String> {
    if url.starts_with("sqlite:") { SqliteStore::page(url) } else { None }
}

/// Opens the database of a URL for a command, beside the servers that use it or alone.
///
/// # Errors
/// [`StoreError::Unusable`] with a sentence that names the setting and the remedy.
pub async fn open_beside(url: &str, command: &str) -> Result<Arc<dyn Store>, StoreError> {
    Ok(if url.starts_with("sqlite:") {
        Arc::new(SqliteStore::open_beside(url, command).await?)
    } else {
        Arc::new(PostgresStore::open_beside(url, command).await?)
    })
}

/// Why the store could not answer. Its text is for the log and never goes out on the wire.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It may work again in a moment: locked, out of space, or the connection is lost.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A fault that waiting does not mend.
    #[error("the database failed: {0}")]
    Failed(#[source] sqlx::Error),
    /// The database can't be used; the sentence names the setting and the remedy.
    #[error("{0}")]
    Unusable(String),
}

/// What a token's digest leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    pub id: TokenId,
    pub user: User,
    pub role: Role,
    /// The account is suspended: then the token is revoked too.
    pub suspended: bool,
    /// When it ends.
    pub expires_at: UnixMicros,
    /// When its use was last noted.
    pub last_used_at: UnixMicros,
    pub revoked: bool,
    /// Whether something stands between the user and others, see [`Store::boundaries`].
    pub has_boundaries: bool,
    /// Whether the account has a second factor.
    pub has_second_factor: bool,
}

/// A sign-in that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    pub id: TokenId,
    /// The sign-ins that ended, because the person has too many.
    pub ended: Vec<TokenId>,
}

/// What an operation does. On SQLite writes have a connection of their own; on both, their wait for one is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// The connections to the database, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    pub open: usize,
    /// Open and unused.
    pub idle: usize,
    /// Most that may be open.
    pub most: usize,
}

/// How many versions of the page the store keeps, the one that started last among them.
pub const PAGE_VERSIONS: i64 = 4;

/// A file of the page whose name says its content, so that it never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFile {
    /// Its path without a leading slash.
    pub path: String,
    pub content_type: String,
    /// How `content` is encoded: `br`, or empty for as it is.
    pub encoding: String,
    pub content: Bytes,
}

/// Accounts, chats and logs.
///
/// E-mail addresses are in the accounts and sign-ins alone: a [`User`] of a chat or an event has none, unless the store was
/// opened for clients of the old system.
/// Every method that takes a `user` and a `chat` answers `None` (or [`Refused::NoSuchChat`]) alike when the chat
/// does not exist and when the user is not in it, so that ids can't be probed.
/// Whatever a method has returned from is durable: it survives the loss of power.
/// Methods may be called at the same time from any number of tasks and may be dropped at any await, and then what they
/// were to do may or may not happen.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Makes an account of somebody who registers. `None`: the address is taken, in whatever spelling ([`crate::email::key`]).
    async fn create_user(
        &self,
        email: &str,
        name: &str,
        password_hash: &str,
    ) -> Result<Option<User>, StoreError>;
    /// The account with this address that somebody can sign in to, in whatever spelling, and its password's hash.
    ///
    /// Of accounts from before [`crate::email::key`] decided, several may have one address in different spellings:
    /// each is found by its own, and the oldest by all others.
    async fn account(&self, email: &str) -> Result<Option<(User, String)>, StoreError>;
    /// Replaces the hash of a person's password; false when it is not `old` any more.
    async fn replace_password_hash(&self, user: UserId, old: &str, new: &str) -> Result<bool, StoreError>;
    /// The person whom a user's request names, if the user may reach them: by id who shares a chat with the user, or is
    /// the user; by address as [`Store::account`]. The answer is the same for everybody else.
    async fn reachable_user(&self, user: UserId, wanted: &UserRef) -> Result<Option<UserId>, StoreError>;
    /// Whether two people share a chat, one that is only asked for left out.
    async fn are_acquainted(&self, one: UserId, other: UserId) -> Result<bool, StoreError>;

    /// Stores a sign-in by its token's SHA-256.
    ///
    /// `None`: `password_hash`, which the password was checked against, is not the account's any more, or nobody signs in to it
    /// by now. Decided in the transaction, so that no sign-in outlives the change that ends all of them.
    /// Of more than [`SIGN_INS`](causerie_protocol::limits::SIGN_INS) the oldest end by it.
    async fn create_token(
        &self,
        user: UserId,
        password_hash: &str,
        digest: [u8; 32],
        created_at: UnixMicros,
        expires_at: UnixMicros,
    ) -> Result<Option<NewToken>, StoreError>;
    /// The sign-in with this digest, be it expired or revoked, so that the answer can say which.
    async fn token(&self, digest: [u8; 32]) -> Result<Option<TokenRecord>, StoreError>;
    /// The sign-ins of a person that are still good at `now`, newest first; `current` is left false.
    async fn tokens_of(&self, user: UserId, now: UnixMicros) -> Result<Vec<TokenInfo>, StoreError>;
    /// Those of these sign-ins that were revoked, and why, for nodes that may have missed it.
    async fn revoked(&self, tokens: &[TokenId]) -> Result<Vec<(TokenId, Ending)>, StoreError>;
    /// Notes when and from where a sign-in is used, and with what if that is known.
    async fn touch_token(
        &self,
        token: TokenId,
        now: UnixMicros,
        device: Option<&str>,
        address: &str,
    ) -> Result<(), StoreError>;
    /// Revokes a person's sign-in. Returns false if they have no such sign-in, or it is revoked already.
    async fn revoke_token(&self, user: UserId, token: TokenId) -> Result<bool, StoreError>;

    /// Whether the installation has an owner. The first account of one from before there were owners becomes it, unless
    /// somebody was named before.
    async fn ensure_owner(&self) -> Result<bool, StoreError>;
    /// Makes an account, and uses the invitation that it comes by: both or neither.
    async fn create_account(&self, account: NewAccount<'_>) -> Result<AccountCreated, StoreError>;
    /// Changes an account, if the actor may, and notes it in the audit log: both or neither.
    ///
    /// Two changes at once are decided one after the other, so an installation that has an owner keeps one.
    async fn change_account(
        &self,
        actor: Actor,
        target: UserId,
        change: AccountChange,
    ) -> Result<AccountChanged, StoreError>;
    /// Anybody's account, also of somebody who is suspended; none of what was deleted.
    async fn person(&self, person: &UserRef) -> Result<Option<Account>, StoreError>;
    /// Accounts whose name or address holds these words, in the order of their ids after one.
    async fn people(&self, words: &str, after: UserId, limit: u64) -> Result<Vec<Account>, StoreError>;
    /// Accounts whose time to be deleted has come at `now`.
    async fn due_for_deletion(&self, now: UnixMicros) -> Result<Vec<UserId>, StoreError>;
    /// The next step of erasing the messages of accounts that were deleted so before `before`; `None`: nothing is left.
    ///
    /// What was sent at the moment of the deletion may be stored a little later, so `before` is some seconds ago.
    async fn to_erase(&self, before: UnixMicros) -> Result<Option<Erasure>, StoreError>;
    /// Notes that a step is done. It does no harm that two nodes do the same one.
    async fn erased(&self, erasure: &Erasure) -> Result<(), StoreError>;
    /// Whether an account has a second factor that is set up.
    async fn has_second_factor(&self, user: UserId) -> Result<bool, StoreError>;
    /// Begins to set up a second factor with this secret; one that was begun and not set up is forgotten. False when the
    /// account has one, or there is no such account.
    async fn begin_second_factor(&self, user: UserId, secret: &[u8]) -> Result<bool, StoreError>;
    /// Sets up the second factor that was begun, if the code is one of it, with these digests of recovery codes.
    ///
    /// `None`: none was begun, or it is set up already. Wrong codes are counted as by [`Store::use_code`].
    async fn confirm_second_factor(
        &self,
        user: UserId,
        code: &str,
        recovery: &[u8],
        now: UnixMicros,
    ) -> Result<Option<Judgement>, StoreError>;
    /// Judges a code of an account's second factor and uses it up or counts it, one code of an account after the other.
    ///
    /// `None`: the account has none.
    async fn use_code(
        &self,
        user: UserId,
        code: &str,
        now: UnixMicros,
    ) -> Result<Option<Judgement>, StoreError>;
    /// Replaces the recovery codes of a second factor by those of these digests; false when the account has none.
    async fn set_recovery_codes(&self, user: UserId, recovery: &[u8]) -> Result<bool, StoreError>;
    /// Makes a link that lets somebody in, if the actor may.
    async fn create_link(&self, actor: Actor, link: NewLink) -> Result<Result<(), NotChanged>, StoreError>;
    /// The invitation or the link to finish a registration with this digest, if somebody can come by it at `now`.
    async fn invitation(&self, digest: [u8; 32], now: UnixMicros) -> Result<Option<LinkRecord>, StoreError>;
    /// The invitations before an id, the newest first.
    async fn invitations(&self, before: InvitationId, limit: u64) -> Result<Vec<Invitation>, StoreError>;
    /// Revokes an invitation; false if there is none with this id, or it is revoked already.
    async fn revoke_invitation(&self, actor: Actor, id: InvitationId) -> Result<bool, StoreError>;
    /// The invitations into a group that can be used at `now`, the newest first, at most `limit`, for a moderator or the owner
    /// of the group.
    async fn invitations_into(
        &self,
        actor: UserId,
        chat: ChatId,
        now: UnixMicros,
        limit: u64,
    ) -> Result<Result<Vec<Invitation>, NotChanged>, StoreError>;
    /// Takes a group out of an invitation, for a moderator or the owner of the group; one that leads into no other group is
    /// revoked. False if there is none with this id that leads into the group and can be used.
    async fn revoke_invitation_into(
        &self,
        actor: UserId,
        chat: ChatId,
        id: InvitationId,
    ) -> Result<Result<bool, NotChanged>, StoreError>;
    /// Notes that somebody wants a chat with whoever has an address, until [`Store::forget_ask`]; answers the id.
    async fn keep_ask(
        &self,
        user: UserId,
        email: &str,
        language: Option<&str>,
        at: UnixMicros,
    ) -> Result<i64, StoreError>;
    /// What was noted so before `before`, the oldest first.
    async fn asks(&self, before: UnixMicros, limit: u64) -> Result<Vec<Ask>, StoreError>;
    /// Forgets one that was carried out.
    async fn forget_ask(&self, id: i64) -> Result<(), StoreError>;
    /// Whether a password can be set by the link with this digest at `now`.
    async fn can_reset(&self, digest: [u8; 32], now: UnixMicros) -> Result<bool, StoreError>;
    /// Sets a password by a link, which is used up by it. Answers whose, and the sign-ins that ended; `None` when the
    /// link can't be used.
    async fn reset_password(
        &self,
        digest: [u8; 32],
        hash: &str,
    ) -> Result<Option<(User, Vec<TokenId>)>, StoreError>;
    /// Gives an account the address of a link of [`LinkTo::Email`], which is used up by it. Answers whose it is and the
    /// address before; `None` when the link can't be used, or the address is another account's by now.
    async fn change_email_by_link(&self, digest: [u8; 32]) -> Result<Option<(UserId, String)>, StoreError>;
    /// The audit log before an entry, the newest first: all of it, or what was done by or to one person.
    async fn audit(
        &self,
        of: Option<UserId>,
        before: AuditId,
        limit: u64,
    ) -> Result<Vec<AuditEntry>, StoreError>;
    /// Counts a use of the invitation with this digest for somebody who has an account, unless they are in all of its groups
    /// and have a chat with who made it, if it is for one.
    /// `None` when it can't be used.
    async fn use_invitation(
        &self,
        digest: [u8; 32],
        user: UserId,
        now: UnixMicros,
    ) -> Result<Option<InvitedTo>, StoreError>;
    /// Who may make an account, if an owner has decided.
    async fn registration(&self) -> Result<Option<Registration>, StoreError>;
    /// Decides it, or leaves it to the option again, and notes it in the audit log.
    async fn set_registration(
        &self,
        actor: Actor,
        registration: Option<Registration>,
    ) -> Result<(), StoreError>;

    /// Forgets sign-ins, links for oneself and mailed invitations that ended before `before`, some of them: whether there may be more.
    async fn forget_ended(&self, before: UnixMicros) -> Result<bool, StoreError>;

    /// Makes a chat, or finds the pair's. The log starts empty.
    ///
    /// A creator's `client_id` is decided once, on whichever node: the same chat for ever, also after it was deleted.
    async fn create_chat(&self, chat: NewChat) -> Result<Created, StoreError>;
    /// A chat as this person sees it; `online` says of whom it may be seen.
    async fn chat(&self, user: UserId, chat: ChatId) -> Result<Option<Chat>, StoreError>;
    /// A page of a person's list of chats, in the order of [`Chat::cursor`], the greatest first: those before a place,
    /// or the first ones, at most `limit`, each with at most
    /// [`LISTED_PARTICIPANTS`](causerie_protocol::limits::LISTED_PARTICIPANTS) people. `online` as in [`Store::chat`].
    async fn chats(
        &self,
        user: UserId,
        before: Option<ChatCursor>,
        limit: u64,
    ) -> Result<Vec<Chat>, StoreError>;
    /// A person's pinned chats, wherever they stand in the list; in its order, and each as in a page of it.
    async fn pinned_chats(&self, user: UserId) -> Result<Vec<Chat>, StoreError>;
    /// A person's chats whose newest message is newer than `after`, the newest first, at most `limit`, with their heads.
    async fn moved_chats(
        &self,
        user: UserId,
        after: MessageId,
        limit: u64,
    ) -> Result<Vec<(ChatCursor, Seq)>, StoreError>;
    /// Everybody who shares a chat with this person and may see whether they are online.
    async fn acquaintances(&self, user: UserId) -> Result<Vec<UserId>, StoreError>;
    /// Deletes a group with its log, which its owner may, or of a chat of two the own copy.
    async fn delete_chat(&self, user: UserId, chat: ChatId) -> Result<Result<Deletion, Refused>, StoreError>;

    /// Changes what a participant has set of a chat for themself, one change of a person after the other. Answers all that is
    /// set after it, with a version that is greater than before unless nothing changed.
    async fn change_settings(
        &self,
        user: UserId,
        chat: ChatId,
        change: &UpdateChatSettings,
    ) -> Result<Result<ChatSettings, Refused>, StoreError>;
    /// What people have set of chats that stands after a place in the order of [`StoredSettings::place`], for nodes that may
    /// have missed it. A version is the time of its change in microseconds, by the clock of the node that made it.
    async fn settings_after(
        &self,
        place: (i64, ChatId, UserId),
        limit: u64,
    ) -> Result<Vec<StoredSettings>, StoreError>;

    /// What stands between a person and others.
    async fn boundaries(&self, user: UserId) -> Result<Boundaries, StoreError>;
    /// Changes what is hidden of a person; what is `None` stays.
    async fn set_hidden(
        &self,
        user: UserId,
        online: Option<bool>,
        read: Option<bool>,
    ) -> Result<(), StoreError>;
    /// The person whom a request to block names, if the user has to do with them; never the user.
    async fn blockable_user(&self, user: UserId, wanted: &Block) -> Result<Option<UserId>, StoreError>;
    /// Whom a person has blocked, the last first.
    async fn blocks(&self, user: UserId) -> Result<Vec<Blocked>, StoreError>;
    /// Blocks somebody, and closes the chat of the two in the same transaction. A repeat changes nothing.
    ///
    /// `None`: the user has blocked [`BLOCKS`](causerie_protocol::limits::BLOCKS) people.
    async fn block(&self, user: UserId, other: UserId) -> Result<Option<Parting>, StoreError>;
    /// The opposite; it opens the chat of the two unless something else keeps them apart. `None`: not blocked.
    async fn unblock(&self, user: UserId, other: UserId) -> Result<Option<Unblocking>, StoreError>;
    /// Ends a chat of two for both, for ever.
    async fn end_pair(&self, user: UserId, chat: ChatId) -> Result<Ended, StoreError>;
    /// Reports a message to the moderators, with a copy of it and of what the reporter may see before it: `most` messages of
    /// one reporter in 24 hours, and of any number when it is 0.
    async fn report(
        &self,
        reporter: UserId,
        report: &CreateReport,
        most: u32,
    ) -> Result<Reported, StoreError>;
    /// Reports before one, the last first, without their copies; to somebody, none that are about them.
    async fn reports(
        &self,
        to: Option<UserId>,
        only_open: bool,
        before: ReportId,
        limit: u64,
    ) -> Result<Vec<Report>, StoreError>;
    /// A report with its copies.
    async fn read_report(&self, id: ReportId) -> Result<Option<Report>, StoreError>;
    /// Does something about a report and closes it, also in the audit log: all of it or nothing. Of several who do so at once
    /// the first one counts.
    async fn close_report(
        &self,
        moderator: Actor,
        id: ReportId,
        body: &CloseReport,
    ) -> Result<ReportClosed, StoreError>;
    /// Opens the chat of two that one of them has ended, unless a block keeps them apart, and notes it in the audit log.
    ///
    /// Who removed their own copy has one again, which begins now; where both did, they may start another.
    async fn reopen_pair(&self, actor: Actor, one: UserId, other: UserId) -> Result<Reopening, StoreError>;
    /// The number of the last parting of any two people.
    async fn last_parting(&self) -> Result<i64, StoreError>;
    /// Partings after one, by their numbers, for nodes that may have missed them.
    async fn partings_after(&self, id: i64, limit: u64) -> Result<Vec<StoredParting>, StoreError>;
    /// All partings of these people, for nodes that may have missed that some ended.
    async fn partings_of(&self, users: &[UserId]) -> Result<Vec<(UserId, UserId)>, StoreError>;
    /// Who of these people hides whether they are online, and how far they have read; who hides nothing is left out.
    async fn hidden(&self, users: &[UserId]) -> Result<Vec<(UserId, bool, bool)>, StoreError>;

    /// Appends a batch in one transaction, in order, and answers for each in the same order.
    ///
    /// Positions are given inside the transaction: per chat `head + 1`, no gaps, no reuse.
    /// The actor's membership is checked inside the transaction too. One refused change does not concern the others.
    ///
    /// A message's `client_id` is decided once: what is stored is a duplicate for ever, whether its sender is still in
    /// the chat or not, and what was refused for a reason that can change stays refused for
    /// [`REFUSED_DAYS`](causerie_protocol::limits::REFUSED_DAYS), so that no copy of it, on whichever node it waited,
    /// is stored behind its sender's later messages.
    ///
    /// # Errors
    /// When the transaction failed: then nothing of the batch is stored.
    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError>;
    /// How many calls of [`Store::append`] gain from running at the same time, at least one. Each takes its place among the
    /// others when its transaction does, so a caller that needs an order between two of them waits for the first.
    fn appends_at_once(&self) -> usize;
    /// Where a chat's log stands, for its participant.
    async fn position(&self, user: UserId, chat: ChatId) -> Result<Option<Position>, StoreError>;
    /// The log after a position, oldest first, at most `limit` entries. A message comes as it stands now, as does what it
    /// replies to, of which a participant learns nothing but its position when it is from before their time.
    async fn events_after(
        &self,
        user: UserId,
        chat: ChatId,
        after: Seq,
        limit: u64,
    ) -> Result<Option<Vec<Event>>, StoreError>;
    /// The newest messages (before one, if named), oldest first, at most `limit`; deleted ones as they stand.
    async fn messages(
        &self,
        user: UserId,
        chat: ChatId,
        before: Option<MessageId>,
        limit: u64,
    ) -> Result<Option<Vec<Message>>, StoreError>;
    /// The messages around a position, oldest first: at most `older` up to it and at most `newer` after it.
    async fn messages_around(
        &self,
        user: UserId,
        chat: ChatId,
        at: Seq,
        older: u64,
        newer: u64,
    ) -> Result<Option<Vec<Message>>, StoreError>;
    /// One message, for a participant of its chat.
    async fn message(&self, user: UserId, id: MessageId) -> Result<Option<Message>, StoreError>;
    /// The texts that a message had before its edits, the one that was replaced last first, at most `limit`; those whose edit
    /// stands before a position, if one is given. None of a message that is deleted.
    ///
    /// `None`, as of a message that does not exist: the user may not see the message, or is neither its sender nor in its
    /// group a moderator or the owner.
    async fn former_texts(
        &self,
        user: UserId,
        id: MessageId,
        before: Option<Seq>,
        limit: u64,
    ) -> Result<Option<Vec<FormerText>>, StoreError>;
    /// The messages that a person may read and that are what is searched for, the newest first, before one if named.
    ///
    /// A message is found by its text as it stands now, once [`Store::index_messages`] has come to it; every backend finds
    /// the same. One call looks at a bounded number of messages, so [`Found::next`] may name one even when nothing was
    /// found.
    async fn search(
        &self,
        user: UserId,
        query: &Query,
        before: Option<MessageId>,
    ) -> Result<Found, StoreError>;
    /// Writes the words of some messages into the index, in a transaction of its own: those that changed, then new ones, then
    /// old ones, the newest first. What a message said before an edit, or before it was deleted, is taken out.
    ///
    /// Each call goes on where the last one ended, on whichever node; while another node is at it nothing is done.
    async fn index_messages(&self) -> Result<Indexed, StoreError>;
    /// Takes what was deleted out of the files where the database keeps a copy of it. Answers false when it has to be tried
    /// again later.
    async fn shed_deleted(&self) -> Result<bool, StoreError>;
    /// The heads of some chats, for the heartbeat and the reconciliation of nodes; a chat that is gone is left out.
    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Seq)>, StoreError>;
    /// Who has read how far in some chats, for what a bus may have lost.
    async fn reads(&self, chats: &[ChatId]) -> Result<Vec<StoredRead>, StoreError>;

    /// The other servers that use this database just now, each by its name where it says one.
    async fn other_nodes(&self) -> Result<Vec<Option<NodeId>>, StoreError>;
    /// Keeps the files of one version of the page, and lets go of all but those of the last [`PAGE_VERSIONS`] versions.
    async fn keep_page_files(&self, files: &[PageFile]) -> Result<(), StoreError>;
    /// A file of the page that this or another node keeps.
    async fn page_file(&self, path: &str) -> Result<Option<PageFile>, StoreError>;

    /// Answers when the database does.
    async fn ping(&self) -> Result<(), StoreError>;
    /// The installation's name, which goes with its log.
    fn epoch(&self) -> Epoch;
    /// How its connections stand.
    fn pool(&self) -> PoolState;
    /// Closes the connections; what was returned from is durable in any case.
    async fn close(&self);
}
