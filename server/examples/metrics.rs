//! Writes `docs/METRICS.md` from the registered metrics.

use std::{fs, io};

fn main() -> io::Result<()> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/METRICS.md");
    fs::write(page, causerie_server::metrics::reference::markdown())
}
