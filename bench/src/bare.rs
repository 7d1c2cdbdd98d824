//! The bare room: the smallest chat server with axum, without storage, sign-in or log. The difference to it is the cost
//! of what Causerie promises.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;

type Rooms = Arc<Mutex<HashMap<i64, Vec<mpsc::UnboundedSender<Utf8Bytes>>>>>;

pub(crate) async fn serve() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let router = Router::new().route("/ws/chats/{id}/", get(upgrade)).with_state(Rooms::default());
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| {
            // The same socket options as the server under test.
            let _ = stream.set_nodelay(true);
        }),
        router,
    )
    .await?;
    Ok(())
}

async fn upgrade(Path(room): Path<i64>, State(rooms): State<Rooms>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(4096)
        .protocols([causerie_protocol::handshake::VERSIONED])
        .on_upgrade(move |socket| talk(socket, room, rooms))
}

async fn talk(socket: WebSocket, room: i64, rooms: Rooms) {
    let (mut sink, mut stream) = socket.split();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    rooms.lock().expect("no holder panics").entry(room).or_default().push(sender);
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let text = Utf8Bytes::from(text.as_str());
                    let mut rooms = rooms.lock().expect("no holder panics");
                    if let Some(members) = rooms.get_mut(&room) {
                        members.retain(|member| member.send(text.clone()).is_ok());
                    }
                }
                Some(Ok(_)) => {}
                _ => return,
            },
            Some(text) = receiver.recv() => {
                if sink.feed(Message::Text(text)).await.is_err() {
                    return;
                }
                while let Ok(text) = receiver.try_recv() {
                    if sink.feed(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                if sink.flush().await.is_err() {
                    return;
                }
            }
        }
    }
}
