//! People who are apart: blocks, chats of two that ended, and what somebody hides.

use causerie_protocol::rest::{Block, ChatStatus, UserRef};
use causerie_protocol::{ChatId, Event, Seq, UserId};
use causerie_server::clock::UnixMicros;
use causerie_server::store::{Actor, Change, Created, Deletion, Ended, NewChat, Refused, Reopening};

use super::world::{World, message};

impl World {
    async fn status(&self, chat: ChatId) -> ChatStatus {
        self.seen_by(self.alice, chat).await.status
    }

    /// Whether Bob may write to Alice and Alice to Bob.
    async fn writes(&self, chat: ChatId) -> [Result<(), Refused>; 2] {
        let write = async |who| self.append(chat, who, message("Hello", None)).await.map(drop);
        [write(self.bob).await, write(self.alice).await]
    }
}

pub async fn a_block_closes_the_chat_of_the_two_and_taking_it_back_opens_it(world: World) {
    let store = &world.store;
    let chat = world.pair().await;
    let parting = store.block(world.alice, world.bob).await.unwrap().unwrap();
    let Some(Event::ChatChanged(changed)) = &parting.event else { panic!("{parting:?}") };
    assert_eq!((changed.status, changed.seq), (ChatStatus::Closed, Seq(1)));
    assert_eq!(world.log(chat, 0).await, [parting.event.unwrap()]);
    assert_eq!(world.writes(chat).await, [Err(Refused::ChatClosed); 2]);
    // A repeat changes nothing.
    assert_eq!(store.block(world.alice, world.bob).await.unwrap().unwrap().event, None);
    assert_eq!(store.blocks(world.alice).await.unwrap()[0].user.id, world.bob);
    assert!(store.blocks(world.bob).await.unwrap().is_empty());

    // Both block: one taking it back is not enough.
    store.block(world.bob, world.alice).await.unwrap().unwrap();
    let done = store.unblock(world.alice, world.bob).await.unwrap().unwrap();
    assert!(done.still_parted && done.event.is_none());
    assert_eq!(store.unblock(world.alice, world.bob).await.unwrap(), None);
    let done = store.unblock(world.bob, world.alice).await.unwrap().unwrap();
    assert!(!done.still_parted && done.event.is_some());
    assert_eq!(world.writes(chat).await, [Ok(()); 2]);
}

pub async fn a_chat_that_one_of_two_ended_stays_so(world: World) {
    let store = &world.store;
    let chat = world.pair().await;
    assert_eq!(store.end_pair(world.carol, chat).await.unwrap(), Ended::NoSuchChat);
    assert_eq!(store.end_pair(world.alice, world.group().await).await.unwrap(), Ended::Group);
    let Ended::Pair(Some(parting)) = store.end_pair(world.bob, chat).await.unwrap() else {
        panic!("not ended")
    };
    assert_eq!((parting.other, world.status(chat).await), (world.alice, ChatStatus::Closed));
    for who in [world.alice, world.bob] {
        let open = Change::Update { title: None, status: Some(ChatStatus::Active), hides_past: None };
        assert_eq!(world.append(chat, who, open).await, Err(Refused::HasEnded));
    }
    // Nor by a block that is taken back.
    store.block(world.alice, world.bob).await.unwrap().unwrap();
    assert!(store.unblock(world.alice, world.bob).await.unwrap().unwrap().still_parted);
    assert_eq!(world.writes(chat).await, [Err(Refused::ChatClosed); 2]);
}

pub async fn each_of_two_removes_their_own_copy_and_the_last_erases_it(world: World) {
    let store = &world.store;
    let chat = world.pair().await;
    world.say(chat, world.bob, "Hello").await;
    let Ok(Deletion::OwnCopy(Some(parting))) = store.delete_chat(world.bob, chat).await.unwrap() else {
        panic!("not removed")
    };
    assert!(parting.other == world.alice && parting.event.is_some());
    assert_eq!(store.chat(world.bob, chat).await.unwrap(), None);
    assert_eq!(store.messages(world.bob, chat, None, 9).await.unwrap(), None);
    assert_eq!(store.delete_chat(world.bob, chat).await.unwrap(), Err(Refused::NoSuchChat));
    let seen = world.seen_by(world.alice, chat).await;
    assert_eq!((seen.status, seen.participants.len(), seen.participant_count), (ChatStatus::Closed, 2, 2));
    assert_eq!(world.texts(chat).await, ["Hello"]);

    assert_eq!(
        store.delete_chat(world.alice, chat).await.unwrap(),
        Ok(Deletion::OwnCopy(Some(Box::new(causerie_server::store::Parting {
            other: world.bob,
            event: None
        }))))
    );
    assert!(store.heads(&[chat]).await.unwrap().is_empty());
    // Erased is not begun again.
    let again = NewChat {
        creator: world.alice,
        participants: vec![world.alice, world.bob],
        title: None,
        direct: true,
        client_id: None,
        asks: false,
        unseen: false,
    };
    assert_eq!(store.create_chat(again).await.unwrap(), Created::Parted);
}

