//! What a participant sets of a chat for themself, over the API and on the person's own sockets.

use causerie_protocol::server_frame::SetOfChat;
use causerie_protocol::{ChatId, ChatSettings, Notify, ServerFrame, paths};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};
use crate::common::socket::Socket;

/// Changes what a person has set of a chat.
pub async fn set(server: &TestServer, who: &Person, chat: ChatId, change: Value) -> ChatSettings {
    let answer = server.call(Method::PATCH, &paths::chat_settings(chat), who, change).await;
    serde_json::from_value(answer).unwrap()
}

/// Waits for the next settings that come to a socket.
pub async fn come(socket: &mut Socket) -> SetOfChat {
    socket
        .until(|frame| match frame {
            ServerFrame::ChatSettings(set) => Some(set),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn settings_come_to_the_persons_other_sockets_once_and_to_nobody_else() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    let (mut phone, mut bobs) = (server.many(&alice).await, server.many(&bob).await);
    let first = set(&server, &alice, chat, json!({"notify": "nothing"})).await;
    let second = set(&server, &alice, chat, json!({"pinned": true, "muted_until": null})).await;
    assert_eq!((second.notify, second.muted_until), (Notify::Nothing, None));
    for settings in [first, second] {
        assert_eq!(come(&mut phone).await, SetOfChat { chat_id: chat, settings });
    }
    // What the node reads from the store again and again comes no second time.
    phone.say(chat, "a sign", "m-1").await;
    phone
        .until(|frame| match frame {
            ServerFrame::ChatSettings(set) => panic!("a second time: {set:?}"),
            ServerFrame::Ack(_) => Some(()),
            _ => None,
        })
        .await;
    let pinned =
        server.call(Method::GET, &format!("{}?pinned=true", paths::CHATS), &alice, Value::Null).await;
    assert_eq!(pinned[0]["id"], json!(chat));
    let pinned = server.call(Method::GET, &format!("{}?pinned=true", paths::CHATS), &bob, Value::Null).await;
    assert_eq!(pinned, json!([]));
    bobs.subscribe(chat, None, None).await;
    bobs.until(|frame| match frame {
        ServerFrame::ChatSettings(set) => panic!("of somebody else: {set:?}"),
        ServerFrame::Subscribed(_) => Some(()),
        _ => None,
    })
    .await;
    let chats = server.call(Method::GET, paths::CHATS, &bob, Value::Null).await;
    assert_eq!(chats[0].get("settings"), None, "{chats}");
}

#[tokio::test]
async fn a_setting_that_makes_no_sense_is_refused_by_its_field() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let chat = server.start_chat(&alice, &bob).await;
    for (body, field) in [
        (json!({"notify": "sometimes"}), "notify"),
        (json!({"notify": 1}), "notify"),
        (json!({"muted_until": 1_795_000_000_000_i64}), "notify"),
        (json!({"notify": "nothing", "muted_until": "tomorrow"}), "muted_until"),
        (json!({"pinned": "yes"}), "pinned"),
        (json!({"archived": 1}), "archived"),
        (json!({"marked_unread": []}), "marked_unread"),
    ] {
        let at = body.to_string();
        let path = paths::chat_settings(chat);
        let (status, problem) = server.request(Method::PATCH, &path, Some(&alice.token), body).await;
        assert_eq!((status.as_u16(), problem["field"].as_str()), (400, Some(field)), "{at}: {problem}");
    }
}
