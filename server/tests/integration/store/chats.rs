//! Chats and who is in them.

use std::collections::HashSet;

use causerie_protocol::rest::{ChatKind, ChatStatus};
use causerie_protocol::{ChatId, ClientId, Event, MessageId, MessageText, Seq, limits};
use causerie_server::store::{Change, Created, Deletion, NewChat, Refused};

use super::world::{World, message};

pub async fn a_pair_has_one_chat(world: World) {
    let (first, new) = world.new_chat(&[world.alice, world.bob], None).await;
    assert!(new);
    assert_eq!(world.new_chat(&[world.bob, world.alice], None).await, (first, false));
    let (other, new) = world.new_chat(&[world.alice, world.carol], None).await;
    assert!(new && other != first);
    let (group, new) = world.new_chat(&[world.alice, world.bob], Some("Trip")).await;
    assert!(new && group != first, "a group of two is not the pair's chat");
}

pub async fn a_chat_is_seen_by_its_people_only(world: World) {
    let chat = world.pair().await;
    let seen = world.seen_by(world.alice, chat).await;
    assert_eq!((seen.kind, seen.status, seen.head), (ChatKind::Direct, ChatStatus::Active, Seq::ZERO));
    assert_eq!(seen.participants.iter().map(|p| p.user.id).collect::<Vec<_>>(), [world.alice, world.bob]);
    assert_eq!(world.store.acquaintances(world.alice).await.unwrap(), [world.bob]);
    for nobody in
        [world.store.chat(world.carol, chat).await, world.store.chat(world.alice, ChatId(999)).await]
    {
        assert_eq!(nobody.unwrap(), None);
    }
    let id = world.say(chat, world.alice, "secret").await.id;
    assert_eq!(world.store.messages(world.carol, chat, None, 10).await.unwrap(), None);
    assert_eq!(world.store.events_after(world.carol, chat, Seq::ZERO, 10).await.unwrap(), None);
    assert_eq!(world.store.position(world.carol, chat).await.unwrap(), None);
    assert_eq!(world.store.message(world.carol, id).await.unwrap(), None);
    assert_eq!(world.append(chat, world.carol, message("hi", None)).await, Err(Refused::NoSuchChat));
    assert_eq!(world.append(ChatId(999), world.alice, message("hi", None)).await, Err(Refused::NoSuchChat));
}

pub async fn unread_counts_messages_of_others_that_are_not_deleted(world: World) {
    let chat = world.pair().await;
    world.say(chat, world.alice, "mine").await;
    let deleted = world.say(chat, world.bob, "one").await;
    world.say(chat, world.bob, "two").await;
    assert_eq!(world.seen_by(world.alice, chat).await.unread, 2);
    world.event(chat, world.bob, Change::Delete { id: deleted.id }).await;
    assert_eq!(world.seen_by(world.alice, chat).await.unread, 1);
    world.append(chat, world.alice, Change::Read { seq: Seq(3) }).await.unwrap();
    assert_eq!(world.seen_by(world.alice, chat).await.unread, 0);
    assert_eq!(world.seen_by(world.bob, chat).await.unread, 1);
}

pub async fn the_chat_that_changed_last_comes_first(world: World) {
    let pair = world.pair().await;
    let group = world.group().await;
    world.say(pair, world.bob, "later").await;
    let listed = world.store.chats(world.alice, None, 100).await.unwrap();
    assert_eq!(listed.iter().map(|chat| chat.id).collect::<Vec<_>>(), [pair, group]);
    assert_eq!(listed[0].last_message.as_ref().unwrap().content, "later");
    assert_eq!(listed[1].last_message, None);
    assert_eq!(listed[1].title.as_deref(), Some("Dinner"));
    assert!(world.store.chats(world.carol, None, 100).await.unwrap().is_empty());
}

/// The chats of Alice, the first of the list first.
async fn order(world: &World) -> Vec<ChatId> {
    world.store.chats(world.alice, None, 100).await.unwrap().iter().map(|chat| chat.id).collect()
}

pub async fn only_messages_move_a_chat(world: World) {
    let (group, pair) = (world.group().await, world.pair().await);
    let message = world.say(group, world.alice, "old").await;
    world.say(pair, world.bob, "new").await;
    let id = message.id;
    for change in [
        Change::Edit { id, text: MessageText::new("other").unwrap(), plain: false, sent_since: None },
        Change::Join { user: world.carol },
        Change::Update { title: Some("Lunch".into()), status: None, hides_past: None },
        Change::Update { title: None, status: Some(ChatStatus::Closed), hides_past: None },
        Change::Update { title: None, status: Some(ChatStatus::Active), hides_past: None },
        Change::Read { seq: Seq(1) },
        Change::Delete { id },
    ] {
        world.append(group, world.alice, change.clone()).await.unwrap();
        assert_eq!(order(&world).await, [pair, group], "{change:?} is no message");
    }
    world.event(group, world.carol, Change::Leave).await;
    assert_eq!(order(&world).await, [pair, group]);
    // Nor does the deletion of its newest message bring a chat down: it was the last to be written in.
    let last = world.say(group, world.alice, "newest").await;
    world.event(group, world.alice, Change::Delete { id: last.id }).await;
    assert_eq!(order(&world).await, [group, pair]);
}

