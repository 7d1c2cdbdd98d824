//! A certificate that was renewed is taken without a restart.

use std::fs;

use rustix::process::Signal;

use crate::common::program::{Serving, causerie};

#[test]
fn a_hangup_reads_the_certificate_again_and_a_bad_one_does_not_end_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let renew = || {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    };
    renew();
    let options = ["serve", "-p", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let mut serving = Serving::start(&mut causerie(&folder, &options));
    assert!(serving.url.starts_with("https://127.0.0.1:"), "{}", serving.url);
    renew();
    assert!(serving.hang_up().contains("was read again"));
    fs::write(folder.path().join("key.pem"), "nonsense").unwrap();
    let line = serving.hang_up();
    assert!(line.contains("stays as it was") && line.contains("key.pem"), "{line}");
    let (status, log) = serving.end(Signal::TERM);
    assert_eq!(status.code(), Some(0), "{log}");
}
