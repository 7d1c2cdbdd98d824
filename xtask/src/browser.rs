//! The browser that the tests drive: Chromium and its driver.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{self, command};
use crate::programs;

/// The path of the browser's driver.
#[derive(Debug, Clone)]
pub struct Driver(pub PathBuf);

/// Find Chromium and its driver; on Debian, as root, install what is missing.
pub fn ensure() -> Result<Driver> {
    if let Some(driver) = find()? {
        return Ok(driver);
    }
    // The tests show emoji, which without these fonts are boxes in the screenshots.
    programs::install(
        "Chromium (or Chrome) and the chromedriver of the same version, which CHROMEDRIVER may name,",
        &["chromium", "chromium-driver", "fonts-dejavu-core", "fonts-noto-color-emoji"],
    )?;
    find()?.context("chromedriver was installed and is still not found")
}

/// The driver and its version; none when none starts.
fn find() -> Result<Option<Driver>> {
    if let Some(named) = env::var_os("CHROMEDRIVER") {
        let path = PathBuf::from(named);
        if version(&path).is_none() {
            bail!("CHROMEDRIVER names {}, which does not start", path.display());
        }
        return Ok(Some(Driver(path)));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let candidates = env::split_paths(&path).map(|folder| folder.join("chromedriver"));
    for candidate in candidates.filter(|path| path.is_file()) {
        if let Some(version) = version(&candidate) {
            println!("  {version}");
            return Ok(Some(Driver(candidate)));
        }
    }
    Ok(None)
}

fn version(driver: &Path) -> Option<String> {
    let text = process::output(command(driver).ok()?.arg("--version"))?;
    // `ChromeDriver 156.0.1 (commit…)`: the commit is left out.
    Some(text.split(" (").next().unwrap_or(&text).to_owned())
}
