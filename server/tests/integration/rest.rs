//! The HTTP API of a real server, as clients see it.

mod accounts;
mod asked;
mod bad_input;
pub mod chat_settings;
mod chats;
mod edits;
pub mod escaped;
mod folder;
mod mail;
mod messages;
mod people;
mod privacy;
mod search;
pub mod second_factor;
mod strangers;
mod surroundings;
pub mod u0000;
mod versions;
mod words;

use crate::common::server::TestServer;

#[tokio::test]
async fn u0000_is_refused_by_its_field_or_kept() {
    u0000::is_refused_by_its_field_or_kept(&TestServer::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_text_arrives_however_it_is_escaped() {
    let server = TestServer::start().await;
    escaped::a_full_text_arrives_however_it_is_escaped(&server, &server).await;
}
