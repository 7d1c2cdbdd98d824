//! Requests for a chat to a stranger.

use causerie_protocol::rest::{Block, ChatStatus, UserRef};
use causerie_protocol::{ChatId, Event, Seq, UserId, limits};
use causerie_server::store::{Append, AppendResult, Appended, Change, Created, Deletion, NewChat, Refused};

use super::world::{World, message};

impl World {
    async fn ask_of(&self, creator: UserId, other: UserId) -> Created {
        self.request(creator, other, false).await
    }

    async fn request(&self, creator: UserId, other: UserId, unseen: bool) -> Created {
        let participants = vec![creator, other];
        let chat =
            NewChat { creator, participants, title: None, direct: true, client_id: None, asks: true, unseen };
        self.store.create_chat(chat).await.unwrap()
    }

    /// The chat that Alice asks Bob for.
    async fn ask(&self) -> ChatId {
        let Created::New(chat) = self.ask_of(self.alice, self.bob).await else { panic!("it was there") };
        assert_eq!(self.asked_by(chat).await, Some(self.alice));
        chat
    }

    async fn asked_by(&self, chat: ChatId) -> Option<UserId> {
        self.seen_by(self.bob, chat).await.requested_by
    }

    async fn parted(&self) -> [Vec<UserId>; 2] {
        let parted = async |who| self.store.boundaries(who).await.unwrap().parted;
        [parted(self.alice).await, parted(self.bob).await]
    }

    async fn batch(&self, chat: ChatId, sent: &[(UserId, &str, &str)]) -> Vec<AppendResult> {
        let append = |(actor, text, id): &(UserId, &str, &str)| Append {
            actor: *actor,
            chat,
            change: message(text, Some(*id)),
        };
        self.store.append(&sent.iter().map(append).collect::<Vec<_>>()).await.unwrap()
    }
}

fn outcome(result: &AppendResult) -> Result<&'static str, Refused> {
    match result {
        Ok(Appended::Event(_)) => Ok("event"),
        Ok(Appended::Accepted { .. }) => Ok("accepted"),
        Ok(Appended::Duplicate(_)) => Ok("duplicate"),
        Ok(Appended::Read { .. } | Appended::Unchanged { .. }) => Ok("read"),
        Err(refused) => Err(*refused),
    }
}

pub async fn a_chat_with_a_stranger_waits_until_the_other_accepts(world: World) {
    let chat = world.ask().await;
    assert_eq!(world.ask_of(world.alice, world.bob).await, Created::Existing(chat));
    assert_eq!(world.append(chat, world.alice, Change::Accept).await, Err(Refused::OwnRequest));
    assert_eq!(world.append(chat, world.carol, Change::Accept).await, Err(Refused::NoSuchChat));
    let accepted = world.append(chat, world.bob, Change::Accept).await;
    let Ok(Appended::Accepted { event, asked_by }) = accepted else { panic!("{accepted:?}") };
    let Event::ChatChanged(changed) = &event else { panic!("{event:?}") };
    assert!(changed.accepted && changed.status == ChatStatus::Active && changed.seq == Seq(1));
    assert_eq!((asked_by, world.asked_by(chat).await), (world.alice, None));
    assert_eq!(world.log(chat, 0).await, [event]);
    assert_eq!(world.append(chat, world.bob, Change::Accept).await, Err(Refused::NotARequest));
    assert_eq!(world.parted().await, [vec![], vec![]]);
}

pub async fn who_asks_writes_so_many_messages_and_a_reply_accepts(world: World) {
    let chat = world.ask().await;
    let (alice, bob) = (world.alice, world.bob);
    let most = usize::try_from(limits::REQUEST_MESSAGES).unwrap();
    for n in 0..most {
        world.say(chat, alice, &n.to_string()).await;
    }
    let more = message("more", Some("m"));
    assert_eq!(world.append(chat, alice, more.clone()).await, Err(Refused::NotAccepted));
    // An edit is no further message, and a deleted one was one.
    let first = world.store.messages(bob, chat, None, 9).await.unwrap().unwrap()[0].id;
    world.event(chat, alice, Change::Delete { id: first }).await;
    assert_eq!(world.append(chat, alice, message("again", None)).await, Err(Refused::NotAccepted));
    let reply = world.append(chat, bob, message("Hello", Some("b"))).await;
    let Ok(Appended::Accepted { event: Event::Message(said), asked_by }) = reply else { panic!("{reply:?}") };
    assert_eq!((said.content.as_str(), asked_by, world.asked_by(chat).await), ("Hello", alice, None));
    assert_eq!(outcome(&world.append(chat, bob, message("Hello", Some("b"))).await), Ok("duplicate"));
    assert_eq!(world.parted().await, [vec![], vec![]]);
    // What was refused stays so, and what comes now is taken.
    assert_eq!(world.append(chat, alice, more).await, Err(Refused::NotAccepted));
    world.say(chat, alice, "At last").await;
}

