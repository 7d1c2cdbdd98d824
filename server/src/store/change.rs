//! Changes of a chat's log: what somebody asks to append, and what becomes of it.

use causerie_protocol::rest::{ChatRole, ChatStatus};
use causerie_protocol::{ChatId, ClientId, Event, Message, MessageId, MessageText, Seq, UserId};

use crate::clock::UnixMicros;
use crate::emoji::Emoji;

/// A change that somebody asks to append to a chat's log.
#[derive(Clone, Debug)]
pub struct Append {
    /// Who asks: checked to be in the chat, inside the transaction.
    pub actor: UserId,
    pub chat: ChatId,
    pub change: Change,
}

impl Append {
    /// The sender's own name for the message, if the change is one and has one.
    #[must_use]
    pub fn client_id(&self) -> Option<&ClientId> {
        match &self.change {
            Change::Message { client_id, .. } => client_id.as_ref(),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Change {
    /// A message; `client_id` makes it unique per chat and sender, for ever.
    Message {
        text: MessageText,
        /// The sender's own name for it.
        client_id: Option<ClientId>,
        /// The message of the chat that it replies to, deleted or not; committed before the batch that this is in.
        reply_to: Option<Seq>,
        /// Whether it is shown as it is, without formatting.
        plain: bool,
    },
    /// Another text for one's own message; the one that it replaces is kept until the message is deleted.
    Edit {
        id: MessageId,
        /// The text from now on.
        text: MessageText,
        /// Whether it is shown as it is, without formatting, from now on.
        plain: bool,
        /// It is refused for a message that was sent before, if there is such a time.
        sent_since: Option<UnixMicros>,
    },
    /// Deletes one's own message, or as a moderator of the group anybody's; its text and the former ones are erased.
    Delete { id: MessageId },
    /// Erases a message of the actor, whose account is deleted with its messages, in the chat or not; else as `Delete`.
    Erase { id: MessageId },
    /// Puts the actor's reaction under a message, or takes it back; a repeat changes nothing.
    React {
        id: MessageId,
        emoji: Emoji,
        /// Whether it is to be there.
        on: bool,
    },
    /// Pins a message in its chat, or no more; in a group a moderator does. A repeat changes nothing.
    Pin {
        id: MessageId,
        /// Whether it is to be pinned.
        on: bool,
    },
    /// Adds a person to a group.
    Join { user: UserId },
    /// Accepts a chat of two that the other one asked for.
    Accept,
    /// The actor leaves a group.
    Leave,
    /// Removes somebody with a smaller role from a group; an owner may remove everybody.
    Remove { user: UserId },
    /// Gives somebody in a group another role; one owner stays.
    SetRole {
        user: UserId,
        /// The role from now on.
        role: ChatRole,
    },
    /// Changes a group; what is `None` stays.
    Update {
        title: Option<String>,
        status: Option<ChatStatus>,
        /// Whether who joins from now on does not see what was said before.
        hides_past: Option<bool>,
    },
    /// The actor has read up to a position. No event; rides in the same transaction because a commit is dear.
    Read {
        /// The last position that was seen; clipped to the head, never goes back.
        seq: Seq,
    },
}

/// What became of one [`Append`].
pub type AppendResult = Result<Appended, Refused>;

/// A change that is durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Appended {
    /// A new entry of the log.
    Event(Event),
    /// One by which a request was accepted: from now on everything may pass between the two.
    /// Who asked may have the chat only since then, see [`NewChat::unseen`](super::NewChat::unseen).
    Accepted { event: Event, asked_by: UserId },
    /// The message was there already, from an earlier send with the same `client_id`: appending a message that has one is
    /// idempotent, and its repeats are deduplicated.
    Duplicate(Message),
    /// It was so already, with the log at this head.
    Unchanged { head: Seq },
    /// The read position after the change, and whether it moved.
    Read { seq: Seq, moved: bool },
}

/// Why a change was not taken. The rest of its batch is not concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The chat does not exist or the actor is not in it.
    NoSuchChat,
    /// The chat is closed and takes no messages.
    ChatClosed,
    /// The other one has not accepted the chat, and the actor has sent as many messages as one may until then.
    NotAccepted,
    /// The text has a word that the installation does not allow.
    NotAllowed,
    /// With its words masked, the text is too long.
    TooLongMasked,
    /// Nobody asks for this chat: it is an ordinary one.
    NotARequest,
    /// The actor asked for the chat themself.
    OwnRequest,
    /// The `client_id` is taken by another text, or a reply to something else.
    ClientIdReused,
    /// What it replies to is no message of the chat, or one that the actor may not see; never which.
    NoSuchOriginal,
    /// No such message in this chat, or it is deleted.
    NoSuchMessage,
    /// As many different emoji are under the message as may be.
    TooManyReactions,
    /// As many messages are pinned in the chat as may be.
    TooManyPinnedMessages,
    /// The message was sent longer ago than one may edit it.
    TooLateToEdit,
    /// Another person sent the message.
    NotTheSender,
    /// The actor's role in the chat is too small for it.
    RoleTooLow,
    /// A chat of two that was closed has ended: its people can't open it.
    HasEnded,
    /// A group keeps one owner.
    LastOwner,
    /// That person is not in the chat.
    NotIn,
    /// Only groups have titles and people who come and go.
    NotAGroup,
    /// There is no such person, or the actor may not reach them; never which.
    NoSuchUser,
    /// That person is in the chat already.
    AlreadyIn,
    /// The chat has as many people as it may.
    Full,
    /// The user has pinned as many chats as one may.
    TooManyPinned,
}
