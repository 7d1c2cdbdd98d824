//! Chats as a whole: reading, creating and deleting them. What is stored is announced by the same call.

use causerie_protocol::rest::{Chat, ChatCursor};
use causerie_protocol::{ChatId, UserId};

use super::{AppendError, Chats};
use crate::bus::Envelope;
use crate::store::{Append, Change, Created, Deletion, NewChat, Refused, StoreError};

/// What became of a request for a new chat; the chat is as its creator sees it.
#[derive(Debug)]
pub enum CreateOutcome {
    New(Chat),
    /// The pair had this chat already, or the request is a repeat.
    Existing(Chat),
    /// The creator and somebody else in it are apart.
    Parted,
    /// The pair's chat is one that the other asked for, and it was not accepted.
    NotAccepted(AppendError),
    Refused(Refused),
}

impl Chats {
    /// A chat as its participant sees it, with who is online. `None`: it does not exist, or the user is not in it.
    pub async fn get(&self, user: UserId, chat: ChatId) -> Result<Option<Chat>, StoreError> {
        let mut chat = self.store.chat(user, chat).await?;
        chat.iter_mut().for_each(|chat| self.fill_presence(chat));
        Ok(chat)
    }

    /// A page of a user's chats, see [`Store::chats`](crate::store::Store::chats), with who is online.
    pub async fn list(
        &self,
        user: UserId,
        before: Option<ChatCursor>,
        limit: u64,
    ) -> Result<Vec<Chat>, StoreError> {
        let mut chats = self.store.chats(user, before, limit).await?;
        chats.iter_mut().for_each(|chat| self.fill_presence(chat));
        Ok(chats)
    }

    /// A user's pinned chats, with who is online.
    pub async fn pinned(&self, user: UserId) -> Result<Vec<Chat>, StoreError> {
        let mut chats = self.store.pinned_chats(user).await?;
        chats.iter_mut().for_each(|chat| self.fill_presence(chat));
        Ok(chats)
    }

    fn fill_presence(&self, chat: &mut Chat) {
        for participant in &mut chat.participants {
            // The store says whether it may be seen.
            participant.online = participant.online && self.hub.is_online(participant.user.id);
        }
    }

    /// Creates a chat, or finds the one that the request repeats, and announces it to its participants.
    pub async fn create(&self, new: NewChat) -> Result<CreateOutcome, StoreError> {
        let (creator, participants) = (new.creator, new.participants.clone());
        let created = self.store.create_chat(new).await?;
        let id = match created {
            Created::New(id) | Created::Existing(id) | Created::Repeated(id) => id,
            Created::Parted => return Ok(CreateOutcome::Parted),
            Created::ClientIdReused => return Ok(CreateOutcome::Refused(Refused::ClientIdReused)),
        };
        let Some(chat) = self.get(creator, id).await? else {
            return Ok(CreateOutcome::Refused(Refused::NoSuchChat));
        };
        if chat.requested_by.is_some_and(|asked_by| asked_by != creator) {
            // Both ask for it.
            return Ok(match self.accept(creator, id).await {
                Ok(()) => match self.get(creator, id).await? {
                    Some(chat) => CreateOutcome::Existing(chat),
                    None => CreateOutcome::Refused(Refused::NoSuchChat),
                },
                Err(error) => CreateOutcome::NotAccepted(error),
            });
        }
        // A repeat too: the first request may have ended before it announced the chat, and a second time does no harm.
        if !matches!(created, Created::Existing(_)) {
            let mut envelopes = Vec::new();
            if chat.requested_by.is_some() {
                let others = participants.iter().filter(|user| **user != creator);
                envelopes.extend(others.map(|other| Envelope::Asked { one: creator, other: *other }));
            }
            envelopes.push(Envelope::ChatAdded { chat: id, users: participants });
            self.bus.publish(envelopes).await;
        }
        Ok(match created {
            Created::New(_) => CreateOutcome::New(chat),
            _ => CreateOutcome::Existing(chat),
        })
    }

    /// Asks somebody for a chat of two, which the user has once it is accepted: until then, and when there is nobody to ask any
    /// more, nothing tells the user anything. Between two who are acquainted it is a chat at once.
    ///
    pub async fn ask(&self, user: UserId, other: UserId) -> Result<(), StoreError> {
        let participants = vec![other, user];
        let (title, client_id) = (None, None);
        let new =
            NewChat { creator: user, participants, title, direct: true, client_id, asks: true, unseen: true };
        match self.store.create_chat(new).await? {
            Created::New(chat) => {
                let mut envelopes = vec![Envelope::ChatAdded { chat, users: vec![other, user] }];
                if self.store.chat(user, chat).await?.is_none() {
                    envelopes.insert(0, Envelope::Asked { one: user, other });
                }
                self.bus.publish(envelopes).await;
            }
            Created::Existing(chat) => {
                let asked_by = self.store.chat(user, chat).await?.and_then(|chat| chat.requested_by);
                // Both ask. The user has the request, so should this fail there is another way to accept it.
                if asked_by == Some(other)
                    && let Err(error) = self.accept(user, chat).await
                {
                    tracing::info!(%chat, ?error, "two who ask each other for a chat were not brought together");
                }
            }
            Created::Parted | Created::Repeated(_) | Created::ClientIdReused => {}
        }
        Ok(())
    }

    /// Accepts a chat of two that the other one asked for; one that is an ordinary chat already is as wanted.
    ///
    /// # Errors
    /// [`AppendError`]: it is not accepted.
    pub async fn accept(&self, user: UserId, chat: ChatId) -> Result<(), AppendError> {
        match self.append(Append { actor: user, chat, change: Change::Accept }).await {
            Ok(_) | Err(AppendError::Refused(Refused::NotARequest)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes a group, or of a chat of two the user's own copy, and ends the streams: `unsubscribed` on `/ws/`, Close 4003
    /// on `/ws/chats/{id}/`.
    pub async fn delete(&self, user: UserId, chat: ChatId) -> Result<Result<(), Refused>, StoreError> {
        let _in_turn = self.boundaries.lock().await;
        match self.store.delete_chat(user, chat).await? {
            Err(refused) => return Ok(Err(refused)),
            Ok(Deletion::ForAll(users)) => {
                self.bus.publish(vec![Envelope::ChatDeleted { chat, users }]).await;
            }
            Ok(Deletion::OwnCopy(parting)) => {
                self.bus.publish(vec![Envelope::Left { chat, user }]).await;
                if let Some(parting) = parting {
                    self.announce_parting(user, &parting).await;
                }
            }
        }
        Ok(Ok(()))
    }
}
