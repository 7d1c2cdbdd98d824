-- Whether the sender of a message wants it shown as it is, without formatting.
ALTER TABLE events ADD COLUMN plain BOOLEAN NOT NULL DEFAULT FALSE;
