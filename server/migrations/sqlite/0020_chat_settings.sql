-- What a participant has set of a chat for themself; it goes with the row when they leave.
ALTER TABLE participants ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;
-- Times in milliseconds.
ALTER TABLE participants ADD COLUMN muted_until INTEGER;
ALTER TABLE participants ADD COLUMN pinned_at INTEGER;
-- The chat's sort key at that time.
ALTER TABLE participants ADD COLUMN archived_at INTEGER;
-- The read position at that time.
ALTER TABLE participants ADD COLUMN marked_unread INTEGER;
-- When it was last changed, in microseconds, and greater than before.
ALTER TABLE participants ADD COLUMN settings_version INTEGER NOT NULL DEFAULT 0;

-- For nodes that missed a change.
CREATE INDEX settings_by_version ON participants (settings_version) WHERE settings_version > 0;
