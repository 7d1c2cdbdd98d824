//! Messages that are pinned in their chat.

use causerie_protocol::limits::PINNED_MESSAGES;
use causerie_protocol::rest::{ChatRole, ChatStatus};
use causerie_protocol::{ChatId, Event, MessageId, MessageText, UserId};
use causerie_server::store::{Appended, Change, Refused};

use super::world::World;

const fn pin(id: MessageId) -> Change {
    Change::Pin { id, on: true }
}

const fn unpin(id: MessageId) -> Change {
    Change::Pin { id, on: false }
}

/// What is pinned to somebody: in the chat alone, and the same in the list.
async fn pinned(world: &World, user: UserId, chat: ChatId) -> Vec<String> {
    let alone = world.store.chat(user, chat).await.unwrap().unwrap().pinned;
    let listed = world.store.chats(user, None, 100).await.unwrap();
    let listed = listed.into_iter().find(|one| one.id == chat).unwrap().pinned;
    assert_eq!(alone, listed);
    assert!(alone.iter().all(|original| original.sender.as_ref().is_some_and(|it| it.email.is_none())));
    alone.into_iter().map(|original| original.content).collect()
}

pub async fn a_pinned_message_is_in_the_chat_as_it_stands_now(world: World) {
    let chat = world.pair().await;
    let first = world.say(chat, world.alice, "first").await;
    let second = world.say(chat, world.bob, "second").await;
    let event = world.event(chat, world.bob, pin(first.id)).await;
    let Event::Pinned(told) = &event else { panic!("{event:?}") };
    assert_eq!((told.id, told.user.id, told.on), (first.id, world.bob, true));
    assert_eq!(world.log(chat, 2).await, [event], "the log tells the same");
    world.event(chat, world.alice, pin(second.id)).await;
    assert_eq!(pinned(&world, world.alice, chat).await, ["second", "first"], "the newest pin first");
    let again = world.append(chat, world.alice, pin(first.id)).await;
    assert!(matches!(again, Ok(Appended::Unchanged { .. })), "{again:?}");
    let text = MessageText::new("1st").unwrap();
    world.event(chat, world.alice, Change::Edit { id: first.id, text, plain: false, sent_since: None }).await;
    assert_eq!(pinned(&world, world.bob, chat).await, ["second", "1st"]);
    world.event(chat, world.bob, Change::Delete { id: second.id }).await;
    assert_eq!(pinned(&world, world.bob, chat).await, ["1st"], "what is deleted is not pinned");
    let event = world.event(chat, world.bob, unpin(first.id)).await;
    assert!(matches!(&event, Event::Pinned(told) if !told.on), "{event:?}");
    assert_eq!(pinned(&world, world.alice, chat).await, [""; 0]);
    let again = world.append(chat, world.bob, unpin(first.id)).await;
    assert!(matches!(again, Ok(Appended::Unchanged { .. })), "{again:?}");
}

pub async fn who_may_pin_and_how_many(world: World) {
    let chat = world.group().await;
    let mut said = Vec::new();
    for number in 0..=PINNED_MESSAGES {
        said.push(world.say(chat, world.bob, &number.to_string()).await.id);
    }
    let (more, fitting) = said.split_last().unwrap();
    assert_eq!(world.append(chat, world.bob, pin(*more)).await, Err(Refused::RoleTooLow));
    world.event(chat, world.alice, Change::SetRole { user: world.bob, role: ChatRole::Moderator }).await;
    for id in fitting {
        world.event(chat, world.bob, pin(*id)).await;
    }
    assert_eq!(world.append(chat, world.alice, pin(*more)).await, Err(Refused::TooManyPinnedMessages));
    world.event(chat, world.alice, unpin(fitting[0])).await;
    world.event(chat, world.alice, pin(*more)).await;
    assert_eq!(pinned(&world, world.bob, chat).await.len(), PINNED_MESSAGES);
    world.set_status(chat, ChatStatus::Closed).await;
    assert_eq!(world.append(chat, world.alice, unpin(*more)).await, Err(Refused::ChatClosed));
}

pub async fn what_one_may_not_see_is_not_pinned_to_one(world: World) {
    let chat = world.new_chat(&[world.alice, world.bob], Some("Trip")).await.0;
    let other = world.pair().await;
    let before = world.say(chat, world.alice, "before").await;
    assert_eq!(world.append(other, world.alice, pin(before.id)).await, Err(Refused::NoSuchMessage));
    assert_eq!(world.append(chat, world.carol, pin(before.id)).await, Err(Refused::NoSuchChat));
    world.event(chat, world.alice, pin(before.id)).await;
    let hide = Change::Update { title: None, status: None, hides_past: Some(true) };
    world.event(chat, world.alice, hide).await;
    world.event(chat, world.alice, Change::Join { user: world.carol }).await;
    assert_eq!(pinned(&world, world.bob, chat).await, ["before"]);
    assert_eq!(pinned(&world, world.carol, chat).await, [""; 0]);
    world.event(chat, world.alice, Change::SetRole { user: world.carol, role: ChatRole::Moderator }).await;
    assert_eq!(world.append(chat, world.carol, unpin(before.id)).await, Err(Refused::NoSuchMessage));
}
