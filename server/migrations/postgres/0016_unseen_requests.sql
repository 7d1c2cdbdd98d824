-- Who asks for a chat by an address may not be in it before it is accepted: then `removed_copies` has them. They are let in by
-- whatever accepts the chat, also on a node of the version before.
CREATE FUNCTION let_in_who_asked() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    WITH unseen AS (
        DELETE FROM removed_copies WHERE chat_id = NEW.id AND user_id = OLD.requested_by RETURNING chat_id, user_id
    )
    INSERT INTO participants (chat_id, user_id) SELECT chat_id, user_id FROM unseen;
    RETURN NULL;
END
$$;

CREATE TRIGGER accepted AFTER UPDATE OF requested_by ON chats FOR EACH ROW
    WHEN (OLD.requested_by IS NOT NULL AND NEW.requested_by IS NULL)
    EXECUTE FUNCTION let_in_who_asked();

-- The address of an invitation by mail, as it is compared.
CREATE INDEX links_by_email ON links (email) WHERE email IS NOT NULL;
