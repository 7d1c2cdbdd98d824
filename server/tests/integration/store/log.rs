//! The change log: positions, repeats, edits, reading.

use causerie_protocol::rest::ChatStatus;
use causerie_protocol::{Event, Seq};
use causerie_server::store::{Append, Appended, Change, Refused, StoredRead};

use super::world::{World, message};

pub async fn positions_have_no_gaps_and_one_refusal_concerns_no_other(world: World) {
    let (pair, group) = (world.pair().await, world.group().await);
    let append = |actor, chat, text| Append { actor, chat, change: message(text, None) };
    let results = world
        .store
        .append(&[
            append(world.alice, pair, "a"),
            append(world.carol, pair, "not in it"),
            append(world.bob, group, "b"),
            Append { actor: world.alice, chat: pair, change: Change::Read { seq: Seq(1) } },
            append(world.bob, pair, "c"),
        ])
        .await
        .unwrap();
    let seqs: Vec<_> = results
        .iter()
        .map(|result| match result {
            Ok(Appended::Event(event)) => Some((event.chat_id(), event.seq().0)),
            _ => None,
        })
        .collect();
    assert_eq!(seqs, [Some((pair, 1)), None, Some((group, 1)), None, Some((pair, 2))]);
    assert_eq!(results[1], Err(Refused::NoSuchChat));
    assert_eq!(world.texts(pair).await, ["a", "c"]);
    let mut heads = world.store.heads(&[pair, group]).await.unwrap();
    heads.sort();
    assert_eq!(heads, [(pair, Seq(2)), (group, Seq(1))]);
}

pub async fn the_same_client_id_is_one_message_for_ever(world: World) {
    let chat = world.pair().await;
    let Event::Message(first) = world.event(chat, world.alice, message("once", Some("m-1"))).await else {
        panic!("no message")
    };
    for _ in 0..2 {
        let again = world.append(chat, world.alice, message("once", Some("m-1"))).await.unwrap();
        assert_eq!(again, Appended::Duplicate(first.clone()));
    }
    assert_eq!(world.texts(chat).await, ["once"]);
    // An edit changes the text, and the repeat of the first send is still the same message.
    world
        .event(
            chat,
            world.alice,
            Change::Edit {
                id: first.id,
                text: causerie_protocol::MessageText::new("twice").unwrap(),
                sent_since: None,
                plain: false,
            },
        )
        .await;
    let again = world.append(chat, world.alice, message("once", Some("m-1"))).await.unwrap();
    assert!(
        matches!(again, Appended::Duplicate(message) if message.id == first.id && message.seq == first.seq)
    );
}

pub async fn the_same_client_id_twice_in_a_batch_is_one_message(world: World) {
    let chat = world.pair().await;
    let append = |text| Append { actor: world.alice, chat, change: message(text, Some("m-1")) };
    let results = world.store.append(&[append("once"), append("once"), append("other")]).await.unwrap();
    let Ok(Appended::Event(Event::Message(first))) = &results[0] else { panic!("{results:?}") };
    assert_eq!(results[1], Ok(Appended::Duplicate(first.clone())));
    assert_eq!(results[2], Err(Refused::ClientIdReused));
    assert_eq!(world.texts(chat).await, ["once"]);
}

pub async fn a_client_id_with_another_text_is_refused(world: World) {
    let chat = world.pair().await;
    world.event(chat, world.alice, message("one", Some("m-1"))).await;
    let other = world.append(chat, world.alice, message("two", Some("m-1"))).await;
    assert_eq!(other, Err(Refused::ClientIdReused));
    assert_eq!(world.texts(chat).await, ["one"]);
}

pub async fn two_people_may_use_the_same_client_id(world: World) {
    let (pair, group) = (world.pair().await, world.group().await);
    world.event(pair, world.alice, message("a", Some("m-1"))).await;
    world.event(pair, world.bob, message("b", Some("m-1"))).await;
    world.event(group, world.alice, message("c", Some("m-1"))).await;
    assert_eq!(world.texts(pair).await, ["a", "b"]);
}