pub async fn who_is_apart_is_not_reached_and_starts_nothing_with_the_other(world: World) {
    let store = &world.store;
    let group = world.group().await;
    store.block(world.alice, world.bob).await.unwrap().unwrap();
    for (asks, other) in [(world.bob, world.alice), (world.alice, world.bob)] {
        let address = if other == world.alice { "alice@example.org" } else { "bob@example.org" };
        for wanted in [UserRef::Id(other), UserRef::Email(address.to_owned())] {
            assert_eq!(store.reachable_user(asks, &wanted).await.unwrap(), None, "{wanted:?}");
        }
        for direct in [true, false] {
            let chat = NewChat {
                creator: asks,
                participants: vec![world.alice, world.bob],
                title: (!direct).then(|| "Trip".to_owned()),
                direct,
                client_id: None,
                asks: false,
                unseen: false,
            };
            assert_eq!(store.create_chat(chat).await.unwrap(), Created::Parted);
        }
    }
    world.event(group, world.bob, Change::Leave).await;
    let add = world.append(group, world.alice, Change::Join { user: world.bob }).await;
    assert_eq!(add, Err(Refused::NoSuchUser));
    let unknown = world.append(group, world.alice, Change::Join { user: UserId(999) }).await;
    assert_eq!(unknown, Err(Refused::NoSuchUser));
}

pub async fn who_is_apart_sees_neither_presence_nor_read_positions(world: World) {
    let store = &world.store;
    let group = world.group().await;
    world.say(group, world.alice, "Hello").await;
    for who in [world.alice, world.bob] {
        world.append(group, who, Change::Read { seq: Seq(1) }).await.unwrap();
    }
    let seen = async |by, of| {
        let chat = world.seen_by(by, group).await;
        let found = chat.participants.into_iter().find(|one| one.user.id == of).unwrap();
        (found.online, found.read_seq, found.blocked)
    };
    assert_eq!(seen(world.alice, world.bob).await, (true, Seq(1), false));
    assert_eq!(store.acquaintances(world.alice).await.unwrap(), [world.bob]);
    store.block(world.alice, world.bob).await.unwrap().unwrap();
    assert_eq!(seen(world.alice, world.bob).await, (false, Seq(0), true));
    assert_eq!(seen(world.bob, world.alice).await, (false, Seq(0), false));
    assert_eq!(seen(world.bob, world.bob).await, (true, Seq(1), false));
    for who in [world.alice, world.bob] {
        assert!(store.acquaintances(who).await.unwrap().is_empty());
        assert_eq!(store.boundaries(who).await.unwrap().parted.len(), 1);
    }
}

pub async fn who_hides_does_not_see(world: World) {
    let store = &world.store;
    let group = world.group().await;
    world.say(group, world.alice, "Hello").await;
    for who in [world.alice, world.bob] {
        world.append(group, who, Change::Read { seq: Seq(1) }).await.unwrap();
    }
    store.set_hidden(world.alice, Some(true), None).await.unwrap();
    store.set_hidden(world.bob, None, Some(true)).await.unwrap();
    for (by, of) in [(world.alice, world.bob), (world.bob, world.alice)] {
        let chat = world.seen_by(by, group).await;
        let found = chat.participants.into_iter().find(|one| one.user.id == of).unwrap();
        assert_eq!((found.online, found.read_seq), (false, Seq(0)));
        assert_eq!(chat.read_seq, Seq(1), "one's own is one's own");
        assert!(store.acquaintances(by).await.unwrap().is_empty());
    }
    let mut switches = store.hidden(&[world.alice, world.bob, world.carol]).await.unwrap();
    switches.sort_unstable();
    assert_eq!(switches, [(world.alice, true, false), (world.bob, false, true)]);
    let hidden = store.reads(&[group]).await.unwrap();
    assert!(hidden.iter().all(|read| read.hidden == (read.user == world.bob)), "{hidden:?}");
    store
        .create_token(world.alice, "hash", [7; 32], UnixMicros(1), UnixMicros(2_000))
        .await
        .unwrap()
        .unwrap();
    assert!(store.token([7; 32]).await.unwrap().unwrap().has_boundaries);
    store.set_hidden(world.alice, Some(false), None).await.unwrap();
    assert!(!store.token([7; 32]).await.unwrap().unwrap().has_boundaries);
}

