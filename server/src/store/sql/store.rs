//! The store's methods, one text for both backends: which statements an operation consists of, and whether it writes.
//!
//! Each backend compiles this module for its own types (hence `duplicate_mod` where it is declared) and brings what
//! the two do differently: `run`, transactions, a few statements, and how a list of ids or a text is bound.

use async_trait::async_trait;
use causerie_protocol::accounts::{Account, AuditEntry, Invitation, Registration};
use causerie_protocol::event::User;
use causerie_protocol::reports::{CloseReport, CreateReport, Report};
use causerie_protocol::rest::{Block, Blocked, Chat, ChatCursor, FormerText, TokenInfo, UserRef};
use causerie_protocol::search::Found;
use causerie_protocol::{
    AuditId, ChatId, ChatSettings, Epoch, Event, InvitationId, Message, MessageId, ReportId, Seq, TokenId,
    UpdateChatSettings, UserId,
};

use super::{
    APPENDS_AT_ONCE, AppendConnection, Backend, Connection, Database, begin, begin_on_users, content,
    last_event_id, list, lock_chat, lock_users, snapshot, statement, word_index,
};
use crate::clock::UnixMicros;
use crate::hub::{Ending, NodeId};
use crate::metrics::Operation;
use crate::search::Query;
use crate::second_factor::Judgement;
use crate::store::Access::{Read, Write};
use crate::store::rows::SNIPPET_BYTES;
use crate::store::{
    AccountChange, AccountChanged, AccountCreated, Actor, Append, AppendResult, Ask, Boundaries, Created,
    Deletion, Ended, Entry, Erasure, Indexed, InvitedTo, LinkRecord, NewAccount, NewChat, NewLink, NewToken,
    NotChanged, PageFile, Parting, PoolState, Position, Refused, Reopening, ReportClosed, Reported, Store,
    StoreError, StoredParting, StoredRead, StoredSettings, TokenRecord, Unblocking,
};

/// The columns of an `EventRow`: of an event `e`, the text of the message that it changed and whether that is plain, and of a person `u`.
macro_rules! event_columns {
    ($target_content:literal, $target_plain:literal) => {
        concat!(
            "e.id, e.chat_id, e.seq, e.kind, e.actor_id, e.at, e.client_id, e.content, e.target, e.edited_at, e.deleted_at, e.plain, ",
            $target_content,
            " AS target_content, ",
            $target_plain,
            " AS target_plain, u.id AS user_id, u.email, u.name"
        )
    };
    () => {
        event_columns!("CAST(NULL AS BYTEA)", "FALSE")
    };
}

/// What an `OriginalRow` has of the message that a message `e` replies to, and how it is joined: unless it is from before
/// the reader's time, which is given as a part of a statement.
macro_rules! original_columns {
    () => {
        ", o.id AS original_id, substr(o.content, 1, 640) AS original_content, o.deleted_at AS original_deleted_at,
           coalesce(o.plain, FALSE) AS original_plain,
           v.id AS original_sender, v.name AS original_name"
    };
}
macro_rules! original_join {
    ($from:literal) => {
        concat!(
            " LEFT JOIN events o ON e.kind = 0 AND o.chat_id = e.chat_id AND o.seq = e.target AND o.kind = 0 AND o.seq > ",
            $from,
            " LEFT JOIN users v ON v.id = o.actor_id "
        )
    };
}
const _: () = assert!(SNIPPET_BYTES == 640, "as the statements have it");

/// Whether nothing passes between two people, who are given as parts of a statement; of which partings, may be added.
macro_rules! parted {
    ($one:literal, $other:literal) => {
        parted!($one, $other, "")
    };
    ($one:literal, $other:literal, $also:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM partings x WHERE (x.user_id = ",
            $one,
            " AND x.other_id = ",
            $other,
            " OR x.user_id = ",
            $other,
            " AND x.other_id = ",
            $one,
            ")",
            $also,
            ")"
        )
    };
}

