//! Fills a server's database by SQL, far faster than people write.

use std::str::FromStr;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use causerie_protocol::{ChatId, UserId};
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::people::Person;
use crate::process::Process;
use crate::talk::TEXT;

/// The numbers from 1 on, up to this one.
const NUMBERS: &str =
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ";

/// A connection beside the server's.
pub(crate) enum Filler {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Filler {
    pub(crate) async fn of(process: &Process) -> Result<Self> {
        let url = &process.database;
        Ok(if url.starts_with("sqlite:") {
            Self::Sqlite(SqliteConnectOptions::from_str(url)?.connect().await?)
        } else {
            Self::Postgres(PgConnection::connect(url).await?)
        })
    }

    /// Runs statements that both databases know, in one transaction.
    async fn run(&mut self, statements: &str) -> Result<()> {
        let all = AssertSqlSafe(format!("BEGIN; {statements}; COMMIT"));
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(all).execute(connection).await.map(drop),
            Self::Postgres(connection) => sqlx::raw_sql(all).execute(connection).await.map(drop),
        }
        .with_context(|| format!("filling the database: {statements}"))
    }

    /// Adds so many accounts that can sign in with the token alone.
    pub(crate) async fn people(&mut self, count: usize) -> Result<Vec<Person>> {
        self.run(&format!(
            "{NUMBERS}{count}) INSERT INTO users (email, name, password_hash, created_at)
             SELECT 'filled' || n || '@example.org', 'Filled ' || n, '', 0 FROM numbers"
        ))
        .await?;
        let select = "SELECT id FROM users WHERE email LIKE 'filled%' ORDER BY id";
        let ids: Vec<i64> = match self {
            Self::Sqlite(connection) => sqlx::query_scalar(select).fetch_all(connection).await?,
            Self::Postgres(connection) => sqlx::query_scalar(select).fetch_all(connection).await?,
        };
        let mut people = Vec::with_capacity(ids.len());
        for (number, id) in (1..).zip(ids) {
            let mut secret = [0; 48];
            rand::fill(&mut secret);
            let token = BASE64_URL_SAFE_NO_PAD.encode(secret);
            let digest = Sha256::digest(token.as_bytes()).to_vec();
            let insert = "INSERT INTO tokens (user_id, digest, created_at, expires_at) VALUES ($1, $2, 0, 9000000000000000)";
            match self {
                Self::Sqlite(connection) => {
                    sqlx::query(insert).bind(id).bind(digest).execute(connection).await.map(drop)?;
                }
                Self::Postgres(connection) => {
                    sqlx::query(insert).bind(id).bind(digest).execute(connection).await.map(drop)?;
                }
            }
            let email = format!("filled{number}@example.org");
            people.push(Person { id: UserId(id), email, token });
        }
        Ok(people)
    }

    /// Lets a chat's log have so many messages, of its participants in turns.
    pub(crate) async fn messages(&mut self, chat: ChatId, people: [UserId; 2], count: usize) -> Result<()> {
        self.log(chat, people, count, &format!("'{TEXT}'")).await
    }

    /// As [`Filler::messages`], each beginning with its number.
    pub(crate) async fn numbered_messages(
        &mut self,
        chat: ChatId,
        people: [UserId; 2],
        count: usize,
    ) -> Result<()> {
        self.log(chat, people, count, &format!("CAST(n || ' {TEXT}' AS {})", self.bytes())).await
    }

    /// What the database holds texts of messages as.
    fn bytes(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "TEXT",
            Self::Postgres(_) => "BYTEA",
        }
    }

    async fn log(&mut self, chat: ChatId, people: [UserId; 2], count: usize, text: &str) -> Result<()> {
        let [one, other] = people;
        self.run(&format!(
            "{NUMBERS}{count}) INSERT INTO events (chat_id, seq, kind, actor_id, at, client_id, content)
             SELECT {chat}, n, 0, CASE WHEN n % 2 = 0 THEN {one} ELSE {other} END, 1700000000000000 + n * 1000000,
                    'filled-' || n, {text} FROM numbers;
             UPDATE chats SET head = {count}, sort_key = (SELECT max(id) FROM events) WHERE id = {chat}"
        ))
        .await
    }

    /// Makes so many groups of two people, each with three messages, those of all mixed.
    pub(crate) async fn groups(&mut self, people: [UserId; 2], count: usize) -> Result<()> {
        let [one, other] = people;
        let messages = 3 * count;
        self.run(&format!(
            "{NUMBERS}{count}) INSERT INTO chats (direct, title, created_at, updated_at, head)
             SELECT FALSE, 'Filled ' || n, 0, 0, 3 FROM numbers;
             INSERT INTO participants (chat_id, user_id) SELECT id, {one} FROM chats;
             INSERT INTO participants (chat_id, user_id) SELECT id, {other} FROM chats;
             {NUMBERS}{messages}) INSERT INTO events (chat_id, seq, kind, actor_id, at, client_id, content)
             SELECT (SELECT min(id) FROM chats) + (n - 1) % {count}, 1 + (n - 1) / {count}, 0, {other},
                    1700000000000000 + n * 1000000, 'filled-' || n, '{TEXT}' FROM numbers;
             UPDATE chats SET sort_key = (SELECT max(e.id) FROM events e WHERE e.chat_id = chats.id)"
        ))
        .await
    }

    /// Makes a group of these people.
    pub(crate) async fn group(&mut self, people: &[Person]) -> Result<ChatId> {
        let ids: Vec<String> = people.iter().map(|person| person.id.to_string()).collect();
        let ids = ids.join(", ");
        self.run(&format!(
            "INSERT INTO chats (direct, title, created_at, updated_at) VALUES (FALSE, 'Filled', 0, 0);
             INSERT INTO participants (chat_id, user_id)
             SELECT (SELECT max(id) FROM chats), id FROM users WHERE id IN ({ids})"
        ))
        .await?;
        let select = "SELECT max(id) FROM chats";
        Ok(ChatId(match self {
            Self::Sqlite(connection) => sqlx::query_scalar(select).fetch_one(connection).await?,
            Self::Postgres(connection) => sqlx::query_scalar(select).fetch_one(connection).await?,
        }))
    }
}
