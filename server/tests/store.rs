//! The store's contract, checked on every backend.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[macro_use]
mod store {
    pub mod accounts;
    pub mod chats;
    pub mod log;
    pub mod refused;
    #[macro_use]
    pub mod suite;
    pub mod upgrade;
    pub mod world;
}

use causerie_server::store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use store::world::World;

async fn sqlite(folder: &std::path::Path) -> SqliteStore {
    SqliteStore::open(&format!("sqlite:{}", folder.join("causerie.db").display())).await.unwrap()
}

mod on_sqlite {
    use super::*;

    contract!(sqlite);

    #[tokio::test]
    async fn after_the_upgrade_the_list_goes_by_messages() {
        let folder = tempfile::tempdir().unwrap();
        let file = SqliteConnectOptions::new().filename(folder.path().join("causerie.db"));
        let mut before = file.create_if_missing(true).connect().await.unwrap();
        store::upgrade::before(&sqlx::migrate!("migrations/sqlite")).run(&mut before).await.unwrap();
        sqlx::raw_sql(store::upgrade::CONTENT).execute(&mut before).await.unwrap();
        before.close().await.unwrap();
        let world = World::again(sqlite(folder.path()).await).await;
        store::upgrade::the_list_goes_by_messages(world).await;
    }

    #[tokio::test]
    async fn what_was_returned_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new(sqlite(folder.path()).await).await;
        let chat = world.pair().await;
        world.say(chat, world.ana, "one").await;
        // Dropped without closing, as a killed process would leave it.
        drop(world);
        let again = World::again(sqlite(folder.path()).await).await;
        assert_eq!(again.texts(chat).await, ["one"]);
        again.say(chat, again.ben, "two").await;
        assert_eq!(again.texts(chat).await, ["one", "two"]);
    }
}
