//! The last words of a socket reach a client that is still talking.

use causerie_protocol::paths;
use causerie_testkit::LIMIT;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::common::raw::{close_code, frame, open};
use crate::common::server::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_falls_behind_while_writing_is_told_so() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let (mut reader, mut writer) = open(&server, &bob.token, &paths::chat_socket(chat, None)).await;
    // Bob writes all the time and reads nothing.
    let chatter = tokio::spawn(async move {
        let frame = frame(1, br#"{"type":"pong","t":1}"#);
        while writer.write_all(&frame).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let mut a = server.one(&alice, chat).await;
    let text = "a".repeat(16_000);
    let fell_behind = |scrape: &crate::common::scrape::Scrape| {
        scrape.of(r#"causerie_socket_closes_total{code="4201"}"#) >= 1.0
    };
    let mut number = 0;
    while !fell_behind(&server.scrape().await) {
        for _ in 0..50 {
            number += 1;
            a.say(chat, &text, &format!("m-{number}")).await;
        }
        for _ in 0..50 {
            a.ack().await;
        }
        assert!(number < 5_000, "it never falls behind");
    }
    assert_eq!(close_code(&mut reader).await, 4201);
    drop(reader);
    timeout(LIMIT, chatter).await.expect("the connection ends").unwrap();
}

#[tokio::test]
async fn a_frame_that_is_far_too_large_is_answered_although_nobody_reads_it() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let (mut reader, mut writer) = open(&server, &alice.token, paths::SOCKET).await;
    // Far more than what the system holds between the two, and written before anything is read.
    writer.write_all(&frame(1, &vec![b'a'; 6 * 1024 * 1024])).await.unwrap();
    assert_eq!(close_code(&mut reader).await, 1009);
}
