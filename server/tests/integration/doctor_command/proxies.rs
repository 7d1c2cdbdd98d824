//! What a proxy before the server can do wrong, each with a real nginx. The lines that are recommended are put into its file.

use std::time::Duration;

use causerie_protocol::ChatId;
use causerie_testkit::{Remedy, ReverseProxy, TcpProxy};

use super::looked::{Looked, TokenFile, doctor, in_a_chat};
use crate::common::server::TestServer;

/// A chat behind an nginx with a mistake.
struct Behind {
    _server: TestServer,
    proxy: ReverseProxy,
    chat: ChatId,
    token: TokenFile,
}

impl Behind {
    async fn start(file: &str) -> Self {
        let server = TestServer::start().await;
        let (_, chat, token) = in_a_chat(&server).await;
        let proxy = ReverseProxy::start(file, server.address.port()).await.unwrap();
        Self { _server: server, proxy, chat, token }
    }

    async fn look(&self, args: &[&str]) -> Looked {
        let chat = self.chat.to_string();
        self.token.quick(&self.proxy.url(), &[&["--chat", &chat], args].concat()).await
    }

    /// Follows a remedy; then all is well.
    async fn follow(&mut self, remedy: Remedy<'_>, args: &[&str]) {
        self.proxy.mend(remedy).await.unwrap();
        self.look(args).await.found("all_well");
    }
}

#[tokio::test]
async fn one_that_does_not_pass_the_upgrade() {
    let mut behind = Behind::start("no-upgrade").await;
    let looked = behind.look(&[]).await;
    looked.found("proxy_drops_upgrade");
    behind.follow(Remedy::PutIn(looked.told_lines()[0]), &[]).await;
}

#[tokio::test]
async fn one_that_drops_the_subprotocol_of_the_request_or_of_the_answer() {
    for (file, line) in [("no-subprotocol", 0), ("no-subprotocol-back", 1)] {
        let mut behind = Behind::start(file).await;
        let looked = behind.look(&[]).await;
        looked.found("proxy_drops_subprotocol");
        behind.follow(Remedy::TakeOut(looked.told_lines()[line]), &[]).await;
    }
}

#[tokio::test]
async fn one_that_changes_the_host_so_that_the_page_looks_foreign() {
    let mut behind = Behind::start("changes-host").await;
    let url = behind.proxy.url();
    let page = ["--origin", &url];
    let looked = behind.look(&page).await;
    looked.found("proxy_changes_host");
    behind.follow(Remedy::PutIn(looked.told_lines()[0]), &page).await;
}

#[tokio::test]
async fn one_that_blocks_sockets() {
    Behind::start("blocks-sockets").await.look(&[]).await.found("socket_blocked");
}

#[tokio::test]
async fn one_that_cuts_a_quiet_connection() {
    let behind = Behind::start("cuts-idle").await;
    let looked = behind.token.thorough(&behind.proxy.url(), &["--chat", &behind.chat.to_string()]).await;
    let words = looked.found("proxy_cuts_idle");
    assert!(words.contains("after 3 s") && words.contains("proxy_read_timeout"), "{words}");
}

#[tokio::test]
async fn one_whose_server_is_away() {
    let mut server = TestServer::start().await;
    let proxy = ReverseProxy::start("healthy", server.address.port()).await.unwrap();
    server.kill();
    let words = doctor(&[&proxy.url()]).await.found("bad_gateway");
    assert!(words.contains("502"), "{words}");
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is_wrong() {
    let server = TestServer::start_with(|config| config.heartbeat = Duration::from_millis(600)).await;
    let (_, chat, token) = in_a_chat(&server).await;
    let port = server.address.port();
    // As the README tells people to put a proxy before the server, seen by a program and by a page.
    let nginx = ReverseProxy::deployed_nginx(port).await.unwrap();
    let caddy = ReverseProxy::deployed_caddy(port).await.unwrap();
    for url in [server.url(""), nginx.url(), caddy.url()] {
        for page in [&[][..], &["--origin", &url]] {
            let looked = token.thorough(&url, &[&["--chat", &chat.to_string()], page].concat()).await;
            looked.found("all_well");
            assert_eq!((looked.steps("failed"), looked.steps("skipped")), (0, 0), "{}", looked.printed);
            assert!(looked.report["figures"]["quiet_ms"].as_u64().unwrap() >= 540, "{}", looked.printed);
        }
    }
}

#[tokio::test]
async fn a_line_that_is_slow_is_told_with_its_figure() {
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    let line = TcpProxy::slow(server.address, Duration::from_millis(300)).await.unwrap();
    let looked = token.quick(&line.url(), &[]).await;
    looked.found("slow_round_trip");
    assert!(looked.report["figures"]["round_trip_ms"].as_f64().unwrap() >= 600.0, "{}", looked.printed);
}

#[tokio::test]
async fn a_line_that_loses_what_comes_through_a_socket() {
    let server = TestServer::start().await;
    let (_, _, token) = in_a_chat(&server).await;
    let line = TcpProxy::holding_back(server.address).await.unwrap();
    token.quick(&line.url(), &["--timeout", "1"]).await.found("socket_silent");
}

#[tokio::test]
async fn a_folder_of_a_site_is_examined_whether_the_proxy_passes_its_path_on_or_takes_it_away() {
    let server = TestServer::start_with(|config| config.base_path = "/chat".to_owned()).await;
    let (_, chat, token) = in_a_chat(&server).await;
    let chat = chat.to_string();
    let port = server.address.port();
    let passes_on = ReverseProxy::start("folder", port).await.unwrap();
    let takes_away = ReverseProxy::start_with("two-folders", port, port).await.unwrap();
    for proxy in [&passes_on, &takes_away] {
        for address in ["/chat/", "/chat/chat-ws-test/", &format!("/chat/ws/chats/{chat}/")] {
            let url = proxy.url() + address;
            token.quick(&url, &["--chat", &chat]).await.found("all_well");
        }
        // At the top is something else, which the same server must not be taken for.
        token.quick(&proxy.url(), &["--chat", &chat]).await.found("not_causerie");
    }
}
