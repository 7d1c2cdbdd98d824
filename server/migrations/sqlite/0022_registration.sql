-- The invitation that a link to finish a registration was asked for with; it is used with that.
ALTER TABLE links ADD COLUMN invitation_id INTEGER;

-- Who wants a chat with an address, until that is carried out.
CREATE TABLE asks (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id  INTEGER NOT NULL,
    email    TEXT NOT NULL,
    language TEXT,
    at       INTEGER NOT NULL
);
