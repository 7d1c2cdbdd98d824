-- Where a chat stands in the list, the greatest first: the id of its newest message, also of one that was deleted; until
-- there is one, of the newest entry of all logs when it was started. No clock takes part in it.
ALTER TABLE chats ADD COLUMN sort_key INTEGER NOT NULL DEFAULT 0;
-- A chat without messages was started before the first entry of each chat that came after it.
WITH started AS (
    SELECT c.id, min(e.id) OVER (ORDER BY c.id DESC) - 1 AS last_id
    FROM chats c LEFT JOIN events e ON e.chat_id = c.id AND e.seq = 1
)
UPDATE chats
SET sort_key = coalesce(
    (SELECT e.id FROM events e WHERE e.chat_id = chats.id AND e.kind = 0 ORDER BY e.seq DESC LIMIT 1),
    started.last_id,
    (SELECT seq FROM sqlite_sequence WHERE name = 'events'),
    0)
FROM started WHERE started.id = chats.id;

-- What chats were started under: a creator's own name for the request is unique for ever, also when the chat is gone.
CREATE TABLE created_chats (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    creator_id INTEGER NOT NULL,
    client_id  TEXT    NOT NULL,
    chat_id    INTEGER NOT NULL,
    -- The SHA-256 of what was asked for, so that another request under the same name is noticed.
    digest     BLOB    NOT NULL,
    UNIQUE (creator_id, client_id)
);
