-- What is equal for all spellings of an address and no others: written by the program, whatever this database makes of
-- letters. Accounts from before get theirs when the program starts.
ALTER TABLE users ADD COLUMN email_key TEXT;
-- The account's own id when it is from before and an older one has the same key, else 0.
ALTER TABLE users ADD COLUMN email_twin BIGINT NOT NULL DEFAULT 0;
DROP INDEX users_by_email;
CREATE UNIQUE INDEX users_by_email_key ON users (email_key, email_twin);
CREATE INDEX users_without_email_key ON users (id) WHERE email_key IS NULL;
CREATE INDEX users_with_email_twin ON users (id) WHERE email_twin <> 0;

-- Nodes of the version before go on until they are restarted: they look for lower(email), write no key, and rely on an
-- index against a second account of an address.
CREATE INDEX users_by_email ON users (lower(email));
CREATE UNIQUE INDEX users_by_email_without_key ON users (lower(email)) WHERE email_key IS NULL;

CREATE FUNCTION skip_taken_email() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM users u WHERE lower(u.email) = lower(NEW.email)) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER skip_taken_email BEFORE INSERT ON users
    FOR EACH ROW WHEN (NEW.email_key IS NULL) EXECUTE FUNCTION skip_taken_email();
