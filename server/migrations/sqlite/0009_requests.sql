-- Who asked for a chat of two, until the other accepts it. Meanwhile the two are apart but for what the one who asked writes:
-- `partings` has a row of them of the kind 2.
ALTER TABLE chats ADD COLUMN requested_by INTEGER;
