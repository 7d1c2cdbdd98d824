//! Frames that make no sense, and frames that a socket does not take.

use causerie_protocol::{ErrorCode, limits, paths};
use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message as Ws;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::common::server::TestServer;

#[tokio::test]
async fn a_bad_frame_is_answered_and_the_socket_stays() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let mut socket = server.one(&alice, chat).await;
    let long = json!({"type": "message", "text": "x".repeat(limits::TEXT_BYTES + 1), "client_id": "long"})
        .to_string();
    for (frame, code) in [
        ("hello", ErrorCode::NotJson),
        ("[]", ErrorCode::NotJson),
        ("{}", ErrorCode::MissingField),
        (r#"{"type":"shout"}"#, ErrorCode::UnknownType),
        (r#"{"type":"message"}"#, ErrorCode::MissingField),
        (r#"{"type":"message","text":7}"#, ErrorCode::InvalidField),
        (r#"{"type":"message","text":"a","chat_id":"1"}"#, ErrorCode::InvalidField),
        (r#"{"type":"message","text":""}"#, ErrorCode::TextBlank),
        (r#"{"type":"message","text":" \n\t"}"#, ErrorCode::TextBlank),
        (&long, ErrorCode::TextTooLong),
    ] {
        socket.send_text(frame).await;
        let error = socket.error().await;
        assert_eq!(error.code, code, "{frame:.60}");
        assert!(!error.detail.is_empty());
    }
    socket.say(chat, "still here", "m-1").await;
    assert_eq!(socket.message().await.content, "still here");
    assert_eq!(socket.ack().await.seq.0, 1, "nothing else was stored");
}

#[tokio::test]
async fn an_error_names_the_message_that_failed() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let mut socket = server.many(&alice).await;
    socket.send_text(r#"{"type":"message","text":"a","client_id":"m-1"}"#).await;
    let error = socket.error().await;
    assert_eq!(error.code, ErrorCode::MissingField);
    assert_eq!(error.client_id.unwrap().as_str(), "m-1");
    socket.send_text(r#"{"type":"message","text":"a","client_id":"m-2","chat_id":999}"#).await;
    let error = socket.error().await;
    assert_eq!(error.code, ErrorCode::NoSuchChat);
    assert_eq!((error.client_id.unwrap().as_str(), error.chat_id.unwrap().0), ("m-2", 999));
}

#[tokio::test]
async fn twenty_bad_frames_in_a_row_close_with_4002() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let mut socket = server.many(&alice).await;
    for _ in 0..limits::BAD_FRAMES {
        socket.send_text("nonsense").await;
    }
    for _ in 1..limits::BAD_FRAMES {
        assert_eq!(socket.error().await.code, ErrorCode::NotJson);
    }
    assert_eq!(socket.closed().await.0, 4002);
}

#[tokio::test]
async fn frames_that_are_no_small_text_close_with_the_code_that_says_why() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let text = |bytes: Vec<u8>| Ws::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true));
    for (frame, code) in [
        (Ws::binary(b"{}".to_vec()), 1003),
        (text(vec![b'"', 0xff, 0xfe, b'"']), 1007),
        (Ws::text("x".repeat(limits::FRAME_BYTES + 1)), 1009),
        (Ws::text("x".repeat(limits::FRAME_BYTES * 20)), 1009),
        (Ws::Frame(Frame::message(vec![], OpCode::Data(Data::Reserved(5)), true)), 1002),
    ] {
        let mut socket = server.socket(&alice.token, paths::SOCKET).await;
        socket.welcome().await;
        socket.ws.send(frame).await.unwrap();
        assert_eq!(socket.closed().await.0, code);
    }
    let mut socket = server.many(&alice).await;
    let mut padded = r#"{"type":"pong","pad":""#.to_owned();
    padded.push_str(&"x".repeat(limits::FRAME_BYTES - padded.len() - 2));
    padded.push_str("\"}");
    assert_eq!(padded.len(), limits::FRAME_BYTES);
    socket.send_text(&padded).await;
    socket.send_text("nonsense").await;
    assert_eq!(socket.error().await.code, ErrorCode::NotJson, "the largest frame was read");
}

#[tokio::test]
async fn a_fragmented_message_is_read_and_one_that_grows_too_large_is_not() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let part = |bytes: &[u8], first: bool, last: bool| {
        let code = if first { Data::Text } else { Data::Continue };
        Ws::Frame(Frame::message(bytes.to_vec(), OpCode::Data(code), last))
    };
    let mut socket = server.many(&alice).await;
    socket.ws.send(part(b"non", true, false)).await.unwrap();
    socket.ws.send(part(b"sense", false, true)).await.unwrap();
    assert_eq!(socket.error().await.code, ErrorCode::NotJson);
    let half = vec![b'x'; limits::FRAME_BYTES / 2 + 1];
    socket.ws.send(part(&half, true, false)).await.unwrap();
    socket.ws.send(part(&half, false, true)).await.unwrap();
    assert_eq!(socket.closed().await.0, 1009);
}
