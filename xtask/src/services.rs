//! Postgres, PgBouncer and Redis for the tests: installed where that may be done, and a Postgres of the run's own.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{self, command};
use crate::server::free_port;
use crate::{debian, project};

/// Whoever the database server runs as when the commands run as root, which it refuses to be.
const SERVICE_USER: &str = "postgres";
/// How long a database server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Postgres server with an empty folder; it ends with the value and leaves nothing behind.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    folder: PathBuf,
    /// `postgres://causerie@127.0.0.1:PORT`, without a database.
    pub url: String,
}

/// Find Postgres, PgBouncer and Redis or install them, and start a Postgres. The others are started by the tests.
///
/// # Errors
/// As [`install`], and when Postgres does not start.
pub fn ensure() -> Result<Postgres> {
    install()?;
    Postgres::start()
}

/// Find Postgres, PgBouncer and Redis, or install them on Debian as root.
///
/// # Errors
/// When something is missing and can't be installed; the message says what a person has to install.
pub fn install() -> Result<()> {
    if ["postgres", "pgbouncer", "redis-server"].iter().any(|program| find(program).is_none()) {
        if !debian::is_debian() {
            bail!(
                "the tests of several servers need Postgres, PgBouncer and Redis: install them and put postgres, initdb, pgbouncer and redis-server in PATH"
            );
        }
        if !debian::is_root() {
            bail!(
                "the tests of several servers need: sudo apt-get install postgresql pgbouncer redis-server"
            );
        }
        println!("  Postgres, PgBouncer or Redis is missing: installing Debian's");
        debian::install(&["postgresql", "pgbouncer", "redis-server"])?;
    }
    Ok(())
}

/// A program, in PATH or where Debian keeps Postgres' own and those for root.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = Vec::new();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&path));
    folders.push(PathBuf::from("/usr/sbin"));
    folders.into_iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

impl Postgres {
    fn start() -> Result<Self> {
        let as_root = debian::is_root();
        // Not below the project: another user must be able to reach it.
        let folder = std::env::temp_dir().join(format!("causerie-postgres-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
        if as_root {
            process::run(command("chown")?.arg(SERVICE_USER).arg(&folder))?;
        }
        let port = free_port()?;
        let data = folder.join("data");
        let mut init = service("initdb", as_root)?;
        init.arg("--pgdata").arg(&data).args([
            "--auth=trust",
            "--username=causerie",
            "--encoding=UTF8",
            "--no-sync",
        ]);
        let made = init.current_dir(&folder).stdout(Stdio::null()).status().context("starting initdb")?;
        if !made.success() {
            let _ = fs::remove_dir_all(&folder);
            bail!("initdb could not make a database: {made}");
        }
        let mut server = service("postgres", as_root)?;
        server.arg("-D").arg(&data).arg("-k").arg(&folder).args(["-p", &port.to_string()]);
        // The data is thrown away, so it need not survive the loss of power.
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=300"] {
            server.args(["-c", setting]);
        }
        let log =
            fs::File::create(project::target().join("postgres.log")).context("making the database's log")?;
        let child = server
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting postgres")?;
        let url = format!("postgres://causerie@127.0.0.1:{port}");
        let mut postgres = Self { child, folder, url };
        postgres.wait(port)?;
        println!("  Postgres serves on port {port}");
        Ok(postgres)
    }

    /// Waits until it takes connections: its own mark of that is a file.
    fn wait(&mut self, port: u16) -> Result<()> {
        let begin = Instant::now();
        let ready = |folder: &Path| {
            fs::read_to_string(folder.join("data/postmaster.pid")).is_ok_and(|text| text.contains("ready"))
                && TcpStream::connect(("127.0.0.1", port)).is_ok()
        };
        while !ready(&self.folder) {
            if let Some(status) = self.child.try_wait()? {
                bail!("Postgres ended at its start ({status}): see target/postgres.log");
            }
            if begin.elapsed() > PATIENCE {
                bail!("Postgres did not start within {} s: see target/postgres.log", PATIENCE.as_secs());
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// A program of Postgres, as another user than root.
fn service(program: &str, as_root: bool) -> Result<Command> {
    let path = find(program).with_context(|| format!("{program} is missing"))?;
    if !as_root {
        return Ok(Command::new(path));
    }
    let mut command = command("setpriv")?;
    command.args(["--reuid", SERVICE_USER, "--regid", SERVICE_USER, "--clear-groups"]).arg(path);
    Ok(command)
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGTERM would wait for clients, and SIGKILL would leave its children: SIGQUIT ends all of them at once.
        let pid = self.child.id().to_string();
        let _ = command("kill").map(|mut kill| kill.args(["-QUIT", &pid]).status());
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
