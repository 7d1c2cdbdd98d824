//! What can be wrong with an address, and with what answers there.

use std::fs;

use causerie_server::config::TlsFiles;
use causerie_testkit::{OtherProgram, ReservedPort, ReverseProxy, Serving};
use tokio::process::Command;

use super::looked::{doctor, in_a_chat, look, program};
use super::silent::Silent;
use crate::common::program::causerie;
use crate::common::server::TestServer;

#[tokio::test]
async fn an_address_that_is_none_and_one_with_a_token() {
    doctor(&["http://host:port"]).await.found("address_wrong");
    let looked = doctor(&["ws://127.0.0.1:8000/ws/chats/1/?token=sesame"]).await;
    assert!(looked.found("token_in_address").contains("--token-file"));
    assert!(!looked.printed.contains("sesame"), "{}", looked.printed);
}

#[tokio::test]
async fn a_name_that_nobody_has() {
    let words = doctor(&["http://no-such-host.invalid:8000"]).await.found("name_not_found");
    assert!(words.contains("no-such-host.invalid"), "{words}");
}

#[tokio::test]
async fn a_port_on_which_nothing_listens_until_a_server_does() {
    let reserved = ReservedPort::new().unwrap();
    let port = reserved.number();
    for host in ["127.0.0.1", "localhost"] {
        let words = doctor(&[&format!("http://{host}:{port}")]).await.found("nothing_listens");
        assert!(words.contains(&format!("causerie serve -p {port}")), "{words}");
    }
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&mut causerie(&folder, &["serve", "-p", &port.to_string()])).await.unwrap();
    doctor(&[&serving.url]).await.found("no_token");
}

#[tokio::test]
async fn a_machine_without_a_network() {
    // In a network of its own, where there is no way anywhere.
    let unshare = ["--user", "--net", "--map-root-user"];
    let may =
        Command::new("unshare").args(unshare).arg("true").status().await.is_ok_and(|status| status.success());
    if !may {
        eprintln!(
            "this system gives nobody a network of their own, so that the doctor can't be tried without one"
        );
        return;
    }
    let mut command = Command::new("unshare");
    command.args(unshare).arg(program()).args(["doctor", "--json"]);
    look(command, &["http://192.0.2.1:8000"]).await.found("page_offline");
}

#[tokio::test]
async fn something_that_takes_connections_and_says_nothing() {
    let silent = Silent::start().await;
    doctor(&[&silent.url(), "--timeout", "1"]).await.found("no_answer");
}

#[tokio::test]
async fn other_programs_in_the_place_of_the_server() {
    let python = OtherProgram::web_server().await.unwrap();
    doctor(&[&python.url()]).await.found("not_causerie");
    let nginx = ReverseProxy::start("web-server", 1).await.unwrap();
    doctor(&[&nginx.url()]).await.found("not_causerie");
    let django = OtherProgram::django_server().await.unwrap();
    let words = doctor(&[&django.url()]).await.found("django_runserver");
    assert!(words.contains("manage.py runserver"), "{words}");
    // A page of Causerie's own before another program.
    let server = TestServer::start().await;
    let port = server.address.port();
    let before = ReverseProxy::start_with("to-another", port, django.port()).await.unwrap();
    doctor(&[&before.url()]).await.found("django_runserver");
}

#[tokio::test]
async fn a_server_of_another_version() {
    let server = TestServer::start().await;
    let newer = ReverseProxy::start("other-version", server.address.port()).await.unwrap();
    let words = doctor(&[&newer.url()]).await.found("versions_differ");
    assert!(words.contains("99."), "{words}");
}

#[tokio::test]
async fn an_address_that_leads_on_to_another() {
    let server = TestServer::start().await;
    let (_, chat, token) = in_a_chat(&server).await;
    let (port, home) = (server.address.port(), server.url(""));
    let leads = ReverseProxy::start_with("redirects", port, port).await.unwrap();
    let looked = token.quick(&leads.url(), &[]).await;
    assert!(looked.found("redirected").contains(&home), "{}", looked.printed);
    token.quick(&home, &["--chat", &chat.to_string()]).await.found("all_well");
}

#[tokio::test]
async fn tls_where_none_is_spoken_and_a_certificate_that_nobody_knows() {
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&files.cert, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let cert = files.cert.clone();

    let plain = TestServer::start().await;
    let address = format!("https://127.0.0.1:{}", plain.address.port());
    doctor(&[&address]).await.found("tls_not_spoken");

    let secure = TestServer::start_with(|config| config.tls = Some(files)).await;
    let address = format!("https://localhost:{}", secure.address.port());
    let words = doctor(&[&address]).await.found("certificate_refused");
    assert!(words.contains("localhost"), "{words}");
    // A system that knows who signed it.
    let mut knowing = causerie(&folder, &["doctor", "--json"]);
    knowing.env("SSL_CERT_FILE", cert);
    look(knowing, &[&address]).await.found("no_token");
}

#[tokio::test]
async fn a_page_on_https_with_a_socket_on_ws() {
    let looked = doctor(&["http://chat.example.org", "--origin", "https://chat.example.org"]).await;
    assert!(looked.found("mixed_content").contains("https://chat.example.org"));
}
