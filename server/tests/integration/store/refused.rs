//! Refusals: as durable as acks, so that a copy of a message that waited somewhere is never stored behind later ones.

use causerie_protocol::rest::ChatStatus;
use causerie_protocol::{ChatId, UserId};
use causerie_server::store::{Append, Appended, Change, Refused};

use super::world::{World, message};

fn status(status: ChatStatus) -> Change {
    Change::Update { title: None, status: Some(status) }
}

pub async fn who_was_out_of_the_chat_stays_refused_for_that_message(world: World) {
    let group = world.group().await;
    world.event(group, world.ben, Change::Leave).await;
    let refused = world.append(group, world.ben, message("while out", Some("m-1"))).await;
    assert_eq!(refused, Err(Refused::NoSuchChat));
    world.event(group, world.ana, Change::Join { user: world.ben }).await;
    world.event(group, world.ben, message("back", Some("m-2"))).await;
    for text in ["while out", "with another text"] {
        let late = world.append(group, world.ben, message(text, Some("m-1"))).await;
        assert_eq!(late, Err(Refused::NoSuchChat), "{text}");
    }
    assert_eq!(world.texts(group).await, ["back"]);
}

pub async fn a_message_to_a_closed_chat_stays_refused_when_it_opens(world: World) {
    let chat = world.pair().await;
    world.event(chat, world.ben, status(ChatStatus::Closed)).await;
    let refused = world.append(chat, world.ana, message("late", Some("m-1"))).await;
    assert_eq!(refused, Err(Refused::ChatClosed));
    world.event(chat, world.ben, status(ChatStatus::Active)).await;
    let again = world.append(chat, world.ana, message("late", Some("m-1"))).await;
    assert_eq!(again, Err(Refused::ChatClosed));
    // Of that person in that chat only, and a new name is a new message.
    world.event(chat, world.ben, message("mine", Some("m-1"))).await;
    world.event(world.group().await, world.ana, message("elsewhere", Some("m-1"))).await;
    world.event(chat, world.ana, message("late", Some("m-1~"))).await;
    assert_eq!(world.texts(chat).await, ["mine", "late"]);
}

pub async fn a_refusal_counts_for_what_follows_it_in_its_batch(world: World) {
    let group = world.group().await;
    let append = |actor, change| Append { actor, chat: group, change };
    let late = || append(world.ben, message("late", Some("m-1")));
    let results = world
        .store
        .append(&[
            append(world.ben, Change::Leave),
            late(),
            late(),
            append(world.ana, Change::Join { user: world.ben }),
            late(),
            append(world.ben, message("later", Some("m-2"))),
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
        world.append(group, world.ben, message("in time", Some("m-1"))).await.unwrap()
    else {
        panic!("no message")
    };
    world.event(group, world.ben, Change::Leave).await;
    // The ack of the first send may have been lost: refused now, it would be written a second time.
    let again = world.append(group, world.ben, message("in time", Some("m-1"))).await;
    assert_eq!(again, Ok(Appended::Duplicate(first)));
    let other = world.append(group, world.cleo, message("in time", Some("m-1"))).await;
    assert_eq!(other, Err(Refused::NoSuchChat));
}

pub async fn two_copies_at_once_have_one_outcome(world: World) {
    let group = world.group().await;
    for round in 0..20 {
        let name = format!("m-{round}");
        let copy = || {
            let store = world.store.clone();
            let append = Append { actor: world.ben, chat: group, change: message("copy", Some(&name)) };
            tokio::spawn(async move { store.append(&[append]).await.unwrap().remove(0) })
        };
        let leave = {
            let store = world.store.clone();
            let append = Append { actor: world.ben, chat: group, change: Change::Leave };
            tokio::spawn(async move { store.append(&[append]).await.unwrap().remove(0) })
        };
        let (first, second) = (copy(), copy());
        leave.await.unwrap().unwrap();
        let outcomes = [first.await.unwrap().is_ok(), second.await.unwrap().is_ok()];
        world.event(group, world.ana, Change::Join { user: world.ben }).await;
        let last = world.append(group, world.ben, message("copy", Some(&name))).await.is_ok();
        assert_eq!(outcomes, [last, last], "{round}");
    }
}

pub async fn a_chat_that_is_gone_or_never_was_refuses_too(world: World) {
    let group = world.group().await;
    world.event(group, world.ben, Change::Leave).await;
    let to = async |chat, actor: UserId, name| world.append(chat, actor, message("a", Some(name))).await;
    assert_eq!(to(group, world.ben, "m-1").await, Err(Refused::NoSuchChat));
    world.store.delete_chat(world.ana, group).await.unwrap().unwrap();
    assert_eq!(to(group, world.ben, "m-1").await, Err(Refused::NoSuchChat));
    assert_eq!(to(ChatId(9_999), world.ben, "m-1").await, Err(Refused::NoSuchChat));
}
