-- The row of an edit holds the text that it replaced, until the message is deleted. Those from before hold none.
CREATE INDEX edits_of_message ON events (target, seq) WHERE kind = 1;
