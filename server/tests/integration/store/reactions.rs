//! Reactions: what stands under a message, and what the log says of it.

use causerie_protocol::event::Reaction;
use causerie_protocol::limits::REACTION_KINDS;
use causerie_protocol::rest::ChatStatus;
use causerie_protocol::{ChatId, Event, MessageId, Seq, UserId};
use causerie_server::emoji::Emoji;
use causerie_server::store::{Appended, Change, Refused};

use super::world::World;

const THUMB: &str = "\u{1f44d}";
const HEART: &str = "\u{2764}\u{fe0f}";

fn react(id: MessageId, emoji: &str, on: bool) -> Change {
    Change::React { id, emoji: Emoji::parse(emoji).unwrap(), on }
}

impl World {
    /// What stands under a message, as a page of history and as the message alone have it.
    async fn reactions(&self, user: UserId, chat: ChatId, id: MessageId) -> Vec<Reaction> {
        let page = self.store.messages(user, chat, None, 1_000).await.unwrap().unwrap();
        let in_page = page.into_iter().find(|message| message.id == id).unwrap().reactions;
        let alone = self.store.message(user, id).await.unwrap().unwrap().reactions;
        assert_eq!(in_page, alone);
        alone
    }
}

fn under(emoji: &str, users: &[UserId]) -> Reaction {
    Reaction { emoji: emoji.to_owned(), users: users.to_vec() }
}

pub async fn a_reaction_stands_under_its_message_until_it_is_taken_back(world: World) {
    let chat = world.group().await;
    let said = world.say(chat, world.alice, "Hello").await;
    world.say(chat, world.alice, "without").await;
    let moved = world.seen_by(world.alice, chat).await;
    let event = world.event(chat, world.bob, react(said.id, "\u{2764}", true)).await;
    let Event::Reacted(reacted) = &event else { panic!("{event:?}") };
    assert_eq!((reacted.id, reacted.user.id, reacted.seq), (said.id, world.bob, Seq(3)));
    assert_eq!((&*reacted.emoji, reacted.on), (HEART, true), "fully qualified");
    assert_eq!(world.log(chat, 2).await, [event]);
    world.event(chat, world.alice, react(said.id, HEART, true)).await;
    world.event(chat, world.bob, react(said.id, THUMB, true)).await;
    assert_eq!(
        world.reactions(world.alice, chat, said.id).await,
        [under(HEART, &[world.alice, world.bob]), under(THUMB, &[world.bob])]
    );
    let seen = world.seen_by(world.alice, chat).await;
    assert_eq!((seen.unread, seen.sort_key), (moved.unread, moved.sort_key), "it moves no chat");
    let event = world.event(chat, world.bob, react(said.id, HEART, false)).await;
    assert!(matches!(&event, Event::Reacted(reacted) if !reacted.on), "{event:?}");
    assert_eq!(world.log(chat, 5).await, [event]);
    world.event(chat, world.alice, react(said.id, HEART, false)).await;
    assert_eq!(world.reactions(world.bob, chat, said.id).await, [under(THUMB, &[world.bob])]);
}

pub async fn a_repeat_of_a_reaction_leaves_no_event(world: World) {
    let chat = world.pair().await;
    let said = world.say(chat, world.alice, "Hello").await;
    for on in [true, false] {
        world.event(chat, world.bob, react(said.id, THUMB, on)).await;
        let again = world.append(chat, world.bob, react(said.id, THUMB, on)).await;
        assert!(matches!(again, Ok(Appended::Unchanged { .. })), "{again:?}");
    }
    assert_eq!(world.log(chat, 0).await.len(), 3);
}

pub async fn only_what_one_may_see_is_reacted_to(world: World) {
    let chat = world.new_chat(&[world.alice, world.bob], Some("Trip")).await.0;
    let other = world.pair().await;
    let said = world.say(chat, world.alice, "before").await;
    let refused = |outcome| assert_eq!(outcome, Err(Refused::NoSuchMessage));
    refused(world.append(other, world.alice, react(said.id, THUMB, true)).await);
    refused(world.append(chat, world.alice, react(MessageId(4711), THUMB, true)).await);
    let outside = world.append(chat, world.carol, react(said.id, THUMB, true)).await;
    assert_eq!(outside, Err(Refused::NoSuchChat));
    world
        .event(chat, world.alice, Change::Update { title: None, status: None, hides_past: Some(true) })
        .await;
    world.event(chat, world.alice, Change::Join { user: world.carol }).await;
    refused(world.append(chat, world.carol, react(said.id, THUMB, true)).await);
    world.set_status(chat, ChatStatus::Closed).await;
    let closed = world.append(chat, world.bob, react(said.id, THUMB, true)).await;
    assert_eq!(closed, Err(Refused::ChatClosed));
}

pub async fn so_many_kinds_are_under_a_message_and_no_more(world: World) {
    let chat = world.pair().await;
    let said = world.say(chat, world.alice, "Hello").await;
    let emoji: Vec<String> =
        ('\u{1f600}'..).take(REACTION_KINDS + 1).map(|letter| letter.to_string()).collect();
    let (more, kinds) = emoji.split_last().unwrap();
    for emoji in kinds {
        world.event(chat, world.bob, react(said.id, emoji, true)).await;
    }
    let refused = world.append(chat, world.bob, react(said.id, more, true)).await;
    assert_eq!(refused, Err(Refused::TooManyReactions));
    world.event(chat, world.alice, react(said.id, &kinds[0], true)).await;
    world.event(chat, world.bob, react(said.id, &kinds[1], false)).await;
    world.event(chat, world.bob, react(said.id, more, true)).await;
}

pub async fn a_deleted_message_and_a_deleted_chat_leave_no_reactions(world: World) {
    let chat = world.group().await;
    let said = world.say(chat, world.alice, "Hello").await;
    world.event(chat, world.bob, react(said.id, THUMB, true)).await;
    world.event(chat, world.alice, Change::Delete { id: said.id }).await;
    assert_eq!(world.reactions(world.bob, chat, said.id).await, []);
    let late = world.append(chat, world.bob, react(said.id, THUMB, true)).await;
    assert_eq!(late, Err(Refused::NoSuchMessage));
    let said = world.say(chat, world.alice, "Hello").await;
    world.event(chat, world.bob, react(said.id, THUMB, true)).await;
    world.store.delete_chat(world.alice, chat).await.unwrap().unwrap();
    assert_eq!(world.store.message(world.bob, said.id).await.unwrap(), None);
}
