//! The part of a session that needs the store: subscribing, resuming, filling gaps, pings.

use causerie_protocol::server_frame::{ChatAdded, Ping, Subscribed, Unsubscribed, Welcome};
use causerie_protocol::{ChatId, CloseCode, Epoch, MessageId, Seq, ServerFrame, UserId, limits};

use super::start;
use super::task::{CloseCause, Opened, PAGE, Services, SocketTask, Step};
use super::transport::Transport;
use crate::chat::encode_event;
use crate::clock;
use crate::metrics::{FoundBy, Resume};
use crate::outbox::{Closing, Frame, Item, Scope};
use crate::refusal::{Refusal, closing};
use crate::store::{Boundaries, Position, StoreError};

/// Encoded events that wait for the socket at once, in bytes; one entry may go beyond it.
const PAGE_BYTES: usize = limits::OUTBOX_BYTES / 4;

/// Why a subscription could not begin.
enum NotFollowed {
    /// It does not exist or the user is not in it.
    NoSuchChat,
    Store,
}

impl<T: Transport> SocketTask<T> {
    /// Sends the welcome; a socket for one chat subscribes to it.
    pub(super) async fn open(&mut self, opening: Opened) -> Result<(), CloseCause> {
        let Opened { user, scope, after, epoch, has_boundaries } = opening;
        // Before anything can reach the socket. Who is parted from now on is told to it, since it is registered.
        let blocked = if has_boundaries { self.load_boundaries().await? } else { Vec::new() };
        // First, since a chat that is not the user's ends the socket without a welcome.
        let followed = match scope {
            Scope::Many => None,
            Scope::One(chat) => match self.follow(chat, after, epoch).await {
                Ok(subscribed) => Some(subscribed),
                Err(NotFollowed::NoSuchChat) => return Err(CloseCause::Close(closing::no_such_chat())),
                Err(NotFollowed::Store) => return Err(CloseCause::Close(closing::store_unavailable())),
            },
        };
        self.reply(&ServerFrame::Welcome(Welcome {
            user,
            version: limits::VERSION,
            limits: limits::Limits {
                edit_seconds: self.services.edit_for.map(|limit| limit.as_secs()),
                ..limits::Limits::default()
            },
            heartbeat_seconds: self.services.heartbeat.as_secs().max(1),
            server_time: clock::to_wire(clock::now()),
            blocked,
        }));
        match followed {
            Some(subscribed) => self.catch_up(subscribed).await,
            None => Ok(()),
        }
    }

    /// Reads what stands between the user and others, and answers whom the user has blocked.
    async fn load_boundaries(&mut self) -> Result<Vec<UserId>, CloseCause> {
        let boundaries = self.services.store.boundaries(self.session.user).await.map_err(|error| {
            log(&error);
            CloseCause::Close(closing::store_unavailable())
        })?;
        let Boundaries { parted, blocked, hides_online, hides_read } = boundaries;
        self.outbox.limit(parted, hides_online, hides_read);
        Ok(blocked)
    }

    /// Answers a `subscribe` frame.
    pub(super) async fn subscribe(
        &mut self,
        chat: ChatId,
        after: Option<Seq>,
        epoch: Option<Epoch>,
    ) -> Result<(), CloseCause> {
        // Pending events of this chat belong before the answer.
        self.drain().await?;
        match self.follow(chat, after, epoch).await {
            Ok(subscribed) => return self.catch_up(subscribed).await,
            Err(NotFollowed::NoSuchChat) => self.refuse(chat, Refusal::no_such_chat()),
            Err(NotFollowed::Store) => self.refuse(chat, Refusal::chat_not_readable()),
        }
        Ok(())
    }

    /// Answers an `unsubscribe` frame; the answer is the same for a chat that is not subscribed.
    pub(super) async fn unsubscribe(&mut self, chat: ChatId) -> Result<(), CloseCause> {
        // Pending events of this chat belong before the answer.
        self.drain().await?;
        self.unsubscribe_from_hub(chat);
        self.session.unfollow(chat);
        self.reply(&ServerFrame::Unsubscribed(Unsubscribed {
            chat_id: chat,
            code: CloseCode::Normal.code(),
            reason: "as you asked".to_owned(),
        }));
        Ok(())
    }

    /// Notes the newest message in any of the user's chats before the last subscription that the socket may have:
    /// the list that the client loads after this has every message up to it, and the pings name the chats of later ones.
    async fn remember_newest_message(&mut self, chat: ChatId) -> Result<(), StoreError> {
        if self.session.newest_seen.is_none() && self.session.is_filled_by(chat) {
            let newest = self.services.store.moved_chats(self.session.user, MessageId(0), 1).await?;
            let newest = newest.first().map_or(MessageId(0), |(place, _)| place.sort_key);
            self.session.newest_seen = Some((newest, newest));
        }
        Ok(())
    }

