//! `cargo xtask screenshots`: pictures of the page as two people see it.

use anyhow::Result;

use crate::process::{self, cargo};
use crate::{browser, build, project, tools};

/// Build, sign two people in, let them chat, and photograph their pages.
pub fn screenshots() -> Result<()> {
    println!("Setting up");
    tools::ensure()?;
    let program = build::quick()?;
    let driver = browser::ensure()?;
    let folder = project::target().join("screenshots");
    let mut photographer = cargo("run --quiet --package causerie-e2e --example screenshots --")?;
    photographer.arg(&folder);
    photographer.env("CAUSERIE_BIN", program).env("CHROMEDRIVER", driver.0);
    process::run(&mut photographer)?;
    println!("The pictures are in {}", folder.display());
    Ok(())
}
