-- What is equal for all spellings of an address and no others: written by the program, whatever this database makes of
-- letters. Accounts from before get theirs when the program starts.
ALTER TABLE users ADD COLUMN email_key TEXT;
-- The account's own id when it is from before and an older one has the same key, else 0.
ALTER TABLE users ADD COLUMN email_twin INTEGER NOT NULL DEFAULT 0;
DROP INDEX users_by_email;
CREATE UNIQUE INDEX users_by_email_key ON users (email_key, email_twin);
CREATE INDEX users_without_email_key ON users (id) WHERE email_key IS NULL;
CREATE INDEX users_with_email_twin ON users (id) WHERE email_twin <> 0;