pub async fn a_request_is_counted_and_answered_within_one_batch(world: World) {
    let chat = world.ask().await;
    let (alice, bob) = (world.alice, world.bob);
    let results = world
        .batch(
            chat,
            &[
                (alice, "1", "a1"),
                (alice, "2", "a2"),
                (alice, "2", "a2"),
                (alice, "3", "a3"),
                (alice, "4", "a4"),
                (bob, "Hello", "b1"),
                (alice, "5", "a5"),
                (bob, "You?", "b2"),
            ],
        )
        .await;
    let outcomes: Vec<_> = results.iter().map(outcome).collect();
    let event = Ok("event");
    assert_eq!(
        outcomes,
        [event, event, Ok("duplicate"), event, Err(Refused::NotAccepted), Ok("accepted"), event, event]
    );
    assert_eq!(world.texts(chat).await, ["1", "2", "3", "Hello", "5", "You?"]);
    assert_eq!((world.asked_by(chat).await, world.parted().await), (None, [vec![], vec![]]));
    // Other chats of the batch are not concerned, and it is counted what an earlier batch stored.
    let other = world.ask_of(alice, world.carol).await;
    let Created::New(other) = other else { panic!("{other:?}") };
    world.batch(other, &[(alice, "1", "c1"), (alice, "2", "c2")]).await;
    let append = |chat, id: &str| Append { actor: alice, chat, change: message(id, Some(id)) };
    let mixed = [append(other, "c3"), append(chat, "a6"), append(other, "c4"), append(chat, "a7")];
    let results = world.store.append(&mixed).await.unwrap();
    let outcomes: Vec<_> = results.iter().map(outcome).collect();
    assert_eq!(outcomes, [event, event, Err(Refused::NotAccepted), event]);
}

pub async fn until_it_is_accepted_nothing_but_messages_passes(world: World) {
    let chat = world.ask().await;
    let (store, alice, bob) = (&world.store, world.alice, world.bob);
    world.say(chat, alice, "Hello?").await;
    world.append(chat, bob, Change::Read { seq: Seq(1) }).await.unwrap();
    assert_eq!(world.parted().await, [vec![bob], vec![alice]]);
    let seen = async |by, of| {
        let chat = world.seen_by(by, chat).await;
        let found = chat.participants.into_iter().find(|one| one.user.id == of).unwrap();
        (found.online, found.read_seq)
    };
    for (by, of) in [(alice, bob), (bob, alice)] {
        assert_eq!(seen(by, of).await, (false, Seq(0)));
        assert!(store.acquaintances(by).await.unwrap().is_empty());
        assert!(!store.are_acquainted(by, of).await.unwrap());
        assert_eq!(store.reachable_user(by, &UserRef::Id(of)).await.unwrap(), None);
    }
    assert_eq!(world.seen_by(bob, chat).await.unread, 0);
    world.say(chat, alice, "Are you there?").await;
    assert_eq!(world.seen_by(bob, chat).await.unread, 0);
    world.append(chat, bob, Change::Accept).await.unwrap();
    assert_eq!(world.seen_by(bob, chat).await.unread, 1);
    assert_eq!(seen(alice, bob).await, (true, Seq(1)));
    assert_eq!(store.acquaintances(alice).await.unwrap(), [bob]);
    assert!(store.are_acquainted(bob, alice).await.unwrap());
    assert_eq!(store.reachable_user(alice, &UserRef::Id(bob)).await.unwrap(), Some(bob));
}

pub async fn who_shares_a_chat_does_not_ask(world: World) {
    world.group().await;
    let created = world.ask_of(world.alice, world.bob).await;
    let Created::New(chat) = created else { panic!("{created:?}") };
    assert_eq!((world.asked_by(chat).await, world.parted().await), (None, [vec![], vec![]]));
    // Who is only asked is a stranger to third people and to the one who asks.
    let Created::New(asked) = world.ask_of(world.carol, world.bob).await else { panic!("it was there") };
    assert_eq!(world.asked_by(asked).await, Some(world.carol));
}

