-- The reactions that stand under messages; how they came to stand there is in the log.
CREATE TABLE reactions (
    chat_id    INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    emoji      TEXT    NOT NULL,
    PRIMARY KEY (chat_id, message_id, user_id, emoji)
) WITHOUT ROWID;
