-- Messages that were refused, by their sender's own names for them: a copy that comes later is refused as well.
-- What for: 0 no such chat, or not in it, 1 the chat is closed.
CREATE TABLE refusals (
    chat_id   INTEGER NOT NULL,
    actor_id  INTEGER NOT NULL,
    client_id TEXT    NOT NULL,
    reason    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (chat_id, actor_id, client_id)
) WITHOUT ROWID;
CREATE INDEX refusals_by_age ON refusals (at);
