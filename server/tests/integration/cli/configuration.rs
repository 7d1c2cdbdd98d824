//! `docs/CONFIGURATION.md` is what the options say.

use causerie_server::config::reference;

#[test]
fn the_page_is_current() {
    let page = include_str!("../../../../docs/CONFIGURATION.md");
    assert_eq!(page, reference::markdown(), "run `cargo run -p causerie-server --example configuration`");
}
