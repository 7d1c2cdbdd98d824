//! An example of every frame that a client may send.

use crate::client_frame::ClientFrame;
use crate::ids::{ChatId, ClientId, Epoch, Seq};
use crate::text::MessageText;

/// An example of every frame that a client may send, with what it is for.
#[must_use]
pub fn client_frames() -> Vec<(ClientFrame, &'static str)> {
    let chat_id = Some(ChatId(1));
    vec![
        (
            ClientFrame::Message {
                text: MessageText::new("Hello").expect("a short text is valid"),
                client_id: Some(client_id()),
                chat_id,
                reply_to: Some(Seq(41)),
                plain: false,
            },
            "Say something. With `client_id` it is acknowledged, and a repeat of it is stored once; with `reply_to` it replies to the message of the chat with that seq; with `plain: true` it has no formatting.",
        ),
        (
            ClientFrame::Subscribe { chat_id: ChatId(1), after: Some(Seq(41)), epoch: Some(epoch()) },
            "Follow a chat on `/ws/`, from a position on.",
        ),
        (
            ClientFrame::Unsubscribe { chat_id: ChatId(1) },
            "Follow a chat no more on `/ws/`, to make room for another. Messages can be sent to any chat of mine.",
        ),
        (ClientFrame::Typing { chat_id }, "I am writing. At most one every three seconds is useful."),
        (ClientFrame::Read { chat_id, seq: Seq(57) }, "I have read up to here."),
        (ClientFrame::Pong { t: Some(1_795_000_000_000) }, "The answer to `ping`."),
        (
            ClientFrame::Ping { t: Some(7) },
            "How long does an answer take? Answered by `{\"type\":\"pong\",\"t\":7}`, in order with everything else; `t` is anything.",
        ),
    ]
}

/// The `client_id` of the examples.
///
/// # Panics
/// Never: it is valid.
#[must_use]
pub fn client_id() -> ClientId {
    ClientId::new("0b9b5b0e-3f0a-4d7e-9d43-6a1f5f0f9a11").expect("a UUID is valid")
}

/// The epoch of the examples.
#[must_use]
pub fn epoch() -> Epoch {
    Epoch("k3Jx9Q".to_owned())
}
