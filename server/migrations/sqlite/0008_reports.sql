-- What somebody reported, with a copy of the message and of what was said before it, which no deletion changes.
CREATE TABLE reports (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    reporter_id INTEGER NOT NULL,
    reported_id INTEGER NOT NULL,
    chat_id     INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    words       TEXT,
    created_at  INTEGER NOT NULL,
    -- What was done, by whom and when; nothing while it is open.
    action      TEXT,
    note        TEXT,
    closed_by   INTEGER,
    closed_at   INTEGER,
    -- A repeat is the same report.
    UNIQUE (reporter_id, message_id)
);
CREATE INDEX open_reports ON reports (id) WHERE action IS NULL;

CREATE TABLE reported_messages (
    report_id  INTEGER NOT NULL,
    -- Its seq in the chat.
    seq        INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    sender_id  INTEGER NOT NULL,
    -- As it was when it was reported.
    content    TEXT,
    sent_at    INTEGER NOT NULL,
    edited_at  INTEGER,
    deleted_at INTEGER,
    PRIMARY KEY (report_id, seq)
) WITHOUT ROWID;