/// The columns of a `SettingsRow`, of a participant `me`.
macro_rules! settings_columns {
    () => {
        "me.notify, me.muted_until, me.pinned_at, me.archived_at, me.marked_unread, me.settings_version"
    };
}

mod accounts;
mod asks;
mod audit;
pub(in crate::store) mod changes;
mod chat_settings;
mod chats;
pub(in crate::store) mod email_keys;
mod erasure;
mod links;
pub(in crate::store) mod log;
mod page;
mod partings;
mod people;
mod reports;
mod search;
mod second_factor;
mod settings;
pub(in crate::store) mod transfer;

#[async_trait]
impl Store for Backend {
    async fn create_user(
        &self,
        email: &str,
        name: &str,
        password_hash: &str,
    ) -> Result<Option<User>, StoreError> {
        let account = NewAccount { email, name, password_hash, entry: Entry::Registration };
        self.run(Operation::CreateUser, Write, async |connection| {
            let created = people::create_account(connection, &account).await?;
            let AccountCreated::New { user, .. } = created else { return Ok(None) };
            self.note_new_rows(1);
            Ok(Some(user))
        })
        .await
    }

    async fn account(&self, email: &str) -> Result<Option<(User, String)>, StoreError> {
        self.run(Operation::Account, Read, async |connection| accounts::account(connection, email).await)
            .await
    }

    async fn replace_password_hash(&self, user: UserId, old: &str, new: &str) -> Result<bool, StoreError> {
        self.run(Operation::ReplacePasswordHash, Write, async |connection| {
            accounts::replace_password_hash(connection, user, old, new).await
        })
        .await
    }

    async fn reachable_user(&self, user: UserId, wanted: &UserRef) -> Result<Option<UserId>, StoreError> {
        self.run(Operation::ReachableUser, Read, async |connection| {
            accounts::reachable_user(connection, user, wanted).await
        })
        .await
    }

    async fn are_acquainted(&self, one: UserId, other: UserId) -> Result<bool, StoreError> {
        self.run(Operation::ReachableUser, Read, async |connection| {
            accounts::are_acquainted(connection, one, other).await
        })
        .await
    }

    async fn create_token(
        &self,
        user: UserId,
        password_hash: &str,
        digest: [u8; 32],
        created_at: UnixMicros,
        expires_at: UnixMicros,
    ) -> Result<Option<NewToken>, StoreError> {
        self.run(Operation::CreateToken, Write, async |connection| {
            let token =
                accounts::create_token(connection, user, password_hash, digest, created_at, expires_at)
                    .await?;
            self.note_new_rows(1);
            Ok(token)
        })
        .await
    }

