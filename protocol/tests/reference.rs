//! The written reference says what the types say.

use causerie_protocol::{ClientFrame, ServerFrame, reference};

#[test]
fn the_reference_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROTOCOL.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        written,
        reference::markdown(),
        "docs/PROTOCOL.md is stale: run `cargo run -p causerie-protocol --example reference`"
    );
}

#[test]
fn every_example_in_it_decodes_to_itself() {
    for (frame, _) in reference::client_examples() {
        assert_eq!(ClientFrame::decode(&frame.encode()).unwrap(), frame);
    }
    for (frame, _) in reference::server_examples() {
        assert_eq!(ServerFrame::decode(&frame.encode()).unwrap(), frame);
    }
}
