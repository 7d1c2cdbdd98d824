//! Refusals: as durable as acks, so that a copy of a message that waited somewhere is never stored behind later ones.

use causerie_protocol::rest::ChatStatus;
use causerie_protocol::{ChatId, UserId};
use causerie_server::store::{Append, Appended, Change, Refused};

use super::world::{World, message};

pub async fn who_was_out_of_the_chat_stays_refused_for_that_message(world: World) {
    let group = world.group().await;
    world.event(group, world.bob, Change::Leave).await;
    let refused = world.append(group, world.bob, message("while out", Some("m-1"))).await;
    assert_eq!(refused, Err(Refused::NoSuchChat));
    world.event(group, world.alice, Change::Join { user: world.bob }).await;
    world.event(group, world.bob, message("back", Some("m-2"))).await;
    for text in ["while out", "with another text"] {
        let late = world.append(group, world.bob, message(text, Some("m-1"))).await;
        assert_eq!(late, Err(Refused::NoSuchChat), "{text}");
    }
    assert_eq!(world.texts(group).await, ["back"]);
}

pub async fn a_message_to_a_closed_chat_stays_refused_when_it_opens(world: World) {
    let chat = world.group().await;
    world.set_status(chat, ChatStatus::Closed).await;
    let refused = world.append(chat, world.alice, message("late", Some("m-1"))).await;
    assert_eq!(refused, Err(Refused::ChatClosed));
    world.set_status(chat, ChatStatus::Active).await;
    let again = world.append(chat, world.alice, message("late", Some("m-1"))).await;
    assert_eq!(again, Err(Refused::ChatClosed));
    // Of that person in that chat only, and a new name is a new message.
    world.event(chat, world.bob, message("mine", Some("m-1"))).await;
    world.event(world.group().await, world.alice, message("elsewhere", Some("m-1"))).await;
    world.event(chat, world.alice, message("late", Some("m-1~"))).await;
    assert_eq!(world.texts(chat).await, ["mine", "late"]);
}

pub async fn a_refusal_counts_for_what_follows_it_in_its_batch(world: World) {
    let group = world.group().await;
    let append = |actor, change| Append { actor, chat: group, change };
    let late = || append(world.bob, message("late", Some("m-1")));
    let results = world
        .store
        .append(&[
            append(world.bob, Change::Leave),
            late(),
            late(),
            append(world.alice, Change::Join { user: world.bob }),
            late(),
            append(world.bob, message("later", Some("m-2"))),
        ])
        .await
        .unwrap();
    for place in [1, 2, 4] {
        assert_eq!(results[place], Err(Refused::NoSuchChat), "{place}");
    }
    assert_eq!(world.texts(group).await, ["later"]);
}

pub async fn what_is_stored_is_acknowledged_to_who_has_left_since(world: World) {
    let group = world.group().await;
    let Appended::Event(causerie_protocol::Event::Message(first)) =
        world.append(group, world.bob, message("in time", Some("m-1"))).await.unwrap()
    else {
        panic!("no message")
    };
    world.event(group, world.bob, Change::Leave).await;
    // The ack of the first send may have been lost: refused now, it would be written a second time.
    let again = world.append(group, world.bob, message("in time", Some("m-1"))).await;
    assert_eq!(again, Ok(Appended::Duplicate(first)));
    let other = world.append(group, world.carol, message("in time", Some("m-1"))).await;
    assert_eq!(other, Err(Refused::NoSuchChat));
}

pub async fn two_copies_at_once_have_one_outcome(world: World) {
    let group = world.group().await;
    for round in 0..20 {
        let name = format!("m-{round}");
        let copy = || {
            let store = world.store.clone();
            let append = Append { actor: world.bob, chat: group, change: message("copy", Some(&name)) };
            tokio::spawn(async move { store.append(&[append]).await.unwrap().remove(0) })
        };
        let leave = {
            let store = world.store.clone();
            let append = Append { actor: world.bob, chat: group, change: Change::Leave };
            tokio::spawn(async move { store.append(&[append]).await.unwrap().remove(0) })
        };
        let (first, second) = (copy(), copy());
        leave.await.unwrap().unwrap();
        let outcomes = [first.await.unwrap().is_ok(), second.await.unwrap().is_ok()];
        world.event(group, world.alice, Change::Join { user: world.bob }).await;
        let last = world.append(group, world.bob, message("copy", Some(&name))).await.is_ok();
        assert_eq!(outcomes, [last, last], "{round}");
    }
}

pub async fn a_chat_that_is_gone_or_never_was_refuses_too(world: World) {
    let group = world.group().await;
    world.event(group, world.bob, Change::Leave).await;
    let to = async |chat, actor: UserId, name| world.append(chat, actor, message("a", Some(name))).await;
    assert_eq!(to(group, world.bob, "m-1").await, Err(Refused::NoSuchChat));
    world.store.delete_chat(world.alice, group).await.unwrap().unwrap();
    assert_eq!(to(group, world.bob, "m-1").await, Err(Refused::NoSuchChat));
    assert_eq!(to(ChatId(9_999), world.bob, "m-1").await, Err(Refused::NoSuchChat));
}
