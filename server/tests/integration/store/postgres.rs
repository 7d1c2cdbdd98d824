//! The store's contract on Postgres: every test in a database of its own, on a server that they share.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use causerie_protocol::ChatId;
use causerie_server::search::Query;
use causerie_server::store::{Append, Change, PostgresStore, Refused, Store, StoreError, renew_epoch};
use causerie_testkit::{LIMIT, PgBouncer, ReservedPort, TcpProxy, eventually};
use futures_util::FutureExt;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::task::JoinSet;

use super::suite::contract;
use super::world::{World, message};
use super::{addresses, search, upgrade};

/// The server that the tests share, without a database.
async fn server() -> String {
    causerie_testkit::database_server().await.unwrap()
}

/// The URL of a new, empty database.
async fn database() -> String {
    database_with("").await
}

/// As [`database`], made with options of `CREATE DATABASE`.
async fn database_with(options: &str) -> String {
    causerie_testkit::database_with(options).await.unwrap()
}

async fn postgres(_folder: &std::path::Path) -> PostgresStore {
    PostgresStore::open(&database().await).await.unwrap()
}

async fn turkish(_folder: &std::path::Path) -> PostgresStore {
    // Letters change their case as in Turkish: the capital of `i` is `İ`, and `I` the one of `ı`.
    let options = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'tr'";
    PostgresStore::open(&database_with(options).await).await.unwrap()
}

/// Everything, where the database's own idea of upper and lower case is another.
mod on_a_turkish_postgres {
    use super::*;

    contract! {
        turkish:
        accounts::an_address_is_taken_whatever_its_case,
        accounts::an_address_is_one_account_in_every_spelling,
        accounts::people_are_reached_by_address_and_by_id_only_by_those_who_share_a_chat,
    }
}

mod on_postgres {
    use super::*;

    contract!(postgres);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nodes_that_append_and_index_at_once_leave_no_message_out() {
        let url = database().await;
        let world = World::new(PostgresStore::open(&url).await.unwrap()).await;
        let node = Arc::new(PostgresStore::open(&url).await.unwrap());
        let mut chats = Vec::new();
        for _ in 0..4 {
            chats.push(world.group().await);
        }
        let mut writers = JoinSet::new();
        for (at, chat) in chats.iter().copied().enumerate() {
            let store: Arc<dyn Store> = if at % 2 == 0 { node.clone() } else { world.store.clone() };
            let actor = world.alice;
            writers.spawn(async move {
                for number in 0..150 {
                    let change = message(&format!("said c{at}n{number}"), None);
                    store.append(&[Append { actor, chat, change }]).await.unwrap();
                }
            });
        }
        let mut indexers = JoinSet::new();
        let is_written = Arc::new(AtomicBool::new(false));
        for store in [node.clone() as Arc<dyn Store>, world.store.clone()] {
            let is_written = is_written.clone();
            indexers.spawn(async move {
                while !is_written.load(Ordering::Relaxed) {
                    let _ = store.index_messages().await;
                    tokio::task::yield_now().await;
                }
            });
        }
        while let Some(written) = writers.join_next().await {
            written.unwrap();
        }
        // Not dropped within a step, which would keep the lock of the index until it is rolled back.
        is_written.store(true, Ordering::Relaxed);
        while let Some(indexed) = indexers.join_next().await {
            indexed.unwrap();
        }
        search::index(&*node).await;
        for at in 0..4 {
            for number in 0..150 {
                let query = Query::parse(&format!("c{at}n{number}"), 0).unwrap();
                let found = world.store.search(world.bob, &query, None).await.unwrap();
                assert_eq!(found.hits.len(), 1, "c{at}n{number}");
            }
        }
    }

    #[tokio::test]
    async fn words_that_were_deleted_or_edited_away_are_in_no_row_at_once() {
        let url = database().await;
        let world = World::new(PostgresStore::open(&url).await.unwrap()).await;
        let chat = world.group().await;
        let [edited, deleted] =
            [world.say(chat, world.alice, "yellow").await, world.say(chat, world.alice, "green").await]
                .map(|said| said.id);
        search::index(&*world.store).await;
        let mut other = PgConnection::connect(&url).await.unwrap();
        let rows = "SELECT count(*) FROM search WHERE words @@ 'yellow | green'";
        let count: i64 = sqlx::query_scalar(rows).fetch_one(&mut other).await.unwrap();
        assert_eq!(count, 2);
        let text = causerie_protocol::MessageText::new("blue").unwrap();
        world
            .event(chat, world.alice, Change::Edit { id: edited, text, plain: false, sent_since: None })
            .await;
        world.event(chat, world.alice, Change::Delete { id: deleted }).await;
        let count: i64 = sqlx::query_scalar(rows).fetch_one(&mut other).await.unwrap();
        assert_eq!(count, 0);
    }

