//! How an envelope travels between nodes: a line of JSON that says what it is, then the encoded frame as it is.

use causerie_protocol::{ChatId, Seq, TokenId, UserId};
use serde::{Deserialize, Serialize};

use super::Envelope;
use crate::hub::Change;
use crate::outbox::Frame;

/// The line in front of the frame.
#[derive(Serialize, Deserialize)]
struct Header {
    /// The node that published it; a node ignores its own.
    node: u64,
    what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Event { chat: ChatId, seq: Seq },
    Read { chat: ChatId, user: UserId, seq: Seq },
    Lost,
    Notice { chat: ChatId, except: Option<UserId> },
    Presence { version: u64, user: UserId, online: bool, users: Vec<UserId> },
    ChatAdded { chat: ChatId, users: Vec<UserId> },
    ChatDeleted { chat: ChatId, users: Vec<UserId> },
    Left { chat: ChatId, user: UserId },
    TokenRevoked { token: TokenId },
}

/// The envelope as bytes.
pub(super) fn encode(node: u64, envelope: &Envelope) -> Vec<u8> {
    let (what, frame): (What, &str) = match envelope {
        Envelope::Event { chat, seq, frame } => (What::Event { chat: *chat, seq: *seq }, frame),
        Envelope::Read { chat, user, seq, frame } => {
            (What::Read { chat: *chat, user: *user, seq: *seq }, frame)
        }
        Envelope::Lost => (What::Lost, ""),
        Envelope::Notice { chat, except, frame } => (What::Notice { chat: *chat, except: *except }, frame),
        Envelope::Presence { change, users, frame } => {
            let Change { version, user, online, .. } = *change;
            (What::Presence { version, user, online, users: users.clone() }, frame)
        }
        Envelope::ChatAdded { chat, users } => (What::ChatAdded { chat: *chat, users: users.clone() }, ""),
        Envelope::ChatDeleted { chat, users } => {
            (What::ChatDeleted { chat: *chat, users: users.clone() }, "")
        }
        Envelope::Left { chat, user } => (What::Left { chat: *chat, user: *user }, ""),
        Envelope::TokenRevoked { token } => (What::TokenRevoked { token: *token }, ""),
    };
    let mut bytes =
        serde_json::to_vec(&Header { node, what }).expect("a header has only numbers and lists of them");
    bytes.push(b'\n');
    bytes.extend_from_slice(frame.as_bytes());
    bytes
}

/// The envelope and who published it; `None` for what no node of this version publishes.
pub(super) fn decode(bytes: &[u8]) -> Option<(u64, Envelope)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let Header { node, what } = serde_json::from_slice(&bytes[..end]).ok()?;
    let frame = || std::str::from_utf8(&bytes[end + 1..]).ok().map(Frame::from);
    let envelope = match what {
        What::Event { chat, seq } => Envelope::Event { chat, seq, frame: frame()? },
        What::Read { chat, user, seq } => Envelope::Read { chat, user, seq, frame: frame()? },
        What::Lost => Envelope::Lost,
        What::Notice { chat, except } => Envelope::Notice { chat, except, frame: frame()? },
        What::Presence { version, user, online, users } => {
            Envelope::Presence { change: Change { node, version, user, online }, users, frame: frame()? }
        }
        What::ChatAdded { chat, users } => Envelope::ChatAdded { chat, users },
        What::ChatDeleted { chat, users } => Envelope::ChatDeleted { chat, users },
        What::Left { chat, user } => Envelope::Left { chat, user },
        What::TokenRevoked { token } => Envelope::TokenRevoked { token },
    };
    Some((node, envelope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let frame = Frame::from("{\"text\":\"a line\\nand ☔\"}");
        let users = vec![UserId(1), UserId(2)];
        for envelope in [
            Envelope::Event { chat: ChatId(1), seq: Seq(5), frame: frame.clone() },
            Envelope::Read { chat: ChatId(1), user: UserId(3), seq: Seq(5), frame: frame.clone() },
            Envelope::Lost,
            Envelope::Notice { chat: ChatId(1), except: Some(UserId(3)), frame: frame.clone() },
            Envelope::Presence {
                change: Change { node: 77, version: 4, user: UserId(3), online: true },
                users: users.clone(),
                frame,
            },
            Envelope::ChatAdded { chat: ChatId(1), users: users.clone() },
            Envelope::ChatDeleted { chat: ChatId(1), users },
            Envelope::Left { chat: ChatId(1), user: UserId(2) },
            Envelope::TokenRevoked { token: TokenId(9) },
        ] {
            let (node, decoded) = decode(&encode(77, &envelope)).unwrap();
            assert_eq!((node, format!("{decoded:?}")), (77, format!("{envelope:?}")));
        }
    }

    #[test]
    fn what_no_node_publishes_is_ignored() {
        for bytes in [&b""[..], b"\n", b"{}\n", b"{\"node\":1,\"what\":{\"news\":{}}}\n", b"no line end"] {
            assert!(decode(bytes).is_none());
        }
        let mut torn = encode(1, &Envelope::Event { chat: ChatId(1), seq: Seq(1), frame: Frame::from("é") });
        torn.pop();
        assert!(decode(&torn).is_none());
    }
}
