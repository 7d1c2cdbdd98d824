//! The frames that a client may send, and the errors of invalid ones.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ErrorCode;
use crate::ids::{ChatId, ClientId, Epoch, Seq};
use crate::limits;
use crate::text::{MessageText, TextError};

/// A frame from a client.
///
/// `chat_id` is required on `/ws/` and may be left out on `/ws/chats/{id}/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Send a message to a chat.
    Message {
        /// The text.
        text: MessageText,
        /// Requests an `ack` and makes the frame safe to repeat.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<ClientId>,
        /// The chat.
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_id: Option<ChatId>,
        /// The seq of the message of the same chat that it replies to.
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        /// Whether it is to be shown as it is, without formatting.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        plain: bool,
    },
    /// Subscribe to a chat from a position on; answered by `subscribed`, the missed events, then live ones.
    Subscribe {
        /// The chat.
        chat_id: ChatId,
        /// The client's position; without one the stream begins with the next event.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
        /// The epoch that `after` belongs to.
        #[serde(skip_serializing_if = "Option::is_none")]
        epoch: Option<Epoch>,
    },
    /// End a subscription, to make room for another; answered by `unsubscribed` with the code 1000.
    Unsubscribe {
        /// The chat.
        chat_id: ChatId,
    },
    /// The user is typing; others see it for a few seconds. It is not stored or answered.
    Typing {
        /// The chat.
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_id: Option<ChatId>,
    },
    /// The user has read up to a seq; a read position never goes back and never passes the head.
    Read {
        /// The chat.
        #[serde(skip_serializing_if = "Option::is_none")]
        chat_id: Option<ChatId>,
        /// The seq of the last event that was seen.
        seq: Seq,
    },
    /// The answer to a `ping`.
    Pong {
        /// The ping's `t`.
        #[serde(skip_serializing_if = "Option::is_none")]
        t: Option<i64>,
    },
    /// Measures the round trip; answered by [`crate::server_frame::Pong`].
    Ping {
        /// Any number; the answer repeats it.
        #[serde(skip_serializing_if = "Option::is_none")]
        t: Option<i64>,
    },
}

/// Why a frame is invalid, as for an `error` frame; it never has the text of a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct FrameError {
    /// The code for programs.
    pub code: ErrorCode,
    /// What is wrong and what to do, in one sentence.
    pub detail: String,
    /// The frame's `client_id`, if it could be read, so that the sender knows which message failed.
    pub client_id: Option<ClientId>,
    /// The frame's `chat_id`, if it could be read.
    pub chat_id: Option<ChatId>,
}

/// All fields of all frames, so that one pass over the text is enough.
#[derive(Deserialize)]
struct Flat<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    text: Option<String>,
    client_id: Option<ClientId>,
    chat_id: Option<ChatId>,
    after: Option<Seq>,
    epoch: Option<Epoch>,
    seq: Option<Seq>,
    reply_to: Option<Seq>,
    plain: Option<bool>,
    t: Option<i64>,
}

/// The names on the wire, for the error that lists them.
const KINDS: [&str; 7] = ["message", "subscribe", "unsubscribe", "typing", "read", "pong", "ping"];

impl ClientFrame {
    /// Parses a frame from its JSON text; unknown fields are ignored.
    ///
    /// # Errors
    /// [`FrameError`] names the invalid field and what it should be.
    pub fn decode(json: &str) -> Result<Self, FrameError> {
        match serde_json::from_str::<Flat<'_>>(json) {
            Ok(flat) => flat.into_frame(),
            // The slow path runs for invalid frames only: it finds out which field is wrong.
            Err(_) => Err(explain(json)),
        }
    }

    /// The frame as JSON text.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("a frame has only string keys and no fallible parts")
    }
}

impl Flat<'_> {
    fn into_frame(self) -> Result<ClientFrame, FrameError> {
        let Self { kind, text, client_id, chat_id, after, epoch, seq, reply_to, plain, t } = self;
        let fail = |code, detail: String, client_id| FrameError { code, detail, client_id, chat_id };
        Ok(match &*kind {
            "message" => {
                let Some(text) = text else {
                    return Err(fail(ErrorCode::MissingField, missing("text"), client_id));
                };
                match MessageText::new(text) {
                    Ok(text) => {
                        let plain = plain.unwrap_or_default();
                        ClientFrame::Message { text, client_id, chat_id, reply_to, plain }
                    }
                    Err(error) => return Err(fail(text_code(error), text_detail(error), client_id)),
                }
            }
            "subscribe" => match chat_id {
                Some(chat_id) => ClientFrame::Subscribe { chat_id, after, epoch },
                None => return Err(fail(ErrorCode::MissingField, missing("chat_id"), None)),
            },
            "unsubscribe" => match chat_id {
                Some(chat_id) => ClientFrame::Unsubscribe { chat_id },
                None => return Err(fail(ErrorCode::MissingField, missing("chat_id"), None)),
            },
            "typing" => ClientFrame::Typing { chat_id },
            "read" => match seq {
                Some(seq) => ClientFrame::Read { chat_id, seq },
                None => return Err(fail(ErrorCode::MissingField, missing("seq"), None)),
            },
            "pong" => ClientFrame::Pong { t },
            "ping" => ClientFrame::Ping { t },
            _ => return Err(fail(ErrorCode::UnknownType, unknown_type(), client_id)),
        })
    }
}