    /// Begins an operation, and drops it after so many polls unless it has ended.
    async fn dropped_after<T>(polls: usize, operation: impl Future<Output = T>) {
        let mut operation = Box::pin(operation);
        for _ in 0..polls {
            if (&mut operation).now_or_never().is_some() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_is_stored_after_operations_were_dropped_is_in_no_transaction_of_theirs() {
        let url = database().await;
        let world = World::new(PostgresStore::open(&url).await.unwrap()).await;
        let chat = world.group().await;
        let said = world.say(chat, world.alice, "before").await;
        for round in 0..400 {
            let polls = round % 8 + 1;
            dropped_after(polls, world.store.messages(world.alice, chat, None, 9)).await;
            dropped_after(polls, world.store.delete_chat(world.bob, chat)).await;
            dropped_after(polls, world.store.block(world.alice, world.carol)).await;
            // On whichever connection this comes: what is answered is stored.
            world.say(chat, world.alice, &format!("m{round}")).await;
        }
        let mut other = PgConnection::connect(&url).await.unwrap();
        let stored: i64 =
            sqlx::query_scalar("SELECT count(*) FROM events WHERE chat_id = $1 AND id > $2 AND kind = 0")
                .bind(chat.0)
                .bind(said.id.0)
                .fetch_one(&mut other)
                .await
                .unwrap();
        assert_eq!(stored, 400);
        let open = "SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity
                    WHERE datname = current_database() AND state LIKE 'idle in transaction%')";
        let mut ended = false;
        let limit = tokio::time::Instant::now() + LIMIT;
        while !ended && tokio::time::Instant::now() < limit {
            ended = sqlx::query_scalar(open).fetch_one(&mut other).await.unwrap();
        }
        assert!(ended, "a transaction stays open");
    }

    /// A database of the version before, with accounts.
    async fn of_the_version_before(url: &str, addresses: &[&str]) -> PgConnection {
        let mut old = PgConnection::connect(url).await.unwrap();
        addresses::migrations("postgres").await.run_to(addresses::BEFORE, &mut old).await.unwrap();
        for email in addresses {
            register_as_before(&mut old, email).await.expect(email);
        }
        old
    }

    /// Makes an account in the words of the version before.
    async fn register_as_before(node: &mut PgConnection, email: &str) -> Option<i64> {
        sqlx::query_scalar(
            "INSERT INTO users (email, name, password_hash, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(email)
        .bind("Name")
        .bind("hash")
        .bind(0_i64)
        .fetch_optional(node)
        .await
        .unwrap()
    }

    /// Finds an account in the words of the version before.
    async fn find_as_before(node: &mut PgConnection, email: &str) -> Vec<i64> {
        sqlx::query_scalar("SELECT id FROM users WHERE lower(email) = lower($1) ORDER BY id")
            .bind(email)
            .fetch_all(node)
            .await
            .unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn accounts_of_the_version_before_are_found_by_every_spelling_of_their_address() {
        // Where `lower` leaves all but ASCII as it is, as in the locale C, those of the test are seven accounts.
        let url = database_with("TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'").await;
        let mut old = of_the_version_before(&url, &addresses::ADDRESSES).await;
        sqlx::query(
            "INSERT INTO users (email, name, password_hash, created_at)
             SELECT n || '@example.net', 'N', 'hash', 0 FROM generate_series(1, 2500) n",
        )
        .execute(&mut old)
        .await
        .unwrap();
        let nodes = (0..4).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { PostgresStore::open(&url).await.unwrap() })
        });
        for node in nodes.collect::<Vec<_>>() {
            let store = node.await.unwrap();
            assert!(store.account("2500@EXAMPLE.net").await.unwrap().is_some());
            store.close().await;
        }
        addresses::everybody_is_found(&PostgresStore::open(&url).await.unwrap()).await;
    }

    #[tokio::test]
    async fn a_node_of_the_version_before_goes_on_beside_and_makes_no_second_account() {
        let url = database().await;
        let mut old = of_the_version_before(&url, &["Alice@Example.org"]).await;
        let store = PostgresStore::open(&url).await.unwrap();
        assert_eq!(find_as_before(&mut old, "ALICE@example.org").await, [1]);
        assert_eq!(register_as_before(&mut old, "alice@EXAMPLE.org").await, None);
        store.create_user("Zoë@example.org", "Zoë", "hash").await.unwrap().unwrap();
        assert_eq!(register_as_before(&mut old, "zoë@example.org").await, None);
        // What it makes is found here, and is no second account here either.
        let made = register_as_before(&mut old, "Bob@example.org").await.unwrap();
        assert_eq!(store.account("bob@Example.org").await.unwrap().unwrap().0.id.0, made);
        assert_eq!(store.create_user("BOB@example.org", "Bob", "hash").await.unwrap(), None);
        let again = PostgresStore::open(&url).await.unwrap();
        assert_eq!(again.account("BOB@example.org").await.unwrap().unwrap().0.id.0, made);
    }