    /// The heads of the user's chats that got messages lately and are not subscribed because the socket is at its limit.
    async fn moved(&mut self) -> Vec<(ChatId, Seq)> {
        let Some((before, last)) = self.session.newest_seen else { return Vec::new() };
        match self.services.store.moved_chats(self.session.user, before, limits::MOVED_CHATS).await {
            Ok(mut moved) => {
                let newest = moved.first().map_or(last, |(place, _)| place.sort_key.max(last));
                self.session.newest_seen = Some((last, newest));
                moved.retain(|(place, _)| self.session.last(place.id).is_none());
                moved.into_iter().map(|(place, head)| (place.id, head)).collect()
            }
            Err(error) => {
                // The next ping names them.
                log(&error);
                Vec::new()
            }
        }
    }

    /// Registers for live events before it reads the position, so that no event falls in between.
    async fn follow(
        &mut self,
        chat: ChatId,
        after: Option<Seq>,
        epoch: Option<Epoch>,
    ) -> Result<Subscribed, NotFollowed> {
        if let Err(error) = self.remember_newest_message(chat).await {
            log(&error);
            return Err(NotFollowed::Store);
        }
        let fresh = self.services.hub.subscribe(chat, &self.outbox);
        let failure = match self.position(chat, after).await {
            Ok(Some(position)) => {
                self.services.hub.note_head(chat, position.head);
                let (from, reset) = start(&position, after, epoch.as_ref());
                if after.is_some() {
                    let outcome = if reset { Resume::Reset } else { Resume::Whole };
                    self.services.metrics.resumes.inc(outcome);
                }
                self.session.follow(chat, from);
                self.session.sees(chat, position.from);
                return Ok(Subscribed { chat_id: chat, epoch: position.epoch, head: position.head, reset });
            }
            Ok(None) => {
                self.session.unfollow(chat);
                self.services.hub.unsubscribe(chat, &self.outbox);
                return Err(NotFollowed::NoSuchChat);
            }
            Err(error) => {
                log(&error);
                NotFollowed::Store
            }
        };
        if fresh {
            self.services.hub.unsubscribe(chat, &self.outbox);
        }
        Err(failure)
    }

    /// Where the chat stands, from memory when the user followed it a while ago; `None`: it is not the user's.
    async fn position(&mut self, chat: ChatId, after: Option<Seq>) -> Result<Option<Position>, StoreError> {
        let Services { hub, store, .. } = &*self.services;
        match hub.recent_head(chat, &self.outbox) {
            // A client that has more has read what was stored and is not announced yet.
            Some(head) if after.is_none_or(|after| after <= head) => {
                Ok(Some(Position { head, from: Seq::ZERO, epoch: store.epoch() }))
            }
            _ => store.position(self.session.user, chat).await,
        }
    }

    /// Sends `subscribed` and what the client missed, a page at a time, so that a slow client does not hold memory.
    async fn catch_up(&mut self, subscribed: Subscribed) -> Result<(), CloseCause> {
        let (chat, head) = (subscribed.chat_id, subscribed.head);
        self.reply(&ServerFrame::Subscribed(subscribed));
        self.replay(chat, head).await
    }

    /// Sends the log up to `head`, from where the session stands.
    async fn replay(&mut self, chat: ChatId, head: Seq) -> Result<(), CloseCause> {
        while self.session.last(chat).is_some_and(|last| last < head) {
            // What is pending goes first: the page is put in front of it.
            self.drain().await?;
            self.fetch_page(chat).await?;
            self.drain().await?;
        }
        Ok(())
    }

    /// Reads what is missing before what is pending.
    pub(super) async fn fill_gap(&mut self, chat: ChatId) -> Result<(), CloseCause> {
        self.services.metrics.gaps_filled.inc(FoundBy::Event);
        self.fetch_page(chat).await
    }

