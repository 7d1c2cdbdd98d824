-- When a message was pinned in its chat, in microseconds; what brought it there is in the log.
ALTER TABLE events ADD COLUMN pinned_at INTEGER;

CREATE INDEX events_pinned ON events (chat_id, pinned_at) WHERE pinned_at IS NOT NULL;
