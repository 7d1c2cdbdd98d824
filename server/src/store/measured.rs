//! A store that measures another one, and does not wait for it for ever: how long each operation takes, and a line in
//! the log for a slow one.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use causerie_protocol::event::User;
use causerie_protocol::rest::{Chat, ChatCursor, TokenInfo, UserRef};
use causerie_protocol::{ChatId, Epoch, Event, Message, MessageId, Seq, TokenId, UserId};
use tokio::time::timeout;

use super::{
    Append, AppendResult, Created, NewChat, PageFile, PoolState, Position, Store, StoreError, TokenRecord,
};
use crate::clock;
use crate::hub::NodeId;
use crate::metrics::{Metrics, Operation};

/// Another store, measured. Its answers are those of the other.
pub struct MeasuredStore {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    slow: Duration,
    patience: Option<Patience>,
}

/// How long an answer may take, of a database that can stop answering without ending its connections, as one does that
/// is paused or cut off.
#[derive(Clone, Debug)]
pub struct Patience {
    /// After this the outcome is unknown and told as unavailable; what can be repeated is.
    pub limit: Duration,
    /// When an answer was last waited for in vain, in microseconds since 1970: connections that come back then may hang.
    pub hung_at: Arc<AtomicI64>,
}

impl MeasuredStore {
    /// Measures `store`; what takes longer than `slow` is told in the log.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>, slow: Duration) -> Self {
        Self { store, metrics, slow, patience: None }
    }

    /// Waits for an answer no longer than this.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience: Some(patience), ..self }
    }

    async fn timed<T>(
        &self,
        operation: Operation,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let begin = Instant::now();
        let answer = match &self.patience {
            Some(patience) => patience.wait(answer).await,
            None => answer.await,
        };
        let took = begin.elapsed();
        self.metrics.database_operation.observe(operation, took);
        if took >= self.slow {
            self.metrics.database_slow_operations.inc();
            let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let failed = answer.is_err();
            // The operation alone: what it was asked for may be a text or an address.
            tracing::warn!(operation = operation.name(), milliseconds, failed, "slow query");
        }
        answer
    }
}

impl Patience {
    async fn wait<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let mut answer = pin!(answer);
        match timeout(self.limit, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                // Before the operation is dropped, and its connection given back.
                self.hung_at.store(clock::now(), Ordering::Release);
                Err(StoreError::Unavailable(io::Error::from(io::ErrorKind::TimedOut).into()))
            }
        }
    }
}

#[async_trait]
impl Store for MeasuredStore {
    async fn create_user(&self, email: &str, name: &str, hash: &str) -> Result<Option<User>, StoreError> {
        self.timed(Operation::CreateUser, self.store.create_user(email, name, hash)).await
    }

    async fn account(&self, email: &str) -> Result<Option<(User, String)>, StoreError> {
        self.timed(Operation::Account, self.store.account(email)).await
    }

    async fn replace_password_hash(&self, user: UserId, old: &str, new: &str) -> Result<bool, StoreError> {
        let answer = self.store.replace_password_hash(user, old, new);
        self.timed(Operation::ReplacePasswordHash, answer).await
    }

    async fn find_user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        self.timed(Operation::FindUser, self.store.find_user(user)).await
    }

    async fn create_token(
        &self,
        user: UserId,
        digest: [u8; 32],
        created_at: i64,
        expires_at: i64,
    ) -> Result<TokenId, StoreError> {
        let answer = self.store.create_token(user, digest, created_at, expires_at);
        self.timed(Operation::CreateToken, answer).await
    }

    async fn token(&self, digest: [u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
        self.timed(Operation::Token, self.store.token(digest)).await
    }

    async fn tokens_of(&self, user: UserId, now: i64) -> Result<Vec<TokenInfo>, StoreError> {
        self.timed(Operation::TokensOf, self.store.tokens_of(user, now)).await
    }

    async fn revoked(&self, tokens: &[TokenId]) -> Result<Vec<TokenId>, StoreError> {
        self.timed(Operation::Revoked, self.store.revoked(tokens)).await
    }

    async fn revoke_token(&self, user: UserId, token: TokenId) -> Result<bool, StoreError> {
        self.timed(Operation::RevokeToken, self.store.revoke_token(user, token)).await
    }

    async fn create_chat(&self, chat: NewChat) -> Result<Created, StoreError> {
        self.timed(Operation::CreateChat, self.store.create_chat(chat)).await
    }

    async fn chat(&self, user: UserId, chat: ChatId) -> Result<Option<Chat>, StoreError> {
        self.timed(Operation::Chat, self.store.chat(user, chat)).await
    }

    async fn chats(
        &self,
        user: UserId,
        before: Option<ChatCursor>,
        limit: u64,
    ) -> Result<Vec<Chat>, StoreError> {
        self.timed(Operation::Chats, self.store.chats(user, before, limit)).await
    }

    async fn moved_chats(
        &self,
        user: UserId,
        after: MessageId,
        limit: u64,
    ) -> Result<Vec<(ChatCursor, Seq)>, StoreError> {
        self.timed(Operation::MovedChats, self.store.moved_chats(user, after, limit)).await
    }

    async fn participants(&self, chat: ChatId) -> Result<Vec<UserId>, StoreError> {
        self.timed(Operation::Participants, self.store.participants(chat)).await
    }

    async fn acquaintances(&self, user: UserId) -> Result<Vec<UserId>, StoreError> {
        self.timed(Operation::Acquaintances, self.store.acquaintances(user)).await
    }

    async fn delete_chat(&self, user: UserId, chat: ChatId) -> Result<Option<Vec<UserId>>, StoreError> {
        self.timed(Operation::DeleteChat, self.store.delete_chat(user, chat)).await
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<AppendResult>, StoreError> {
        self.timed(Operation::Append, self.store.append(batch)).await
    }

    async fn position(&self, user: UserId, chat: ChatId) -> Result<Option<Position>, StoreError> {
        self.timed(Operation::Position, self.store.position(user, chat)).await
    }

    async fn events_after(
        &self,
        user: UserId,
        chat: ChatId,
        after: Seq,
        limit: u64,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        self.timed(Operation::EventsAfter, self.store.events_after(user, chat, after, limit)).await
    }

    async fn messages(
        &self,
        user: UserId,
        chat: ChatId,
        before: Option<MessageId>,
        limit: u64,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        self.timed(Operation::Messages, self.store.messages(user, chat, before, limit)).await
    }

    async fn message(&self, user: UserId, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.timed(Operation::Message, self.store.message(user, id)).await
    }

    async fn heads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, Seq)>, StoreError> {
        self.timed(Operation::Heads, self.store.heads(chats)).await
    }

    async fn reads(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, UserId, Seq)>, StoreError> {
        self.timed(Operation::Reads, self.store.reads(chats)).await
    }

    async fn other_nodes(&self) -> Result<Vec<Option<NodeId>>, StoreError> {
        self.timed(Operation::OtherNodes, self.store.other_nodes()).await
    }

    async fn keep_page_files(&self, files: &[PageFile]) -> Result<(), StoreError> {
        self.timed(Operation::KeepPageFiles, self.store.keep_page_files(files)).await
    }

    async fn page_file(&self, path: &str) -> Result<Option<PageFile>, StoreError> {
        self.timed(Operation::PageFile, self.store.page_file(path)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.timed(Operation::Ping, self.store.ping()).await
    }

    fn epoch(&self) -> Epoch {
        self.store.epoch()
    }

    fn pool(&self) -> PoolState {
        self.store.pool()
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