pub async fn the_list_comes_in_pages_that_join_without_a_gap(world: World) {
    // Three chats that were started at the same place of the logs, and two with messages.
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.push(world.new_chat(&[world.alice, world.bob], Some(&number.to_string())).await.0);
    }
    world.say(expected[1], world.alice, "one").await;
    world.say(expected[3], world.bob, "two").await;
    let expected = [expected[3], expected[1], expected[4], expected[2], expected[0]];
    for limit in 1..=6 {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = world.store.chats(world.alice, before, limit).await.unwrap();
            assert!(page.len() as u64 <= limit);
            let Some(last) = page.last() else { break };
            before = Some(last.cursor());
            for chat in &page {
                assert_eq!(*chat, world.seen_by(world.alice, chat.id).await, "the same in a page and alone");
            }
            seen.extend(page.iter().map(|chat| chat.id));
            assert!(seen.len() <= expected.len(), "{seen:?}");
        }
        assert_eq!(seen, expected, "in pages of {limit}");
    }
}

pub async fn a_chat_that_is_started_is_first_until_another_is_written_in(world: World) {
    let group = world.group().await;
    world.say(group, world.alice, "one").await;
    let pair = world.pair().await;
    assert_eq!(order(&world).await, [pair, group]);
    // What was deleted since still counts as having been there.
    let gone = world.new_chat(&[world.alice, world.carol], None).await.0;
    world.say(gone, world.alice, "two").await;
    let empty = world.new_chat(&[world.alice, world.bob], Some("Trip")).await.0;
    world.store.delete_chat(world.alice, gone).await.unwrap().unwrap();
    let newest = world.new_chat(&[world.alice, world.bob], Some("Later")).await.0;
    assert_eq!(order(&world).await, [newest, empty, pair, group]);
    world.say(group, world.bob, "three").await;
    assert_eq!(order(&world).await, [group, newest, empty, pair]);
}

pub async fn chats_that_moved_are_found_by_their_newest_message(world: World) {
    let (group, pair) = (world.group().await, world.pair().await);
    let first = world.say(group, world.alice, "one").await;
    let moved = async |user, after, limit| -> Vec<(ChatId, Seq)> {
        let moved = world.store.moved_chats(user, after, limit).await.unwrap();
        moved.into_iter().map(|(place, head)| (place.id, head)).collect()
    };
    assert_eq!(moved(world.alice, first.id, 10).await, []);
    let last = world.say(pair, world.bob, "two").await;
    world
        .event(
            group,
            world.alice,
            Change::Edit {
                id: first.id,
                text: MessageText::new("1").unwrap(),
                plain: false,
                sent_since: None,
            },
        )
        .await;
    assert_eq!(moved(world.alice, first.id, 10).await, [(pair, Seq(1))], "an edit moves nothing");
    assert_eq!(moved(world.alice, MessageId(0), 1).await, [(pair, Seq(1))]);
    assert_eq!(moved(world.alice, MessageId(0), 10).await, [(pair, Seq(1)), (group, Seq(2))]);
    assert_eq!(moved(world.carol, MessageId(0), 10).await, []);
    assert_eq!(world.seen_by(world.alice, pair).await.sort_key, Some(last.id));
}

pub async fn the_list_holds_some_people_of_a_large_chat_and_counts_all(world: World) {
    let mut people = vec![world.alice, world.bob];
    for number in 0..limits::LISTED_PARTICIPANTS {
        let email = format!("guest{number}@example.org");
        people.push(world.store.create_user(&email, "guest", "hash").await.unwrap().unwrap().id);
    }
    let chat = world.new_chat(&people, Some("Everybody")).await.0;
    let last = *people.last().unwrap();
    for (user, listed) in [(world.alice, &people[..limits::LISTED_PARTICIPANTS]), (last, &people[..])] {
        let page = world.store.chats(user, None, 10).await.unwrap();
        let seen: Vec<_> = page[0].participants.iter().map(|one| one.user.id).collect();
        assert_eq!(seen.len(), limits::LISTED_PARTICIPANTS);
        assert!(seen.is_sorted() && seen.contains(&user), "whose list it is, is in it");
        assert!(seen.iter().all(|one| listed.contains(one)));
        assert_eq!(page[0].participant_count, people.len() as u64);
        let whole = world.seen_by(user, chat).await;
        assert_eq!((whole.participants.len(), whole.participant_count), (people.len(), people.len() as u64));
    }
}

fn trip(world: &World, client_id: &str) -> NewChat {
    NewChat {
        creator: world.alice,
        participants: vec![world.alice, world.bob],
        title: Some("Trip".into()),
        direct: false,
        client_id: Some(ClientId::new(client_id).unwrap()),
        asks: false,
        unseen: false,
    }
}