pub async fn a_closed_chat_takes_no_messages(world: World) {
    let chat = world.group().await;
    let Event::Message(first) = world.event(chat, world.alice, message("in time", Some("m-1"))).await else {
        panic!("no message")
    };
    let close = Change::Update { title: None, status: Some(ChatStatus::Closed), hides_past: None };
    assert!(matches!(
        world.event(chat, world.alice, close).await,
        Event::ChatChanged(data) if data.status == ChatStatus::Closed && data.seq == Seq(2)
    ));
    assert_eq!(world.append(chat, world.alice, message("late", None)).await, Err(Refused::ChatClosed));
    // A repeat of what was stored before is acknowledged all the same.
    let again = world.append(chat, world.alice, message("in time", Some("m-1"))).await;
    assert_eq!(again, Ok(Appended::Duplicate(first)));
    let open = Change::Update { title: None, status: Some(ChatStatus::Active), hides_past: None };
    world.event(chat, world.alice, open).await;
    world.say(chat, world.alice, "again").await;
    assert_eq!(world.texts(chat).await, ["in time", "again"]);
}

pub async fn an_edit_changes_the_message_and_the_log_tells_it(world: World) {
    let chat = world.pair().await;
    let first = world.say(chat, world.alice, "helo").await;
    let text = causerie_protocol::MessageText::new("hello").unwrap();
    let edited = world
        .event(chat, world.alice, Change::Edit { id: first.id, text, plain: false, sent_since: None })
        .await;
    assert!(matches!(&edited, Event::Edited(data) if data.content == "hello" && data.seq == Seq(2)));
    let now = world.store.message(world.bob, first.id).await.unwrap().unwrap();
    assert_eq!((now.content.as_str(), now.seq), ("hello", Seq(1)));
    assert!(now.edited_at.is_some());
    assert_eq!(world.log(chat, 0).await, [Event::Message(now), edited]);
}

pub async fn a_deleted_message_leaves_its_place_but_not_its_text(world: World) {
    let chat = world.pair().await;
    let first = world.say(chat, world.alice, "regret").await;
    let deleted = world.event(chat, world.alice, Change::Delete { id: first.id }).await;
    assert!(matches!(&deleted, Event::Deleted(data) if data.id == first.id && data.seq == Seq(2)));
    let now = world.store.message(world.alice, first.id).await.unwrap().unwrap();
    assert_eq!((now.content.as_str(), now.deleted_at.is_some()), ("", true));
    assert_eq!(world.log(chat, 0).await, [Event::Message(now), deleted]);
    let again = world.append(chat, world.alice, Change::Delete { id: first.id }).await;
    assert_eq!(again, Err(Refused::NoSuchMessage));
    assert_eq!(world.seen_by(world.bob, chat).await.last_message, None);
}

pub async fn only_the_sender_edits_and_deletes(world: World) {
    let chat = world.pair().await;
    let id = world.say(chat, world.alice, "mine").await.id;
    let text = causerie_protocol::MessageText::new("yours").unwrap();
    for change in [Change::Edit { id, text, plain: false, sent_since: None }, Change::Delete { id }] {
        assert_eq!(world.append(chat, world.bob, change).await, Err(Refused::NotTheSender));
    }
    // Nor through another chat.
    let group = world.group().await;
    assert_eq!(world.append(group, world.alice, Change::Delete { id }).await, Err(Refused::NoSuchMessage));
    assert_eq!(world.texts(chat).await, ["mine"]);
}

