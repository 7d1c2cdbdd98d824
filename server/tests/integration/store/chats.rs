//! Chats and who is in them.

use std::collections::HashSet;

use causerie_protocol::rest::{ChatKind, ChatStatus};
use causerie_protocol::{ChatId, ClientId, Event, MessageId, MessageText, Seq, limits};
use causerie_server::store::{Change, Created, NewChat, Refused};

use super::world::{World, message};

pub async fn a_pair_has_one_chat(world: World) {
    let (first, new) = world.new_chat(&[world.ana, world.ben], None).await;
    assert!(new);
    assert_eq!(world.new_chat(&[world.ben, world.ana], None).await, (first, false));
    let (other, new) = world.new_chat(&[world.ana, world.cleo], None).await;
    assert!(new && other != first);
    let (group, new) = world.new_chat(&[world.ana, world.ben], Some("Trip")).await;
    assert!(new && group != first, "a group of two is not the pair's chat");
}

pub async fn a_chat_is_seen_by_its_people_only(world: World) {
    let chat = world.pair().await;
    let seen = world.seen_by(world.ana, chat).await;
    assert_eq!((seen.kind, seen.status, seen.head), (ChatKind::Direct, ChatStatus::Active, Seq::ZERO));
    assert_eq!(seen.participants.iter().map(|p| p.user.id).collect::<Vec<_>>(), [world.ana, world.ben]);
    assert_eq!(world.store.acquaintances(world.ana).await.unwrap(), [world.ben]);
    for nobody in [world.store.chat(world.cleo, chat).await, world.store.chat(world.ana, ChatId(999)).await] {
        assert_eq!(nobody.unwrap(), None);
    }
    let id = world.say(chat, world.ana, "secret").await.id;
    assert_eq!(world.store.messages(world.cleo, chat, None, 10).await.unwrap(), None);
    assert_eq!(world.store.events_after(world.cleo, chat, Seq::ZERO, 10).await.unwrap(), None);
    assert_eq!(world.store.position(world.cleo, chat).await.unwrap(), None);
    assert_eq!(world.store.message(world.cleo, id).await.unwrap(), None);
    assert_eq!(world.append(chat, world.cleo, message("hi", None)).await, Err(Refused::NoSuchChat));
    assert_eq!(world.append(ChatId(999), world.ana, message("hi", None)).await, Err(Refused::NoSuchChat));
}

pub async fn unread_counts_messages_of_others_that_are_not_deleted(world: World) {
    let chat = world.pair().await;
    world.say(chat, world.ana, "mine").await;
    let deleted = world.say(chat, world.ben, "one").await;
    world.say(chat, world.ben, "two").await;
    assert_eq!(world.seen_by(world.ana, chat).await.unread, 2);
    world.event(chat, world.ben, Change::Delete { id: deleted.id }).await;
    assert_eq!(world.seen_by(world.ana, chat).await.unread, 1);
    world.append(chat, world.ana, Change::Read { seq: Seq(3) }).await.unwrap();
    assert_eq!(world.seen_by(world.ana, chat).await.unread, 0);
    assert_eq!(world.seen_by(world.ben, chat).await.unread, 1);
}

pub async fn the_chat_that_changed_last_comes_first(world: World) {
    let pair = world.pair().await;
    let group = world.group().await;
    world.say(pair, world.ben, "later").await;
    let listed = world.store.chats(world.ana, None, 100).await.unwrap();
    assert_eq!(listed.iter().map(|chat| chat.id).collect::<Vec<_>>(), [pair, group]);
    assert_eq!(listed[0].last_message.as_ref().unwrap().content, "later");
    assert_eq!(listed[1].last_message, None);
    assert_eq!(listed[1].title.as_deref(), Some("Dinner"));
    assert!(world.store.chats(world.cleo, None, 100).await.unwrap().is_empty());
}

/// The chats of Ana, the first of the list first.
async fn order(world: &World) -> Vec<ChatId> {
    world.store.chats(world.ana, None, 100).await.unwrap().iter().map(|chat| chat.id).collect()
}

