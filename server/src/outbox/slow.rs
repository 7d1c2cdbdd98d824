//! The line in the log for a client that takes less than comes.

use causerie_protocol::{ChatId, UserId};

/// Whose socket is too slow, for which chat the frame is that found no place, and how much waits. Never what waits.
pub(super) fn tell(user: UserId, chat: Option<ChatId>, (frames, bytes): (usize, usize)) {
    let chat = chat.map(|chat| chat.0);
    tracing::warn!(user = user.0, chat, frames, bytes, "slow consumer");
}
