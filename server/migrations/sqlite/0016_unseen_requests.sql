-- Who asks for a chat by an address may not be in it before it is accepted: then `removed_copies` has them. They are let in by
-- whatever accepts the chat.
CREATE TRIGGER accepted AFTER UPDATE OF requested_by ON chats
    WHEN OLD.requested_by IS NOT NULL AND NEW.requested_by IS NULL
BEGIN
    INSERT INTO participants (chat_id, user_id)
        SELECT chat_id, user_id FROM removed_copies WHERE chat_id = NEW.id AND user_id = OLD.requested_by;
    DELETE FROM removed_copies WHERE chat_id = NEW.id AND user_id = OLD.requested_by;
END;

-- The address of an invitation by mail, as it is compared.
CREATE INDEX links_by_email ON links (email) WHERE email IS NOT NULL;
