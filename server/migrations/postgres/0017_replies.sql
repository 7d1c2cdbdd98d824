-- The `target` of a message is the position of the message that it replies to.

-- Appends a batch of messages, or notes that they are refused, in one round trip. In a chat that its other one has not
-- accepted, who asked for it may write as many messages as `most`; a message of the other one accepts it.
-- What a message replies to, by its position in `targets`, must be a message of the chat that its sender may see.
-- The chats' rows are locked first, in one order, so that two nodes never wait for each other in a circle.
-- Each statement of a volatile function sees what was committed before it began, so the look-up sees what the lock waited for.
CREATE FUNCTION append_or_reply(
    chat_ids BIGINT[], actor_ids BIGINT[], client_ids TEXT[], contents BYTEA[], targets BIGINT[], now BIGINT, most BIGINT
) RETURNS TABLE (
    user_id BIGINT, email TEXT, name TEXT, is_in BOOLEAN, closed BOOLEAN, refused BIGINT, first_ord BIGINT,
    new_id BIGINT, new_seq BIGINT, new_refusal BIGINT,
    id BIGINT, seq BIGINT, at BIGINT, content BYTEA, target BIGINT, edited_at BIGINT, deleted_at BIGINT,
    accepts_of BIGINT
) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    PERFORM 1 FROM chats c WHERE c.id = ANY (chat_ids) ORDER BY c.id FOR UPDATE;
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.ord, a.chat_id, a.actor_id, a.client_id, a.content, a.target
        FROM unnest(chat_ids, actor_ids, client_ids, contents, targets) WITH ORDINALITY
             AS a (chat_id, actor_id, client_id, content, target, ord)
    ), known AS MATERIALIZED (
        SELECT a.ord, a.chat_id, a.actor_id, a.client_id, a.content AS new_content, a.target AS new_target,
               a.target IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM events o
                   WHERE o.chat_id = a.chat_id AND o.seq = a.target AND o.kind = 0 AND o.seq > p.from_seq
               ) AS is_lost,
               u.id AS user_id, u.email, u.name, p.user_id IS NOT NULL AS is_in, c.closed, c.head,
               c.requested_by, r.reason AS refused,
               min(a.ord) OVER (
                   PARTITION BY a.chat_id, a.actor_id, a.client_id,
                                CASE WHEN a.client_id IS NULL THEN a.ord END
               ) AS first_ord,
               d.id, d.seq, d.at, d.content, d.target, d.edited_at, d.deleted_at
        FROM asked a
        LEFT JOIN users u ON u.id = a.actor_id
        LEFT JOIN chats c ON c.id = a.chat_id
        LEFT JOIN participants p ON p.chat_id = a.chat_id AND p.user_id = a.actor_id
        LEFT JOIN refusals r ON r.chat_id = a.chat_id AND r.actor_id = a.actor_id AND r.client_id = a.client_id
        LEFT JOIN events d ON d.chat_id = a.chat_id AND d.actor_id = a.actor_id AND d.client_id = a.client_id
    ), judged_alone AS MATERIALIZED (
        SELECT k.ord, k.chat_id, k.actor_id, k.requested_by,
               CASE WHEN NOT k.is_in THEN 0 WHEN k.closed THEN 1 END AS reason, k.is_lost
        FROM known k
        WHERE k.id IS NULL AND k.refused IS NULL AND k.first_ord = k.ord
    ), requests AS MATERIALIZED (
        -- Few: new messages of chats that are not accepted.
        SELECT j.ord, j.chat_id, j.actor_id, j.requested_by,
               min(CASE WHEN j.actor_id <> j.requested_by THEN j.ord END) OVER (PARTITION BY j.chat_id) AS accepted_at,
               row_number() OVER (PARTITION BY j.chat_id, j.actor_id ORDER BY j.ord)
               + (SELECT count(*) FROM events s
                  WHERE s.chat_id = j.chat_id AND s.kind = 0 AND s.actor_id = j.actor_id) AS sent
        FROM judged_alone j
        WHERE j.requested_by IS NOT NULL AND j.reason IS NULL AND NOT j.is_lost
    ), judged AS MATERIALIZED (
        SELECT j.ord,
               CASE WHEN j.reason IS NOT NULL THEN j.reason
                    WHEN q.actor_id = q.requested_by AND q.sent > most AND coalesce(q.accepted_at > q.ord, TRUE) THEN 2
                    WHEN j.is_lost THEN 3
               END AS reason,
               CASE WHEN q.accepted_at = q.ord THEN q.requested_by END AS accepts_of
        FROM judged_alone j LEFT JOIN requests q ON q.ord = j.ord
    ), fresh AS MATERIALIZED (
        SELECT k.ord, k.chat_id, k.actor_id, k.client_id, k.new_content, k.new_target,
               k.head + row_number() OVER (PARTITION BY k.chat_id ORDER BY k.ord) AS seq
        FROM known k JOIN judged j ON j.ord = k.ord
        WHERE j.reason IS NULL
    ), inserted AS (
        INSERT INTO events (chat_id, seq, kind, actor_id, at, client_id, content, target)
        SELECT f.chat_id, f.seq, 0, f.actor_id, now, f.client_id, f.new_content, f.new_target FROM fresh f ORDER BY f.ord
        RETURNING events.id, events.chat_id, events.seq
    ), moved AS (
        UPDATE chats SET head = i.head, sort_key = i.newest, updated_at = now,
                         requested_by = CASE WHEN i.chat_id NOT IN (
                             SELECT q.chat_id FROM requests q WHERE q.accepted_at = q.ord
                         ) THEN chats.requested_by END
        FROM (SELECT chat_id, max(seq) AS head, max(id) AS newest FROM inserted GROUP BY chat_id) i
        WHERE chats.id = i.chat_id
    ), reunited AS (
        DELETE FROM partings USING requests q
        WHERE q.accepted_at = q.ord AND partings.user_id = q.requested_by AND partings.other_id = q.actor_id
              AND partings.kind = 2
    ), noted AS (
        -- Of people and chats that exist only, so that nothing can be written about invented ones.
        INSERT INTO refusals (chat_id, actor_id, client_id, reason, at)
        SELECT k.chat_id, k.actor_id, k.client_id, j.reason, now
        FROM known k JOIN judged j ON j.ord = k.ord
        WHERE j.reason IS NOT NULL AND k.client_id IS NOT NULL AND k.head IS NOT NULL AND k.user_id IS NOT NULL
    )
    SELECT k.user_id, k.email, k.name, k.is_in, k.closed, k.refused, k.first_ord,
           i.id, i.seq, j.reason::BIGINT,
           k.id, k.seq, k.at, k.content, k.target, k.edited_at, k.deleted_at,
           j.accepts_of
    FROM known k
    LEFT JOIN judged j ON j.ord = k.ord
    LEFT JOIN fresh f ON f.ord = k.ord
    LEFT JOIN inserted i ON i.chat_id = f.chat_id AND i.seq = f.seq
    ORDER BY k.ord;
END
$$;

-- The same name and answer as before, for nodes of the version before.
CREATE OR REPLACE FUNCTION append_or_ask(
    chat_ids BIGINT[], actor_ids BIGINT[], client_ids TEXT[], contents BYTEA[], now BIGINT, most BIGINT
) RETURNS TABLE (
    user_id BIGINT, email TEXT, name TEXT, is_in BOOLEAN, closed BOOLEAN, refused BIGINT, first_ord BIGINT,
    new_id BIGINT, new_seq BIGINT, new_refusal BIGINT,
    id BIGINT, seq BIGINT, at BIGINT, content BYTEA, edited_at BIGINT, deleted_at BIGINT,
    accepts_of BIGINT
) LANGUAGE sql VOLATILE AS $$
    SELECT a.user_id, a.email, a.name, a.is_in, a.closed, a.refused, a.first_ord,
           a.new_id, a.new_seq, a.new_refusal,
           a.id, a.seq, a.at, a.content, a.edited_at, a.deleted_at,
           a.accepts_of
    FROM append_or_reply($1, $2, $3, $4, ARRAY[]::BIGINT[], $5, $6) a
$$;
