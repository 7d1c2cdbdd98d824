//! Moving an installation from one database to another: every row, with its id, in one transaction of the target.

use std::fmt;

use async_trait::async_trait;
use sqlx::FromRow;

use super::StoreError;
use super::postgres::transfer::PostgresSide;
use super::sqlite::transfer::SqliteSide;
use crate::clock::UnixMicros;

/// Rows that are read and written at once; a message has at most 16 KiB, so at most 16 MB.
pub(super) const BATCH: i64 = 1_000;

/// The key of the installation's name in the table `meta`.
const EPOCH: &str = "epoch";

/// What an installation consists of, in the order in which it is moved.
///
/// Refusals are not moved: they are for copies of messages that wait in a server, and no server runs meanwhile.
/// Nor are the page's files, which every server keeps again when it starts, and the index of the search, which it makes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// Accounts, with the hashes of their passwords.
    Users,
    /// Sign-ins, by the digests of their tokens.
    Tokens,
    /// Chats, with their heads.
    Chats,
    /// Who is in which chat, and up to where they have read.
    Participants,
    /// The logs of all chats.
    Events,
    /// The reactions that stand under messages.
    Reactions,
    /// The names of the requests that started chats.
    CreatedChats,
    /// Invitations and links to set a password, by the digests of their secrets.
    Links,
    /// Who wants a chat with which address, until that is carried out.
    Asks,
    /// What was done to people, and by whom.
    Audit,
    /// Who is apart from whom.
    Partings,
    /// Who removed their own copy of a chat of two.
    RemovedCopies,
    /// What was reported.
    Reports,
    /// The copies that reports took.
    ReportedMessages,
    /// Second factors, with their secrets.
    SecondFactors,
}

impl Table {
    /// All of them, each after what its rows refer to.
    pub const ALL: [Self; 15] = [
        Self::Users,
        Self::Tokens,
        Self::Chats,
        Self::Participants,
        Self::Events,
        Self::Reactions,
        Self::CreatedChats,
        Self::Links,
        Self::Asks,
        Self::Audit,
        Self::Partings,
        Self::RemovedCopies,
        Self::Reports,
        Self::ReportedMessages,
        Self::SecondFactors,
    ];

    /// Its name in both databases.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Tokens => "tokens",
            Self::Chats => "chats",
            Self::Participants => "participants",
            Self::Events => "events",
            Self::Reactions => "reactions",
            Self::CreatedChats => "created_chats",
            Self::Links => "links",
            Self::Asks => "asks",
            Self::Audit => "audit",
            Self::Partings => "partings",
            Self::RemovedCopies => "removed_copies",
            Self::Reports => "reports",
            Self::ReportedMessages => "reported_messages",
            Self::SecondFactors => "second_factors",
        }
    }

    /// Whether the database gives its rows their ids.
    pub(super) fn has_ids(self) -> bool {
        !matches!(
            self,
            Self::Participants
                | Self::Reactions
                | Self::RemovedCopies
                | Self::ReportedMessages
                | Self::SecondFactors
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is being done to a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// They are written to the target.
    Copying,
    /// They are read back from the target and compared.
    Comparing,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub table: Table,
    /// What is done to it.
    pub step: Step,
    pub done: u64,
    /// Rows in all.
    pub total: u64,
}

/// What was moved and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The rows of each table.
    pub rows: Vec<(Table, u64)>,
    /// The target had all of it from an earlier run: nothing was written.
    pub was_there: bool,
}

/// The place of a row in its table: its id, or a participant's chat and person. Rows of one place come at once.
pub(super) type Key = (i64, i64);

/// Before the first row.
const BEGINNING: Key = (i64::MIN, i64::MIN);

#[derive(FromRow, PartialEq)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) email: String,
    pub(super) email_key: Option<String>,
    pub(super) email_twin: i64,
    pub(super) name: String,
    pub(super) password_hash: String,
    pub(super) created_at: UnixMicros,
    pub(super) role: i64,
    pub(super) suspended_at: Option<UnixMicros>,
    pub(super) delete_at: Option<UnixMicros>,
    pub(super) deleted_at: Option<UnixMicros>,
    pub(super) hides_online: bool,
    pub(super) hides_read: bool,
    pub(super) erased_to: Option<i64>,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Token {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) digest: Vec<u8>,
    pub(super) created_at: UnixMicros,
    pub(super) expires_at: UnixMicros,
    pub(super) revoked: bool,
    pub(super) device: String,
    pub(super) address: String,
    pub(super) last_used_at: Option<UnixMicros>,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Chat {
    pub(super) id: i64,
    pub(super) direct: bool,
    pub(super) pair: Option<String>,
    pub(super) closed: bool,
    pub(super) title: Option<String>,
    pub(super) head: i64,
    pub(super) created_at: UnixMicros,
    pub(super) updated_at: UnixMicros,
    pub(super) sort_key: i64,
    pub(super) hides_past: bool,
    pub(super) requested_by: Option<i64>,
}

