-- The words of messages, folded and split by the program, which hands them over with spaces between. Without content, and
-- taken out by the old words: so what was deleted is in no page of the index.
CREATE VIRTUAL TABLE search USING fts5 (words, content = '', columnsize = 0, tokenize = 'ascii', prefix = '2 3');
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);

-- The messages from `rest` to `seen`, by their ids, are in the index; those after are new, those before are from before it.
CREATE TABLE search_state (
    seen INTEGER NOT NULL,
    rest INTEGER NOT NULL,
    -- The version of the program's fold that all words of the index are made by; with another one it is begun again.
    fold INTEGER NOT NULL
);
INSERT INTO search_state (seen, rest, fold) VALUES (0, 1, 0);

-- Messages whose words in the index are no longer theirs, with the text that those were made of.
CREATE TABLE search_changes (
    id      INTEGER PRIMARY KEY,
    content TEXT NOT NULL
);
CREATE TRIGGER search_follows_edits AFTER UPDATE OF content ON events
WHEN old.kind = 0 AND old.content IS NOT NULL AND old.content IS NOT new.content
    AND EXISTS (SELECT 1 FROM search_state WHERE old.id BETWEEN rest AND seen)
BEGIN
    -- After two edits the first text is the one that is in the index.
    INSERT OR IGNORE INTO search_changes (id, content) VALUES (old.id, old.content);
END;
CREATE TRIGGER search_follows_deletions AFTER DELETE ON events
WHEN old.kind = 0 AND old.content IS NOT NULL
    AND EXISTS (SELECT 1 FROM search_state WHERE old.id BETWEEN rest AND seen)
BEGIN
    INSERT OR IGNORE INTO search_changes (id, content) VALUES (old.id, old.content);
END;
