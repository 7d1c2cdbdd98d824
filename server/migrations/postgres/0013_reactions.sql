-- The reactions that stand under messages; how they came to stand there is in the log.
CREATE TABLE reactions (
    chat_id    BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    emoji      TEXT   NOT NULL,
    PRIMARY KEY (chat_id, message_id, user_id, emoji)
);
