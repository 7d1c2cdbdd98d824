//! The HTTP API of a real server, as clients see it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "common/socket.rs"]
mod client;
#[path = "common/page.rs"]
mod page;
#[path = "common/server.rs"]
mod server;

#[path = "rest/accounts.rs"]
mod accounts;
#[path = "rest/bad_input.rs"]
mod bad_input;
#[path = "rest/chats.rs"]
mod chats;
#[path = "rest/escaped.rs"]
mod escaped;
#[path = "rest/folder.rs"]
mod folder;
#[path = "rest/messages.rs"]
mod messages;
#[path = "rest/surroundings.rs"]
mod surroundings;
#[path = "rest/u0000.rs"]
mod u0000;
#[path = "rest/versions.rs"]
mod versions;

#[tokio::test]
async fn u0000_is_refused_by_its_field_or_kept() {
    u0000::is_refused_by_its_field_or_kept(&server::TestServer::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_text_arrives_however_it_is_escaped() {
    let server = server::TestServer::start().await;
    escaped::a_full_text_arrives_however_it_is_escaped(&server, &server).await;
}
