-- Messages that were refused, by their sender's own names for them: a copy that comes later is refused as well.
-- What for: 0 no such chat, or not in it, 1 the chat is closed.
CREATE TABLE refusals (
    chat_id   BIGINT NOT NULL,
    actor_id  BIGINT NOT NULL,
    client_id TEXT   NOT NULL,
    reason    BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (chat_id, actor_id, client_id)
);
CREATE INDEX refusals_by_age ON refusals (at);

-- Appends a batch of messages, or notes that they are refused, in one round trip.
-- Nodes of the version before go on calling append_messages until they are restarted, so that one stays as it is.
-- The chats' rows are locked first, in one order, so that two nodes never wait for each other in a circle.
-- Each statement of a volatile function sees what was committed before it began, so the look-up sees what the lock waited for.
CREATE FUNCTION append_or_refuse(
    chat_ids BIGINT[], actor_ids BIGINT[], client_ids TEXT[], contents BYTEA[], now BIGINT
) RETURNS TABLE (
    user_id BIGINT, email TEXT, name TEXT, is_in BOOLEAN, closed BOOLEAN, refused BIGINT, first_ord BIGINT,
    new_id BIGINT, new_seq BIGINT, new_refusal BIGINT,
    id BIGINT, seq BIGINT, at BIGINT, content BYTEA, edited_at BIGINT, deleted_at BIGINT
) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    PERFORM 1 FROM chats c WHERE c.id = ANY (chat_ids) ORDER BY c.id FOR UPDATE;
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.ord, a.chat_id, a.actor_id, a.client_id, a.content
        FROM unnest(chat_ids, actor_ids, client_ids, contents) WITH ORDINALITY
             AS a (chat_id, actor_id, client_id, content, ord)
    ), known AS MATERIALIZED (
        SELECT a.ord, a.chat_id, a.actor_id, a.client_id, a.content AS new_content,
               u.id AS user_id, u.email, u.name, p.user_id IS NOT NULL AS is_in, c.closed, c.head,
               r.reason AS refused,
               min(a.ord) OVER (
                   PARTITION BY a.chat_id, a.actor_id, a.client_id,
                                CASE WHEN a.client_id IS NULL THEN a.ord END
               ) AS first_ord,
               d.id, d.seq, d.at, d.content, d.edited_at, d.deleted_at
        FROM asked a
        LEFT JOIN users u ON u.id = a.actor_id
        LEFT JOIN chats c ON c.id = a.chat_id
        LEFT JOIN participants p ON p.chat_id = a.chat_id AND p.user_id = a.actor_id
        LEFT JOIN refusals r ON r.chat_id = a.chat_id AND r.actor_id = a.actor_id AND r.client_id = a.client_id
        LEFT JOIN events d ON d.chat_id = a.chat_id AND d.actor_id = a.actor_id AND d.client_id = a.client_id
    ), judged AS MATERIALIZED (
        SELECT k.ord, CASE WHEN NOT k.is_in THEN 0 WHEN k.closed THEN 1 END AS reason
        FROM known k
        WHERE k.id IS NULL AND k.refused IS NULL AND k.first_ord = k.ord
    ), fresh AS MATERIALIZED (
        SELECT k.ord, k.chat_id, k.actor_id, k.client_id, k.new_content,
               k.head + row_number() OVER (PARTITION BY k.chat_id ORDER BY k.ord) AS seq
        FROM known k JOIN judged j ON j.ord = k.ord
        WHERE j.reason IS NULL
    ), inserted AS (
        INSERT INTO events (chat_id, seq, kind, actor_id, at, client_id, content)
        SELECT f.chat_id, f.seq, 0, f.actor_id, now, f.client_id, f.new_content FROM fresh f ORDER BY f.ord
        RETURNING events.id, events.chat_id, events.seq
    ), moved AS (
        UPDATE chats SET head = f.head, updated_at = now
        FROM (SELECT chat_id, max(seq) AS head FROM fresh GROUP BY chat_id) f
        WHERE chats.id = f.chat_id
    ), noted AS (
        -- Of people and chats that exist only, so that nothing can be written about invented ones.
        INSERT INTO refusals (chat_id, actor_id, client_id, reason, at)
        SELECT k.chat_id, k.actor_id, k.client_id, j.reason, now
        FROM known k JOIN judged j ON j.ord = k.ord
        WHERE j.reason IS NOT NULL AND k.client_id IS NOT NULL AND k.head IS NOT NULL AND k.user_id IS NOT NULL
    )
    SELECT k.user_id, k.email, k.name, k.is_in, k.closed, k.refused, k.first_ord,
           i.id, i.seq, j.reason::BIGINT,
           k.id, k.seq, k.at, k.content, k.edited_at, k.deleted_at
    FROM known k
    LEFT JOIN judged j ON j.ord = k.ord
    LEFT JOIN fresh f ON f.ord = k.ord
    LEFT JOIN inserted i ON i.chat_id = f.chat_id AND i.seq = f.seq
    ORDER BY k.ord;
END
$$;
