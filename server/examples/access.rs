//! Writes `docs/ACCESS.md` from the table of access.

use std::{fs, io};

fn main() -> io::Result<()> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/ACCESS.md");
    fs::write(page, causerie_server::access::markdown())
}
