//! The last words of a socket reach a client that is still talking.

use causerie_protocol::paths;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::server::{PATIENCE, TestServer};

/// A socket by hand, so that it can write without reading.
async fn open(server: &TestServer, token: &str, path: &str) -> (OwnedReadHalf, OwnedWriteHalf) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: Bearer, {token}\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream.into_split()
}

/// A text frame of a client, masked with zeros (RFC 6455, section 5.2).
fn text_frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend((payload.len() as u64).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Reads frames until a close frame, and answers its code.
async fn close_code(reader: &mut OwnedReadHalf) -> u16 {
    let read = async {
        loop {
            let kind = reader.read_u8().await.expect("a frame") & 0x0f;
            let length = match reader.read_u8().await.unwrap() & 0x7f {
                126 => usize::from(reader.read_u16().await.unwrap()),
                127 => usize::try_from(reader.read_u64().await.unwrap()).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            reader.read_exact(&mut payload).await.unwrap();
            if kind == 0x8 {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    };
    timeout(PATIENCE, read).await.expect("no close frame came")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_falls_behind_while_writing_is_told_so() {
    let server = TestServer::start().await;
    let [ana, ben] = [server.register("ana").await, server.register("ben").await];
    let chat = server.start_chat(&ana, &ben).await;
    let (mut reader, mut writer) = open(&server, &ben.token, &paths::chat_socket(chat, None)).await;
    // Ben writes all the time and reads nothing.
    let chatter = tokio::spawn(async move {
        let frame = text_frame(br#"{"type":"pong","t":1}"#);
        while writer.write_all(&frame).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let mut a = server.one(&ana, chat).await;
    let text = "a".repeat(16_000);
    let fell_behind =
        |scrape: &crate::scrape::Scrape| scrape.of(r#"causerie_socket_closes_total{code="4201"}"#) >= 1.0;
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
    timeout(PATIENCE, chatter).await.expect("the connection ends").unwrap();
}

#[tokio::test]
async fn a_frame_that_is_far_too_large_is_answered_although_nobody_reads_it() {
    let server = TestServer::start().await;
    let ana = server.register("ana").await;
    let (mut reader, mut writer) = open(&server, &ana.token, paths::SOCKET).await;
    // Far more than what the system holds between the two, and written before anything is read.
    writer.write_all(&text_frame(&vec![b'a'; 6 * 1024 * 1024])).await.unwrap();
    assert_eq!(close_code(&mut reader).await, 1009);
}
