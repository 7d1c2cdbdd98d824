//! Several servers over one Postgres and one Redis: what a client may rely on whichever it reaches.

use std::time::Duration;

use causerie_protocol::rest::{Chat, Readiness};
use causerie_protocol::{ChatId, Event, Seq, ServerFrame, paths};
use causerie_server::config::{Config, Presence};
use causerie_testkit::{LIMIT, Redis, database, eventually};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::common::page;
use crate::common::server::{Person, TestServer};
use crate::common::socket::Socket;
use crate::rest::{chat_settings, escaped, u0000};

mod tokens;

struct Nodes {
    database: String,
    redis: Redis,
    one: TestServer,
    other: TestServer,
}

impl Nodes {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Nodes that notice soon who is gone.
    async fn quick() -> Self {
        Self::start_with(|config| {
            config.presence =
                Presence { grace: Duration::from_millis(300), beat: Duration::from_millis(100) };
        })
        .await
    }

    async fn start_with(change: impl Fn(&mut Config)) -> Self {
        let database = database().await.unwrap();
        let redis = Redis::start().await.unwrap();
        let node = async || {
            TestServer::start_with(|config| {
                config.database_url = database.clone();
                config.redis_url = Some(redis.url());
                change(config);
            })
            .await
        };
        let (one, other) = (node().await, node().await);
        let nodes = Self { database, redis, one, other };
        nodes.bus_is(true).await;
        nodes
    }

