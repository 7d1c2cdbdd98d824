//! The messages of a chat, from live frames and from the history.

use std::collections::BTreeMap;

use causerie_protocol::{Event, Message, MessageId, ServerFrame};

use crate::limits::MESSAGES;

/// The newest messages, each once, in order.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    messages: BTreeMap<MessageId, Message>,
}

impl Conversation {
    /// Adds a message; it replaces one with the same id.
    pub fn add(&mut self, message: Message) {
        self.messages.insert(message.id, message);
        while self.messages.len() > MESSAGES {
            self.messages.pop_first();
        }
    }

    /// Takes a frame; returns whether it changed the conversation.
    pub fn received(&mut self, kind: &str, text: &str) -> bool {
        // Most frames are of other types, and decoding a frame costs more than reading its type.
        if !matches!(kind, "message" | "edited" | "deleted") {
            return false;
        }
        let Ok(frame) = ServerFrame::decode(text) else { return false };
        match frame {
            ServerFrame::Event(Event::Message(message)) => self.add(message),
            ServerFrame::Event(Event::Edited(edited)) => match self.messages.get_mut(&edited.id) {
                Some(message) => message.content = edited.content,
                None => return false,
            },
            ServerFrame::Event(Event::Deleted(deleted)) => match self.messages.get_mut(&deleted.id) {
                Some(message) => message.content.clear(),
                None => return false,
            },
            _ => return false,
        }
        true
    }

    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    pub fn clear(&mut self) {
        self.messages.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: i64, content: &str) -> String {
        format!(
            r#"{{"type":"message","seq":{id},"data":{{"id":{id},"chat_id":1,"seq":{id},"sender":{{"id":2,"email":"b@example.org","name":"Ben"}},"content":"{content}","sent_at":"2026-11-24T09:41:00Z"}}}}"#
        )
    }

    fn texts(conversation: &Conversation) -> Vec<&str> {
        conversation.messages().map(|message| message.content.as_str()).collect()
    }

    #[test]
    fn messages_that_come_twice_or_out_of_order_show_once_and_in_order() {
        let mut conversation = Conversation::default();
        for (id, content) in [(7, "seven"), (5, "five"), (7, "seven")] {
            assert!(conversation.received("message", &message(id, content)));
        }
        assert_eq!(texts(&conversation), ["five", "seven"]);
        let edited = r#"{"type":"edited","seq":8,"data":{"chat_id":1,"seq":8,"id":5,"content":"5","edited_at":"2026-11-24T09:42:00Z"}}"#;
        assert!(conversation.received("edited", edited));
        assert!(!conversation.received("ping", r#"{"type":"ping","t":1}"#));
        assert!(!conversation.received("message", r#"{"type":"message","text":"mine"}"#));
        assert_eq!(texts(&conversation), ["5", "seven"]);
    }

    #[test]
    fn only_the_newest_are_kept() {
        let mut conversation = Conversation::default();
        for id in 0..MESSAGES as i64 + 3 {
            conversation.received("message", &message(id, "x"));
        }
        assert_eq!(conversation.messages().count(), MESSAGES);
        assert_eq!(conversation.messages().next().map(|message| message.id), Some(MessageId(3)));
    }
}