#[derive(FromRow, PartialEq)]
pub(super) struct CreatedChat {
    pub(super) id: i64,
    pub(super) creator_id: i64,
    pub(super) client_id: String,
    pub(super) chat_id: i64,
    pub(super) digest: Vec<u8>,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Participant {
    pub(super) chat_id: i64,
    pub(super) user_id: i64,
    pub(super) read_seq: i64,
    pub(super) role: i64,
    pub(super) from_seq: i64,
    pub(super) notify: i64,
    pub(super) muted_until: Option<i64>,
    pub(super) pinned_at: Option<i64>,
    pub(super) archived_at: Option<i64>,
    pub(super) marked_unread: Option<i64>,
    pub(super) settings_version: i64,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Parting {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) other_id: i64,
    pub(super) kind: i64,
    pub(super) at: UnixMicros,
}

#[derive(FromRow, PartialEq)]
pub(super) struct StoredReport {
    pub(super) id: i64,
    pub(super) reporter_id: i64,
    pub(super) reported_id: i64,
    pub(super) chat_id: i64,
    pub(super) message_id: i64,
    pub(super) reason: String,
    pub(super) words: Option<Vec<u8>>,
    pub(super) created_at: UnixMicros,
    pub(super) action: Option<String>,
    pub(super) note: Option<Vec<u8>>,
    pub(super) closed_by: Option<i64>,
    pub(super) closed_at: Option<UnixMicros>,
}

#[derive(FromRow, PartialEq)]
pub(super) struct ReportedMessage {
    pub(super) report_id: i64,
    pub(super) seq: i64,
    pub(super) message_id: i64,
    pub(super) sender_id: i64,
    pub(super) content: Option<Vec<u8>>,
    pub(super) sent_at: UnixMicros,
    pub(super) edited_at: Option<UnixMicros>,
    pub(super) deleted_at: Option<UnixMicros>,
}

#[derive(FromRow, PartialEq)]
pub(super) struct RemovedCopy {
    pub(super) chat_id: i64,
    pub(super) user_id: i64,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Event {
    pub(super) id: i64,
    pub(super) chat_id: i64,
    pub(super) seq: i64,
    pub(super) kind: i64,
    pub(super) actor_id: i64,
    pub(super) at: UnixMicros,
    pub(super) client_id: Option<String>,
    pub(super) content: Option<Vec<u8>>,
    pub(super) target: Option<i64>,
    pub(super) edited_at: Option<UnixMicros>,
    pub(super) deleted_at: Option<UnixMicros>,
    pub(super) pinned_at: Option<UnixMicros>,
    pub(super) plain: bool,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Reaction {
    pub(super) chat_id: i64,
    pub(super) message_id: i64,
    pub(super) user_id: i64,
    pub(super) emoji: String,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Link {
    pub(super) id: i64,
    pub(super) kind: i64,
    pub(super) digest: Vec<u8>,
    pub(super) role: i64,
    pub(super) user_id: Option<i64>,
    pub(super) created_by: Option<i64>,
    pub(super) created_at: UnixMicros,
    pub(super) ends_at: UnixMicros,
    pub(super) uses: i64,
    pub(super) max_uses: i64,
    pub(super) revoked: bool,
    pub(super) chats: String,
    pub(super) email: Option<String>,
    pub(super) invitation_id: Option<i64>,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Ask {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) email: String,
    pub(super) language: Option<String>,
    pub(super) at: UnixMicros,
}

#[derive(FromRow, PartialEq)]
pub(super) struct StoredFactor {
    pub(super) user_id: i64,
    pub(super) secret: Vec<u8>,
    pub(super) confirmed_at: Option<UnixMicros>,
    pub(super) last_step: i64,
    pub(super) wrong_codes: i64,
    pub(super) blocked_until: UnixMicros,
    pub(super) recovery: Vec<u8>,
}

#[derive(FromRow, PartialEq)]
pub(super) struct Audit {
    pub(super) id: i64,
    pub(super) at: UnixMicros,
    pub(super) actor_id: Option<i64>,
    pub(super) action: String,
    pub(super) target_id: Option<i64>,
    pub(super) detail: String,
}

/// Rows of one table, in the order of their keys.
#[derive(PartialEq)]
pub(super) enum Rows {
    Users(Vec<User>),
    Tokens(Vec<Token>),
    Chats(Vec<Chat>),
    Participants(Vec<Participant>),
    Events(Vec<Event>),
    Reactions(Vec<Reaction>),
    CreatedChats(Vec<CreatedChat>),
    Links(Vec<Link>),
    Asks(Vec<Ask>),
    Audit(Vec<Audit>),
    Partings(Vec<Parting>),
    RemovedCopies(Vec<RemovedCopy>),
    Reports(Vec<StoredReport>),
    ReportedMessages(Vec<ReportedMessage>),
    SecondFactors(Vec<StoredFactor>),
}

impl Rows {
    fn len(&self) -> u64 {
        let len = match self {
            Self::Users(rows) => rows.len(),
            Self::Tokens(rows) => rows.len(),
            Self::Chats(rows) => rows.len(),
            Self::Participants(rows) => rows.len(),
            Self::Events(rows) => rows.len(),
            Self::Reactions(rows) => rows.len(),
            Self::CreatedChats(rows) => rows.len(),
            Self::Links(rows) => rows.len(),
            Self::Asks(rows) => rows.len(),
            Self::Audit(rows) => rows.len(),
            Self::Partings(rows) => rows.len(),
            Self::RemovedCopies(rows) => rows.len(),
            Self::Reports(rows) => rows.len(),
            Self::ReportedMessages(rows) => rows.len(),
            Self::SecondFactors(rows) => rows.len(),
        };
        len as u64
    }

    fn last(&self) -> Option<Key> {
        match self {
            Self::Users(rows) => rows.last().map(|row| (row.id, 0)),
            Self::Tokens(rows) => rows.last().map(|row| (row.id, 0)),
            Self::Chats(rows) => rows.last().map(|row| (row.id, 0)),
            Self::Participants(rows) => rows.last().map(|row| (row.chat_id, row.user_id)),
            Self::Events(rows) => rows.last().map(|row| (row.id, 0)),
            Self::Reactions(rows) => rows.last().map(|row| (row.chat_id, row.message_id)),
            Self::CreatedChats(rows) => rows.last().map(|row| (row.id, 0)),
            Self::Links(rows) => rows.last().map(|row| (row.id, 0)),
            Self::Asks(rows) => rows.last().map(|row| (row.id, 0)),
            Self::Audit(rows) => rows.last().map(|row| (row.id, 0)),
            Self::Partings(rows) => rows.last().map(|row| (row.id, 0)),
            Self::RemovedCopies(rows) => rows.last().map(|row| (row.chat_id, row.user_id)),
            Self::Reports(rows) => rows.last().map(|row| (row.id, 0)),
            Self::ReportedMessages(rows) => rows.last().map(|row| (row.report_id, row.seq)),
            Self::SecondFactors(rows) => rows.last().map(|row| (row.user_id, 0)),
        }
    }

    /// As every backend can hold it: Postgres' text type knows no U+0000, which older titles may have.
    fn without_nul(mut self) -> Self {
        if let Self::Chats(chats) = &mut self {
            for title in chats.iter_mut().filter_map(|chat| chat.title.as_mut()) {
                if title.contains('\0') {
                    *title = title.replace('\0', "\u{fffd}");
                }
            }
        }
        self
    }
}

/// One end of a transfer: a database that no server uses, in a transaction that sees one state.
///
/// Dropped without [`Side::commit`] it leaves the database as it was.
#[async_trait]
pub(super) trait Side: Send {
    /// The settings of the installation, its epoch among them.
    async fn meta(&mut self) -> Result<Vec<(String, String)>, sqlx::Error>;
    async fn set_meta(&mut self, meta: &[(String, String)]) -> Result<(), sqlx::Error>;
    /// How many rows a table has.
    async fn count(&mut self, table: Table) -> Result<u64, sqlx::Error>;
    /// The rows after a key, at most [`BATCH`].
    async fn read(&mut self, table: Table, after: Key) -> Result<Rows, sqlx::Error>;
    async fn write(&mut self, rows: &Rows) -> Result<(), sqlx::Error>;
    /// The highest id that a table ever gave, of deleted rows too.
    async fn last_id(&mut self, table: Table) -> Result<i64, sqlx::Error>;
    /// Lets the next id be a higher one than this.
    async fn set_last_id(&mut self, table: Table, id: i64) -> Result<(), sqlx::Error>;
    /// A chat whose log does not go from 1 to its head without a gap.
    async fn broken_log(&mut self) -> Result<Option<i64>, sqlx::Error>;
    /// Makes all of it durable, or nothing.
    async fn commit(&mut self) -> Result<(), sqlx::Error>;
    /// What is wrong and what to do, when a statement failed.
    fn explain(&self, error: sqlx::Error) -> StoreError;
}

/// Which end a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    From,
    To,
}

impl Endpoint {
    /// The option that names it.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::From => "--from",
            Self::To => "--to",
        }
    }

