//! TLS by the server itself: sockets, the page's origin and the drain are as without it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use causerie_protocol::{Event, ServerFrame, handshake, paths};
use causerie_server::config::TlsFiles;
use causerie_testkit::LIMIT;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::common::server::TestServer;

/// A certificate of the test's own for `localhost`, and where its files are.
fn certificate(folder: &Path) -> (CertificateDer<'static>, TlsFiles) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    fs::write(&files.cert, made.cert.pem()).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (made.cert.der().clone(), files)
}

async fn connect(server: &TestServer, trusted: &CertificateDer<'static>) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

/// A socket as the server's own page opens it.
async fn socket(
    server: &TestServer,
    trusted: &CertificateDer<'static>,
    token: &str,
) -> WebSocketStream<TlsStream<TcpStream>> {
    let host = format!("localhost:{}", server.address.port());
    let mut request = format!("wss://{host}{}", paths::SOCKET).into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert(handshake::HEADER, handshake::offer(token).join(", ").parse().unwrap());
    headers.insert("origin", format!("https://{host}").parse().unwrap());
    client_async(request, connect(server, trusted).await).await.unwrap().0
}

async fn until<T>(ws: &mut WebSocketStream<TlsStream<TcpStream>>, pick: impl Fn(Message) -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = pick(ws.next().await.unwrap().unwrap()) {
                return found;
            }
        }
    };
    timeout(LIMIT, found).await.expect("it never came")
}

#[tokio::test]
async fn a_conversation_and_the_end_of_the_server_over_tls() {
    let server = TestServer::start().await;
    let [alice, bob] = [server.register("alice").await, server.register("bob").await];
    let chat = server.start_chat(&alice, &bob).await;
    let folder = server.stop().await;
    let (trusted, files) = certificate(folder.path());
    let mut server = TestServer::start_in(folder, |config| config.tls = Some(files)).await;
    // One that connects and says nothing holds up nobody.
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let mut a = socket(&server, &trusted, &alice.token).await;
    let mut b = socket(&server, &trusted, &bob.token).await;
    let subscribe = json!({"type": "subscribe", "chat_id": chat}).to_string();
    let message = json!({"type": "message", "chat_id": chat, "text": "nobody else hears this"}).to_string();
    b.send(Message::text(subscribe)).await.unwrap();
    let frame = |message: Message| message.to_text().ok().and_then(|text| ServerFrame::decode(text).ok());
    until(&mut b, |came| matches!(frame(came), Some(ServerFrame::Subscribed(_))).then_some(())).await;
    a.send(Message::text(message)).await.unwrap();
    let heard = until(&mut b, |came| match frame(came) {
        Some(ServerFrame::Event(Event::Message(message))) => Some(message.content),
        _ => None,
    });
    assert_eq!(heard.await, "nobody else hears this");
    server.begin_stop();
    for ws in [&mut a, &mut b] {
        let code = until(ws, |came| match came {
            Message::Close(Some(close)) => Some(u16::from(close.code)),
            _ => None,
        });
        assert_eq!(code.await, 1012);
    }
    drop((a, b));
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_is_read_again_and_one_that_makes_no_sense_is_not_taken() {
    use causerie_server::tls::Certificate;
    let folder = tempfile::tempdir().unwrap();
    let (_, files) = certificate(folder.path());
    let loaded = Certificate::load(files.clone()).unwrap();
    let other = tempfile::tempdir().unwrap();
    let (_, theirs) = certificate(other.path());
    fs::copy(&theirs.key, &files.key).unwrap();
    let sentence = loaded.reload().unwrap_err().to_string();
    assert!(sentence.contains("key.pem") && sentence.contains("--tls-key"), "{sentence}");
    fs::copy(&theirs.cert, &files.cert).unwrap();
    loaded.reload().unwrap();
}