pub async fn only_somebody_one_has_to_do_with_is_blocked(world: World) {
    let store = &world.store;
    let find = async |by, user_id, message_id| {
        store.blockable_user(by, &Block { user_id, message_id }).await.unwrap()
    };
    assert_eq!(find(world.alice, Some(world.bob), None).await, None);
    let group = world.group().await;
    assert_eq!(find(world.alice, Some(world.bob), None).await, Some(world.bob));
    assert_eq!(find(world.alice, Some(world.alice), None).await, None);
    assert_eq!(find(world.alice, None, None).await, None);
    // Somebody who has left is found by what they said.
    let said = world.say(group, world.bob, "Bye").await.id;
    world.event(group, world.bob, Change::Leave).await;
    assert_eq!(find(world.alice, Some(world.bob), None).await, None);
    assert_eq!(find(world.alice, None, Some(said)).await, Some(world.bob));
    assert_eq!(find(world.carol, None, Some(said)).await, None);
}

pub async fn a_block_and_a_new_chat_at_once_leave_no_open_chat(world: World) {
    for _ in 0..20 {
        let (blocking, starting) = (world.store.clone(), world.store.clone());
        let (alice, bob) = (world.alice, world.bob);
        let block = tokio::spawn(async move { blocking.block(alice, bob).await.unwrap().unwrap() });
        let chat = NewChat {
            creator: bob,
            participants: vec![alice, bob],
            title: None,
            direct: true,
            client_id: None,
            asks: false,
            unseen: false,
        };
        let start = tokio::spawn(async move { starting.create_chat(chat).await.unwrap() });
        block.await.unwrap();
        if let Created::New(chat) | Created::Existing(chat) = start.await.unwrap() {
            assert_eq!(world.status(chat).await, ChatStatus::Closed);
        }
        world.store.unblock(alice, bob).await.unwrap().unwrap();
    }
}

pub async fn partings_are_found_by_their_numbers(world: World) {
    let store = &world.store;
    let before = store.last_parting().await.unwrap();
    store.block(world.alice, world.bob).await.unwrap().unwrap();
    store.block(world.carol, world.bob).await.unwrap().unwrap();
    let found = store.partings_after(before, 10).await.unwrap();
    let pairs: Vec<_> = found.iter().map(|parting| (parting.one, parting.other)).collect();
    assert_eq!(pairs, [(world.alice, world.bob), (world.carol, world.bob)]);
    let last = store.last_parting().await.unwrap();
    assert_eq!((found[1].id, store.partings_after(last, 10).await.unwrap().len()), (last, 0));
}

pub async fn an_ended_chat_is_opened_again_for_both_and_a_block_stays(world: World) {
    let (alice, bob, store) = (world.alice, world.bob, &world.store);
    let carol = Actor::User(world.carol);
    assert_eq!(store.reopen_pair(carol, alice, bob).await.unwrap(), Reopening::NotEnded);
    let pair = world.pair().await;
    world.say(pair, alice, "Before").await;
    store.end_pair(alice, pair).await.unwrap();
    store.end_pair(bob, pair).await.unwrap();
    let reopened = store.reopen_pair(carol, alice, bob).await.unwrap();
    let Reopening::Done { still_parted: false, event: Some(event), .. } = reopened else {
        panic!("{reopened:?}")
    };
    let Event::ChatChanged(changed) = *event else { panic!("{event:?}") };
    assert_eq!((changed.chat_id, changed.status), (pair, ChatStatus::Active));
    world.say(pair, bob, "Again").await;
    assert_eq!(store.reopen_pair(carol, alice, bob).await.unwrap(), Reopening::NotEnded);
    // A block is not what a moderator takes back, and opens the chat once it is taken back itself.
    store.end_pair(alice, pair).await.unwrap();
    store.block(alice, bob).await.unwrap().unwrap();
    let reopened = store.reopen_pair(carol, alice, bob).await.unwrap();
    assert!(matches!(reopened, Reopening::Done { still_parted: true, event: None, .. }), "{reopened:?}");
    assert_eq!(world.status(pair).await, ChatStatus::Closed);
    store.unblock(alice, bob).await.unwrap().unwrap();
    assert_eq!(world.status(pair).await, ChatStatus::Active);
    // Who removed their copy has one again, which begins now.
    store.delete_chat(bob, pair).await.unwrap().unwrap();
    let reopened = store.reopen_pair(carol, bob, alice).await.unwrap();
    let Reopening::Done { back: Some((chat, users)), .. } = reopened else { panic!("{reopened:?}") };
    assert_eq!((chat, users), (pair, vec![bob]));
    assert!(store.messages(bob, pair, None, 9).await.unwrap().unwrap().is_empty());
    world.say(pair, bob, "Here").await;
    assert_eq!(world.texts(pair).await, ["Before", "Again", "Here"]);
    // Where both did, they start another.
    for user in [alice, bob] {
        store.delete_chat(user, pair).await.unwrap().unwrap();
    }
    let reopened = store.reopen_pair(carol, alice, bob).await.unwrap();
    assert_eq!(reopened, Reopening::Done { still_parted: false, event: None, back: None });
    assert_ne!(world.pair().await, pair);
}