    /// A sentence of the store about the server's setting, as one about this option.
    pub(super) fn with_option_name(self, error: StoreError) -> StoreError {
        match error {
            StoreError::Unusable(sentence) => {
                StoreError::Unusable(sentence.replace("DATABASE_URL", self.option()))
            }
            other => other,
        }
    }
}

async fn open(url: &str, endpoint: Endpoint) -> Result<Box<dyn Side>, StoreError> {
    Ok(if url.starts_with("sqlite:") {
        Box::new(SqliteSide::open(url, endpoint).await?)
    } else {
        Box::new(PostgresSide::open(url, endpoint).await?)
    })
}

/// Moves an installation from one database to an empty one, ids, epoch and positions included, so that clients resume.
///
/// Both are locked against servers meanwhile. All rows are written in one transaction of the target, read back and
/// compared before it is committed: a run that is broken off leaves the target empty, and another begins afresh.
/// A target that holds this very installation is only compared.
///
/// # Errors
/// [`StoreError::Unusable`] with a sentence that names the option and the remedy; then the target is as it was.
pub async fn transfer(
    from: &str,
    to: &str,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Report, StoreError> {
    let mut source = open(from, Endpoint::From).await?;
    let mut target = open(to, Endpoint::To).await?;
    let meta = source.meta().await.map_err(|error| source.explain(error))?;
    let mut totals = Vec::new();
    let mut taken = 0;
    for table in Table::ALL {
        totals.push((table, source.count(table).await.map_err(|error| source.explain(error))?));
        taken += target.count(table).await.map_err(|error| target.explain(error))?;
    }
    if taken > 0 {
        let other = target.meta().await.map_err(|error| target.explain(error))?;
        if epoch(&other) != epoch(&meta) {
            return Err(StoreError::Unusable(
                "The database that --to names holds another installation: name an empty one.".to_owned(),
            ));
        }
        let same = compare(&mut *source, &mut *target, &totals, progress).await?;
        return same.then_some(Report { rows: totals, was_there: true }).ok_or_else(|| {
            StoreError::Unusable(
                "This installation was moved to --to before, and the two have changed since: serve the one that people used last, or name an empty database in --to.".to_owned(),
            )
        });
    }
    copy(&mut *source, &mut *target, &totals, progress).await?;
    target.set_meta(&meta).await.map_err(|error| target.explain(error))?;
    if let Some(chat) = target.broken_log().await.map_err(|error| target.explain(error))? {
        return Err(StoreError::Unusable(format!(
            "The log of chat {chat} has a gap or does not end at its head, so --from is damaged: restore a backup. Nothing was moved."
        )));
    }
    if !compare(&mut *source, &mut *target, &totals, progress).await? {
        return Err(StoreError::Unusable(
            "What was read back from --to is not what was written: look at its server's log. Nothing was moved.".to_owned(),
        ));
    }
    target.commit().await.map_err(|error| target.explain(error))?;
    Ok(Report { rows: totals, was_there: false })
}

fn epoch(meta: &[(String, String)]) -> Option<&str> {
    meta.iter().find(|(key, _)| key == EPOCH).map(|(_, value)| value.as_str())
}

async fn copy(
    source: &mut dyn Side,
    target: &mut dyn Side,
    totals: &[(Table, u64)],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), StoreError> {
    for &(table, total) in totals {
        let (mut done, mut key) = (0, BEGINNING);
        loop {
            progress(Progress { table, step: Step::Copying, done, total });
            let rows = source.read(table, key).await.map_err(|error| source.explain(error))?.without_nul();
            let Some(last) = rows.last() else { break };
            target.write(&rows).await.map_err(|error| target.explain(error))?;
            key = last;
            done += rows.len();
        }
        if table.has_ids() {
            let given = source.last_id(table).await.map_err(|error| source.explain(error))?;
            let id = given.max(if done > 0 { key.0 } else { 0 });
            target.set_last_id(table, id).await.map_err(|error| target.explain(error))?;
        }
    }
    Ok(())
}

/// Whether both hold the same rows.
async fn compare(
    source: &mut dyn Side,
    target: &mut dyn Side,
    totals: &[(Table, u64)],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<bool, StoreError> {
    for &(table, total) in totals {
        let (mut done, mut key) = (0, BEGINNING);
        loop {
            progress(Progress { table, step: Step::Comparing, done, total });
            let rows = source.read(table, key).await.map_err(|error| source.explain(error))?.without_nul();
            if rows != target.read(table, key).await.map_err(|error| target.explain(error))?.without_nul() {
                return Ok(false);
            }
            let Some(last) = rows.last() else { break };
            key = last;
            done += rows.len();
        }
    }
    Ok(true)
}
