-- What a participant has set of a chat for themself; it goes with the row when they leave.
ALTER TABLE participants ADD COLUMN notify BIGINT NOT NULL DEFAULT 0;
-- Times in milliseconds.
ALTER TABLE participants ADD COLUMN muted_until BIGINT;
ALTER TABLE participants ADD COLUMN pinned_at BIGINT;
-- The chat's sort key at that time.
ALTER TABLE participants ADD COLUMN archived_at BIGINT;
-- The read position at that time.
ALTER TABLE participants ADD COLUMN marked_unread BIGINT;
-- When it was last changed, in microseconds, and greater than before.
ALTER TABLE participants ADD COLUMN settings_version BIGINT NOT NULL DEFAULT 0;

-- For nodes that missed a change.
CREATE INDEX settings_by_version ON participants (settings_version) WHERE settings_version > 0;
