-- What a person may do in the installation: 0 guest, 1 member, 2 moderator, 3 owner.
ALTER TABLE users ADD COLUMN role INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN suspended_at INTEGER;
-- When the account is deleted because its person asked for it, and when it was.
ALTER TABLE users ADD COLUMN delete_at INTEGER;
ALTER TABLE users ADD COLUMN deleted_at INTEGER;
CREATE INDEX users_to_delete ON users (delete_at) WHERE delete_at IS NOT NULL;
CREATE INDEX users_by_role ON users (role) WHERE role > 1;
-- An installation of the version before has accounts and no owner: the first one becomes it when a server starts, unless
-- somebody else was named until then.
INSERT INTO meta (key, value) SELECT 'owner', 'first' WHERE EXISTS (SELECT 1 FROM users);

-- What signed in, from where, and when that was last used.
ALTER TABLE tokens ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN last_used_at INTEGER;

-- Links that let somebody in, by the SHA-256 of their secret.
CREATE TABLE links (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 0 an invitation, 1 to set a new password.
    kind       INTEGER NOT NULL,
    digest     BLOB    NOT NULL UNIQUE,
    -- The role of those who come by an invitation.
    role       INTEGER NOT NULL,
    -- Whose password is set.
    user_id    INTEGER,
    -- Nobody for a link of the command line or of the server itself.
    created_by INTEGER,
    created_at INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    uses       INTEGER NOT NULL DEFAULT 0,
    max_uses   INTEGER NOT NULL,
    revoked    INTEGER NOT NULL DEFAULT 0,
    -- The groups that they are added to, as "3,17".
    chats      TEXT    NOT NULL
);
CREATE INDEX links_by_maker ON links (created_by);
CREATE INDEX links_by_user ON links (user_id) WHERE user_id IS NOT NULL;

-- Who did what to whom; it only grows.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    -- Nobody when it was the command line or the server itself.
    actor_id  INTEGER,
    action    TEXT    NOT NULL,
    target_id INTEGER,
    detail    TEXT    NOT NULL
);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
