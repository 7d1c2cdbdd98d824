-- Second factors by time (RFC 6238), set up or being so.
CREATE TABLE second_factors (
    user_id       INTEGER PRIMARY KEY,
    -- As it is: who reads it can make the codes.
    secret        BLOB    NOT NULL,
    -- When a first code showed that the person's device has the secret; until then it is asked for nowhere.
    confirmed_at  INTEGER,
    -- The time step (30 s each since 1970) of the last code that was taken; no earlier one is.
    last_step     INTEGER NOT NULL DEFAULT 0,
    -- Wrong codes since the last right one, and until when no other is looked at.
    wrong_codes   INTEGER NOT NULL DEFAULT 0,
    blocked_until INTEGER NOT NULL DEFAULT 0,
    -- The SHA-256 of each recovery code that is left, 32 bytes each.
    recovery      BLOB    NOT NULL
);

-- The address that a link of kind 2 gives to its person.
ALTER TABLE links ADD COLUMN email TEXT;

-- Up to which event the messages of a deleted account are erased; nothing when they stay, or all are.
ALTER TABLE users ADD COLUMN erased_to INTEGER;
CREATE INDEX users_to_erase ON users (id) WHERE erased_to IS NOT NULL;
