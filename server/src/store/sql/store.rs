//! The store's methods, one text for both backends: which statements an operation consists of, and whether it writes.
//!
//! Each backend compiles this module for its own types (hence `duplicate_mod` where it is declared) and brings what
//! the two do differently: `run`, transactions, a few statements, and how a list of ids or a text is bound.

use async_trait::async_trait;
use causerie_protocol::event::User;
use causerie_protocol::rest::{Chat, ChatCursor, TokenInfo, UserRef};
use causerie_protocol::{ChatId, Epoch, Event, Message, MessageId, Seq, TokenId, UserId};

use super::{
    AppendConnection, Backend, Connection, Database, begin_on_users, content, last_event_id, list, lock_chat,
    snapshot, statement,
};
use crate::clock::UnixMicros;
use crate::hub::NodeId;
use crate::metrics::Operation;
use crate::store::Access::{Read, Write};
use crate::store::{
    Append, AppendResult, Created, NewChat, PageFile, PoolState, Position, Store, StoreError, TokenRecord,
};

/// The columns of an `EventRow`: of an event `e`, the text of the message that it changed, and of a person `u`.
macro_rules! event_columns {
    ($target_content:literal) => {
        concat!(
            "e.id, e.chat_id, e.seq, e.kind, e.at, e.client_id, e.content, e.target, e.edited_at, e.deleted_at, ",
            $target_content,
            " AS target_content, u.id AS user_id, u.email, u.name"
        )
    };
    () => {
        event_columns!("CAST(NULL AS BYTEA)")
    };
}

mod accounts;
pub(in crate::store) mod changes;
mod chats;
pub(in crate::store) mod email_keys;
pub(in crate::store) mod log;
mod page;
pub(in crate::store) mod transfer;

#[async_trait]
impl Store for Backend {
    async fn create_user(
        &self,
        email: &str,
        name: &str,
        password_hash: &str,
    ) -> Result<Option<User>, StoreError> {
        self.run(Operation::CreateUser, Write, async |connection| {
            let created = accounts::create_user(connection, email, name, password_hash).await?;
            self.note_new_rows(created.is_some().into());
            Ok(created)
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

    async fn find_user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        self.run(Operation::FindUser, Read, async |connection| accounts::find_user(connection, user).await)
            .await
    }

    async fn create_token(
        &self,
        user: UserId,
        digest: [u8; 32],
        created_at: UnixMicros,
        expires_at: UnixMicros,
    ) -> Result<TokenId, StoreError> {
        self.run(Operation::CreateToken, Write, async |connection| {
            let token = accounts::create_token(connection, user, digest, created_at, expires_at).await?;
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

    async fn revoked(&self, tokens: &[TokenId]) -> Result<Vec<TokenId>, StoreError> {
        self.run(Operation::Revoked, Read, async |connection| accounts::revoked(connection, tokens).await)
            .await
    }

    async fn revoke_token(&self, user: UserId, token: TokenId) -> Result<bool, StoreError> {
        self.run(Operation::RevokeToken, Write, async |connection| {
            accounts::revoke_token(connection, user, token).await
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

    async fn delete_chat(&self, user: UserId, chat: ChatId) -> Result<Option<Vec<UserId>>, StoreError> {
        self.run(Operation::DeleteChat, Write, async |connection| chats::delete(connection, user, chat).await)
            .await
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError> {
        self.append_batch(batch).await
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
    }

    async fn message(&self, user: UserId, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.run(Operation::Message, Read, async |connection| log::message(connection, user, id).await).await
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Seq)>, StoreError> {
        self.run(Operation::Heads, Read, async |connection| log::heads(connection, chats).await).await
    }

    async fn reads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, UserId, Seq)>, StoreError> {
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
