//! Writes `docs/CONFIGURATION.md` from the options' definitions.

use std::{fs, io};

fn main() -> io::Result<()> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CONFIGURATION.md");
    fs::write(page, causerie_server::config::reference::markdown())
}
