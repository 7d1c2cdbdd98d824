-- What keeps two people apart: one blocked the other, or one ended the chat of the two. Nothing passes between them.
CREATE TABLE partings (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id  INTEGER NOT NULL,
    other_id INTEGER NOT NULL,
    -- 0 blocked, 1 ended the chat.
    kind     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    UNIQUE (user_id, other_id, kind)
);
CREATE INDEX partings_by_other ON partings (other_id);
-- A chat of two that was closed stays so, whoever closed it.
INSERT INTO partings (user_id, other_id, kind, at)
SELECT min(p.user_id), max(p.user_id), 1, c.updated_at FROM chats c JOIN participants p ON p.chat_id = c.id
WHERE c.direct AND c.closed GROUP BY c.id HAVING count(*) = 2 ORDER BY c.id;

-- Who removed their own copy of a chat of two. They are not in it any more; it is erased once both did.
CREATE TABLE removed_copies (
    chat_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (chat_id, user_id)
) WITHOUT ROWID;

-- Whether who joins a group does not see what was said before.
ALTER TABLE chats ADD COLUMN hides_past INTEGER NOT NULL DEFAULT 0;
-- 0 member, 1 moderator, 2 owner. A group without an owner has the first of its people with the greatest role as one.
ALTER TABLE participants ADD COLUMN role INTEGER NOT NULL DEFAULT 0;
-- Nothing up to this position is shown to the participant.
ALTER TABLE participants ADD COLUMN from_seq INTEGER NOT NULL DEFAULT 0;
-- Who started a group owns it, where that is known.
UPDATE participants SET role = 2 WHERE EXISTS (
    SELECT 1 FROM created_chats s JOIN chats c ON c.id = s.chat_id
    WHERE NOT c.direct AND s.chat_id = participants.chat_id AND s.creator_id = participants.user_id);

-- What others do not see of a person, and the person of others.
ALTER TABLE users ADD COLUMN hides_online INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN hides_read INTEGER NOT NULL DEFAULT 0;