    async fn token(&self, digest: [u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
        self.run(Operation::Token, Read, async |connection| accounts::token(connection, digest).await).await
    }

    async fn tokens_of(&self, user: UserId, now: UnixMicros) -> Result<Vec<TokenInfo>, StoreError> {
        self.run(Operation::TokensOf, Read, async |connection| {
            accounts::tokens_of(connection, user, now).await
        })
        .await
    }

    async fn revoked(&self, tokens: &[TokenId]) -> Result<Vec<(TokenId, Ending)>, StoreError> {
        self.run(Operation::Revoked, Read, async |connection| accounts::revoked(connection, tokens).await)
            .await
    }

    async fn revoke_token(&self, user: UserId, token: TokenId) -> Result<bool, StoreError> {
        self.run(Operation::RevokeToken, Write, async |connection| {
            accounts::revoke_token(connection, user, token).await
        })
        .await
    }

    async fn touch_token(
        &self,
        token: TokenId,
        now: UnixMicros,
        device: Option<&str>,
        address: &str,
    ) -> Result<(), StoreError> {
        self.run(Operation::TouchToken, Write, async |connection| {
            accounts::touch_token(connection, token, now, device, address).await
        })
        .await
    }

    async fn ensure_owner(&self) -> Result<bool, StoreError> {
        self.run(Operation::EnsureOwner, Write, async |connection| people::ensure_owner(connection).await)
            .await
    }

    async fn create_account(&self, account: NewAccount<'_>) -> Result<AccountCreated, StoreError> {
        self.run(Operation::CreateUser, Write, async |connection| {
            let created = people::create_account(connection, &account).await?;
            self.note_new_rows(matches!(created, AccountCreated::New { .. }).into());
            Ok(created)
        })
        .await
    }

    async fn change_account(
        &self,
        actor: Actor,
        target: UserId,
        change: AccountChange,
    ) -> Result<AccountChanged, StoreError> {
        self.run(Operation::ChangeAccount, Write, async |connection| {
            people::change(connection, actor, target, &change).await
        })
        .await
    }

    async fn person(&self, person: &UserRef) -> Result<Option<Account>, StoreError> {
        self.run(Operation::FindUser, Read, async |connection| {
            let id = match person {
                UserRef::Id(id) => Some(*id),
                UserRef::Email(email) => accounts::id_by_email(connection, email).await?,
            };
            match id {
                Some(id) => people::person(connection, id).await,
                None => Ok(None),
            }
        })
        .await
    }

    async fn people(&self, words: &str, after: UserId, limit: u64) -> Result<Vec<Account>, StoreError> {
        self.run(Operation::People, Read, async |connection| {
            people::people(connection, words, after, limit).await
        })
        .await
    }

    async fn due_for_deletion(&self, now: UnixMicros) -> Result<Vec<UserId>, StoreError> {
        self.run(Operation::People, Read, async |connection| erasure::due_for_deletion(connection, now).await)
            .await
    }

    async fn to_erase(&self, before: UnixMicros) -> Result<Option<Erasure>, StoreError> {
        self.run(Operation::ToErase, Read, async |connection| erasure::to_erase(connection, before).await)
            .await
    }

    async fn erased(&self, erasure: &Erasure) -> Result<(), StoreError> {
        self.run(Operation::Erased, Write, async |connection| erasure::erased(connection, erasure).await)
            .await
    }

    async fn has_second_factor(&self, user: UserId) -> Result<bool, StoreError> {
        self.run(Operation::HasSecondFactor, Read, async |connection| {
            second_factor::is_set_up(connection, user).await
        })
        .await
    }

    async fn begin_second_factor(&self, user: UserId, secret: &[u8]) -> Result<bool, StoreError> {
        self.run(Operation::SetSecondFactor, Write, async |connection| {
            second_factor::begin(connection, user, secret).await
        })
        .await
    }

    async fn confirm_second_factor(
        &self,
        user: UserId,
        code: &str,
        recovery: &[u8],
        now: UnixMicros,
    ) -> Result<Option<Judgement>, StoreError> {
        self.run(Operation::SetSecondFactor, Write, async |connection| {
            second_factor::confirm(connection, user, code, recovery, now).await
        })
        .await
    }

    async fn use_code(
        &self,
        user: UserId,
        code: &str,
        now: UnixMicros,
    ) -> Result<Option<Judgement>, StoreError> {
        self.run(Operation::UseCode, Write, async |connection| {
            second_factor::use_code(connection, user, code, now).await
        })
        .await
    }

    async fn set_recovery_codes(&self, user: UserId, recovery: &[u8]) -> Result<bool, StoreError> {
        self.run(Operation::SetSecondFactor, Write, async |connection| {
            second_factor::set_recovery_codes(connection, user, recovery).await
        })
        .await
    }

    async fn create_link(&self, actor: Actor, link: NewLink) -> Result<Result<(), NotChanged>, StoreError> {
        self.run(Operation::CreateLink, Write, async |connection| {
            links::create_link(connection, actor, &link).await
        })
        .await
    }

    async fn invitation(&self, digest: [u8; 32], now: UnixMicros) -> Result<Option<LinkRecord>, StoreError> {
        self.run(Operation::Link, Read, async |connection| links::invitation(connection, digest, now).await)
            .await
    }

    async fn invitations(&self, before: InvitationId, limit: u64) -> Result<Vec<Invitation>, StoreError> {
        self.run(Operation::Invitations, Read, async |connection| {
            links::invitations(connection, before, limit).await
        })
        .await
    }

    async fn revoke_invitation(&self, actor: Actor, id: InvitationId) -> Result<bool, StoreError> {
        self.run(Operation::RevokeInvitation, Write, async |connection| {
            links::revoke_invitation(connection, actor, id).await
        })
        .await
    }

    async fn invitations_into(
        &self,
        actor: UserId,
        chat: ChatId,
        now: UnixMicros,
        limit: u64,
    ) -> Result<Result<Vec<Invitation>, NotChanged>, StoreError> {
        self.run(Operation::Invitations, Read, async |connection| {
            links::invitations_into(connection, actor, chat, now, limit).await
        })
        .await
    }

    async fn revoke_invitation_into(
        &self,
        actor: UserId,
        chat: ChatId,
        id: InvitationId,
    ) -> Result<Result<bool, NotChanged>, StoreError> {
        self.run(Operation::RevokeInvitation, Write, async |connection| {
            links::revoke_invitation_into(connection, actor, chat, id).await
        })
        .await
    }

    async fn keep_ask(
        &self,
        user: UserId,
        email: &str,
        language: Option<&str>,
        at: UnixMicros,
    ) -> Result<i64, StoreError> {
        self.run(Operation::Asks, Write, async |connection| {
            asks::keep(connection, user, email, language, at).await
        })
        .await
    }

    async fn asks(&self, before: UnixMicros, limit: u64) -> Result<Vec<Ask>, StoreError> {
        self.run(Operation::Asks, Read, async |connection| asks::before(connection, before, limit).await)
            .await
    }

    async fn forget_ask(&self, id: i64) -> Result<(), StoreError> {
        self.run(Operation::Asks, Write, async |connection| asks::forget(connection, id).await).await
    }

    async fn can_reset(&self, digest: [u8; 32], now: UnixMicros) -> Result<bool, StoreError> {
        self.run(Operation::Link, Read, async |connection| links::can_reset(connection, digest, now).await)
            .await
    }

    async fn reset_password(
        &self,
        digest: [u8; 32],
        hash: &str,
    ) -> Result<Option<(User, Vec<TokenId>)>, StoreError> {
        self.run(Operation::ResetPassword, Write, async |connection| {
            links::reset_password(connection, digest, hash).await
        })
        .await
    }

    async fn change_email_by_link(&self, digest: [u8; 32]) -> Result<Option<(UserId, String)>, StoreError> {
        self.run(Operation::ChangeAccount, Write, async |connection| {
            links::change_email_by_link(connection, digest).await
        })
        .await
    }

    async fn audit(
        &self,
        of: Option<UserId>,
        before: AuditId,
        limit: u64,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.run(Operation::Audit, Read, async |connection| audit::audit(connection, of, before, limit).await)
            .await
    }

    async fn use_invitation(
        &self,
        digest: [u8; 32],
        user: UserId,
        now: UnixMicros,
    ) -> Result<Option<InvitedTo>, StoreError> {
        self.run(Operation::UseInvitation, Write, async |connection| {
            links::use_invitation(connection, digest, user, now).await
        })
        .await
    }

    async fn registration(&self) -> Result<Option<Registration>, StoreError> {
        self.run(Operation::Registration, Read, async |connection| settings::registration(connection).await)
            .await
    }

    async fn set_registration(
        &self,
        actor: Actor,
        registration: Option<Registration>,
    ) -> Result<(), StoreError> {
        self.run(Operation::SetRegistration, Write, async |connection| {
            settings::set_registration(connection, actor, registration).await
        })
        .await
    }

    async fn forget_ended(&self, before: UnixMicros) -> Result<bool, StoreError> {
        self.run(Operation::ForgetEnded, Write, async |connection| {
            accounts::forget_ended(connection, before).await
        })
        .await
    }

    async fn create_chat(&self, chat: NewChat) -> Result<Created, StoreError> {
        self.run(Operation::CreateChat, Write, async |connection| {
            let created = chats::create(connection, &chat).await?;
            self.note_new_rows(matches!(created, Created::New(_)).into());
            Ok(created)
        })
        .await
    }

    async fn chat(&self, user: UserId, chat: ChatId) -> Result<Option<Chat>, StoreError> {
        self.run(Operation::Chat, Read, async |connection| {
            chats::one(connection, &self.epoch, user, chat).await
        })
        .await
        .map(|chat| self.addresses.shown(chat))
    }

    async fn chats(
        &self,
        user: UserId,
        before: Option<ChatCursor>,
        limit: u64,
    ) -> Result<Vec<Chat>, StoreError> {
        self.run(Operation::Chats, Read, async |connection| {
            chats::page(connection, &self.epoch, user, before, limit).await
        })
        .await
        .map(|chats| self.addresses.shown(chats))
    }

    async fn pinned_chats(&self, user: UserId) -> Result<Vec<Chat>, StoreError> {
        self.run(Operation::Chats, Read, async |connection| {
            chats::pinned(connection, &self.epoch, user).await
        })
        .await
        .map(|chats| self.addresses.shown(chats))
    }

    async fn moved_chats(
        &self,
        user: UserId,
        after: MessageId,
        limit: u64,
    ) -> Result<Vec<(ChatCursor, Seq)>, StoreError> {
        self.run(Operation::MovedChats, Read, async |connection| {
            chats::moved(connection, user, after, limit).await
        })
        .await
    }

    async fn acquaintances(&self, user: UserId) -> Result<Vec<UserId>, StoreError> {
        self.run(Operation::Acquaintances, Read, async |connection| {
            chats::acquaintances(connection, user).await
        })
        .await
    }

    async fn delete_chat(&self, user: UserId, chat: ChatId) -> Result<Result<Deletion, Refused>, StoreError> {
        self.run(Operation::DeleteChat, Write, async |connection| chats::delete(connection, user, chat).await)
            .await
    }

    async fn change_settings(
        &self,
        user: UserId,
        chat: ChatId,
        change: &UpdateChatSettings,
    ) -> Result<Result<ChatSettings, Refused>, StoreError> {
        self.run(Operation::ChangeSettings, Write, async |connection| {
            chat_settings::change(connection, user, chat, change).await
        })
        .await
    }

    async fn settings_after(
        &self,
        place: (i64, ChatId, UserId),
        limit: u64,
    ) -> Result<Vec<StoredSettings>, StoreError> {
        self.run(Operation::SettingsAfter, Read, async |connection| {
            chat_settings::after(connection, place, limit).await
        })
        .await
    }

    async fn boundaries(&self, user: UserId) -> Result<Boundaries, StoreError> {
        self.run(Operation::Boundaries, Read, async |connection| partings::boundaries(connection, user).await)
            .await
    }

    async fn set_hidden(
        &self,
        user: UserId,
        online: Option<bool>,
        read: Option<bool>,
    ) -> Result<(), StoreError> {
        self.run(Operation::SetHidden, Write, async |connection| {
            partings::set_hidden(connection, user, online, read).await
        })
        .await
    }

    async fn blockable_user(&self, user: UserId, wanted: &Block) -> Result<Option<UserId>, StoreError> {
        self.run(Operation::BlockableUser, Read, async |connection| {
            partings::blockable_user(connection, user, wanted).await
        })
        .await
    }

    async fn blocks(&self, user: UserId) -> Result<Vec<Blocked>, StoreError> {
        self.run(Operation::Blocks, Read, async |connection| partings::blocks(connection, user).await)
            .await
            .map(|blocks| self.addresses.shown(blocks))
    }

    async fn block(&self, user: UserId, other: UserId) -> Result<Option<Parting>, StoreError> {
        self.run(Operation::Block, Write, async |connection| {
            let mut transaction = begin(connection).await?;
            let Some(parting) = partings::block(&mut transaction, user, other).await? else {
                return Ok(None);
            };
            transaction.commit().await?;
            self.note_new_rows(1 + usize::from(parting.event.is_some()));
            Ok(Some(parting))
        })
        .await
    }

    async fn unblock(&self, user: UserId, other: UserId) -> Result<Option<Unblocking>, StoreError> {
        self.run(Operation::Unblock, Write, async |connection| {
            let mut transaction = begin(connection).await?;
            let unblocking = partings::unblock(&mut transaction, user, other).await?;
            transaction.commit().await?;
            self.note_new_rows(unblocking.iter().filter(|done| done.event.is_some()).count());
            Ok(unblocking)
        })
        .await
    }

    async fn end_pair(&self, user: UserId, chat: ChatId) -> Result<Ended, StoreError> {
        self.run(Operation::EndPair, Write, async |connection| {
            let mut transaction = begin(connection).await?;
            let ended = partings::end(&mut transaction, user, chat).await?;
            transaction.commit().await?;
            if let Ended::Pair(Some(parting)) = &ended {
                self.note_new_rows(1 + usize::from(parting.event.is_some()));
            }
            Ok(ended)
        })
        .await
    }

    async fn report(
        &self,
        reporter: UserId,
        report: &CreateReport,
        most: u32,
    ) -> Result<Reported, StoreError> {
        self.run(Operation::Report, Write, async |connection| {
            let reported = reports::create(connection, reporter, report, most).await?;
            self.note_new_rows(matches!(reported, Reported::New(_)).into());
            Ok(reported)
        })
        .await
    }

    async fn reports(
        &self,
        to: Option<UserId>,
        only_open: bool,
        before: ReportId,
        limit: u64,
    ) -> Result<Vec<Report>, StoreError> {
        self.run(Operation::Reports, Read, async |connection| {
            reports::list(connection, to, only_open, before, limit).await
        })
        .await
    }

    async fn read_report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        self.run(Operation::ReadReport, Read, async |connection| reports::one(connection, id).await)
            .await
            .map(|report| self.addresses.shown(report))
    }

