//! What a proxy before the server can do wrong, each with a real nginx; and one that does everything right.

use std::net::SocketAddr;
use std::time::Duration;

use crate::deployed::Proxy as Deployed;
use crate::looked::in_a_chat;
use crate::nginx::{CUTS_IDLE, HEALTHY, NO_SUBPROTOCOL, NO_UPGRADE, Nginx};
use crate::server::TestServer;
use crate::stand_in::StandIn;

/// Looks through an nginx with a mistake, and through one where the lines that are recommended stand.
async fn mistake(location: &str, finding: &str, remedy: &str) {
    let server = TestServer::start().await;
    let (_, chat, token) = in_a_chat(&server).await;
    let chat = chat.to_string();
    let nginx = Nginx::start(server.address, location).await;
    let words = token.quick(&nginx.url(), &["--chat", &chat]).await.found(finding);
    assert!(words.contains(remedy), "{words}");
    let nginx = nginx.mend(server.address, HEALTHY).await;
    token.quick(&nginx.url(), &["--chat", &chat]).await.found("all_well");
}

#[tokio::test]
async fn one_that_does_not_pass_the_upgrade() {
    mistake(NO_UPGRADE, "proxy_drops_upgrade", "proxy_set_header Upgrade").await;
}

#[tokio::test]
async fn one_that_drops_the_subprotocols() {
    mistake(NO_SUBPROTOCOL, "proxy_drops_subprotocol", "Sec-WebSocket-Protocol").await;
}

#[tokio::test]
async fn one_that_cuts_a_quiet_connection() {
    let server = TestServer::start().await;
    let (_, chat, token) = in_a_chat(&server).await;
    let nginx = Nginx::start(server.address, CUTS_IDLE).await;
    let looked = token.thorough(&nginx.url(), &["--chat", &chat.to_string()]).await;
    let words = looked.found("proxy_cuts_idle");
    assert!(words.contains("proxy_read_timeout"), "{words}");
}

#[tokio::test]
async fn one_that_lets_a_quiet_connection_live() {
    let heartbeat = Duration::from_millis(600);
    let server = TestServer::start_with(|config| config.heartbeat = heartbeat).await;
    let (_, chat, token) = in_a_chat(&server).await;
    let nginx = Nginx::start(server.address, HEALTHY).await;
    for url in [nginx.url(), server.url("")] {
        let looked = token.thorough(&url, &["--chat", &chat.to_string()]).await;
        looked.found("all_well");
        assert_eq!((looked.steps("failed"), looked.steps("skipped")), (0, 0), "{}", looked.printed);
        assert!(looked.report["figures"]["quiet_ms"].as_u64().unwrap() >= 540, "{}", looked.printed);
    }
}

/// As the README tells people to put a proxy before the server, seen by a page and by a program.
async fn the_file_of_deploy_is_well(start: fn(SocketAddr) -> Deployed) {
    let server = TestServer::start_with(|config| config.heartbeat = Duration::from_millis(600)).await;
    let (_, chat, token) = in_a_chat(&server).await;
    let proxy = start(server.address);
    proxy.serves(&server.client).await;
    let (url, chat) = (format!("http://{}", proxy.address), chat.to_string());
    token.thorough(&url, &["--chat", &chat]).await.found("all_well");
    token.thorough(&url, &["--chat", &chat, "--origin", &url]).await.found("all_well");
}

#[tokio::test]
async fn the_file_for_nginx_is_well() {
    the_file_of_deploy_is_well(Deployed::nginx).await;
}

#[tokio::test]
async fn the_file_for_caddy_is_well() {
    the_file_of_deploy_is_well(Deployed::caddy).await;
}

#[tokio::test]
async fn one_whose_server_is_away() {
    let mut server = TestServer::start().await;
    let nginx = Nginx::start(server.address, HEALTHY).await;
    server.kill();
    let words = crate::looked::doctor(&[&nginx.url()]).await.found("bad_gateway");
    assert!(words.contains("502"), "{words}");
}

#[tokio::test]
async fn one_that_blocks_sockets() {
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    let nginx = Nginx::start_with(server.address, HEALTHY, |file| {
        file.replace("location / {", "location /ws/ { return 403; }\nlocation / {")
    })
    .await;
    token.quick(&nginx.url(), &[]).await.found("socket_blocked");
}

#[tokio::test]
async fn one_that_changes_the_host_so_that_the_page_looks_foreign() {
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    let nginx =
        Nginx::start_with(server.address, HEALTHY, |file| file.replace("$http_host", "$proxy_host")).await;
    let words = token.quick(&nginx.url(), &["--origin", &nginx.url()]).await.found("proxy_changes_host");
    assert!(words.contains("Host"), "{words}");
    let nginx = nginx.mend(server.address, HEALTHY).await;
    token.quick(&nginx.url(), &["--origin", &nginx.url()]).await.found("all_well");
}

#[tokio::test]
async fn a_line_that_is_slow_is_told_with_its_figure() {
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    let line = StandIn::slow_line(server.address, Duration::from_millis(300)).await;
    let looked = token.quick(&line.url(), &[]).await;
    looked.found("slow_round_trip");
    assert!(looked.report["figures"]["round_trip_ms"].as_f64().unwrap() >= 600.0, "{}", looked.printed);
}

#[tokio::test]
async fn a_line_that_loses_what_comes_through_a_socket() {
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    let line = StandIn::deaf_line(server.address).await;
    token.quick(&line.url(), &["--timeout", "1"]).await.found("socket_silent");
}