pub async fn a_request_that_is_refused_looks_like_a_chat_that_ended(world: World) {
    let (store, alice, bob) = (&world.store, world.alice, world.bob);
    let chat = world.ask().await;
    let parting = store.block(bob, alice).await.unwrap().unwrap();
    assert!(parting.event.is_some());
    let write = async || outcome(&world.append(chat, alice, message("Hello", None)).await);
    assert_eq!(write().await, Err(Refused::ChatClosed));
    assert_eq!(world.append(chat, bob, Change::Accept).await, Err(Refused::ChatClosed));
    // Taken back, it is a request again.
    let done = store.unblock(bob, alice).await.unwrap().unwrap();
    assert!(done.still_parted && done.event.is_some(), "{done:?}");
    assert_eq!((write().await, world.asked_by(chat).await), (Ok("event"), Some(alice)));
    assert_eq!(world.parted().await, [vec![bob], vec![alice]]);
    // Deleted, it has ended.
    let deleted = store.delete_chat(bob, chat).await.unwrap();
    assert!(matches!(deleted, Ok(Deletion::OwnCopy(Some(_)))), "{deleted:?}");
    assert_eq!(write().await, Err(Refused::ChatClosed));
    assert_eq!(world.ask_of(alice, bob).await, Created::Parted);
    assert_eq!(world.ask_of(bob, alice).await, Created::Parted);
}

pub async fn requests_are_found_by_nodes_that_missed_them(world: World) {
    let store = &world.store;
    let before = store.last_parting().await.unwrap();
    let chat = world.ask().await;
    let found = store.partings_after(before, 9).await.unwrap();
    assert!(found.len() == 1 && found[0].is_request, "{found:?}");
    assert_eq!((found[0].one, found[0].other), (world.alice, world.bob));
    let of = async |who: &[UserId]| store.partings_of(who).await.unwrap();
    let pair = [(world.alice, world.bob)];
    assert_eq!(of(&[world.alice]).await, pair);
    assert_eq!(of(&[world.bob, world.alice]).await, pair);
    assert!(of(&[world.carol]).await.is_empty());
    world.append(chat, world.bob, Change::Accept).await.unwrap();
    assert!(of(&[world.alice]).await.is_empty());
}

pub async fn who_asks_unseen_has_the_chat_once_it_is_accepted_in_whichever_way(world: World) {
    let (store, alice) = (&world.store, world.alice);
    for (other, by_message) in [(world.bob, false), (world.carol, true)] {
        let Created::New(chat) = world.request(alice, other, true).await else { panic!("it was there") };
        assert_eq!(world.request(alice, other, true).await, Created::Existing(chat));
        // Nothing of it is there for who asks, and the other one sees who that is.
        assert_eq!(store.chat(alice, chat).await.unwrap(), None);
        assert_eq!(store.position(alice, chat).await.unwrap(), None);
        assert_eq!(world.append(chat, alice, message("Hello?", None)).await, Err(Refused::NoSuchChat));
        assert_eq!(world.append(chat, alice, Change::Accept).await, Err(Refused::NoSuchChat));
        let seen = world.seen_by(other, chat).await;
        assert_eq!((seen.requested_by, seen.participant_count, seen.unread), (Some(alice), 2, 0));
        assert!(seen.participants.iter().any(|one| one.user.id == alice && !one.online));

        let change = if by_message { message("Hello", None) } else { Change::Accept };
        let accepted = world.append(chat, other, change).await;
        assert!(
            matches!(accepted, Ok(Appended::Accepted { asked_by, .. }) if asked_by == alice),
            "{accepted:?}"
        );
        let seen = world.seen_by(alice, chat).await;
        assert_eq!((seen.requested_by, seen.participant_count), (None, 2));
        assert_eq!((seen.head, seen.unread), (Seq(1), u64::from(by_message)));
        world.say(chat, alice, "At last").await;
    }
    assert_eq!(store.chats(alice, None, 9).await.unwrap().len(), 2);
}

pub async fn a_request_that_is_unseen_leaves_nothing_when_it_is_refused(world: World) {
    let (store, alice, bob) = (&world.store, world.alice, world.bob);
    let Created::New(chat) = world.request(alice, bob, true).await else { panic!("it was there") };
    assert_eq!(
        store.blockable_user(bob, &Block { user_id: Some(alice), ..Block::default() }).await.unwrap(),
        Some(alice)
    );
    let deleted = store.delete_chat(bob, chat).await.unwrap();
    assert!(matches!(deleted, Ok(Deletion::OwnCopy(Some(_)))), "{deleted:?}");
    for who in [alice, bob] {
        assert_eq!(store.chat(who, chat).await.unwrap(), None);
    }
    assert_eq!(world.request(alice, bob, true).await, Created::Parted);
}
