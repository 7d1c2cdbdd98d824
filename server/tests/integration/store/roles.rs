//! Roles in a group.

use causerie_protocol::rest::{ChatRole, ChatStatus};
use causerie_protocol::{ChatId, Event, Role, Seq, UserId};
use causerie_server::store::{AccountChange, Actor, Change, Refused};

use super::world::World;

impl World {
    async fn role(&self, chat: ChatId, user: UserId) -> ChatRole {
        let chat = self.seen_by(user, chat).await;
        chat.participants.iter().find(|one| one.user.id == user).unwrap().role
    }

    /// A group that Alice owns and Bob and Carol are in.
    async fn group_of_three(&self) -> ChatId {
        self.new_chat(&[self.alice, self.bob, self.carol], Some("Trip")).await.0
    }
}

fn rename() -> Change {
    Change::Update { title: Some("Sea".into()), status: None, hides_past: None }
}

pub async fn who_starts_a_group_owns_it_and_roles_decide(world: World) {
    let group = world.group_of_three().await;
    assert_eq!(world.role(group, world.alice).await, ChatRole::Owner);
    assert_eq!(world.role(group, world.bob).await, ChatRole::Member);
    let close = || Change::Update { title: None, status: Some(ChatStatus::Closed), hides_past: None };
    let hide = || Change::Update { title: None, status: None, hides_past: Some(true) };
    let promote = |user| Change::SetRole { user, role: ChatRole::Moderator };
    let carol = world.carol;
    for change in [
        rename(),
        close(),
        hide(),
        Change::Join { user: carol },
        Change::Remove { user: carol },
        promote(carol),
    ] {
        assert_eq!(
            world.append(group, world.bob, change.clone()).await,
            Err(Refused::RoleTooLow),
            "{change:?}"
        );
    }
    let event = world.event(group, world.alice, promote(world.bob)).await;
    let Event::RoleChanged(changed) = &event else { panic!("{event:?}") };
    assert_eq!((changed.user.id, changed.role, changed.seq), (world.bob, ChatRole::Moderator, Seq(1)));
    assert_eq!(world.log(group, 0).await, [event]);
    // A moderator renames and removes members, and changes neither roles nor whom the role protects.
    world.event(group, world.bob, rename()).await;
    for change in [hide(), promote(carol), Change::Remove { user: world.alice }] {
        assert_eq!(world.append(group, world.bob, change).await, Err(Refused::RoleTooLow));
    }
    world.event(group, world.bob, Change::Remove { user: carol }).await;
    world.event(group, world.bob, Change::Join { user: carol }).await;
    world.event(group, world.alice, hide()).await;
    // A chat of two has no roles.
    let pair = world.pair().await;
    assert_eq!(world.append(pair, world.alice, promote(world.bob)).await, Err(Refused::NotAGroup));
    assert_eq!(world.append(pair, world.alice, rename()).await, Err(Refused::NotAGroup));
}

pub async fn a_group_always_has_an_owner(world: World) {
    let group = world.group_of_three().await;
    let give = |user, role| Change::SetRole { user, role };
    let step_down = world.append(group, world.alice, give(world.alice, ChatRole::Member)).await;
    assert_eq!(step_down, Err(Refused::LastOwner));
    world.event(group, world.alice, give(world.carol, ChatRole::Moderator)).await;
    world.event(group, world.alice, Change::Leave).await;
    // The greatest role that is left.
    assert_eq!(world.role(group, world.carol).await, ChatRole::Owner);
    let step_down = world.append(group, world.carol, give(world.carol, ChatRole::Member)).await;
    assert_eq!(step_down, Err(Refused::LastOwner));
    world.event(group, world.carol, give(world.bob, ChatRole::Owner)).await;
    world.event(group, world.carol, give(world.carol, ChatRole::Member)).await;
    assert_eq!(world.role(group, world.bob).await, ChatRole::Owner);
    assert_eq!(world.role(group, world.carol).await, ChatRole::Member);
    assert_eq!(world.append(group, world.carol, rename()).await, Err(Refused::RoleTooLow));
}

