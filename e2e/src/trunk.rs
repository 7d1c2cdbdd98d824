//! `trunk serve`, as somebody uses it who works on the page.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use causerie_testkit::{ReservedPort, process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Duration;

/// The page is built before these tests; a page that is not is built here.
const BUILD: Duration = Duration::from_secs(400);
/// Where the server is in `Trunk.toml`.
const SERVER: &str = "127.0.0.1:8000";

/// A `trunk serve` with the project's file for it; it ends with the value.
#[derive(Debug)]
pub struct Trunk {
    child: Child,
    _folder: TempDir,
    port: ReservedPort,
}

impl Trunk {
    /// Serve the page beside a server's port. Below `scratch`, a folder of the build, the settings find their way.
    pub async fn serve(backend: u16, scratch: &Path) -> Result<Self> {
        let root = fs::canonicalize(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".."))?;
        let path = |name: &str| format!("\"{}\"", root.join(name).display());
        fs::create_dir_all(scratch)?;
        // Cargo reads its settings from the folders above the one that it runs in, which is that of this file.
        let folder = tempfile::tempdir_in(scratch).context("making trunk's folder")?;
        let file = fs::read_to_string(root.join("Trunk.toml")).context("reading Trunk.toml")?;
        ensure!(file.contains(SERVER), "Trunk.toml does not name {SERVER}");
        let mut file = file.replace(SERVER, &format!("127.0.0.1:{backend}"));
        file = file.replace("target = \"index.html\"", &format!("target = {}", path("index.html")));
        let watch = file.lines().find(|line| line.starts_with("watch = ")).context("no watch")?.to_owned();
        file = file.replace(&watch, &format!("watch = [{}]", path("index.html")));
        fs::write(folder.path().join("Trunk.toml"), file)?;

        let port = ReservedPort::new()?;
        let mut command = Command::new("trunk");
        command.args(["serve", "--skip-version-check"]);
        command.args(["--offline", "true", "--port", &port.number().to_string(), "--config"]);
        command.arg(folder.path().join("Trunk.toml")).arg("--dist").arg(folder.path().join("dist"));
        // What cargo tells this test of its own package is not for the page's; the person's own settings of cargo are.
        let is_of_package =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in env::vars().filter(|(name, _)| is_of_package(name)) {
            command.env_remove(name);
        }
        // Trunk takes NO_COLOR=1 for an invalid value.
        command.env_remove("NO_COLOR");
        let log = folder.path().join("log");
        let said = fs::File::create(&log)?;
        command.stdout(said.try_clone()?).stderr(said).process_group(0).kill_on_drop(true);
        let child = command.spawn().context("starting trunk: `cargo xtask test pages` installs it")?;
        let mut trunk = Self { child, _folder: folder, port };
        process::listens(&mut trunk.child, trunk.port.address(), BUILD, &log).await.context("trunk")?;
        Ok(trunk)
    }

    /// Where it shows the page.
    pub fn url(&self) -> String {
        format!("http://{}", self.port.address())
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        process::end_group(&self.child);
    }
}
