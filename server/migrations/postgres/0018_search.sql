-- The words of messages, folded, split and numbered by the program. A row without words is of a message that has none, or
-- whose words are to be written again.
CREATE TABLE search (
    id      BIGINT   PRIMARY KEY,
    words   TSVECTOR NOT NULL,
    changed BOOLEAN  NOT NULL DEFAULT FALSE
);
CREATE INDEX search_by_word ON search USING GIN (words);
CREATE INDEX search_changes ON search (id) WHERE changed;

-- Of an edit and a deletion, in their own transaction: the old words go at once. A row that is there when the message is
-- indexed stays, so of an edit and the indexing at the same time the edit counts.
CREATE FUNCTION search_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search (id, words, changed) VALUES (OLD.id, '', TRUE)
    ON CONFLICT (id) DO UPDATE SET words = '', changed = TRUE;
    RETURN NULL;
END
$$;
CREATE TRIGGER search_follows_edits AFTER UPDATE OF content ON events FOR EACH ROW
WHEN (OLD.kind = 0 AND OLD.content IS DISTINCT FROM NEW.content) EXECUTE FUNCTION search_follows();
CREATE TRIGGER search_follows_deletions AFTER DELETE ON events FOR EACH ROW
WHEN (OLD.kind = 0) EXECUTE FUNCTION search_follows();

-- The messages from `rest` to `seen`, by their ids, are in the index; those after are new, those before are from before it.
-- Transactions do not commit in the order of the ids that they took, so those after `settled` are looked at again once every
-- transaction before `seen_before` has ended.
CREATE TABLE search_state (
    settled     BIGINT NOT NULL,
    seen        BIGINT NOT NULL,
    seen_before BIGINT NOT NULL,
    rest        BIGINT NOT NULL,
    -- The version of the program's fold that all words of the index are made by; with another one it is begun again.
    fold        BIGINT NOT NULL
);
INSERT INTO search_state (settled, seen, seen_before, rest, fold) VALUES (0, 0, 0, 1, 0);