pub async fn the_same_client_id_is_one_chat_for_ever(world: World) {
    let create = async |chat: NewChat| world.store.create_chat(chat).await.unwrap();
    let Created::New(chat) = create(trip(&world, "c-1")).await else { panic!("not made") };
    assert_eq!(create(trip(&world, "c-1")).await, Created::Repeated(chat));
    // Whoever is named in another order, it is the same request.
    let reversed = NewChat { participants: vec![world.bob, world.alice], ..trip(&world, "c-1") };
    assert_eq!(create(reversed).await, Created::Repeated(chat));
    for other in [
        NewChat { title: Some("Dinner".into()), ..trip(&world, "c-1") },
        NewChat { participants: vec![world.alice, world.carol], ..trip(&world, "c-1") },
        NewChat { title: None, direct: true, ..trip(&world, "c-1") },
    ] {
        assert_eq!(create(other).await, Created::ClientIdReused);
    }
    // Another name, or another creator, is another request.
    let Created::New(other) = create(trip(&world, "c-2")).await else { panic!("not made") };
    let bens = NewChat { creator: world.bob, ..trip(&world, "c-1") };
    assert!(matches!(create(bens).await, Created::New(third) if third != chat && third != other));
    // A pair's chat is found by the name as well.
    let pair = world.pair().await;
    let asked = || NewChat { title: None, direct: true, ..trip(&world, "c-3") };
    assert_eq!(create(asked()).await, Created::Existing(pair));
    assert_eq!(create(asked()).await, Created::Repeated(pair));
    // For ever: also when the chat was renamed, and when it is gone.
    world
        .event(
            chat,
            world.alice,
            Change::Update { title: Some("Sea".into()), status: None, hides_past: None },
        )
        .await;
    assert_eq!(create(trip(&world, "c-1")).await, Created::Repeated(chat));
    world.store.delete_chat(world.alice, chat).await.unwrap().unwrap();
    assert_eq!(create(trip(&world, "c-1")).await, Created::Repeated(chat));
    assert_eq!(world.store.chat(world.alice, chat).await.unwrap(), None);
}

pub async fn copies_of_a_request_that_come_at_once_make_one_chat(world: World) {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, chat) = (world.store.clone(), trip(&world, "c-1"));
            tokio::spawn(async move { store.create_chat(chat).await.unwrap() })
        })
        .collect();
    let (mut made, mut ids) = (0, HashSet::new());
    for task in tasks {
        match task.await.unwrap() {
            Created::New(id) => {
                made += 1;
                ids.insert(id);
            }
            Created::Repeated(id) => {
                ids.insert(id);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((made, ids.len(), order(&world).await.len()), (1, 1, 1));
}

pub async fn a_deleted_group_is_gone_with_its_log(world: World) {
    let chat = world.group().await;
    let message_id = world.say(chat, world.alice, "gone").await.id;
    assert_eq!(world.store.delete_chat(world.carol, chat).await.unwrap(), Err(Refused::NoSuchChat));
    assert_eq!(world.store.delete_chat(world.bob, chat).await.unwrap(), Err(Refused::RoleTooLow));
    let deleted = world.store.delete_chat(world.alice, chat).await.unwrap();
    assert_eq!(deleted, Ok(Deletion::ForAll(vec![world.alice, world.bob])));
    assert_eq!(world.store.chat(world.alice, chat).await.unwrap(), None);
    assert!(world.store.heads(&[chat]).await.unwrap().is_empty());
    let again = world.group().await;
    assert!(again != chat, "ids are not used again");
    assert!(world.say(again, world.alice, "new").await.id > message_id, "nor are messages' ids");
}

pub async fn a_group_takes_people_and_lets_them_go(world: World) {
    let chat = world.group().await;
    world.say(chat, world.alice, "before").await;
    let joined = world.event(chat, world.alice, Change::Join { user: world.carol }).await;
    assert!(matches!(&joined, Event::Joined(data) if data.user.id == world.carol && data.seq == Seq(2)));
    assert_eq!(world.seen_by(world.carol, chat).await.unread, 0, "what was said before is not unread");
    let again = world.append(chat, world.alice, Change::Join { user: world.carol }).await;
    assert_eq!(again, Err(Refused::AlreadyIn));
    let left = world.event(chat, world.carol, Change::Leave).await;
    assert!(matches!(&left, Event::Left(data) if data.user.id == world.carol && data.seq == Seq(3)));
    assert_eq!(world.append(chat, world.carol, message("still here", None)).await, Err(Refused::NoSuchChat));
    assert_eq!(world.log(chat, 1).await, [joined, left]);
    let pair = world.pair().await;
    for change in [Change::Leave, Change::Join { user: world.carol }] {
        assert_eq!(world.append(pair, world.alice, change).await, Err(Refused::NotAGroup));
    }
}
