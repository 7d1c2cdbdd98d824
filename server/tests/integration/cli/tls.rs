//! A certificate that was renewed is taken without a restart.

use std::fs;

use causerie_testkit::{LIMIT, Serving, eventually};
use rustix::process::Signal;

use crate::common::program::causerie;

/// Asks it to read its files again, and answers the line of the log that tells what came of it.
async fn hang_up(serving: &Serving) -> String {
    let told = || {
        let log = serving.log().unwrap();
        log.lines().filter(|line| line.contains("certificate")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = told().len();
    serving.signal(Signal::HUP).unwrap();
    eventually("what came of the certificate", LIMIT, async || told().get(before).cloned()).await.unwrap()
}

#[tokio::test]
async fn a_hangup_reads_the_certificate_again_and_a_bad_one_does_not_end_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let renew = || {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    };
    renew();
    let options = ["serve", "-p", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let serving = Serving::start(&mut causerie(&folder, &options)).await.unwrap();
    assert!(serving.url.starts_with("https://127.0.0.1:"), "{}", serving.url);
    renew();
    assert!(hang_up(&serving).await.contains("was read again"));
    fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
    let line = hang_up(&serving).await;
    assert!(line.contains("stays as it was") && line.contains("key.pem"), "{line}");
    let (status, log) = serving.end(Signal::TERM).await.unwrap();
    assert_eq!(status.code(), Some(0), "{log}");
}
