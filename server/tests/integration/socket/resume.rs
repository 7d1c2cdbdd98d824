//! Resuming: a client that was away sees what it missed, each once, and then what comes.

use causerie_protocol::{ErrorCode, Event, Seq, ServerFrame, limits, paths};
use causerie_server::store::SqliteStore;
use serde_json::json;

use crate::common::server::TestServer;
use crate::common::socket::Socket;

/// Sends numbered messages in one go and waits for every ack.
async fn say_many(socket: &mut Socket, chat: causerie_protocol::ChatId, from: u64, to: u64) {
    for n in from..=to {
        socket.say(chat, &format!("message {n}"), &format!("m-{n}")).await;
    }
    for _ in from..=to {
        socket.ack().await;
    }
}

#[tokio::test]
async fn what_was_missed_comes_once_and_in_order_and_live_events_follow() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.many(&alice).await;
    say_many(&mut a, chat, 1, 450).await;
    let mut b = server.many(&bob).await;
    b.subscribe(chat, Some(Seq(10)), None).await;
    let subscribed = b.subscribed().await;
    assert_eq!((subscribed.head, subscribed.reset), (Seq(450), false));
    say_many(&mut a, chat, 451, 460).await;
    for n in 11..=460 {
        let message = b.message().await;
        assert_eq!((message.seq, message.content), (Seq(n), format!("message {n}")));
    }
    // Again on the same socket, as a client does that saw a hole.
    b.subscribe(chat, Some(Seq(455)), Some(&subscribed.epoch.0)).await;
    assert_eq!(b.subscribed().await.head, Seq(460));
    for n in 456..=460 {
        assert_eq!(b.message().await.seq, Seq(n));
    }
}

#[tokio::test]
async fn the_address_of_one_chat_resumes_too() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.one(&alice, chat).await;
    say_many(&mut a, chat, 1, 3).await;
    let mut b = server.socket(&bob.token, &paths::chat_socket(chat, Some(Seq(1)))).await;
    b.welcome().await;
    let subscribed = b.subscribed().await;
    assert_eq!((b.message().await.seq, b.message().await.seq), (Seq(2), Seq(3)));
    let path = format!("{}&epoch={}", paths::chat_socket(chat, Some(Seq(1))), subscribed.epoch);
    let mut b = server.socket(&bob.token, &path).await;
    b.welcome().await;
    assert!(!b.subscribed().await.reset);
    assert_eq!(b.message().await.seq, Seq(2));
    let path = format!("{}&epoch=another", paths::chat_socket(chat, Some(Seq(1))));
    let mut b = server.socket(&bob.token, &path).await;
    b.welcome().await;
    assert!(b.subscribed().await.reset);
}

#[tokio::test]
async fn a_position_that_cannot_be_served_asks_for_a_fresh_load_and_goes_on_live() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.many(&alice).await;
    let head = limits::RESUME_EVENTS + 2;
    for first in (1..=head).step_by(200) {
        say_many(&mut a, chat, first, (first + 199).min(head)).await;
    }
    let mut b = server.many(&bob).await;
    for (after, epoch) in [(head + 1, None), (1, None), (head, Some("another"))] {
        b.subscribe(chat, Some(Seq(after)), epoch).await;
        let subscribed = b.subscribed().await;
        assert_eq!((subscribed.head, subscribed.reset), (Seq(head), true), "{after} {epoch:?}");
    }
    a.say(chat, "live", "live").await;
    assert_eq!(b.message().await.content, "live");
    b.subscribe(chat, Some(Seq(2 + 1)), None).await;
    assert!(!b.subscribed().await.reset, "a thousand are served");
}

