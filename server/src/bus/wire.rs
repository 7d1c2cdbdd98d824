//! How an envelope travels between nodes: a line of JSON that says what it is, then the encoded frame as it is.

use serde::{Deserialize, Serialize};

use super::Envelope;
use crate::hub::NodeId;
use crate::outbox::Frame;

/// The line in front of the frame.
#[derive(Serialize, Deserialize)]
struct Header<E> {
    /// The node that published it; a node ignores its own.
    node: NodeId,
    #[serde(rename = "what")]
    envelope: E,
}

/// The envelope as bytes.
pub(super) fn encode(node: NodeId, envelope: &Envelope) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(&Header { node, envelope })
        .expect("an envelope without its frame has only numbers and lists of them");
    bytes.push(b'\n');
    bytes.extend_from_slice(envelope.frame().map_or(b"", |frame| frame.as_bytes()));
    bytes
}

/// The envelope and who published it; `None` for what no node of this version publishes.
pub(super) fn decode(bytes: &[u8]) -> Option<(NodeId, Envelope)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let Header::<Envelope> { node, mut envelope } = serde_json::from_slice(&bytes[..end]).ok()?;
    if let Some(frame) = envelope.frame_mut() {
        *frame = Frame::from(std::str::from_utf8(&bytes[end + 1..]).ok()?);
    }
    if let Envelope::Presence { change, .. } = &mut envelope {
        change.node = node;
    }
    Some((node, envelope))
}

#[cfg(test)]
mod tests {
    use causerie_protocol::{ChatId, Seq, TokenId, UserId};

    use super::*;
    use crate::hub::PresenceChange;

    /// Nodes of two versions meet during a rolling update, so these bytes stay as they are.
    #[test]
    fn every_envelope_has_the_bytes_that_other_versions_know() {
        let frame = Frame::from("{\"text\":\"a line\\nand ☔\"}");
        let users = vec![UserId(1), UserId(2)];
        for (what, envelope) in [
            (
                r#"{"event":{"chat":1,"seq":5}}"#,
                Envelope::Event { chat: ChatId(1), seq: Seq(5), left: None, frame: frame.clone() },
            ),
            (
                r#"{"read":{"chat":1,"user":3,"seq":5}}"#,
                Envelope::Read {
                    chat: ChatId(1),
                    user: UserId(3),
                    seq: Seq(5),
                    hidden: false,
                    frame: frame.clone(),
                },
            ),
            (r#""lost""#, Envelope::Resync),
            (
                r#"{"notice":{"chat":1,"except":3}}"#,
                Envelope::Notice { chat: ChatId(1), except: Some(UserId(3)), frame: frame.clone() },
            ),
            (
                r#"{"presence":{"version":4,"user":3,"online":true,"users":[1,2]}}"#,
                Envelope::Presence {
                    change: PresenceChange { node: 77, version: 4, user: UserId(3), online: true },
                    users: users.clone(),
                    frame: frame.clone(),
                },
            ),
            (
                r#"{"chat_added":{"chat":1,"users":[1,2]}}"#,
                Envelope::ChatAdded { chat: ChatId(1), users: users.clone() },
            ),
            (
                r#"{"chat_deleted":{"chat":1,"users":[1,2]}}"#,
                Envelope::ChatDeleted { chat: ChatId(1), users },
            ),
            (r#"{"left":{"chat":1,"user":2}}"#, Envelope::Left { chat: ChatId(1), user: UserId(2) }),
            (r#"{"parted":{"one":1,"other":2}}"#, Envelope::Parted { one: UserId(1), other: UserId(2) }),
            (r#"{"asked":{"one":1,"other":2}}"#, Envelope::Asked { one: UserId(1), other: UserId(2) }),
            (r#"{"reunited":{"one":1,"other":2}}"#, Envelope::Reunited { one: UserId(1), other: UserId(2) }),
            (
                r#"{"hidden":{"user":1,"online":true,"read":false}}"#,
                Envelope::Hidden { user: UserId(1), online: true, read: false },
            ),
            (
                r#"{"personal":{"users":[1,2]}}"#,
                Envelope::Personal { users: vec![UserId(1), UserId(2)], frame: frame.clone() },
            ),
            (
                r#"{"chat_settings":{"user":3,"chat":1,"version":8}}"#,
                Envelope::ChatSettings { user: UserId(3), chat: ChatId(1), version: 8, frame: frame.clone() },
            ),
            (r#"{"token_revoked":{"token":9}}"#, Envelope::TokenRevoked { token: TokenId(9) }),
            (r#"{"user_changed":{"user":7}}"#, Envelope::UserChanged { user: UserId(7) }),
            (
                r#"{"suspended":{"tokens":[9,12]}}"#,
                Envelope::Suspended { tokens: vec![TokenId(9), TokenId(12)] },
            ),
        ] {
            let bytes = encode(77, &envelope);
            let (node, decoded) = decode(&bytes).unwrap();
            assert_eq!((node, format!("{decoded:?}")), (77, format!("{envelope:?}")));
            let frame = envelope.frame().map_or("", |frame| frame.as_str());
            let expected = format!("{{\"node\":77,\"what\":{what}}}\n{frame}");
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn what_no_node_publishes_is_ignored() {
        for bytes in [&b""[..], b"\n", b"{}\n", b"{\"node\":1,\"what\":{\"news\":{}}}\n", b"no line end"] {
            assert!(decode(bytes).is_none());
        }
        let mut torn =
            encode(1, &Envelope::Event { chat: ChatId(1), seq: Seq(1), left: None, frame: Frame::from("é") });
        torn.pop();
        assert!(decode(&torn).is_none());
    }
}
