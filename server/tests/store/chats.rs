//! Chats and who is in them.

use causerie_protocol::rest::{ChatKind, ChatStatus};
use causerie_protocol::{ChatId, Event, Seq};
use causerie_server::store::{Change, Refused};

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
    assert_eq!(world.store.participants(chat).await.unwrap(), [world.ana, world.ben]);
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
    let listed = world.store.chats(world.ana).await.unwrap();
    assert_eq!(listed.iter().map(|chat| chat.id).collect::<Vec<_>>(), [pair, group]);
    assert_eq!(listed[0].last_message.as_ref().unwrap().content, "later");
    assert_eq!(listed[1].last_message, None);
    assert_eq!(listed[1].title.as_deref(), Some("Dinner"));
    assert!(world.store.chats(world.cleo).await.unwrap().is_empty());
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
