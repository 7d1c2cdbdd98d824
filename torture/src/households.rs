//! Households: small circles in which somebody is blocked, removed and suspended, and let back in, while all of them write,
//! type and read.
//!
//! Their accounts and chats are their own, so that the pages of the run show what they would without them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use causerie_protocol::rest::{CreateChat, PostMessage};
use causerie_protocol::{ChatId, ChatTitle, UserId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::api::Api;
use crate::client::Phase;
use crate::history::{Chat, Clock, User};
use crate::label::Label;
use crate::population::SignIn;

/// The first number of the residents as clients in labels.
pub const RESIDENTS: u32 = 3_000_000;
/// Clients of one household at most: its people on each node, and the one who writes by REST.
const CLIENTS: u32 = 100;
/// Messages that somebody who is suspended tries to send.
const TRIES: u32 = 3;

/// A moment of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The logical time.
    pub tick: u64,
    /// Milliseconds since the start of the run.
    pub ms: u64,
}

impl Moment {
    pub fn now(clock: &Clock) -> Self {
        Self { tick: clock.tick(), ms: clock.ms() }
    }
}

/// What keeps somebody from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// One blocked the other: no typing, presence or read position passes between them.
    Blocked { by: User, of: User },
    /// Somebody was removed from a group: nothing of it reaches them, and none of their typing and reading in it others.
    Removed { of: User, chat: Chat },
    /// Somebody was suspended: nothing at all reaches the sockets of their sign-in, and nothing sent with it is stored.
    Suspended { of: User, sign_in: u32 },
}

/// A time during which something was kept from somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub bar: Bar,
    /// Just after the answer that confirmed it.
    pub from: Moment,
    /// The logical time just before it was asked to end.
    pub until: Option<u64>,
}

/// Something that reached a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// When the client sent the `ping` whose `pong` was the last one before this on the socket, so the server sent this later.
    pub after: Moment,
    /// The logical time at which it came.
    pub tick: u64,
    pub what: What,
}

/// What reached a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Pong,
    /// A person's typing.
    Typing {
        of: User,
        chat: Chat,
    },
    /// A person's read position.
    Read {
        of: User,
        chat: Chat,
    },
    /// A person is online.
    Online {
        of: User,
    },
    /// An event of a chat's log, or the answer that it is followed.
    Stream {
        chat: Chat,
    },
}

/// A message that a resident sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub at: Moment,
    pub number: u32,
    pub chat: Chat,
    /// The number of the sign-in that it was sent with.
    pub sign_in: u32,
}

/// What reached the sockets of one client, and what it sent.
#[derive(Clone, Debug)]
pub struct Record {
    pub client: u32,
    pub user: User,
    pub reached: Vec<Reached>,
    pub sent: Vec<Sent>,
}

/// A sign-in by its number; the next one follows when somebody who was suspended is let back in.
#[derive(Clone, Debug)]
pub struct Pass {
    pub token: String,
    pub number: u32,
}

/// Who blocks, who is blocked, removed and suspended, and who looks on.
#[derive(Debug)]
pub struct Household {
    /// The first number of its clients in labels.
    first_client: u32,
    host: Arc<SignIn>,
    guest: Arc<SignIn>,
    /// The sign-ins of host, guest and onlooker.
    passes: [(UserId, watch::Sender<Pass>); 3],
    /// The chat of host and guest.
    pub pair: ChatId,
    /// The group of all three, which the host owns.
    pub group: ChatId,
}

impl Household {
    /// Creates the accounts and the chats.
    pub async fn make(api: &Api, number: u32) -> Result<Self> {
        let mut people = Vec::new();
        for name in ["host", "guest", "onlooker"] {
            people.push(SignIn::register(api, &format!("{name}{number}@example.org")).await?);
        }
        let by_email = |of: &[Arc<SignIn>]| of.iter().map(|one| one.person.by_email()).collect();
        let host = people[0].clone();
        let pair = CreateChat {
            participants: by_email(&people[1..2]),
            title: None,
            client_id: None,
            language: None,
        };
        let pair = api.start_chat(&host.token(), &pair).await?.id;
        let title = Some(ChatTitle::new(format!("Household {number}"))?);
        let group =
            CreateChat { participants: by_email(&people[1..]), title, client_id: None, language: None };
        let group = api.start_chat(&host.token(), &group).await?.id;
        let pass =
            |of: &Arc<SignIn>| (of.person.user.id, watch::Sender::new(Pass { token: of.token(), number: 0 }));
        let passes = [pass(&people[0]), pass(&people[1]), pass(&people[2])];
        let (first_client, guest) = (RESIDENTS + number * CLIENTS, people[1].clone());
        Ok(Self { first_client, host, guest, passes, pair, group })
    }

