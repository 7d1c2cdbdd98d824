//! Writes `docs/PROTOCOL.md`.

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROTOCOL.md");
    std::fs::write(path, causerie_protocol::reference::markdown())
}
