//! What messages said before their edits: who sees it, in which order, and until when.

use causerie_protocol::rest::{ChatRole, FormerText};
use causerie_protocol::{ChatId, MessageId, MessageText, Seq, UserId};
use causerie_server::clock::UnixMicros;
use causerie_server::store::{Change, Refused};

use super::world::World;

impl World {
    async fn edit(&self, chat: ChatId, by: UserId, id: MessageId, text: &str) {
        let text = MessageText::new(text).unwrap();
        self.event(chat, by, Change::Edit { id, text, plain: false, sent_since: None }).await;
    }

    async fn former(&self, user: UserId, id: MessageId) -> Option<Vec<FormerText>> {
        self.store.former_texts(user, id, None, 100).await.unwrap()
    }
}

fn texts(former: &[FormerText]) -> Vec<&str> {
    former.iter().map(|former| &*former.content).collect()
}

pub async fn every_edit_keeps_the_text_that_it_replaced_until_the_message_is_deleted(world: World) {
    let chat = world.pair().await;
    let said = world.say(chat, world.alice, "one\0").await;
    assert_eq!(world.former(world.alice, said.id).await, Some(Vec::new()));
    for text in ["two", "three", "four"] {
        world.edit(chat, world.alice, said.id, text).await;
    }
    let former = world.former(world.alice, said.id).await.unwrap();
    assert_eq!(texts(&former), ["three", "two", "one\0"]);
    assert_eq!(former[2].written_at, said.sent_at);
    assert_eq!(former[0].written_at, former[1].replaced_at);
    assert_eq!(former.iter().map(|former| former.seq.0).collect::<Vec<_>>(), [4, 3, 2]);
    let page = |before, limit| world.store.former_texts(world.alice, said.id, before, limit);
    assert_eq!(texts(&page(None, 1).await.unwrap().unwrap()), ["three"]);
    assert_eq!(texts(&page(Some(Seq(4)), 1).await.unwrap().unwrap()), ["two"]);
    assert_eq!(texts(&page(Some(Seq(2)), 1).await.unwrap().unwrap()), [""; 0]);
    // The log tells of an edit and not what it replaced.
    let log = world.store.events_after(world.alice, chat, Seq(1), 1).await.unwrap().unwrap();
    assert!(!format!("{log:?}").contains("one"), "{log:?}");

    world.event(chat, world.alice, Change::Delete { id: said.id }).await;
    assert_eq!(world.former(world.alice, said.id).await, Some(Vec::new()));
}

pub async fn the_sender_and_those_who_moderate_the_group_see_them(world: World) {
    let pair = world.pair().await;
    let said = world.say(pair, world.bob, "mine").await;
    world.edit(pair, world.bob, said.id, "still mine").await;
    assert_eq!(texts(&world.former(world.bob, said.id).await.unwrap()), ["mine"]);
    assert_eq!(world.former(world.alice, said.id).await, None);
    assert_eq!(world.former(world.carol, said.id).await, None);
    assert_eq!(world.former(world.bob, MessageId(4_711)).await, None);

    let people = [world.alice, world.bob, world.carol];
    let group = world.new_chat(&people, Some("Trip")).await.0;
    let said = world.say(group, world.bob, "before").await;
    world.edit(group, world.bob, said.id, "after").await;
    for (user, sees) in [(world.alice, true), (world.bob, true), (world.carol, false)] {
        assert_eq!(world.former(user, said.id).await.is_some(), sees, "{user}");
    }
    let promote = Change::SetRole { user: world.carol, role: ChatRole::Moderator };
    world.event(group, world.alice, promote).await;
    assert_eq!(texts(&world.former(world.carol, said.id).await.unwrap()), ["before"]);
    world.event(group, world.bob, Change::Leave).await;
    assert_eq!(world.former(world.bob, said.id).await, None, "who left sees nothing of the chat");
}

pub async fn who_came_later_sees_none_from_before(world: World) {
    let group = world.new_chat(&[world.alice, world.bob], Some("Trip")).await.0;
    world
        .event(group, world.alice, Change::Update { title: None, status: None, hides_past: Some(true) })
        .await;
    let before = world.say(group, world.bob, "before").await;
    world.event(group, world.alice, Change::Join { user: world.carol }).await;
    let promote = Change::SetRole { user: world.carol, role: ChatRole::Moderator };
    world.event(group, world.alice, promote).await;
    let since = world.say(group, world.bob, "since").await;
    for said in [&before, &since] {
        world.edit(group, world.bob, said.id, "other").await;
    }
    assert_eq!(world.former(world.carol, before.id).await, None);
    assert_eq!(texts(&world.former(world.carol, since.id).await.unwrap()), ["since"]);
}

pub async fn what_was_sent_too_long_ago_is_not_edited_and_still_deleted(world: World) {
    let chat = world.pair().await;
    let said = world.say(chat, world.alice, "as it stands").await;
    let edit = |since| Change::Edit {
        plain: false,
        id: said.id,
        text: MessageText::new("other").unwrap(),
        sent_since: Some(UnixMicros(since)),
    };
    assert_eq!(world.append(chat, world.alice, edit(i64::MAX)).await, Err(Refused::TooLateToEdit));
    assert_eq!(world.append(chat, world.bob, edit(i64::MAX)).await, Err(Refused::NotTheSender));
    assert_eq!(world.texts(chat).await, ["as it stands"]);
    world.event(chat, world.alice, edit(0)).await;
    assert_eq!(world.texts(chat).await, ["other"]);
    world.event(chat, world.alice, Change::Delete { id: said.id }).await;
}
