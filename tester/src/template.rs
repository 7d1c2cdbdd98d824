//! Templates of raw frames: one of every type that a client may send.

use causerie_protocol::{ChatId, ClientFrame, ClientId, examples};

use crate::pretty_json::pretty;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub kind: String,
    /// Its purpose, in English, from the protocol's examples.
    pub purpose: &'static str,
    /// The frame as indented JSON.
    pub text: String,
}

/// One template for each type, for a chat, with a new `client_id` where one belongs.
pub fn all(chat: Option<ChatId>, client_id: &str, now: i64) -> Vec<Template> {
    let examples = examples::client_frames().into_iter();
    examples
        .map(|(frame, purpose)| {
            let frame = fill(frame, chat, client_id, now);
            let json = frame.encode();
            Template { kind: kind(&json), purpose, text: pretty(&json) }
        })
        .collect()
}

/// Replaces the example's chat, `client_id` and time, and leaves out what it replies to, which is not there.
fn fill(frame: ClientFrame, chat: Option<ChatId>, client_id: &str, now: i64) -> ClientFrame {
    match frame {
        ClientFrame::Message { text, client_id: example, chat_id, .. } => ClientFrame::Message {
            text,
            client_id: ClientId::new(client_id).ok().or(example),
            chat_id: chat.or(chat_id),
            reply_to: None,
            plain: false,
        },
        // The example's position and epoch belong to a chat that does not exist.
        ClientFrame::Subscribe { chat_id, .. } => {
            ClientFrame::Subscribe { chat_id: chat.unwrap_or(chat_id), after: None, epoch: None }
        }
        ClientFrame::Unsubscribe { chat_id } => ClientFrame::Unsubscribe { chat_id: chat.unwrap_or(chat_id) },
        ClientFrame::Typing { chat_id } => ClientFrame::Typing { chat_id: chat.or(chat_id) },
        ClientFrame::Read { chat_id, seq } => ClientFrame::Read { chat_id: chat.or(chat_id), seq },
        ClientFrame::Pong { .. } => ClientFrame::Pong { t: Some(now) },
        ClientFrame::Ping { .. } => ClientFrame::Ping { t: Some(now) },
        #[allow(
            unreachable_patterns,
            reason = "a type that is new to the protocol goes out as its reference has it"
        )]
        other => other,
    }
}

fn kind(json: &str) -> String {
    crate::frame::Head::read(json).kind()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_is_a_template_for_every_type_and_the_server_takes_each() {
        let templates = all(Some(ChatId(9)), "m-1", 5);
        for template in &templates {
            let frame = ClientFrame::decode(&template.text).unwrap();
            assert!(template.text.contains(&template.kind), "{template:?}");
            assert!(!template.text.contains("\"chat_id\": 1"), "{frame:?} is for another chat");
        }
        // The error for an unknown type lists all types.
        let error = ClientFrame::decode(r#"{"type":"no such type"}"#).unwrap_err();
        let (_, list) = error.detail.split_once("must be one of ").unwrap();
        let known: BTreeSet<&str> = list.trim_end_matches('.').split(", ").collect();
        let offered: BTreeSet<&str> = templates.iter().map(|template| template.kind.as_str()).collect();
        assert_eq!(offered, known);
        assert_eq!(templates.len(), known.len());
    }
}
