//! Replies: what a message may reply to, and what its readers see of that. And messages around a position.

use causerie_protocol::event::Original;
use causerie_protocol::limits::SNIPPET_CHARS;
use causerie_protocol::{ChatId, ClientId, Event, Message, MessageText, Seq, UserId};
use causerie_server::store::{Append, Appended, Change, Refused};

use super::world::World;

fn reply(text: &str, to: u64, client_id: Option<&str>) -> Change {
    Change::Message {
        text: MessageText::new(text).unwrap(),
        client_id: client_id.map(|id| ClientId::new(id).unwrap()),
        reply_to: Some(Seq(to)),
        plain: false,
    }
}

impl World {
    async fn answer(&self, chat: ChatId, actor: UserId, text: &str, to: u64) -> Message {
        match self.event(chat, actor, reply(text, to, None)).await {
            Event::Message(message) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    /// What a message replies to, for one person: as a page of history, the message alone, the log, the messages around it
    /// and the list of chats have it.
    async fn original(&self, user: UserId, message: &Message) -> Original {
        let (store, chat) = (&self.store, message.chat_id);
        let find = |messages: Vec<Message>| messages.into_iter().find(|one| one.id == message.id).unwrap();
        let in_page = find(store.messages(user, chat, None, 1_000).await.unwrap().unwrap());
        let alone = store.message(user, message.id).await.unwrap().unwrap();
        let around = find(store.messages_around(user, chat, message.seq, 5, 5).await.unwrap().unwrap());
        assert_eq!((&in_page, &in_page), (&alone, &around));
        let log = store.events_after(user, chat, Seq(message.seq.0 - 1), 1).await.unwrap().unwrap();
        let Event::Message(logged) = &log[0] else { panic!("{log:?}") };
        assert_eq!(logged.reply_to, alone.reply_to);
        if let Some(last) = self.seen_by(user, chat).await.last_message.filter(|last| last.id == message.id) {
            assert_eq!(last.reply_to, alone.reply_to);
        }
        *alone.reply_to.unwrap()
    }
}

pub async fn a_reply_shows_its_original_as_it_stands_now(world: World) {
    let chat = world.group().await;
    let said = world.say(chat, world.alice, &"é".repeat(SNIPPET_CHARS + 1)).await;
    let answer = world.answer(chat, world.bob, "Yes", said.seq.0).await;
    let original = *answer.reply_to.clone().unwrap();
    assert_eq!((original.seq, original.id, original.deleted), (said.seq, Some(said.id), false));
    assert_eq!(original.content, "é".repeat(SNIPPET_CHARS));
    let sender = original.sender.as_ref().unwrap();
    assert_eq!((sender.id, &*sender.name, &sender.email), (world.alice, "alice", &None));
    assert_eq!(world.original(world.alice, &answer).await, original);

    let text = MessageText::new("Tea?").unwrap();
    world.event(chat, world.alice, Change::Edit { id: said.id, text, plain: false, sent_since: None }).await;
    assert_eq!(world.original(world.bob, &answer).await.content, "Tea?");
    world.event(chat, world.alice, Change::Delete { id: said.id }).await;
    let gone = world.original(world.bob, &answer).await;
    assert_eq!((&*gone.content, gone.deleted), ("", true));
    let late = world.answer(chat, world.bob, "Too late", said.seq.0).await;
    assert!(late.reply_to.unwrap().deleted, "it may have been deleted while the reply was written");

    let alone = world.say(chat, world.bob, "alone").await;
    assert_eq!(alone.reply_to, None);
}

pub async fn only_a_message_that_one_may_see_is_replied_to(world: World) {
    let chat = world.new_chat(&[world.alice, world.bob], Some("Trip")).await.0;
    let other = world.pair().await;
    world.say(other, world.alice, "elsewhere").await;
    let before = world.say(chat, world.alice, "before").await;
    let refused = |outcome| assert_eq!(outcome, Err(Refused::NoSuchOriginal));
    for seq in [0, 2, 4_711, u64::MAX] {
        refused(world.append(chat, world.bob, reply("a", seq, None)).await);
    }
    let outside = world.append(chat, world.carol, reply("a", 1, None)).await;
    assert_eq!(outside, Err(Refused::NoSuchChat));
    let hides = Change::Update { title: None, status: None, hides_past: Some(true) };
    let event = world.event(chat, world.alice, hides).await;
    refused(world.append(chat, world.bob, reply("a", event.seq().0, None)).await);
    world.event(chat, world.alice, Change::Join { user: world.carol }).await;
    refused(world.append(chat, world.carol, reply("a", before.seq.0, None)).await);

    // Somebody else's reply shows nothing of it to her.
    let answer = world.answer(chat, world.bob, "after", before.seq.0).await;
    assert_eq!(world.original(world.carol, &answer).await, Original::unseen(before.seq));
    assert_eq!(world.original(world.bob, &answer).await.content, "before");
    let hers = world.answer(chat, world.carol, "mine", answer.seq.0).await;
    assert_eq!(world.original(world.carol, &hers).await.content, "after");
}

pub async fn a_reply_is_decided_once_with_what_it_replies_to(world: World) {
    let chat = world.group().await;
    world.say(chat, world.alice, "one").await;
    world.say(chat, world.alice, "two").await;
    let send = async |to, name| world.append(chat, world.bob, reply("a", to, Some(name))).await;
    assert!(matches!(send(1, "m-1").await, Ok(Appended::Event(_))));
    assert!(matches!(send(1, "m-1").await, Ok(Appended::Duplicate(_))));
    assert_eq!(send(2, "m-1").await, Err(Refused::ClientIdReused));
    let plain = super::world::message("a", Some("m-1"));
    assert_eq!(world.append(chat, world.bob, plain).await, Err(Refused::ClientIdReused));

    // What was refused stays so, though a message stands there now.
    assert_eq!(send(4, "m-2").await, Err(Refused::NoSuchOriginal));
    assert_eq!(world.say(chat, world.alice, "four").await.seq, Seq(4));
    assert_eq!(send(4, "m-2").await, Err(Refused::NoSuchOriginal));
    assert!(matches!(send(4, "m-3").await, Ok(Appended::Event(_))));

    // One batch: a reply, its copy, one that is refused, and a message that is none.
    let append = |change| Append { actor: world.bob, chat, change };
    let batch = [
        append(reply("b", 1, Some("m-4"))),
        append(reply("b", 1, Some("m-4"))),
        append(reply("b", 99, Some("m-5"))),
        append(super::world::message("c", Some("m-6"))),
    ];
    let outcomes = world.store.append(&batch).await.unwrap();
    let Ok(Appended::Event(Event::Message(stored))) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(stored.reply_to.as_ref().unwrap().content, "one");
    assert!(matches!(&outcomes[1], Ok(Appended::Duplicate(_))), "{outcomes:?}");
    assert_eq!(outcomes[2], Err(Refused::NoSuchOriginal));
    let Ok(Appended::Event(Event::Message(plain))) = &outcomes[3] else { panic!("{outcomes:?}") };
    assert_eq!((plain.seq, &plain.reply_to), (stored.seq.next(), &None));
}

pub async fn messages_are_found_around_a_position(world: World) {
    let chat = world.new_chat(&[world.alice, world.bob], Some("Trip")).await.0;
    for number in 1..=5 {
        world.say(chat, world.alice, &number.to_string()).await;
    }
    let hides = Change::Update { title: None, status: None, hides_past: Some(true) };
    world.event(chat, world.alice, hides).await;
    world.event(chat, world.alice, Change::Join { user: world.carol }).await;
    for number in 8..=9 {
        world.say(chat, world.alice, &number.to_string()).await;
    }
    let around = async |user, at, older, newer| {
        let messages = world.store.messages_around(user, chat, Seq(at), older, newer).await.unwrap();
        messages.map(|messages| messages.into_iter().map(|one| one.content).collect::<Vec<_>>().join(" "))
    };
    for (at, older, newer, expected) in [
        (3, 2, 2, "2 3 4 5"),
        (3, 0, 3, "4 5 8"),
        (3, 2, 0, "2 3"),
        (6, 1, 1, "5 8"),
        (0, 3, 2, "1 2"),
        (9, 1, 4, "9"),
        (u64::MAX, 2, 2, "8 9"),
    ] {
        let found = around(world.bob, at, older, newer).await;
        assert_eq!(found.as_deref(), Some(expected), "around {at}, {older} and {newer}");
    }
    assert_eq!(around(world.carol, 3, 9, 9).await.as_deref(), Some("8 9"), "nothing from before her time");
    assert_eq!(around(world.carol, 8, 9, 9).await.as_deref(), Some("8 9"));
    let other = world.pair().await;
    assert_eq!(world.store.messages_around(world.carol, other, Seq(1), 9, 9).await.unwrap(), None);
}