    #[tokio::test]
    async fn after_the_upgrade_the_first_account_is_the_owner_and_nothing_is_lost() {
        let url = database().await;
        let mut before = PgConnection::connect(&url).await.unwrap();
        upgrade::without_accounts(&sqlx::migrate!("migrations/postgres")).run(&mut before).await.unwrap();
        sqlx::raw_sql(upgrade::CONTENT).execute(&mut before).await.unwrap();
        sqlx::raw_sql(upgrade::SIGN_IN_ON_POSTGRES).execute(&mut before).await.unwrap();
        let world = World::again(PostgresStore::open(&url).await.unwrap()).await;
        upgrade::the_first_account_is_the_owner(world).await;
    }

    #[tokio::test]
    async fn after_the_upgrade_the_list_goes_by_messages() {
        let url = database().await;
        let mut before = PgConnection::connect(&url).await.unwrap();
        upgrade::before(&sqlx::migrate!("migrations/postgres")).run(&mut before).await.unwrap();
        sqlx::raw_sql(upgrade::CONTENT).execute(&mut before).await.unwrap();
        let world = World::again(PostgresStore::open(&url).await.unwrap()).await;
        upgrade::the_list_goes_by_messages(world).await;
    }

    #[tokio::test]
    async fn what_a_node_of_the_version_before_does_beside_this_one_moves_chats_too() {
        let url = database().await;
        let world = World::new(PostgresStore::open(&url).await.unwrap()).await;
        let (one, other) = (world.group().await, world.group().await);
        world.say(other, world.alice, "newer").await;
        let order = async || -> Vec<ChatId> {
            world.store.chats(world.alice, None, 10).await.unwrap().iter().map(|chat| chat.id).collect()
        };
        // The statements of that version.
        let mut old = PgConnection::connect(&url).await.unwrap();
        sqlx::query("SELECT * FROM append_or_refuse($1, $2, $3, $4, $5)")
            .bind(vec![one.0])
            .bind(vec![world.alice.0])
            .bind(vec![None::<String>])
            .bind(vec![b"newest".to_vec()])
            .bind(1_i64)
            .fetch_one(&mut old)
            .await
            .unwrap();
        assert_eq!(order().await, [one, other]);
        let started: i64 = sqlx::query_scalar(
            "INSERT INTO chats (direct, pair, title, created_at, updated_at) VALUES (false, NULL, 'Old', 1, 1)
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .fetch_one(&mut old)
        .await
        .unwrap();
        sqlx::query("INSERT INTO participants (chat_id, user_id) VALUES ($1, $2)")
            .bind(started)
            .bind(world.alice.0)
            .execute(&mut old)
            .await
            .unwrap();
        assert_eq!(order().await, [ChatId(started), one, other]);
    }

    #[tokio::test]
    async fn nodes_that_start_at_once_make_the_tables_once() {
        let url = database().await;
        let nodes = (0..4).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { PostgresStore::open(&url).await.map(drop) })
        });
        for node in nodes.collect::<Vec<_>>() {
            node.await.unwrap().unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_nodes_that_write_to_the_same_chats_leave_no_gap_and_no_repeat() {
        let url = database().await;
        let one = World::new(PostgresStore::open(&url).await.unwrap()).await;
        let other = World::again(PostgresStore::open(&url).await.unwrap()).await;
        let chats = [one.pair().await, one.group().await];
        let mut tasks = Vec::new();
        for (node, actor) in
            [(one.store.clone(), one.alice), (other.store.clone(), one.bob), (other.store, one.alice)]
        {
            tasks.push(tokio::spawn(async move {
                for number in 0..50 {
                    // Alice sends the same from two nodes, as a client does that has lost its acknowledgements.
                    let change = || message(&number.to_string(), Some(&format!("m-{number}")));
                    let mut batch = chats.map(|chat| Append { actor, chat, change: change() });
                    if number % 2 == 1 {
                        batch.reverse();
                    }
                    for result in node.append(&batch).await.unwrap() {
                        result.unwrap();
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        for chat in chats {
            let log = one.log(chat, 0).await;
            assert!(log.iter().map(|event| event.seq().0).eq(1..=100), "{} events", log.len());
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_copy_on_another_node_is_refused_like_the_first() {
        let url = database().await;
        let one = World::new(PostgresStore::open(&url).await.unwrap()).await;
        let other = World::again(PostgresStore::open(&url).await.unwrap()).await;
        let group = one.group().await;
        let message = |name| message("hello", Some(name));
        one.event(group, one.bob, Change::Leave).await;
        assert_eq!(one.append(group, one.bob, message("m-1")).await, Err(Refused::NoSuchChat));
        one.event(group, one.alice, Change::Join { user: one.bob }).await;
        one.event(group, one.bob, message("m-2")).await;
        assert_eq!(other.append(group, one.bob, message("m-1")).await, Err(Refused::NoSuchChat));
        assert_eq!(one.texts(group).await, ["hello"]);
    }

    #[tokio::test]
    async fn what_was_refused_long_ago_is_forgotten() {
        let url = database().await;
        let world = World::new(PostgresStore::open(&url).await.unwrap()).await;
        let pair = world.pair().await;
        let mut admin = PgConnection::connect(&url).await.unwrap();
        for name in ["m-1", "m-2", "m-3"] {
            let message = message("hello", Some(name));
            assert_eq!(world.append(pair, world.carol, message).await, Err(Refused::NoSuchChat));
            if name == "m-1" {
                sqlx::query("UPDATE refusals SET at = at - $1 * 86400000000")
                    .bind(causerie_protocol::limits::REFUSED_DAYS + 1)
                    .execute(&mut admin)
                    .await
                    .unwrap();
            }
        }
        let kept: Vec<String> = sqlx::query_scalar("SELECT client_id FROM refusals ORDER BY client_id")
            .fetch_all(&mut admin)
            .await
            .unwrap();
        assert_eq!(kept, ["m-2", "m-3"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_that_hangs_is_unavailable_and_does_not_keep_the_connections() {
        let url = url::Url::parse(&database().await).unwrap();
        let address = url.socket_addrs(|| None).unwrap()[0];
        let proxy = TcpProxy::start(address).await.unwrap();
        let mut through = url.clone();
        through.set_port(Some(proxy.address().port())).unwrap();
        let store = PostgresStore::open(through.as_str()).await.unwrap();
        let world = World::new(store.with_timeout(Duration::from_millis(200))).await;
        let pair = world.pair().await;
        // As many at once as there are connections, so that none is left that does not hang.
        let all = || futures_util::future::join_all((0..20).map(|_| world.store.position(world.alice, pair)));
        assert!(all().await.iter().all(Result::is_ok));
        assert_eq!(world.store.pool().open, world.store.pool().most);
        proxy.hang();
        for answer in all().await {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        let change = message("hello", Some("m-1"));
        let append = [Append { actor: world.alice, chat: pair, change }];
        let stored = async || match world.store.append(&append).await {
            Ok(results) => Some(results[0].is_ok()),
            Err(error) => {
                assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
                None
            }
        };
        assert!(eventually("that it comes back", LIMIT, stored).await.unwrap());
        assert_eq!(world.texts(pair).await, ["hello"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_that_only_reads_for_a_while_is_unavailable() {
        let url = database().await;
        let name = url.rsplit('/').next().unwrap();
        let world = World::new(PostgresStore::open(&url).await.unwrap()).await;
        let pair = world.pair().await;
        let mut admin = PgConnection::connect(&format!("{}/postgres", server().await)).await.unwrap();
        let mut set = async |change: &str| {
            // New connections have it, so the old ones are ended.
            let statement = format!(
                "ALTER DATABASE {name} {change}; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
        };
        let append = async |name| {
            let change = message("hello", Some(name));
            world.store.append(&[Append { actor: world.alice, chat: pair, change }]).await
        };
        set("SET default_transaction_read_only = on").await;
        // The first attempts may meet connections that were just ended, which is unavailable too.
        for _ in 0..20 {
            let refused = append("m-1").await;
            assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        }
        set("RESET default_transaction_read_only").await;
        let stored = async || append("m-1").await.ok();
        eventually("that it writes again", LIMIT, stored).await.unwrap();
        assert_eq!(world.texts(pair).await, ["hello"]);
    }

    /// The folder of the server's Unix socket, and its port.
    async fn socket() -> (String, u16) {
        let mut admin = PgConnection::connect(&format!("{}/postgres", server().await)).await.unwrap();
        let folders: String =
            sqlx::query_scalar("SHOW unix_socket_directories").fetch_one(&mut admin).await.unwrap();
        let folder = folders.split(',').next().unwrap().trim().to_owned();
        (folder, url::Url::parse(&server().await).unwrap().port().unwrap())
    }

    #[tokio::test]
    async fn a_unix_socket_is_used_however_the_url_names_it() {
        let database = database().await;
        let name = database.rsplit('/').next().unwrap();
        let user = url::Url::parse(&database).unwrap().username().to_owned();
        let (folder, port) = socket().await;
        for url in [
            format!("postgres:///{name}?host={folder}&port={port}&user={user}"),
            format!("postgres://{user}@{}:{port}/{name}", folder.replace('/', "%2F")),
            format!("postgres://{user}@localhost/{name}?host={folder}&port={port}"),
        ] {
            let store = PostgresStore::open(&url).await.unwrap();
            store.ping().await.unwrap();
            store.close().await;
            assert!(PostgresStore::preflight(&url).await.is_ok(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_pooler_that_keeps_sessions_is_used_and_one_that_does_not_is_named() {
        let database = database().await;
        let bouncer = PgBouncer::start("session").await.unwrap();
        let world = World::new(PostgresStore::open(&bouncer.url(&database).unwrap()).await.unwrap()).await;
        let pair = world.pair().await;
        world.say(pair, world.alice, "through the pooler").await;
        assert_eq!(world.texts(pair).await, ["through the pooler"]);
        assert!(PostgresStore::preflight(&bouncer.url(&database).unwrap()).await.is_ok());
        for mode in ["transaction", "statement"] {
            let bouncer = PgBouncer::start(mode).await.unwrap();
            let url = bouncer.url(&database).unwrap();
            let opened = PostgresStore::open(&url).await.map(drop);
            for refused in [opened, PostgresStore::preflight(&url).await.map(drop)] {
                let Err(StoreError::Unusable(sentence)) = refused else { panic!("{mode} opened") };
                for words in
                    ["PgBouncer", "pool_mode = session", "DATABASE_URL", &bouncer.address().to_string()]
                {
                    assert!(sentence.contains(words), "{words}: {sentence}");
                }
            }
        }
    }

    #[tokio::test]
    async fn the_other_nodes_are_seen_by_their_names_until_they_are_gone() {
        let url = database().await;
        let one = PostgresStore::open_for(&url, 1).await.unwrap();
        assert_eq!(one.other_nodes().await.unwrap(), []);
        assert_eq!(PostgresStore::preflight(&url).await.unwrap(), 1);
        let other = PostgresStore::open_for(&url, 2).await.unwrap();
        // As a node of an earlier version calls its connections.
        let earlier = PgConnectOptions::from_str(&url).unwrap().application_name("causerie");
        let earlier = earlier.connect().await.unwrap();
        let mut seen = one.other_nodes().await.unwrap();
        seen.sort();
        assert_eq!(seen, [None, Some(2)]);
        assert_eq!(other.other_nodes().await.unwrap().len(), 2);
        earlier.close().await.unwrap();
        other.close().await;
        let alone = async || one.other_nodes().await.unwrap().is_empty().then_some(());
        eventually("that the others are gone", LIMIT, alone).await.unwrap();
    }

    #[tokio::test]
    async fn the_epoch_is_renewed_while_nobody_serves() {
        let url = database().await;
        assert!(renew_epoch(&url).await.unwrap_err().to_string().contains("not one of Causerie"));
        let store = PostgresStore::open(&url).await.unwrap();
        let epoch = store.epoch();
        let refused = renew_epoch(&url).await.unwrap_err().to_string();
        assert!(refused.contains("in use") && refused.contains("stop every server"), "{refused}");
        store.close().await;
        renew_epoch(&url).await.unwrap();
        assert_ne!(PostgresStore::open(&url).await.unwrap().epoch(), epoch);
    }

    #[tokio::test]
    async fn a_server_that_cant_be_used_says_what_to_do() {
        let server = server().await;
        let port = ReservedPort::new().unwrap();
        let nobody = port.address();
        for (url, named) in [
            (format!("{server}/no_such_database"), "createdb"),
            (format!("postgres://causerie@{nobody}/x"), "does not answer"),
            ("postgres:///x?host=/no/such/folder&port=7".to_owned(), "/no/such/folder/.s.PGSQL.7"),
            (format!("postgres://causerie@{nobody}/x?host=127.0.0.2"), "127.0.0.2"),
            ("postgres://[".to_owned(), "not a Postgres URL"),
        ] {
            let Err(StoreError::Unusable(sentence)) = PostgresStore::open(&url).await else {
                panic!("{url} opened")
            };
            assert!(sentence.contains(named) && sentence.contains("DATABASE_URL"), "{sentence}");
        }
    }
}