    /// Puts the next events of the log in front of what is pending.
    pub(super) async fn fetch_page(&mut self, chat: ChatId) -> Result<(), CloseCause> {
        let Some(last) = self.session.last(chat) else { return Ok(()) };
        match self.services.store.events_after(self.session.user, chat, last, self.page).await {
            Ok(Some(events)) if events.first().is_some_and(|event| event.seq() == last.next()) => {
                let mut bytes = 0;
                let mut frames = Vec::with_capacity(events.len());
                for event in &events {
                    let frame = encode_event(event);
                    bytes += frame.len();
                    frames.push(Item::Event { chat, seq: event.seq(), frame });
                    if bytes >= PAGE_BYTES {
                        break;
                    }
                }
                // The rest is read again, so the next page is as large as this one could have been.
                let is_cut = frames.len() < events.len();
                self.page = if is_cut { frames.len() as u64 } else { (self.page * 2).min(PAGE) };
                for item in frames.into_iter().rev() {
                    self.pending.push_front(item);
                }
                Ok(())
            }
            Ok(Some(_)) => {
                // A log has no gaps, so this can't be repaired here; no later event may be sent.
                tracing::error!(%chat, after = %last, "the log does not go on where it should");
                Err(CloseCause::Close(Closing::new(CloseCode::InternalError, "the chat's log can't be read")))
            }
            Ok(None) => {
                self.services.hub.unsubscribe(chat, &self.outbox);
                self.revoked(vec![(chat, "you are not in this chat any more")])
            }
            Err(error) => {
                log(&error);
                Err(CloseCause::Close(closing::store_unavailable()))
            }
        }
    }

    /// Ends subscriptions; their pending events are not sent.
    pub(super) fn revoked(&mut self, chats: Vec<(ChatId, &'static str)>) -> Result<(), CloseCause> {
        for (chat, reason) in chats {
            self.pending.retain(|item| item.chat() != Some(chat));
            self.session.unfollow(chat);
            match self.session.scope {
                Scope::One(own) if own == chat => {
                    return Err(CloseCause::Close(Closing::new(CloseCode::NotParticipant, reason)));
                }
                Scope::One(_) => {}
                Scope::Many => self.reply(&ServerFrame::Unsubscribed(Unsubscribed {
                    chat_id: chat,
                    code: CloseCode::NotParticipant.code(),
                    reason: reason.to_owned(),
                })),
            }
        }
        self.count_pending();
        Ok(())
    }

    /// Handles every step but a frame; boxed by the caller, since these futures are large and rare.
    pub(super) async fn handle_control(&mut self, step: Step) -> Result<(), CloseCause> {
        match step {
            Step::Revoked(chats) => self.revoked(chats),
            Step::Ping => self.ping().await,
            Step::Gap(chat) => self.fill_gap(chat).await,
            Step::ChatAdded(chat) => self.chat_added(chat).await,
            Step::End(end) => Err(end),
            Step::Drained | Step::Incoming(_) => Ok(()),
        }
    }

    /// Sends the heartbeat, after every event up to the heads that it names.
    async fn ping(&mut self) -> Result<(), CloseCause> {
        if let Some(closing) = self.session.expired(clock::now()) {
            return Err(CloseCause::Close(closing));
        }
        let heads = self.services.hub.heads(self.session.chats());
        self.drain().await?;
        self.outbox.take(&mut self.pending);
        self.drain().await?;
        for (chat, head) in &heads {
            // Events that the outbox did not bring were lost on their way: read them from the log.
            if self.session.last(*chat).is_some_and(|last| last < *head) {
                self.services.metrics.gaps_filled.inc(FoundBy::Ping);
            }
            self.replay(*chat, *head).await?;
        }
        let moved = self.moved().await;
        let followed = heads.into_iter().filter(|(chat, _)| self.session.last(*chat).is_some());
        let heads = followed.chain(moved).collect();
        self.reply(&ServerFrame::Ping(Ping { t: clock::now().as_millis(), heads }));
        // A control ping as well: clients that know nothing of this protocol answer it too.
        self.pending.push_back(Item::Ping);
        self.drain().await?;
        self.outbox.shrink();
        self.pending.shrink_to(0);
        Ok(())
    }

    /// Sends a new chat, as this user sees it.
    pub(super) async fn chat_added(&mut self, chat: ChatId) -> Result<(), CloseCause> {
        match self.services.chats.get(self.session.user, chat).await {
            Ok(Some(chat)) => {
                let frame = encode(&ServerFrame::ChatAdded(Box::new(ChatAdded { chat })));
                self.pending.push_front(Item::Reply(frame));
                Ok(())
            }
            // Deleted or left in the meantime.
            Ok(None) => Ok(()),
            Err(error) => {
                log(&error);
                Err(CloseCause::Close(closing::store_unavailable()))
            }
        }
    }

    fn refuse(&mut self, chat: ChatId, refusal: Refusal) {
        self.pending.push_back(Item::Reply(refusal.into_frame(Some(chat), None)));
    }

    fn reply(&mut self, frame: &ServerFrame) {
        self.pending.push_back(Item::Reply(encode(frame)));
    }
}

fn encode(frame: &ServerFrame) -> Frame {
    Frame::from(frame.encode())
}

fn log(error: &StoreError) {
    tracing::error!(%error, "a socket could not read from the store");
}