pub async fn only_messages_move_a_chat(world: World) {
    let (group, pair) = (world.group().await, world.pair().await);
    let message = world.say(group, world.ana, "old").await;
    world.say(pair, world.ben, "new").await;
    let id = message.id;
    for change in [
        Change::Edit { id, text: MessageText::new("other").unwrap() },
        Change::Join { user: world.cleo },
        Change::Update { title: Some("Lunch".into()), status: None },
        Change::Update { title: None, status: Some(ChatStatus::Closed) },
        Change::Update { title: None, status: Some(ChatStatus::Active) },
        Change::Read { seq: Seq(1) },
        Change::Delete { id },
    ] {
        world.append(group, world.ana, change.clone()).await.unwrap();
        assert_eq!(order(&world).await, [pair, group], "{change:?} is no message");
    }
    world.event(group, world.cleo, Change::Leave).await;
    assert_eq!(order(&world).await, [pair, group]);
    // Nor does the deletion of its newest message bring a chat down: it was the last to be written in.
    let last = world.say(group, world.ana, "newest").await;
    world.event(group, world.ana, Change::Delete { id: last.id }).await;
    assert_eq!(order(&world).await, [group, pair]);
}

pub async fn the_list_comes_in_pages_that_join_without_a_gap(world: World) {
    // Three chats that were started at the same place of the logs, and two with messages.
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.push(world.new_chat(&[world.ana, world.ben], Some(&number.to_string())).await.0);
    }
    world.say(expected[1], world.ana, "one").await;
    world.say(expected[3], world.ben, "two").await;
    let expected = [expected[3], expected[1], expected[4], expected[2], expected[0]];
    for limit in 1..=6 {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = world.store.chats(world.ana, before, limit).await.unwrap();
            assert!(page.len() as u64 <= limit);
            let Some(last) = page.last() else { break };
            before = Some(last.cursor());
            for chat in &page {
                assert_eq!(*chat, world.seen_by(world.ana, chat.id).await, "the same in a page and alone");
            }
            seen.extend(page.iter().map(|chat| chat.id));
            assert!(seen.len() <= expected.len(), "{seen:?}");
        }
        assert_eq!(seen, expected, "in pages of {limit}");
    }
}

pub async fn a_chat_that_is_started_is_first_until_another_is_written_in(world: World) {
    let group = world.group().await;
    world.say(group, world.ana, "one").await;
    let pair = world.pair().await;
    assert_eq!(order(&world).await, [pair, group]);
    // What was deleted since still counts as having been there.
    let gone = world.new_chat(&[world.ana, world.cleo], None).await.0;
    world.say(gone, world.ana, "two").await;
    let empty = world.new_chat(&[world.ana, world.ben], Some("Trip")).await.0;
    world.store.delete_chat(world.ana, gone).await.unwrap().unwrap();
    let newest = world.new_chat(&[world.ana, world.ben], Some("Later")).await.0;
    assert_eq!(order(&world).await, [newest, empty, pair, group]);
    world.say(group, world.ben, "three").await;
    assert_eq!(order(&world).await, [group, newest, empty, pair]);
}

pub async fn chats_that_moved_are_found_by_their_newest_message(world: World) {
    let (group, pair) = (world.group().await, world.pair().await);
    let first = world.say(group, world.ana, "one").await;
    let moved = async |user, after, limit| -> Vec<(ChatId, Seq)> {
        let moved = world.store.moved_chats(user, after, limit).await.unwrap();
        moved.into_iter().map(|(place, head)| (place.id, head)).collect()
    };
    assert_eq!(moved(world.ana, first.id, 10).await, []);
    let last = world.say(pair, world.ben, "two").await;
    world.event(group, world.ana, Change::Edit { id: first.id, text: MessageText::new("1").unwrap() }).await;
    assert_eq!(moved(world.ana, first.id, 10).await, [(pair, Seq(1))], "an edit moves nothing");
    assert_eq!(moved(world.ana, MessageId(0), 1).await, [(pair, Seq(1))]);
    assert_eq!(moved(world.ana, MessageId(0), 10).await, [(pair, Seq(1)), (group, Seq(2))]);
    assert_eq!(moved(world.cleo, MessageId(0), 10).await, []);
    assert_eq!(world.seen_by(world.ana, pair).await.sort_key, Some(last.id));
}

pub async fn the_list_holds_some_people_of_a_large_chat_and_counts_all(world: World) {
    let mut people = vec![world.ana, world.ben];
    for number in 0..limits::LISTED_PARTICIPANTS {
        let email = format!("guest{number}@example.org");
        people.push(world.store.create_user(&email, "guest", "hash").await.unwrap().unwrap().id);
    }
    let chat = world.new_chat(&people, Some("Everybody")).await.0;
    let last = *people.last().unwrap();
    for (user, listed) in [(world.ana, &people[..limits::LISTED_PARTICIPANTS]), (last, &people[..])] {
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
        creator: world.ana,
        participants: vec![world.ana, world.ben],
        title: Some("Trip".into()),
        direct: false,
        client_id: Some(ClientId::new(client_id).unwrap()),
    }
}

