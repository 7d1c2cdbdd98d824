//! What a participant has set of a chat for themself.

use causerie_protocol::limits::PINNED_CHATS;
use causerie_protocol::{ChatId, ChatSettings, Notify, Seq, UpdateChatSettings, UserId};
use causerie_server::store::{AccountChange, Actor, Change, Refused};

use super::world::World;

impl World {
    async fn set(&self, user: UserId, chat: ChatId, change: UpdateChatSettings) -> ChatSettings {
        self.store.change_settings(user, chat, &change).await.unwrap().unwrap()
    }

    async fn settings(&self, user: UserId, chat: ChatId) -> ChatSettings {
        let alone = self.seen_by(user, chat).await.settings;
        let list = self.store.chats(user, None, 100).await.unwrap();
        let listed = list.into_iter().find(|listed| listed.id == chat).unwrap().settings;
        assert_eq!(alone, listed);
        alone
    }
}

fn pin(pinned: bool) -> UpdateChatSettings {
    UpdateChatSettings { pinned: Some(pinned), ..UpdateChatSettings::default() }
}

fn mute(until: Option<i64>) -> UpdateChatSettings {
    UpdateChatSettings { notify: Some(Notify::Nothing), muted_until: until, ..UpdateChatSettings::default() }
}

pub async fn settings_are_the_participants_own_and_a_missing_field_stays(world: World) {
    let chat = world.group().await;
    assert_eq!(world.settings(world.alice, chat).await, ChatSettings::default());
    let muted = world.set(world.alice, chat, mute(Some(1_795_000_000_000))).await;
    let pinned = world.set(world.alice, chat, pin(true)).await;
    assert!(pinned.version > muted.version && muted.version > 0, "{muted:?} {pinned:?}");
    assert_eq!((pinned.notify, pinned.muted_until), (Notify::Nothing, Some(1_795_000_000_000)));
    assert!(pinned.pinned_at.is_some());
    assert_eq!(world.settings(world.alice, chat).await, pinned);
    assert_eq!(world.settings(world.bob, chat).await, ChatSettings::default());
    assert_eq!(world.set(world.alice, chat, pin(true)).await, pinned, "a repeat changes nothing");
    let outside = world.store.change_settings(world.carol, chat, &pin(true)).await.unwrap();
    assert_eq!(outside, Err(Refused::NoSuchChat));
    let none = world.store.change_settings(world.alice, ChatId(4711), &pin(true)).await.unwrap();
    assert_eq!(none, Err(Refused::NoSuchChat));
}

pub async fn a_chat_is_archived_and_marked_where_it_stands(world: World) {
    let chat = world.pair().await;
    let said = world.say(chat, world.bob, "Hello").await;
    world.append(chat, world.alice, Change::Read { seq: Seq(1) }).await.unwrap();
    let change = UpdateChatSettings {
        archived: Some(true),
        marked_unread: Some(true),
        ..UpdateChatSettings::default()
    };
    let settings = world.set(world.alice, chat, change).await;
    assert_eq!((settings.archived_at, settings.marked_unread), (Some(said.id), Some(Seq(1))));
    let more = world.say(chat, world.bob, "Are you there?").await;
    assert_eq!(world.settings(world.alice, chat).await, settings);
    assert!(!settings.is_archived(more.id, 0));
    // What has come back is not archived by being muted.
    let muted = world.set(world.alice, chat, mute(None)).await;
    assert_eq!(muted.archived_at, None);
}

pub async fn so_many_chats_are_pinned_and_no_more_also_at_once(world: World) {
    let mut chats = Vec::new();
    for number in 0..PINNED_CHATS + 2 {
        chats.push(world.new_chat(&[world.alice, world.bob], Some(&format!("Group {number}"))).await.0);
    }
    for chat in &chats[..PINNED_CHATS - 1] {
        world.set(world.alice, *chat, pin(true)).await;
    }
    let pins = chats[PINNED_CHATS - 1..].iter().map(|chat| {
        let (store, alice, chat) = (world.store.clone(), world.alice, *chat);
        tokio::spawn(async move { store.change_settings(alice, chat, &pin(true)).await.unwrap() })
    });
    let mut refused = 0;
    for pin in pins.collect::<Vec<_>>() {
        match pin.await.unwrap() {
            Ok(settings) => assert!(settings.pinned_at.is_some()),
            Err(error) => {
                assert_eq!(error, Refused::TooManyPinned);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 2);
    let found = world.store.pinned_chats(world.alice).await.unwrap();
    assert_eq!(found.len(), PINNED_CHATS);
    assert!(found.iter().all(|chat| chat.settings.pinned_at.is_some()));
    assert_eq!(world.store.pinned_chats(world.bob).await.unwrap(), []);
    // Somebody else's count apart, and one that is unpinned makes room.
    world.set(world.bob, chats[0], pin(true)).await;
    world.set(world.alice, chats[0], pin(false)).await;
    let free = chats[PINNED_CHATS - 1..].iter();
    let mut pinned = 0;
    for chat in free {
        pinned +=
            usize::from(world.store.change_settings(world.alice, *chat, &pin(true)).await.unwrap().is_ok());
    }
    assert_eq!(pinned, 2, "the one that was pinned already, and one more");
}

pub async fn settings_go_with_the_participant(world: World) {
    let (pair, group) = (world.pair().await, world.group().await);
    let settings = world.set(world.bob, group, pin(true)).await;
    world.event(group, world.bob, Change::Leave).await;
    world.event(group, world.alice, Change::Join { user: world.bob }).await;
    assert_eq!(world.settings(world.bob, group).await, ChatSettings::default());
    let again = world.set(world.bob, group, pin(true)).await;
    assert!(again.version > settings.version);
    world.set(world.bob, pair, mute(None)).await;
    let delete = AccountChange::Delete { erase: false };
    world.store.change_account(Actor::Operator, world.bob, delete).await.unwrap().unwrap();
    let left = world.store.settings_after((0, ChatId(0), UserId(0)), 100).await.unwrap();
    assert_eq!(left, []);
}

pub async fn settings_are_found_by_their_versions(world: World) {
    let (pair, group) = (world.pair().await, world.group().await);
    let first = world.set(world.alice, pair, pin(true)).await;
    let second = world.set(world.bob, group, mute(None)).await;
    let third = world.set(world.alice, group, mute(None)).await;
    let all = world.store.settings_after((0, ChatId(0), UserId(0)), 100).await.unwrap();
    let found: Vec<_> = all.iter().map(|one| (one.user, one.chat, one.settings)).collect();
    let mut expected = [(world.alice, pair, first), (world.bob, group, second), (world.alice, group, third)];
    expected.sort_by_key(|(user, chat, settings)| (settings.version, *chat, *user));
    assert_eq!(found, expected);
    let page = world.store.settings_after(all[0].place(), 1).await.unwrap();
    assert_eq!(page, all[1..2]);
    assert_eq!(world.store.settings_after(all[2].place(), 100).await.unwrap(), []);
}
