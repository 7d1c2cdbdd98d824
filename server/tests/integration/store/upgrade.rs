//! An installation of the version before, whose chats stand in the list by the order of their messages after the upgrade.

use std::borrow::Cow;

use causerie_protocol::ChatId;
use sqlx::migrate::Migrator;

use super::world::World;

/// The tables of the version before.
pub fn before(migrations: &Migrator) -> Migrator {
    let before = migrations.iter().filter(|migration| migration.version < 3).cloned().collect();
    Migrator { migrations: Cow::Owned(before), ..Migrator::DEFAULT }
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