/// The error code of a text that was refused.
#[must_use]
pub fn text_code(error: TextError) -> ErrorCode {
    match error {
        TextError::Blank => ErrorCode::TextBlank,
        TextError::NotOneLine => ErrorCode::InvalidField,
        TextError::TooLong { .. } => ErrorCode::TextTooLong,
    }
}

/// The sentence for a message's text that was refused.
#[must_use]
pub fn text_detail(error: TextError) -> String {
    match error {
        TextError::Blank => "The message is blank: write something that can be seen.".to_owned(),
        TextError::NotOneLine => "The text must be one line, without control characters.".to_owned(),
        TextError::TooLong { bytes, max } => {
            format!("The message is {bytes} bytes long and may be {max}: shorten it or send it in parts.")
        }
    }
}

fn missing(field: &str) -> String {
    format!("The field \"{field}\" is missing.")
}

fn unknown_type() -> String {
    format!("The field \"type\" must be one of {}.", KINDS.join(", "))
}

/// Finds the first error of a frame that could not be decoded.
fn explain(json: &str) -> FrameError {
    let fail = |code, detail: String| FrameError { code, detail, client_id: None, chat_id: None };
    let Ok(value) = serde_json::from_str::<Value>(json) else {
        return fail(ErrorCode::NotJson, "The frame is not JSON.".to_owned());
    };
    let Value::Object(fields) = value else {
        return fail(ErrorCode::NotJson, "The frame must be a JSON object.".to_owned());
    };
    let client_id = fields.get("client_id").and_then(Value::as_str).and_then(|id| ClientId::new(id).ok());
    let chat_id = fields.get("chat_id").and_then(Value::as_i64).map(ChatId);
    let fail = |code, detail: String| FrameError { code, detail, client_id: client_id.clone(), chat_id };
    let Some(kind) = fields.get("type") else {
        return fail(ErrorCode::MissingField, missing("type"));
    };
    if !kind.as_str().is_some_and(|kind| KINDS.contains(&kind)) {
        return fail(ErrorCode::UnknownType, unknown_type());
    }
    let id_rule = format!("1 to {} visible ASCII characters, for example a UUID", limits::CLIENT_ID_BYTES);
    type Rule = fn(&Value) -> bool;
    let rules: [(&str, &str, Rule); 9] = [
        ("text", "a string", Value::is_string),
        ("client_id", &id_rule, |v| v.as_str().is_some_and(|id| ClientId::new(id).is_ok())),
        ("chat_id", "a number, such as 1 (not the string \"1\")", Value::is_i64),
        ("after", "a number, 0 or more", Value::is_u64),
        ("epoch", "a string", Value::is_string),
        ("seq", "a number, 0 or more", Value::is_u64),
        ("reply_to", "the seq of a message, a number", Value::is_u64),
        ("plain", "true or false", Value::is_boolean),
        ("t", "a number", Value::is_i64),
    ];
    for (field, expected, holds) in rules {
        if fields.get(field).is_some_and(|value| !value.is_null() && !holds(value)) {
            return fail(ErrorCode::InvalidField, format!("The field \"{field}\" must be {expected}."));
        }
    }
    fail(ErrorCode::NotJson, "The frame names a field twice.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> ClientFrame {
        ClientFrame::Message {
            text: MessageText::new(text).unwrap(),
            client_id: None,
            chat_id: None,
            reply_to: None,
            plain: false,
        }
    }

    #[test]
    fn every_frame_is_its_literal_json_both_ways() {
        let client_id = Some(ClientId::new("5f0c").unwrap());
        let chat_id = Some(ChatId(1));
        for (frame, json) in [
            (message("Hello"), r#"{"type":"message","text":"Hello"}"#),
            (
                ClientFrame::Message {
                    text: MessageText::new("Hello").unwrap(),
                    client_id,
                    chat_id,
                    reply_to: Some(Seq(41)),
                    plain: true,
                },
                r#"{"type":"message","text":"Hello","client_id":"5f0c","chat_id":1,"reply_to":41,"plain":true}"#,
            ),
            (
                ClientFrame::Subscribe {
                    chat_id: ChatId(1),
                    after: Some(Seq(41)),
                    epoch: Some(Epoch("e".into())),
                },
                r#"{"type":"subscribe","chat_id":1,"after":41,"epoch":"e"}"#,
            ),
            (
                ClientFrame::Subscribe { chat_id: ChatId(1), after: None, epoch: None },
                r#"{"type":"subscribe","chat_id":1}"#,
            ),
            (ClientFrame::Unsubscribe { chat_id: ChatId(1) }, r#"{"type":"unsubscribe","chat_id":1}"#),
            (ClientFrame::Typing { chat_id }, r#"{"type":"typing","chat_id":1}"#),
            (ClientFrame::Read { chat_id, seq: Seq(9) }, r#"{"type":"read","chat_id":1,"seq":9}"#),
            (ClientFrame::Pong { t: Some(5) }, r#"{"type":"pong","t":5}"#),
            (ClientFrame::Ping { t: Some(5) }, r#"{"type":"ping","t":5}"#),
            (ClientFrame::Ping { t: None }, r#"{"type":"ping"}"#),
        ] {
            assert_eq!(frame.encode(), json);
            assert_eq!(ClientFrame::decode(json).unwrap(), frame, "{json}");
        }
    }

    #[test]
    fn fields_that_are_not_known_and_nulls_are_ignored() {
        let json = r#"{"text":"Hello","mood":{"x":[1]},"type":"message","client_id":null,"chat_id":null}"#;
        assert_eq!(ClientFrame::decode(json).unwrap(), message("Hello"));
    }

    #[test]
    fn a_bad_frame_is_answered_with_its_code_and_the_field_that_is_wrong() {
        let long = format!(r#"{{"type":"message","text":"{}"}}"#, "x".repeat(limits::TEXT_BYTES + 1));
        for (json, code, named) in [
            ("", ErrorCode::NotJson, "not JSON"),
            ("hello", ErrorCode::NotJson, "not JSON"),
            ("[1]", ErrorCode::NotJson, "object"),
            ("{}", ErrorCode::MissingField, "\"type\""),
            (r#"{"type":5}"#, ErrorCode::UnknownType, "\"type\""),
            (r#"{"type":"shout","text":5}"#, ErrorCode::UnknownType, "message, subscribe"),
            (r#"{"type":"message"}"#, ErrorCode::MissingField, "\"text\""),
            (r#"{"type":"message","text":5}"#, ErrorCode::InvalidField, "\"text\""),
            (r#"{"type":"message","text":" \n"}"#, ErrorCode::TextBlank, "blank"),
            (r#"{"type":"message","text":"\u200b\u3164"}"#, ErrorCode::TextBlank, "blank"),
            (&long, ErrorCode::TextTooLong, "16385"),
            (r#"{"type":"message","text":"a","chat_id":"1"}"#, ErrorCode::InvalidField, "\"chat_id\""),
            (r#"{"type":"message","text":"a","client_id":""}"#, ErrorCode::InvalidField, "\"client_id\""),
            (r#"{"type":"message","text":"a","reply_to":"57"}"#, ErrorCode::InvalidField, "\"reply_to\""),
            (r#"{"type":"message","text":"a","plain":"yes"}"#, ErrorCode::InvalidField, "\"plain\""),
            (r#"{"type":"message","text":"a","reply_to":-1}"#, ErrorCode::InvalidField, "\"reply_to\""),
            (r#"{"type":"subscribe"}"#, ErrorCode::MissingField, "\"chat_id\""),
            (r#"{"type":"unsubscribe"}"#, ErrorCode::MissingField, "\"chat_id\""),
            (r#"{"type":"subscribe","chat_id":1,"after":-1}"#, ErrorCode::InvalidField, "\"after\""),
            (r#"{"type":"read","chat_id":1}"#, ErrorCode::MissingField, "\"seq\""),
            (r#"{"type":"message","text":"a","text":"b"}"#, ErrorCode::NotJson, "twice"),
        ] {
            let error = ClientFrame::decode(json).unwrap_err();
            assert_eq!(error.code, code, "{json:.60}");
            assert!(error.detail.contains(named), "{json:.60}: {}", error.detail);
        }
    }

    #[test]
    fn an_error_tells_which_message_failed_and_never_its_text() {
        let json = r#"{"type":"message","text":["secret"],"client_id":"m-1","chat_id":3}"#;
        let error = ClientFrame::decode(json).unwrap_err();
        assert_eq!(error.client_id, Some(ClientId::new("m-1").unwrap()));
        assert_eq!(error.chat_id, Some(ChatId(3)));
        assert!(!error.detail.contains("secret"));
    }
}