    async fn close_report(
        &self,
        moderator: Actor,
        id: ReportId,
        body: &CloseReport,
    ) -> Result<ReportClosed, StoreError> {
        self.run(Operation::CloseReport, Write, async |connection| {
            let closed = reports::close(connection, moderator, id, body).await?;
            if let ReportClosed::Now(done) = &closed {
                self.note_new_rows(1 + usize::from(done.deleted.is_some()));
            }
            Ok(closed)
        })
        .await
        .map(|closed| self.addresses.shown(closed))
    }

    async fn reopen_pair(&self, actor: Actor, one: UserId, other: UserId) -> Result<Reopening, StoreError> {
        self.run(Operation::ReopenPair, Write, async |connection| {
            let mut transaction = begin(connection).await?;
            let reopening = partings::reopen(&mut transaction, actor, one, other).await?;
            transaction.commit().await?;
            self.note_new_rows(matches!(reopening, Reopening::Done { event: Some(_), .. }).into());
            Ok(reopening)
        })
        .await
    }

    async fn last_parting(&self) -> Result<i64, StoreError> {
        self.run(Operation::LastParting, Read, async |connection| partings::last(connection).await).await
    }

    async fn partings_of(&self, users: &[UserId]) -> Result<Vec<(UserId, UserId)>, StoreError> {
        self.run(Operation::PartingsAfter, Read, async |connection| partings::of(connection, users).await)
            .await
    }