#[tokio::test]
async fn following_a_chat_that_is_not_mine_is_an_error_and_the_socket_stays() {
    let server = TestServer::start().await;
    let [alice, bob, eve] =
        [server.register("alice").await, server.register("bob").await, server.register("eve").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut e = server.many(&eve).await;
    for id in [chat.0, chat.0 + 1_000] {
        e.send(json!({"type": "subscribe", "chat_id": id})).await;
        let error = e.error().await;
        assert_eq!((error.code, error.chat_id.unwrap().0), (ErrorCode::NoSuchChat, id));
    }
    let mut a = server.one(&alice, chat).await;
    a.say(chat, "secret", "m-1").await;
    a.ack().await;
    e.send_text("nonsense").await;
    let frame = e.frame().await;
    assert!(matches!(frame, ServerFrame::Error(_)), "nothing of the chat came: {frame:?}");
}

/// A reader that stops reading is cut off with 4201, costs the others nothing, and finds everything when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_closed_with_4201_and_resumes_without_a_loss() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut a = server.many(&alice).await;
    let mut b = server.one(&bob, chat).await;
    let text = "x".repeat(limits::TEXT_BYTES);
    let mut sent = 0;
    // More than the outbox and every buffer of the two systems between hold.
    for _ in 0..40 {
        for _ in 0..32 {
            sent += 1;
            a.say(chat, &text, &format!("m-{sent}")).await;
        }
        for _ in 0..32 {
            a.ack().await;
        }
    }
    let mut last = 0;
    loop {
        match b.next().await {
            crate::common::socket::Came::Frame(frame) => {
                let ServerFrame::Event(event) = *frame else { panic!("{frame:?}") };
                assert_eq!(event.seq(), Seq(last + 1));
                last += 1;
            }
            crate::common::socket::Came::Closed(code, _) => {
                assert_eq!(code, 4201);
                break;
            }
            crate::common::socket::Came::Gone => panic!("the connection ended without a close frame"),
        }
    }
    assert!(last < sent, "it fell behind");
    while last < sent {
        let mut b = server.socket(&bob.token, &paths::chat_socket(chat, Some(Seq(last)))).await;
        b.welcome().await;
        let subscribed = b.subscribed().await;
        assert!(!subscribed.reset || sent - last > limits::RESUME_EVENTS);
        if subscribed.reset {
            last = subscribed.head.0;
        }
        while last < sent {
            match b.frame().await {
                ServerFrame::Event(Event::Message(message)) => assert_eq!(message.seq, Seq(last + 1)),
                other => panic!("{other:?}"),
            }
            last += 1;
        }
    }
}

#[tokio::test]
async fn no_page_resumes_into_the_history_of_a_backup_that_was_put_back() {
    for by_command in [true, false] {
        let server = TestServer::start().await;
        let [alice, bob] = [server.register("alice").await, server.register("bob").await];
        let chat = server.start_chat(&alice, &bob).await;
        let mut a = server.one(&alice, chat).await;
        say_many(&mut a, chat, 1, 3).await;
        let mut b = server.many(&bob).await;
        b.subscribe(chat, None, None).await;
        let seen = b.subscribed().await;
        let path = server.folder().join("causerie.db");
        let (url, saved) = (format!("sqlite:{}", path.display()), server.folder().join("saved.db"));
        // While it serves, and in the middle of what people write.
        SqliteStore::backup(&url, &saved).await.unwrap();
        say_many(&mut a, chat, 4, 6).await;
        drop((a, b));
        let folder = server.stop().await;
        if by_command {
            SqliteStore::restore(&url, &saved).await.unwrap();
        } else {
            std::fs::copy(&saved, &path).unwrap();
        }

        let server = TestServer::start_in(folder, |_| {}).await;
        let mut a = server.one(&alice, chat).await;
        // The log is longer again than what the page has seen of the other one.
        for n in 4..=8 {
            a.say(chat, &format!("another message {n}"), &format!("n-{n}")).await;
            assert_eq!(a.ack().await.seq, Seq(n));
        }
        let mut b = server.many(&bob).await;
        b.subscribe(chat, Some(Seq(6)), Some(&seen.epoch.0)).await;
        let subscribed = b.subscribed().await;
        assert!(subscribed.reset && subscribed.epoch != seen.epoch, "by command: {by_command}");
        let texts: Vec<_> =
            server.history(&bob, chat).await.into_iter().map(|message| message.content).collect();
        assert_eq!(texts[2..4], ["message 3", "another message 4"]);
    }
}

#[tokio::test]
async fn a_restart_changes_no_epoch_and_a_copy_in_another_folder_has_its_own() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let epoch = async |server: &TestServer| {
        let mut socket = server.many(&alice).await;
        socket.subscribe(chat, None, None).await;
        socket.subscribed().await.epoch
    };
    let first = epoch(&server).await;
    let folder = server.stop().await;
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let mut server = TestServer::start_in(folder, |_| {}).await;
    assert_eq!(epoch(&server).await, first);
    let other = TestServer::start_in(copy, |_| {}).await;
    let of_the_copy = epoch(&other).await;
    assert_ne!(of_the_copy, first);
    // Killed, and on.
    server.kill();
    let folder = server.ended().await;
    assert_eq!(epoch(&TestServer::start_in(folder, |_| {}).await).await, first);
    let other = TestServer::start_in(other.stop().await, |_| {}).await;
    assert_eq!(epoch(&other).await, of_the_copy);
}