pub async fn a_group_whose_owner_is_deleted_has_another(world: World) {
    let (alice, bob, carol) = (world.alice, world.bob, world.carol);
    let group = world.group_of_three().await;
    let give = |user, role| Change::SetRole { user, role };
    // Alice owns the installation too, as its first account, and it keeps an owner.
    for (user, change) in
        [(bob, AccountChange::Role(Role::Owner)), (alice, AccountChange::Delete { erase: false })]
    {
        world.store.change_account(Actor::Operator, user, change).await.unwrap().unwrap();
    }
    assert_eq!(world.role(group, bob).await, ChatRole::Owner);
    let seen = world.seen_by(carol, group).await;
    let gone = seen.participants.iter().find(|one| one.user.id == alice).unwrap();
    assert_eq!(gone.role, ChatRole::Member, "whose account is gone has no role");
    let step_down = world.append(group, bob, give(bob, ChatRole::Member)).await;
    assert_eq!(step_down, Err(Refused::LastOwner), "who is gone is not another one");
    world.event(group, bob, give(carol, ChatRole::Moderator)).await;
    world.event(group, carol, Change::Remove { user: alice }).await;
    world.event(group, bob, give(carol, ChatRole::Owner)).await;
    world.event(group, bob, give(bob, ChatRole::Member)).await;
    assert_eq!(world.role(group, carol).await, ChatRole::Owner);
}

pub async fn a_moderator_deletes_messages_of_others(world: World) {
    let group = world.group_of_three().await;
    let said = world.say(group, world.bob, "Rude").await.id;
    let delete = || Change::Delete { id: said };
    assert_eq!(world.append(group, world.carol, delete()).await, Err(Refused::RoleTooLow));
    world.event(group, world.alice, delete()).await;
    let now = world.store.message(world.bob, said).await.unwrap().unwrap();
    assert_eq!((now.content.as_str(), now.deleted_at.is_some()), ("", true));
}

pub async fn who_is_removed_is_out_and_the_log_says_by_whom(world: World) {
    let group = world.group_of_three().await;
    let event = world.event(group, world.alice, Change::Remove { user: world.bob }).await;
    let Event::Left(left) = &event else { panic!("{event:?}") };
    assert_eq!((left.user.id, left.by), (world.bob, Some(world.alice)));
    assert_eq!(world.log(group, 0).await, [event]);
    assert_eq!(world.store.chat(world.bob, group).await.unwrap(), None);
    assert_eq!(world.store.events_after(world.bob, group, Seq(0), 9).await.unwrap(), None);
    let again = world.append(group, world.alice, Change::Remove { user: world.bob }).await;
    assert_eq!(again, Err(Refused::NotIn));
    let event = world.event(group, world.carol, Change::Leave).await;
    assert!(matches!(event, Event::Left(left) if left.by.is_none()));
}

pub async fn who_joins_a_group_that_hides_its_past_sees_nothing_of_it(world: World) {
    let group = world.group().await;
    let before = world.say(group, world.alice, "Before").await;
    let hide = Change::Update { title: None, status: None, hides_past: Some(true) };
    let event = world.event(group, world.alice, hide).await;
    assert!(matches!(event, Event::ChatChanged(changed) if changed.hides_past));
    world.event(group, world.alice, Change::Join { user: world.carol }).await;
    let store = &world.store;
    let seen = world.seen_by(world.carol, group).await;
    assert!(seen.hides_past && seen.last_message.is_none() && seen.unread == 0, "{seen:?}");
    assert!(store.messages(world.carol, group, None, 9).await.unwrap().unwrap().is_empty());
    assert_eq!(store.message(world.carol, before.id).await.unwrap(), None);
    let position = store.position(world.carol, group).await.unwrap().unwrap();
    assert_eq!((position.from, position.head), (Seq(2), Seq(3)));
    let events = store.events_after(world.carol, group, Seq(0), 9).await.unwrap().unwrap();
    assert!(matches!(&events[..], [Event::Joined(_)]), "{events:?}");
    let after = world.say(group, world.bob, "After").await;
    assert_eq!(store.messages(world.carol, group, None, 9).await.unwrap().unwrap(), [after]);
    // Who was there before sees all.
    assert_eq!(world.texts(group).await, ["Before", "After"]);
}
