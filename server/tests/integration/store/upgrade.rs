//! An installation of the version before, whose chats stand in the list by the order of their messages after the upgrade.

use std::borrow::Cow;

use causerie_protocol::rest::UserRef;
use causerie_protocol::{AuditId, ChatId, Role, UserId};
use causerie_server::store::{AccountChange, Actor};
use sqlx::migrate::Migrator;

use super::world::World;

/// The tables of the version before.
pub fn before(migrations: &Migrator) -> Migrator {
    let before = migrations.iter().filter(|migration| migration.version < 3).cloned().collect();
    Migrator { migrations: Cow::Owned(before), ..Migrator::DEFAULT }
}

/// The tables of the version before accounts had roles.
pub fn without_accounts(migrations: &Migrator) -> Migrator {
    let before = migrations.iter().filter(|migration| migration.version != 5 && migration.version < 7);
    Migrator { migrations: Cow::Owned(before.cloned().collect()), ..Migrator::DEFAULT }
}

/// A sign-in of bob's, by a digest of sevens.
pub const SIGN_IN_ON_SQLITE: &str = "INSERT INTO tokens (user_id, digest, created_at, expires_at)
    VALUES (2, x'0707070707070707070707070707070707070707070707070707070707070707', 1, 4102444800000000)";
pub const SIGN_IN_ON_POSTGRES: &str = r"INSERT INTO tokens (user_id, digest, created_at, expires_at)
    VALUES (2, '\x0707070707070707070707070707070707070707070707070707070707070707', 1, 4102444800000000)";

/// Who is what after the upgrade, and that they are signed in and have their chats as before.
pub async fn the_first_account_is_the_owner(world: World) {
    let store = &world.store;
    assert!(store.ensure_owner().await.unwrap());
    assert!(store.ensure_owner().await.unwrap(), "and again");
    let roles = async || -> Vec<Role> {
        store.people("", UserId(0), 10).await.unwrap().iter().map(|account| account.role).collect()
    };
    assert_eq!(roles().await, [Role::Owner, Role::Member, Role::Member]);
    let told = store.audit(None, AuditId(i64::MAX), 10).await.unwrap();
    assert_eq!(told.len(), 1, "once");
    assert_eq!((told[0].action.as_str(), told[0].target, told[0].actor), ("role", Some(world.alice), None));
    let record = store.token([7; 32]).await.unwrap().unwrap();
    assert_eq!(
        (record.user.id, record.role, record.suspended, record.revoked),
        (world.bob, Role::Member, false, false)
    );
    assert_eq!(store.chats(world.alice, None, 10).await.unwrap().len(), 5);
    let id = store.create_user("new@example.org", "New", "hash").await.unwrap().unwrap().id;
    assert_eq!(store.person(&UserRef::Id(id)).await.unwrap().unwrap().role, Role::Member);
}

/// Whoever is named before the first start of the new version is the owner instead.
pub async fn who_was_named_is_the_owner(world: World) {
    let store = &world.store;
    let named = store.change_account(Actor::Operator, world.carol, AccountChange::Role(Role::Owner)).await;
    assert!(named.unwrap().is_ok());
    assert!(store.ensure_owner().await.unwrap());
    let owners = store.people("", UserId(0), 10).await.unwrap();
    let owners: Vec<_> = owners.iter().filter(|account| account.role == Role::Owner).collect();
    assert_eq!(owners.iter().map(|account| account.id).collect::<Vec<_>>(), [world.carol]);
}

/// Five chats: an old one that was written in again, an empty one, one whose newest message was deleted, one with a
/// person who joined, and an empty one that is newer than all.
/// The clock was in the future when the third was written in.
pub const CONTENT: &str = "
    INSERT INTO users (email, name, password_hash, created_at)
        VALUES ('alice@example.org', 'alice', 'hash', 1), ('bob@example.org', 'bob', 'hash', 1), ('carol@example.org', 'carol', 'hash', 1);
    INSERT INTO chats (direct, head, title, created_at, updated_at) VALUES
        (false, 3, 'One', 1, 9), (false, 0, 'Two', 2, 2), (false, 2, 'Three', 3, 4102444800000000),
        (false, 1, 'Four', 4, 4), (false, 0, 'Five', 5, 5);
    INSERT INTO participants (chat_id, user_id) SELECT id, 1 FROM chats;
    INSERT INTO events (chat_id, seq, kind, actor_id, at, content, target, deleted_at) VALUES
        (1, 1, 0, 1, 1, 'a', NULL, NULL), (3, 1, 0, 1, 4102444800000000, '', NULL, 5),
        (4, 1, 3, 1, 4, NULL, 1, NULL), (3, 2, 2, 1, 5, NULL, 2, NULL),
        (1, 2, 0, 1, 8, 'b', NULL, NULL), (1, 3, 1, 1, 9, NULL, 5, NULL);
";

/// What the list looks like then, and that it goes on from there.
pub async fn the_list_goes_by_messages(world: World) {
    let order = async || -> Vec<i64> {
        world.store.chats(world.alice, None, 10).await.unwrap().iter().map(|chat| chat.id.0).collect()
    };
    assert_eq!(order().await, [5, 1, 4, 3, 2]);
    world.say(ChatId(2), world.alice, "c").await;
    assert_eq!(order().await, [2, 5, 1, 4, 3]);
}
