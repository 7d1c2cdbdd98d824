CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
-- The log's epoch: a name for this lifetime of the database.
INSERT INTO meta VALUES ('epoch', lower(hex(randomblob(8))));

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
);

-- An address is one account, whatever its case.
CREATE UNIQUE INDEX users_by_email ON users (lower(email));

CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    digest     BLOB    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX tokens_of_user ON tokens (user_id);

CREATE TABLE chats (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    direct     INTEGER NOT NULL,
    -- "3:17" for the direct chat of users 3 and 17, so that a pair has one chat.
    pair       TEXT    UNIQUE,
    closed     INTEGER NOT NULL DEFAULT 0,
    title      TEXT,
    head       INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE participants (
    chat_id  INTEGER NOT NULL REFERENCES chats (id),
    user_id  INTEGER NOT NULL REFERENCES users (id),
    read_seq INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat_id, user_id)
) WITHOUT ROWID;
CREATE INDEX chats_of_user ON participants (user_id);

-- The change log of all chats. A message's row holds its text as it stands now; an edit or a deletion is a row of its own.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id    INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    actor_id   INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    client_id  TEXT,
    -- The text of a message, or the title after a change of the chat.
    content    TEXT,
    -- The message that was edited or deleted, the person who joined or left, or whether the chat is closed.
    target     INTEGER,
    edited_at  INTEGER,
    deleted_at INTEGER
);
CREATE UNIQUE INDEX events_by_seq ON events (chat_id, seq);
-- A sender's own name for a message is unique for ever.
CREATE UNIQUE INDEX events_by_client_id ON events (chat_id, actor_id, client_id) WHERE client_id IS NOT NULL;
