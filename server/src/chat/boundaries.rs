//! What stands between people: blocks, chats of two that end, and what somebody hides. Stored first, then told to every node.

use causerie_protocol::rest::{Block, Privacy};
use causerie_protocol::server_frame::Blocks;
use causerie_protocol::{ChatId, Event, ServerFrame, UserId};

use super::{Chats, event_envelope};
use crate::bus::Envelope;
use crate::hub::{Hub, presence_frame};
use crate::outbox::Frame;
use crate::store::{Ended, Parting, Store, StoreError};

/// What became of a request to block somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockOutcome {
    Done,
    /// There is no such person, or the user has nothing to do with them; never which.
    NoSuchUser,
    /// The user has blocked as many as one may.
    TooMany,
}

impl Chats {
    /// Blocks somebody: when this returns, nothing passes between the two on this node, and a moment later on the others.
    pub async fn block(&self, user: UserId, wanted: &Block) -> Result<BlockOutcome, StoreError> {
        let Some(other) = self.store.blockable_user(user, wanted).await? else {
            return Ok(BlockOutcome::NoSuchUser);
        };
        let _in_turn = self.boundaries.lock().await;
        let Some(parting) = self.store.block(user, other).await? else { return Ok(BlockOutcome::TooMany) };
        self.announce_parting(user, &parting).await;
        self.tell_blocks(user).await?;
        Ok(BlockOutcome::Done)
    }

    /// Takes a block back; false when there is none.
    pub async fn unblock(&self, user: UserId, other: UserId) -> Result<bool, StoreError> {
        let _in_turn = self.boundaries.lock().await;
        let Some(done) = self.store.unblock(user, other).await? else { return Ok(false) };
        let envelopes = if done.still_parted {
            done.event.as_ref().map(event_envelope).into_iter().collect()
        } else {
            reunion(&*self.store, &self.hub, user, other, done.event.as_ref()).await?
        };
        self.bus.publish(envelopes).await;
        self.tell_blocks(user).await?;
        Ok(true)
    }

    /// Ends a chat of two for both.
    pub async fn end(&self, user: UserId, chat: ChatId) -> Result<Ended, StoreError> {
        let _in_turn = self.boundaries.lock().await;
        let ended = self.store.end_pair(user, chat).await?;
        if let Ended::Pair(Some(parting)) = &ended {
            self.announce_parting(user, parting).await;
        }
        Ok(ended)
    }

    pub(super) async fn announce_parting(&self, user: UserId, parting: &Parting) {
        let mut envelopes = vec![Envelope::Parted { one: user, other: parting.other }];
        envelopes.extend(parting.event.as_ref().map(event_envelope));
        self.bus.publish(envelopes).await;
    }

    /// Tells a person's sockets whom the person has blocked.
    async fn tell_blocks(&self, user: UserId) -> Result<(), StoreError> {
        let blocked = self.store.boundaries(user).await?.blocked;
        let frame = Frame::from(ServerFrame::Blocks(Blocks { blocked }).encode());
        self.bus.publish(vec![personal(vec![user], frame)]).await;
        Ok(())
    }

    /// What others see of a person.
    pub async fn privacy(&self, user: UserId) -> Result<Privacy, StoreError> {
        let boundaries = self.store.boundaries(user).await?;
        Ok(Privacy { shows_online: Some(!boundaries.hides_online), shows_read: Some(!boundaries.hides_read) })
    }

    /// Changes that, and has it seen at once: who hides is offline for others, and others for them.
    pub async fn set_privacy(&self, user: UserId, wanted: Privacy) -> Result<Privacy, StoreError> {
        let _in_turn = self.boundaries.lock().await;
        let before = self.store.boundaries(user).await?;
        let seen_before = self.store.acquaintances(user).await?;
        let hides = |shows: Option<bool>| shows.map(|shows| !shows);
        self.store.set_hidden(user, hides(wanted.shows_online), hides(wanted.shows_read)).await?;
        let after = self.store.boundaries(user).await?;
        let (online, read) = (after.hides_online, after.hides_read);
        let mut envelopes = vec![Envelope::Hidden { user, online, read }];
        if before.hides_online != online {
            let others = if online { seen_before } else { self.store.acquaintances(user).await? };
            for other in others.iter().filter(|other| self.hub.is_online(**other)) {
                envelopes.push(personal(vec![user], presence_frame(*other, !online)));
            }
            if self.hub.is_online(user) {
                envelopes.push(personal(others, presence_frame(user, !online)));
            }
        }
        self.bus.publish(envelopes).await;
        Ok(Privacy { shows_online: Some(!online), shows_read: Some(!read) })
    }
}

/// What two people are told who are not apart any more, with the event that opened their chat.
pub(crate) async fn reunion(
    store: &dyn Store,
    hub: &Hub,
    one: UserId,
    other: UserId,
    event: Option<&Event>,
) -> Result<Vec<Envelope>, StoreError> {
    let mut envelopes = vec![Envelope::Reunited { one, other }];
    envelopes.extend(event.map(event_envelope));
    // Who sees the other may be seen.
    if store.acquaintances(one).await?.contains(&other) {
        for (who, seen) in [(one, other), (other, one)] {
            if hub.is_online(seen) {
                envelopes.push(personal(vec![who], presence_frame(seen, true)));
            }
        }
    }
    Ok(envelopes)
}

fn personal(users: Vec<UserId>, frame: Frame) -> Envelope {
    Envelope::Personal { users, frame }
}