    /// For each of its people the number of a client on this node, and the sign-in.
    pub fn residents(&self, node: u32) -> impl Iterator<Item = (u32, UserId, watch::Receiver<Pass>)> {
        let first = self.first_client + 1 + node * 3;
        self.passes.iter().zip(first..).map(|((user, pass), client)| (client, *user, pass.subscribe()))
    }

    fn pass_of_guest(&self) -> &watch::Sender<Pass> {
        &self.passes[1].1
    }
}

/// Blocks, removes and suspends the guest of a household, and lets them back in.
#[derive(Debug)]
pub struct Keeper {
    pub household: Arc<Household>,
    pub api: Api,
    /// Somebody who may suspend.
    pub moderator: Arc<SignIn>,
    pub kept: Arc<Mutex<Vec<Kept>>>,
    pub clock: Arc<Clock>,
    /// The longest time for which the guest is kept out, in milliseconds.
    pub longest_ms: u64,
}

impl Keeper {
    /// One after the other, until the run settles; returns what the guest tried to send while suspended.
    pub async fn run(self, mut phase: watch::Receiver<Phase>, seed: u64) -> Result<Record> {
        let mut random = StdRng::seed_from_u64(seed);
        let (client, user) = (self.household.first_client, self.household.guest.person.user.id.0);
        let mut record = Record { client, user, reached: Vec::new(), sent: Vec::new() };
        loop {
            let pause = Duration::from_millis(random.random_range(100..1_500));
            tokio::select! {
                () = sleep(pause) => {}
                _ = phase.wait_for(|phase| !matches!(phase, Phase::Running)) => return Ok(record),
            }
            let stay = Duration::from_millis(random.random_range(50..self.longest_ms));
            match random.random_range(0..3) {
                0 => self.block(stay).await?,
                1 => self.remove(stay).await?,
                _ => self.suspend(stay, &mut record).await?,
            }
        }
    }

    async fn block(&self, stay: Duration) -> Result<()> {
        let Self { household, api, .. } = self;
        let (host, guest) = (&household.host, household.guest.person.user.id);
        api.block(&host.token(), guest).await?;
        let place = self.begin(Bar::Blocked { by: host.person.user.id.0, of: guest.0 });
        sleep(stay).await;
        self.end(place);
        api.unblock(&host.token(), guest).await
    }

    async fn remove(&self, stay: Duration) -> Result<()> {
        let Self { household, api, .. } = self;
        let (host, guest) = (&household.host, household.guest.person.user.id);
        api.remove(&host.token(), household.group, guest).await?;
        let place = self.begin(Bar::Removed { of: guest.0, chat: household.group.0 });
        sleep(stay).await;
        self.end(place);
        api.add(&host.token(), household.group, guest).await
    }

    async fn suspend(&self, stay: Duration, record: &mut Record) -> Result<()> {
        let Self { household, api, .. } = self;
        let guest = household.guest.person.user.id;
        let Pass { token, number: sign_in } = household.pass_of_guest().borrow().clone();
        api.act_on(&self.moderator.token(), guest, "suspend").await?;
        let place = self.begin(Bar::Suspended { of: guest.0, sign_in });
        for _ in 0..TRIES {
            sleep(stay / TRIES).await;
            let number = u32::try_from(record.sent.len()).unwrap_or_default() + 1;
            let (label, chat) = (Label { client: record.client, number }, household.group);
            record.sent.push(Sent { at: Moment::now(&self.clock), number, chat: chat.0, sign_in });
            let message = PostMessage {
                content: label.message(),
                client_id: Some(label.client_id()),
                reply_to: None,
                plain: false,
            };
            // Whatever is answered: the log says whether it was refused.
            let _ = api.say(&token, chat, &message).await;
        }
        self.end(place);
        api.act_on(&self.moderator.token(), guest, "restore").await?;
        household.guest.renew(api).await?;
        let token = household.guest.token();
        household.pass_of_guest().send_replace(Pass { token, number: sign_in + 1 });
        Ok(())
    }

    /// Notes that something was confirmed just now; returns its place.
    fn begin(&self, bar: Bar) -> usize {
        let mut kept = self.kept();
        kept.push(Kept { bar, from: Moment::now(&self.clock), until: None });
        kept.len() - 1
    }

    fn end(&self, place: usize) {
        let until = Some(self.clock.tick());
        self.kept()[place].until = until;
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
