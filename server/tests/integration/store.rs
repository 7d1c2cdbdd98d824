//! The store's contract, checked on every backend.

mod accounts;
mod addresses;
mod apart;
mod chat_settings;
mod chats;
mod former_texts;
mod log;
mod page;
mod people;
mod pinned;
mod plain;
#[cfg(feature = "test-services")]
mod postgres;
mod reactions;
mod refused;
mod replies;
mod reports;
mod requests;
mod roles;
mod search;
mod second_factor;
mod suite;
mod upgrade;
mod world;

use causerie_server::search::Query;
use causerie_server::store::{AccountChange, Actor, Change, SqliteStore, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use self::suite::contract;
use self::world::World;

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
        upgrade::before(&sqlx::migrate!("migrations/sqlite")).run(&mut before).await.unwrap();
        sqlx::raw_sql(upgrade::CONTENT).execute(&mut before).await.unwrap();
        before.close().await.unwrap();
        let world = World::again(sqlite(folder.path()).await).await;
        upgrade::the_list_goes_by_messages(world).await;
    }

    #[tokio::test]
    async fn after_the_upgrade_the_first_account_is_the_owner_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let file = SqliteConnectOptions::new().filename(folder.path().join("causerie.db"));
        let mut before = file.create_if_missing(true).connect().await.unwrap();
        upgrade::without_accounts(&sqlx::migrate!("migrations/sqlite")).run(&mut before).await.unwrap();
        sqlx::raw_sql(upgrade::CONTENT).execute(&mut before).await.unwrap();
        sqlx::raw_sql(upgrade::SIGN_IN_ON_SQLITE).execute(&mut before).await.unwrap();
        before.close().await.unwrap();
        upgrade::the_first_account_is_the_owner(World::again(sqlite(folder.path()).await).await).await;
    }

    #[tokio::test]
    async fn after_the_upgrade_an_owner_who_was_named_is_the_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = SqliteConnectOptions::new().filename(folder.path().join("causerie.db"));
        let mut before = file.create_if_missing(true).connect().await.unwrap();
        upgrade::without_accounts(&sqlx::migrate!("migrations/sqlite")).run(&mut before).await.unwrap();
        sqlx::raw_sql(upgrade::CONTENT).execute(&mut before).await.unwrap();
        before.close().await.unwrap();
        upgrade::who_was_named_is_the_owner(World::again(sqlite(folder.path()).await).await).await;
    }

    #[tokio::test]
    async fn a_command_works_beside_the_server_that_has_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("causerie.db").display());
        let server = World::new(SqliteStore::open(&url).await.unwrap()).await;
        let command = SqliteStore::open_beside(&url, "account").await.unwrap();
        let suspended = command.change_account(Actor::Operator, server.bob, AccountChange::Suspend).await;
        assert!(suspended.unwrap().is_ok());
        command.close().await;
        assert_eq!(server.store.account("bob@example.org").await.unwrap(), None);
        // The server still has the file for itself.
        assert!(SqliteStore::open(&url).await.is_err());
        let chat = server.new_chat(&[server.alice, server.carol], None).await.0;
        server.say(chat, server.alice, "it goes on").await;
        server.store.close().await;
        // And without a server the command has it alone.
        let alone = SqliteStore::open_beside(&url, "account").await.unwrap();
        assert!(
            alone.change_account(Actor::Operator, server.bob, AccountChange::Restore).await.unwrap().is_ok()
        );
        alone.close().await;
        assert!(sqlite(folder.path()).await.account("bob@example.org").await.unwrap().is_some());
    }

    /// Whether these bytes are anywhere in the files of the database.
    fn is_in_files(folder: &std::path::Path, word: &str) -> bool {
        let files =
            std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        let mut bytes = files.flat_map(|bytes| memmem(&bytes, word.as_bytes()).then_some(()));
        bytes.next().is_some()
    }

    fn memmem(bytes: &[u8], word: &[u8]) -> bool {
        bytes.windows(word.len()).any(|window| window == word)
    }

    #[tokio::test]
    async fn words_that_were_deleted_or_edited_away_are_in_no_byte_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new(sqlite(folder.path()).await).await;
        let chat = world.group().await;
        for at in 0..300 {
            world.say(chat, world.bob, &format!("what stays {at}")).await;
        }
        let kept = world.say(chat, world.bob, "kangaroo").await;
        let edited = world.say(chat, world.alice, "Platypûs").await.id;
        let deleted = world.say(chat, world.alice, "Ornithorhynchûs").await.id;
        let other = world.new_chat(&[world.alice, world.carol], Some("Zoo")).await.0;
        world.say(other, world.alice, "Wallabỳ").await;
        world.index().await;
        // Folded, so it is the index that has them.
        for word in ["latypus", "rnithorhynchus", "allaby", "kangaroo"] {
            assert!(is_in_files(folder.path(), word), "{word} was never there");
        }
        let text = causerie_protocol::MessageText::new("monotreme").unwrap();
        world
            .event(chat, world.alice, Change::Edit { id: edited, text, plain: false, sent_since: None })
            .await;
        world.event(chat, world.alice, Change::Delete { id: deleted }).await;
        world.store.delete_chat(world.alice, other).await.unwrap().unwrap();
        world.index().await;
        // What the edit replaced is kept as a former text, and goes with the message.
        assert!(is_in_files(folder.path(), "Platypûs"));
        world.event(chat, world.alice, Change::Delete { id: edited }).await;
        world.index().await;
        assert!(world.store.shed_deleted().await.unwrap());
        for word in
            ["latypus", "latypûs", "monotreme", "rnithorhynchus", "rnithorhynchûs", "allaby", "allabỳ"]
        {
            assert!(!is_in_files(folder.path(), word), "{word}");
        }
        assert!(is_in_files(folder.path(), "kangaroo"));
        let found =
            world.store.search(world.alice, &Query::parse("kangaroo", 0).unwrap(), None).await.unwrap();
        assert_eq!(found.hits[0].id, kept.id);
    }

    #[tokio::test]
    async fn a_backup_takes_the_index_along() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new(sqlite(folder.path()).await).await;
        let chat = world.group().await;
        world.say(chat, world.alice, "kangaroo").await;
        world.index().await;
        let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
        SqliteStore::backup(&url("causerie.db"), &folder.path().join("copy.db")).await.unwrap();
        let copy = SqliteStore::open(&url("copy.db")).await.unwrap();
        let found = copy.search(world.bob, &Query::parse("kangaroo", 0).unwrap(), None).await.unwrap();
        assert_eq!((found.hits.len(), found.indexing), (1, false));
    }

    #[tokio::test]
    async fn indexing_goes_on_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new(sqlite(folder.path()).await).await;
        let chat = world.group().await;
        for at in 0..600 {
            world.say(chat, world.alice, &format!("w{at}")).await;
        }
        world.store.index_messages().await.unwrap();
        world.say(chat, world.alice, "last").await;
        // Dropped without closing, as a killed process would leave it.
        drop(world);
        let again = World::again(sqlite(folder.path()).await).await;
        again.index().await;
        for query in ["w0", "w300", "w599", "last"] {
            let query = Query::parse(query, 0).unwrap();
            assert_eq!(again.store.search(again.bob, &query, None).await.unwrap().hits.len(), 1);
        }
    }

    #[tokio::test]
    async fn what_was_returned_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new(sqlite(folder.path()).await).await;
        let chat = world.pair().await;
        world.say(chat, world.alice, "one").await;
        // Dropped without closing, as a killed process would leave it.
        drop(world);
        let again = World::again(sqlite(folder.path()).await).await;
        assert_eq!(again.texts(chat).await, ["one"]);
        again.say(chat, again.bob, "two").await;
        assert_eq!(again.texts(chat).await, ["one", "two"]);
    }

    #[tokio::test]
    async fn accounts_of_the_version_before_are_found_by_every_spelling_of_their_address() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("causerie.db").display());
        let mut old = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
        addresses::migrations("sqlite").await.run_to(addresses::BEFORE, &mut old).await.unwrap();
        for email in addresses::ADDRESSES {
            sqlx::query(
                "INSERT INTO users (email, name, password_hash, created_at) VALUES ($1, 'Name', 'hash', 0)",
            )
            .bind(email)
            .execute(&mut old)
            .await
            .unwrap();
        }
        // More than are given their keys at once.
        sqlx::query(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
             INSERT INTO users (email, name, password_hash, created_at) SELECT n || '@example.net', 'N', 'hash', 0 FROM n",
        )
        .execute(&mut old)
        .await
        .unwrap();
        let store = SqliteStore::open(&url).await.unwrap();
        addresses::everybody_is_found(&store).await;
        assert!(store.account("2500@EXAMPLE.net").await.unwrap().is_some());
        store.close().await;

        // One of those with the same address gets another, by hand, as the log says: the next has it alone.
        sqlx::query("UPDATE users SET email = 'elan@example.com', email_key = NULL WHERE id = 2")
            .execute(&mut old)
            .await
            .unwrap();
        let store = SqliteStore::open(&url).await.unwrap();
        for (email, id) in [("ELAN@example.com", 2), ("Élan@example.org", 3), ("E\u{301}LAN@example.org", 4)]
        {
            let (user, _) = store.account(email).await.unwrap().unwrap();
            assert_eq!(user.id.0, id, "{email}");
        }
    }
}