pub async fn read_positions_only_grow_and_stop_at_the_head(world: World) {
    let chat = world.pair().await;
    for text in ["a", "b", "c"] {
        world.say(chat, world.alice, text).await;
    }
    for (asked, seq, moved) in [(2, 2, true), (1, 2, false), (2, 2, false), (99, 3, true), (99, 3, false)] {
        let result = world.append(chat, world.bob, Change::Read { seq: Seq(asked) }).await.unwrap();
        assert_eq!(result, Appended::Read { seq: Seq(seq), moved }, "asked for {asked}");
    }
    assert_eq!(world.seen_by(world.bob, chat).await.read_seq, Seq(3));
    let unread = world.group().await;
    let read = StoredRead { chat, user: world.bob, seq: Seq(3), hidden: false };
    assert_eq!(world.store.reads(&[chat, unread]).await.unwrap(), [read]);
    assert_eq!(world.seen_by(world.alice, chat).await.participants[1].read_seq, Seq(3));
    assert_eq!(world.log(chat, 3).await, [], "reading is not in the log");
}

pub async fn history_comes_in_pages(world: World) {
    let chat = world.pair().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(world.say(chat, world.alice, &number.to_string()).await.id);
        world.say(world.group().await, world.bob, "elsewhere").await;
    }
    let page = async |before, limit| -> Vec<String> {
        let messages = world.store.messages(world.bob, chat, before, limit).await.unwrap().unwrap();
        messages.into_iter().map(|message| message.content).collect()
    };
    assert_eq!(page(None, 2).await, ["3", "4"]);
    assert_eq!(page(Some(ids[3]), 2).await, ["1", "2"]);
    assert_eq!(page(Some(ids[1]), 2).await, ["0"]);
    assert!(page(Some(ids[0]), 2).await.is_empty());
    let elsewhere = causerie_protocol::MessageId(ids[0].0 + 1);
    assert!(page(Some(elsewhere), 2).await.is_empty(), "a message of another chat is no place in this one");
}

pub async fn the_log_is_read_after_a_position(world: World) {
    let chat = world.pair().await;
    for text in ["a", "b", "c"] {
        world.say(chat, world.alice, text).await;
    }
    let position = world.store.position(world.bob, chat).await.unwrap().unwrap();
    assert_eq!(position.head, Seq(3));
    assert!(!position.epoch.0.is_empty());
    let seqs = |events: Vec<Event>| events.iter().map(|event| event.seq().0).collect::<Vec<_>>();
    assert_eq!(seqs(world.log(chat, 0).await), [1, 2, 3]);
    assert_eq!(seqs(world.log(chat, 2).await), [3]);
    assert!(world.log(chat, 3).await.is_empty());
    assert_eq!(seqs(world.store.events_after(world.bob, chat, Seq(0), 2).await.unwrap().unwrap()), [1, 2]);
}

pub async fn many_writers_leave_no_gap_and_keep_their_order(world: World) {
    let chat = world.pair().await;
    let mut tasks = Vec::new();
    for writer in 0..8 {
        let store = world.store.clone();
        let actor = if writer % 2 == 0 { world.alice } else { world.bob };
        tasks.push(tokio::spawn(async move {
            for number in 0..20 {
                let change = message(&format!("{writer} {number}"), None);
                store.append(&[Append { actor, chat, change }]).await.unwrap()[0].clone().unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let log = world.log(chat, 0).await;
    assert_eq!(log.iter().map(|event| event.seq().0).collect::<Vec<_>>(), (1..=160).collect::<Vec<_>>());
    for writer in 0..8 {
        let prefix = format!("{writer} ");
        let own = log.iter().filter_map(|event| match event {
            Event::Message(message) => message.content.strip_prefix(&prefix)?.parse::<u32>().ok(),
            _ => None,
        });
        assert!(own.eq(0..20), "writer {writer}");
    }
}

pub async fn any_text_is_kept_as_it_is(world: World) {
    let chat = world.pair().await;
    let texts = [
        "<script>alert(1)</script>",
        "'; DROP TABLE events; --",
        "مرحبا \u{202e}abc",
        "e\u{301} 👩‍👩‍👧 ☔",
        "  leading\nand trailing  ",
        "nul \u{0} inside",
        &"x".repeat(16 * 1024),
    ];
    for text in texts {
        world.say(chat, world.alice, text).await;
    }
    assert_eq!(world.texts(chat).await, texts);
}