    /// Waits until both nodes say that they hear each other, or that they do not.
    async fn bus_is(&self, connected: bool) {
        for node in [&self.one, &self.other] {
            says(node, |readiness| readiness.bus == connected).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_reaches_who_is_on_another_node() {
    let nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let (mut here, mut there) = (nodes.one.one(&alice, chat).await, nodes.other.one(&bob, chat).await);
    for number in 1..=20 {
        here.say(chat, &number.to_string(), &format!("m-{number}")).await;
        let message = there.message().await;
        assert_eq!((message.content, message.seq), (number.to_string(), Seq(number)));
    }
    there.say(chat, "back", "b-1").await;
    let back = here
        .until(|frame| match frame {
            ServerFrame::Event(Event::Message(message)) if message.seq == Seq(21) => Some(message),
            _ => None,
        })
        .await;
    assert_eq!(back.content, "back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_sets_of_a_chat_comes_to_another_node_also_without_redis() {
    let mut nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.one.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let mut there = nodes.other.many(&alice).await;
    let set = chat_settings::set(&nodes.one, &alice, chat, json!({"notify": "nothing"})).await;
    assert_eq!(chat_settings::come(&mut there).await.settings, set);
    nodes.redis.kill().await.unwrap();
    nodes.bus_is(false).await;
    let set = chat_settings::set(&nodes.one, &alice, chat, json!({"archived": true})).await;
    assert_eq!(chat_settings::come(&mut there).await.settings, set);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_on_another_node_is_the_same_message() {
    let nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.one.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let (mut first, mut second) = (nodes.one.one(&alice, chat).await, nodes.other.one(&alice, chat).await);
    first.say(chat, "once", "m-1").await;
    let ack = first.ack().await;
    second.say(chat, "once", "m-1").await;
    let again = second.ack().await;
    assert!(!ack.duplicate && again.duplicate);
    assert_eq!((again.id, again.seq), (ack.id, ack.seq));
    assert_eq!(nodes.other.history(&bob, chat).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_waits_for_the_database_holds_up_its_own_people_and_nobody_else() {
    let nodes = Nodes::start().await;
    let node = &nodes.one;
    let (alice, bob) = (node.register("alice").await, node.register("bob").await);
    let (carol, dave) = (node.register("carol").await, node.register("dave").await);
    let (held, free) = (node.start_chat(&alice, &bob).await, node.start_chat(&carol, &dave).await);
    let also_hers = node.start_chat(&alice, &dave).await;
    let mut alices = node.many(&alice).await;
    let mut carols = node.one(&carol, free).await;

    let mut admin = PgConnection::connect(&nodes.database).await.unwrap();
    let mut lock = admin.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM chats WHERE id = $1 FOR UPDATE")
        .bind(held.0)
        .execute(&mut *lock)
        .await
        .unwrap();
    alices.say(held, "first", "a-1").await;
    // In a transaction, Postgres would answer the same each time.
    let mut onlooker = PgConnection::connect(&nodes.database).await.unwrap();
    let waits = async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let count: i64 = sqlx::query_scalar(waiting).fetch_one(&mut onlooker).await.unwrap();
        (count > 0).then_some(())
    };
    eventually("that her message waits for the lock", LIMIT, waits).await.unwrap();
    // Sent later to a chat that nobody holds up; it is not stored before the first all the same.
    alices.say(also_hers, "second", "a-2").await;
    carols.say(free, "at once", "c-1").await;
    assert_eq!(carols.ack().await.client_id.as_str(), "c-1");
    assert_eq!(node.history(&dave, also_hers).await.len(), 0);

    lock.rollback().await.unwrap();
    let acks = [alices.ack().await, alices.ack().await];
    assert_eq!(acks.each_ref().map(|ack| ack.client_id.as_str()), ["a-1", "a-2"]);
    assert!(acks[0].id < acks[1].id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_message_of_another_node_still_comes() {
    let mut nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let (mut here, mut there) = (nodes.one.one(&alice, chat).await, nodes.other.one(&bob, chat).await);
    nodes.redis.kill().await.unwrap();
    nodes.bus_is(false).await;
    here.say(chat, "in the dark", "m-1").await;
    here.ack().await;
    assert_eq!(there.message().await.content, "in the dark");
    nodes.redis.launch().await.unwrap();
    nodes.bus_is(true).await;
    here.say(chat, "light", "m-2").await;
    assert_eq!(there.message().await.content, "light");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_far_somebody_read_while_redis_was_away_is_told_when_it_is_back() {
    let mut nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let (mut here, mut there) = (nodes.one.one(&alice, chat).await, nodes.other.one(&bob, chat).await);
    here.say(chat, "did you see this?", "m-1").await;
    let seq = there.message().await.seq;
    nodes.redis.kill().await.unwrap();
    nodes.bus_is(false).await;
    there.send(json!({"type": "read", "chat_id": chat, "seq": seq})).await;
    let read = |frame| match frame {
        ServerFrame::Read(read) => Some((read.user_id, read.seq)),
        _ => None,
    };
    // On the reader's own node at once.
    assert_eq!(there.until(read).await, (bob.user.id, seq));
    nodes.redis.launch().await.unwrap();
    nodes.bus_is(true).await;
    assert_eq!(here.until(read).await, (bob.user.id, seq));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_dropped_its_connections_is_not_felt_by_who_sends() {
    let nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.one.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let mut socket = nodes.one.one(&alice, chat).await;
    let mut admin = PgConnection::connect(&nodes.database).await.unwrap();
    for number in 1..=10 {
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(others).execute(&mut admin).await.unwrap();
        let name = format!("m-{number}");
        socket.say(chat, "hello", &name).await;
        let ack = socket.ack().await;
        assert_eq!((ack.client_id.as_str(), ack.seq, ack.duplicate), (&*name, Seq(number), false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_closes_sockets_on_every_node() {
    let nodes = Nodes::start().await;
    let alice = nodes.one.register("alice").await;
    let mut there = nodes.other.many(&alice).await;
    nodes.one.logout(&alice).await;
    assert_eq!(there.closed().await.0, 4001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_on_one_node_hears_no_more_on_another() {
    let nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    let group = nodes.one.start_group(&alice, &[&bob]).await;
    let mut there = nodes.other.one(&bob, group).await;
    nodes.one.call(Method::POST, &paths::leave(group), &bob, Value::Null).await;
    assert_eq!(there.closed().await.0, 4003);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_chat_appears_on_another_node() {
    let nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    let mut there = nodes.other.many(&bob).await;
    let made =
        nodes.one.call(Method::POST, paths::CHATS, &alice, json!({"participants": [bob.email()]})).await;
    let added = there
        .until(|frame| match frame {
            ServerFrame::ChatAdded(added) => Some(added.chat),
            _ => None,
        })
        .await;
    assert_eq!(made["id"], json!(added.id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u0000_is_refused_by_its_field_or_kept() {
    let database = database().await.unwrap();
    let server = TestServer::start_with(|config| config.database_url = database).await;
    u0000::is_refused_by_its_field_or_kept(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_text_arrives_on_another_node_however_it_is_escaped() {
    let nodes = Nodes::start().await;
    escaped::a_full_text_arrives_however_it_is_escaped(&nodes.one, &nodes.other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_redis_can_be_read_from_the_metrics() {
    let mut redis = Redis::start().await.unwrap();
    let url = redis.url();
    let node = TestServer::start_with(|config| config.redis_url = Some(url)).await;
    let connected = async |connected: f64| {
        node.scraped("the state of the bus", |scrape| scrape.of("causerie_bus_connected") == connected).await
    };
    assert_eq!(connected(1.0).await.of("causerie_bus_reconnects_total"), 0.0);
    redis.kill().await.unwrap();
    connected(0.0).await;
    redis.launch().await.unwrap();
    connected(1.0).await;
    node.scraped("the reconnection is counted", |scrape| scrape.of("causerie_bus_reconnects_total") == 1.0)
        .await;
}

/// Waits for what a node says of itself.
async fn says(node: &TestServer, is_so: impl Fn(&Readiness) -> bool) -> Readiness {
    let look = async || {
        let answer = node.client.get(node.url(paths::READY)).send().await.unwrap();
        Some(answer.json::<Readiness>().await.unwrap()).filter(&is_so)
    };
    eventually("what a node says of itself", LIMIT, look).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_nothing_connects_say_so_and_read_each_others_messages_from_the_database() {
    let database = database().await.unwrap();
    let node = async || {
        let database = database.clone();
        TestServer::start_with(|config| config.database_url = database).await
    };
    let one = node().await;
    let alone = says(&one, |_| true).await;
    assert!(alone.ready && alone.bus && !alone.unheard && alone.detail.is_none(), "{alone:?}");
    let mut other = node().await;
    for node in [&one, &other] {
        let deaf = says(node, |readiness| readiness.unheard).await;
        assert!(deaf.ready && !deaf.bus && deaf.detail.unwrap().contains("USE_REDIS=true"));
    }
    let (alice, bob) = (one.register("alice").await, other.register("bob").await);
    let chat = one.start_chat(&alice, &bob).await;
    let (mut here, mut there) = (one.one(&alice, chat).await, other.one(&bob, chat).await);
    for number in 1..=3 {
        let text = number.to_string();
        here.say(chat, &text, &format!("m-{number}")).await;
        let message = there.message().await;
        assert_eq!((message.content, message.seq), (text, Seq(number)));
    }
    there.send(json!({"type": "read", "chat_id": chat, "seq": 3})).await;
    let read = here
        .until(|frame| match frame {
            ServerFrame::Read(read) if read.user_id == bob.user.id => Some(read.seq),
            _ => None,
        })
        .await;
    assert_eq!(read, Seq(3));
    let signed_out = one.login(&bob).await;
    let mut closing = other.many(&signed_out).await;
    one.logout(&signed_out).await;
    assert_eq!(closing.closed().await.0, 4001);
    other.kill();
    says(&one, |readiness| readiness.bus && !readiness.unheard && readiness.detail.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_on_two_redis_notice_that_they_do_not_hear_each_other() {
    let database = database().await.unwrap();
    let (first, second) = (Redis::start().await.unwrap(), Redis::start().await.unwrap());
    let node = async |redis: &Redis| {
        let (database, url) = (database.clone(), redis.url());
        TestServer::start_with(|config| {
            config.database_url = database;
            config.redis_url = Some(url);
            config.presence =
                Presence { grace: Duration::from_millis(300), beat: Duration::from_millis(100) };
        })
        .await
    };
    let (one, other) = (node(&first).await, node(&second).await);
    for node in [&one, &other] {
        let deaf = says(node, |readiness| readiness.unheard).await;
        assert!(deaf.ready && !deaf.bus && deaf.detail.unwrap().contains("same REDIS_URL"));
    }
}

/// Whether a node shows a person as online to somebody who shares a chat with them.
async fn shows(node: &TestServer, viewer: &Person, chat: ChatId, who: &Person) -> bool {
    let chat = node.call(Method::GET, &paths::chat(chat), viewer, Value::Null).await;
    let chat: Chat = serde_json::from_value(chat).unwrap();
    chat.participants.iter().find(|participant| participant.user.id == who.user.id).unwrap().online
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_on_two_nodes_is_online_until_the_last_socket_goes() {
    let nodes = Nodes::quick().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let mut watching = nodes.one.many(&alice).await;
    let there = nodes.other.many(&bob).await;
    let came = watching.presence().await;
    assert_eq!((came.user_id, came.online), (bob.user.id, true));
    assert!(shows(&nodes.one, &alice, chat, &bob).await, "the list of chats knows it too");
    let here = nodes.one.many(&bob).await;
    drop(there);
    // Carol's coming and going takes as long as his would, so once she is gone, he would be.
    let carol = nodes.other.register("carol").await;
    nodes.one.start_chat(&alice, &carol).await;
    drop(nodes.other.many(&carol).await);
    for online in [true, false] {
        let told = watching.presence().await;
        assert_eq!((told.user_id, told.online), (carol.user.id, online));
    }
    assert!(shows(&nodes.one, &alice, chat, &bob).await && shows(&nodes.other, &alice, chat, &bob).await);
    drop(here);
    let left = watching.presence().await;
    assert_eq!((left.user_id, left.online), (bob.user.id, false));
    assert!(!shows(&nodes.one, &alice, chat, &bob).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_of_a_node_that_is_killed_go_offline_for_the_others() {
    let mut nodes = Nodes::quick().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let mut watching = nodes.one.many(&alice).await;
    let _there = nodes.other.many(&bob).await;
    assert!(watching.presence().await.online);
    nodes.other.kill();
    let gone = watching.presence().await;
    assert_eq!((gone.user_id, gone.online), (bob.user.id, false));
    assert!(!shows(&nodes.one, &alice, chat, &bob).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_the_people_of_other_nodes_are_offline_and_with_it_online_again() {
    let mut nodes = Nodes::quick().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    nodes.one.start_chat(&alice, &bob).await;
    let mut watching = nodes.one.many(&alice).await;
    let _there = nodes.other.many(&bob).await;
    assert!(watching.presence().await.online);
    nodes.redis.kill().await.unwrap();
    assert!(!watching.presence().await.online);
    nodes.redis.launch().await.unwrap();
    let back = watching.presence().await;
    assert_eq!((back.user_id, back.online), (bob.user.id, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_is_seen_on_another_node() {
    let nodes = Nodes::start().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.other.register("bob").await);
    let chat = nodes.one.start_chat(&alice, &bob).await;
    let (mut here, mut there) = (nodes.one.one(&alice, chat).await, nodes.other.one(&bob, chat).await);
    // The first message says that the other node listens: typing is a hint, and what came before is not repeated.
    here.say(chat, "I will write more", "m-1").await;
    there.message().await;
    here.send(json!({"type": "typing", "chat_id": chat})).await;
    let typing = there
        .until(|frame| match frame {
            ServerFrame::Typing(typing) => Some(typing),
            _ => None,
        })
        .await;
    assert_eq!((typing.chat_id, typing.user_id), (chat, alice.user.id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_suspended_on_one_node_is_out_on_the_other() {
    let nodes = Nodes::start().await;
    let (owner, bob) = (nodes.one.register("owner").await, nodes.one.register("bob").await);
    let mut there = nodes.other.many(&bob).await;
    let path = paths::person_action(bob.user.id, "suspend");
    nodes.one.call(Method::POST, &path, &owner, Value::Null).await;
    assert_eq!(there.closed().await.0, 4004);
    let mut again = nodes.other.socket(&bob.token, paths::SOCKET).await;
    assert_eq!(again.closed().await.0, 4004);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_load_of_the_page_breaks_while_one_version_follows_another() {
    let database = database().await.unwrap();
    let redis = Redis::start().await.unwrap();
    let node = async |version| {
        let mut config = Config::new(std::path::Path::new("unused.db"));
        config.database_url = database.clone();
        config.redis_url = Some(redis.url());
        page::node(config, version).await
    };
    let client = reqwest::Client::new();
    let mut nodes = vec![node(1).await, node(1).await, node(1).await];
    let mut turn = 0;
    // One node after the other is replaced, and whichever of them is asked has the files of both versions.
    for replaced in 0..3 {
        nodes[replaced] = node(2).await;
        for load in 0..200 {
            let broken = page::load(&client, &nodes, &mut turn).await;
            assert_eq!(broken, [""; 0], "load {load} with {} new nodes", replaced + 1);
        }
        // The next document comes from another node than this one did.
        turn += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parting_that_no_node_told_is_found_though_it_commits_behind_a_later_one() {
    let nodes = Nodes::quick().await;
    let (alice, bob) = (nodes.one.register("alice").await, nodes.one.register("bob").await);
    let carol = nodes.one.register("carol").await;
    nodes.one.start_group(&alice, &[&bob, &carol]).await;
    let mut socket = nodes.one.many(&bob).await;
    // As a node does whose envelopes are lost.
    let part = "INSERT INTO partings (user_id, other_id, kind, at) VALUES ($1, $2, 0, 1)";
    let mut late = PgConnection::connect(&nodes.database).await.unwrap();
    let mut late = late.begin().await.unwrap();
    let mut prompt = PgConnection::connect(&nodes.database).await.unwrap();
    for (connection, other) in [(&mut *late, &alice), (&mut prompt, &carol)] {
        let insert = sqlx::query(part).bind(other.user.id.0).bind(bob.user.id.0);
        insert.execute(connection).await.unwrap();
    }
    let is_gone = async |socket: &mut Socket, other: &Person| loop {
        let presence = socket.presence().await;
        if presence.user_id == other.user.id {
            assert!(!presence.online);
            return;
        }
    };
    is_gone(&mut socket, &carol).await;
    late.commit().await.unwrap();
    is_gone(&mut socket, &alice).await;
}