    async fn partings_after(&self, id: i64, limit: u64) -> Result<Vec<StoredParting>, StoreError> {
        self.run(Operation::PartingsAfter, Read, async |connection| {
            partings::after(connection, id, limit).await
        })
        .await
    }

    async fn hidden(&self, users: &[UserId]) -> Result<Vec<(UserId, bool, bool)>, StoreError> {
        self.run(Operation::Hidden, Read, async |connection| partings::hidden(connection, users).await).await
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError> {
        self.append_batch(batch).await.map(|results| self.addresses.shown(results))
    }

    fn appends_at_once(&self) -> usize {
        APPENDS_AT_ONCE
    }

    async fn position(&self, user: UserId, chat: ChatId) -> Result<Option<Position>, StoreError> {
        self.run(Operation::Position, Read, async |connection| {
            log::position(connection, &self.epoch, user, chat).await
        })
        .await
    }

    async fn events_after(
        &self,
        user: UserId,
        chat: ChatId,
        after: Seq,
        limit: u64,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        self.run(Operation::EventsAfter, Read, async |connection| {
            log::events_after(connection, user, chat, after, limit).await
        })
        .await
        .map(|events| self.addresses.shown(events))
    }

    async fn messages(
        &self,
        user: UserId,
        chat: ChatId,
        before: Option<MessageId>,
        limit: u64,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        self.run(Operation::Messages, Read, async |connection| {
            log::messages(connection, user, chat, before, limit).await
        })
        .await
        .map(|messages| self.addresses.shown(messages))
    }

    async fn messages_around(
        &self,
        user: UserId,
        chat: ChatId,
        at: Seq,
        older: u64,
        newer: u64,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        self.run(Operation::Messages, Read, async |connection| {
            log::messages_around(connection, user, chat, at, older, newer).await
        })
        .await
        .map(|messages| self.addresses.shown(messages))
    }

    async fn message(&self, user: UserId, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.run(Operation::Message, Read, async |connection| log::message(connection, user, id).await)
            .await
            .map(|message| self.addresses.shown(message))
    }

    async fn former_texts(
        &self,
        user: UserId,
        id: MessageId,
        before: Option<Seq>,
        limit: u64,
    ) -> Result<Option<Vec<FormerText>>, StoreError> {
        self.run(Operation::FormerTexts, Read, async |connection| {
            log::former_texts(connection, user, id, before, limit).await
        })
        .await
    }

    async fn search(
        &self,
        user: UserId,
        query: &Query,
        before: Option<MessageId>,
    ) -> Result<Found, StoreError> {
        self.run(Operation::Search, Read, async |connection| {
            search::search(connection, user, query, before).await
        })
        .await
        .map(|found| self.addresses.shown(found))
    }

    async fn index_messages(&self) -> Result<Indexed, StoreError> {
        let look =
            self.run(Operation::LookAtIndex, Read, async |connection| word_index::look(connection).await);
        let look = look.await?;
        if !look.more {
            return Ok(look);
        }
        self.run(Operation::IndexMessages, Write, async |connection| word_index::step(connection).await).await
    }

    async fn shed_deleted(&self) -> Result<bool, StoreError> {
        self.run(Operation::ShedDeleted, Write, async |connection| word_index::empty_log(connection).await)
            .await
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Seq)>, StoreError> {
        self.run(Operation::Heads, Read, async |connection| log::heads(connection, chats).await).await
    }

    async fn reads(&self, chats: &[ChatId]) -> Result<Vec<StoredRead>, StoreError> {
        self.run(Operation::Reads, Read, async |connection| log::reads(connection, chats).await).await
    }

    async fn other_nodes(&self) -> Result<Vec<Option<NodeId>>, StoreError> {
        self.list_other_nodes().await
    }

    async fn keep_page_files(&self, files: &[PageFile]) -> Result<(), StoreError> {
        self.run(Operation::KeepPageFiles, Write, async |connection| {
            page::keep_files(connection, files).await
        })
        .await
    }

    async fn page_file(&self, path: &str) -> Result<Option<PageFile>, StoreError> {
        self.run(Operation::PageFile, Read, async |connection| page::file(connection, path).await).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let answered = self.run(Operation::Ping, Read, async |connection| {
            self.check_in_place()?;
            sqlx::query("SELECT 1").execute(connection).await.map(drop)
        });
        answered.await.map_err(|error| self.unusable_if_moved(error))
    }

    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn pool(&self) -> PoolState {
        self.pool_state()
    }

    async fn close(&self) {
        self.close_pools().await;
    }
}