pub async fn the_same_client_id_is_one_chat_for_ever(world: World) {
    let create = async |chat: NewChat| world.store.create_chat(chat).await.unwrap();
    let Created::New(chat) = create(trip(&world, "c-1")).await else { panic!("not made") };
    assert_eq!(create(trip(&world, "c-1")).await, Created::Repeated(chat));
    // Whoever is named in another order, it is the same request.
    let reversed = NewChat { participants: vec![world.ben, world.ana], ..trip(&world, "c-1") };
    assert_eq!(create(reversed).await, Created::Repeated(chat));
    for other in [
        NewChat { title: Some("Dinner".into()), ..trip(&world, "c-1") },
        NewChat { participants: vec![world.ana, world.cleo], ..trip(&world, "c-1") },
        NewChat { title: None, direct: true, ..trip(&world, "c-1") },
    ] {
        assert_eq!(create(other).await, Created::ClientIdReused);
    }
    // Another name, or another creator, is another request.
    let Created::New(other) = create(trip(&world, "c-2")).await else { panic!("not made") };
    let bens = NewChat { creator: world.ben, ..trip(&world, "c-1") };
    assert!(matches!(create(bens).await, Created::New(third) if third != chat && third != other));
    // A pair's chat is found by the name as well.
    let pair = world.pair().await;
    let asked = || NewChat { title: None, direct: true, ..trip(&world, "c-3") };
    assert_eq!(create(asked()).await, Created::Existing(pair));
    assert_eq!(create(asked()).await, Created::Repeated(pair));
    // For ever: also when the chat was renamed, and when it is gone.
    world.event(chat, world.ben, Change::Update { title: Some("Sea".into()), status: None }).await;
    assert_eq!(create(trip(&world, "c-1")).await, Created::Repeated(chat));
    world.store.delete_chat(world.ben, chat).await.unwrap().unwrap();
    assert_eq!(create(trip(&world, "c-1")).await, Created::Repeated(chat));
    assert_eq!(world.store.chat(world.ana, chat).await.unwrap(), None);
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

pub async fn a_deleted_chat_is_gone_with_its_log(world: World) {
    let chat = world.pair().await;
    let message_id = world.say(chat, world.ana, "gone").await.id;
    assert_eq!(world.store.delete_chat(world.cleo, chat).await.unwrap(), None);
    assert_eq!(world.store.delete_chat(world.ben, chat).await.unwrap(), Some(vec![world.ana, world.ben]));
    assert_eq!(world.store.chat(world.ana, chat).await.unwrap(), None);
    assert!(world.store.heads(&[chat]).await.unwrap().is_empty());
    let (again, new) = world.new_chat(&[world.ana, world.ben], None).await;
    assert!(new && again != chat, "ids are not used again");
    assert!(world.say(again, world.ana, "new").await.id > message_id, "nor are messages' ids");
}

pub async fn a_group_takes_people_and_lets_them_go(world: World) {
    let chat = world.group().await;
    world.say(chat, world.ana, "before").await;
    let joined = world.event(chat, world.ana, Change::Join { user: world.cleo }).await;
    assert!(matches!(&joined, Event::Joined(data) if data.user.id == world.cleo && data.seq == Seq(2)));
    assert_eq!(world.seen_by(world.cleo, chat).await.unread, 0, "what was said before is not unread");
    let again = world.append(chat, world.ben, Change::Join { user: world.cleo }).await;
    assert_eq!(again, Err(Refused::AlreadyIn));
    let left = world.event(chat, world.cleo, Change::Leave).await;
    assert!(matches!(&left, Event::Left(data) if data.user.id == world.cleo && data.seq == Seq(3)));
    assert_eq!(world.append(chat, world.cleo, message("still here", None)).await, Err(Refused::NoSuchChat));
    assert_eq!(world.log(chat, 1).await, [joined, left]);
    let pair = world.pair().await;
    for change in [Change::Leave, Change::Join { user: world.cleo }] {
        assert_eq!(world.append(pair, world.ana, change).await, Err(Refused::NotAGroup));
    }
}
