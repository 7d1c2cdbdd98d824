//! The written help says what the words say.

use causerie_protocol::{Language, troubleshooting};

#[test]
fn the_help_is_current_in_every_language() {
    for (name, language) in
        [("TROUBLESHOOTING.md", Language::English), ("TROUBLESHOOTING.vi.md", Language::Vietnamese)]
    {
        let path = format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"));
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            written,
            troubleshooting::markdown(language),
            "docs/{name} is stale: run `cargo run -p causerie-protocol --example troubleshooting`"
        );
    }
}
