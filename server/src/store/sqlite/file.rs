//! The file of a SQLite database: which process has it, who may read it, and whether it was moved or replaced.
//!
//! Beside it stands a small file, the record, whose name ends with `-run`: it says which process has the database, and
//! what a server last knew of it.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{StoreError, code, unusable_file};

/// Nobody but the owner reads or writes: there are password hashes and everybody's messages inside.
pub(super) const MODE: u32 = 0o600;
/// What every SQLite database begins with (<https://www.sqlite.org/fileformat.html#magic_header_string>).
const HEADER: &[u8; 16] = b"SQLite format 3\0";
/// What the name of the record ends with.
pub(super) const RECORD: &str = "-run";
/// How long a process that is just ending has to release the file, and the pause between two tries.
const WAIT: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(50));
/// The pause between two notes of how far the database has got.
const NOTE_PAUSE: Duration = Duration::from_secs(1);

/// What stands in the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The process that has the database, or had it last.
    pub(super) pid: u32,
    /// Its command, such as `serve`.
    pub(super) command: String,
    /// Where it listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<SocketAddr>,
    /// Where people reach the page of the server that had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<String>,
    /// The file that was written, by its inode's number.
    pub(super) inode: u64,
    /// The runs of which the database may hold the name: that of the last server, and while one starts also its own.
    pub(super) runs: Vec<String>,
    /// How many rows were ever added, at least.
    pub(super) position: i64,
}

/// A database file that this process alone has, until the value is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    /// With every symbolic link followed.
    path: PathBuf,
    /// Never closed: closing any descriptor of a file drops all POSIX locks that the process holds on it, those of
    /// SQLite's open connections among them (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
    file: ManuallyDrop<File>,
    device: u64,
    inode: u64,
    is_new: bool,
    record_file: File,
    previous: Option<Record>,
    record: Mutex<(Record, Instant)>,
    /// Whether the locks are this process', and with them the record.
    is_holder: bool,
}

impl Claim {
    /// Takes the file, or names the process that has it. `create`: one that is not there is made.
    ///
    /// Two locks, both of which end with the process: one on the record, which belongs to the name, and one on the
    /// file itself, which goes with it when it is moved or has several names.
    pub(super) async fn take(path: &Path, create: bool, command: &str) -> Result<Self, StoreError> {
        let unusable = |error: &io::Error| {
            let full = (error.kind() == io::ErrorKind::StorageFull).then_some(code::FULL);
            unusable_file(path, full)
        };
        if path.is_dir() {
            return Err(unusable_file(path, None));
        }
        let file = open(path, create).map_err(|error| unusable(&error))?;
        let path = fs::canonicalize(path).map_err(|error| unusable(&error))?;
        let metadata = file.metadata().map_err(|error| unusable(&error))?;
        if !metadata.is_file() || !is_database(&file, metadata.len()) {
            return Err(unusable_file(&path, Some(code::NOTADB)));
        }
        let record_file = open(&record_path(&path), true).map_err(|error| unusable(&error))?;
        let until = Instant::now() + WAIT.0;
        let held = |named: bool| {
            let record = read(&record_file).filter(|_| named);
            in_use(&path, record.as_ref(), inode_lock::user(&file))
        };
        let mut is_named = false;
        loop {
            if !is_named {
                is_named = match record_file.try_lock() {
                    Ok(()) => true,
                    Err(TryLockError::WouldBlock) => false,
                    Err(TryLockError::Error(error)) => {
                        tracing::warn!(%error, path = %path.display(), "this file system has no locks: let no other server use the database");
                        true
                    }
                };
            }
            if is_named && inode_lock::take(&file).unwrap_or(true) {
                break;
            }
            if Instant::now() >= until {
                return Err(held(!is_named));
            }
            sleep(WAIT.1).await;
        }
        let previous = read(&record_file);
        let record = Record {
            pid: std::process::id(),
            command: command.to_owned(),
            address: None,
            ..previous.clone().unwrap_or_else(|| Record { inode: metadata.ino(), ..Record::default() })
        };
        let claim = Self {
            path,
            file: ManuallyDrop::new(file),
            device: metadata.dev(),
            inode: metadata.ino(),
            is_new: metadata.len() == 0,
            record_file,
            previous,
            record: Mutex::new((record.clone(), Instant::now())),
            is_holder: true,
        };
        claim.write(&record).map_err(|error| unusable(&error))?;
        if metadata.nlink() > 1 {
            tracing::warn!(path = %claim.path.display(), "the database file has several names (hard links): use one of them only, since SQLite's log goes with the name");
        }
        Ok(claim)
    }

    /// Goes into the file that another process has, without its locks and its record.
    pub(super) fn join(path: &Path) -> Result<Self, StoreError> {
        let unusable = |_: io::Error| unusable_file(path, None);
        let file = open(path, false).map_err(unusable)?;
        let full = fs::canonicalize(path).map_err(unusable)?;
        let record_file = open(&record_path(&full), false).map_err(unusable)?;
        let metadata = file.metadata().map_err(unusable)?;
        Ok(Self {
            path: full,
            file: ManuallyDrop::new(file),
            device: metadata.dev(),
            inode: metadata.ino(),
            is_new: false,
            record_file,
            previous: None,
            record: Mutex::new((Record::default(), Instant::now())),
            is_holder: false,
        })
    }

    /// The full path of the file, with every symbolic link followed.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its inode's number.
    pub(super) fn inode(&self) -> u64 {
        self.inode
    }

    /// Whether it was empty, or was made just now.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// What the record said before.
    pub(super) fn previous(&self) -> Option<&Record> {
        self.previous.as_ref()
    }

    /// Whether the file of this name is still the one that was opened.
    pub(super) fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == (self.device, self.inode))
    }

    /// Takes the rights on the database and SQLite's files beside it away from everybody but the owner.
    ///
    /// SQLite gives the files that it makes the mode of the database.
    pub(super) fn restrict(&self) {
        restrict(&self.path);
        for suffix in ["-wal", "-shm", "-journal", RECORD] {
            restrict(&beside(&self.path, suffix));
        }
    }

    /// Changes the record, durably.
    pub(super) fn change(&self, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        let record = {
            let mut guard = self.record.lock();
            change(&mut guard.0);
            guard.0.clone()
        };
        self.write(&record)?;
        self.record_file.sync_all()
    }

    /// Notes how far the database has got; `at_once`, or when the last note was some time ago.
    ///
    /// Without a wait for the disk: after a loss of power an older note stands there, which is still true.
    pub(super) fn note(&self, position: i64, at_once: bool) {
        let mut guard = self.record.lock();
        if !self.is_holder || position <= guard.0.position || !(at_once || guard.1.elapsed() >= NOTE_PAUSE) {
            return;
        }
        guard.0.position = position;
        guard.1 = Instant::now();
        if let Err(error) = self.write(&guard.0) {
            tracing::debug!(%error, "the record beside the database could not be written");
        }
    }

    /// Lets others have the file, once no connection to it is open any more.
    pub(super) fn release(&self) {
        if !self.is_holder {
            return;
        }
        inode_lock::release(&self.file);
        let _ = self.record_file.unlock();
    }

    fn write(&self, record: &Record) -> io::Result<()> {
        let json = serde_json::to_vec(record).map_err(io::Error::other)?;
        // In place: the lock is on this very file.
        self.record_file.write_all_at(&json, 0)?;
        self.record_file.set_len(json.len() as u64)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.release();
    }
}

/// Who has a database just now, without taking it.
pub(super) fn holder(path: &Path) -> Option<Option<Record>> {
    let file = File::open(path).ok()?;
    inode_lock::is_taken(&file).then(|| {
        let path = fs::canonicalize(path).ok()?;
        read(&File::open(record_path(&path)).ok()?)
    })
}

/// What the record of a database says, whoever has it.
pub(super) fn record(path: &Path) -> Option<Record> {
    read(&File::open(record_path(&fs::canonicalize(path).ok()?)).ok()?)
}

/// The sentence for a database that another process has.
pub(super) fn in_use(path: &Path, record: Option<&Record>, pid: Option<u32>) -> StoreError {
    let who = match (record, pid) {
        (Some(Record { pid, command, address, .. }), _) => {
            let address = address.map(|address| format!(", which listens on {address}")).unwrap_or_default();
            format!("`causerie {command}`, process {pid}{address}")
        }
        (None, Some(pid)) => format!("another server, process {pid}"),
        (None, None) => "another server".to_owned(),
    };
    let remedy = match record {
        Some(record) if record.command != SERVE => "let it end",
        _ => "stop the server",
    };
    StoreError::Unusable(format!(
        "The database {} is in use by {who}: {remedy} first, or name another file in DATABASE_URL.",
        path.display()
    ))
}

/// The command that serves.
pub(super) const SERVE: &str = "serve";

/// A file beside the database, as SQLite names its own.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn record_path(path: &Path) -> PathBuf {
    beside(path, RECORD)
}

/// Opens a file to read and write; one that is made is its owner's alone, whatever the process' mask says.
fn open(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(MODE);
    if create {
        match options.clone().create_new(true).open(path) {
            Ok(file) => {
                file.set_permissions(Permissions::from_mode(MODE))?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    // `create` again for a symbolic link to a file that is not there yet.
    options.create(create).truncate(false).open(path)
}

fn restrict(path: &Path) {
    let narrowed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 => {
            fs::set_permissions(path, Permissions::from_mode(MODE))
        }
        _ => return,
    };
    match narrowed {
        Ok(()) => {
            tracing::warn!(path = %path.display(), "others could read this file; now its owner alone can");
        }
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "others can read this file: take that right from them (chmod 600)");
        }
    }
}

fn is_database(file: &File, len: u64) -> bool {
    let mut header = [0; HEADER.len()];
    len == 0 || (file.read_exact_at(&mut header, 0).is_ok() && header == *HEADER)
}

fn read(mut file: &File) -> Option<Record> {
    use std::io::Seek;
    let mut text = String::new();
    file.rewind().ok()?;
    // Far more than a record has.
    file.take(4_096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// A lock of an open file description on one byte of the database that SQLite does not use.
///
/// It belongs to the inode, so it is found under every name of the file; it does not meet SQLite's own locks, which are
/// on other bytes; and it ends with the process (<https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html>).
#[cfg(target_os = "linux")]
mod inode_lock {
    use std::fs::File;
    use std::io;

    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    /// Behind SQLite's own, which are 512 bytes from 0x40000000 on.
    const BYTE: libc::off_t = 0x5000_0000;
    /// Those that every open connection to a database has a shared lock on.
    const SQLITE: (libc::off_t, libc::off_t) = (0x4000_0002, 510);

    fn range(kind: libc::c_int, start: libc::off_t, len: libc::off_t) -> libc::flock {
        libc::flock {
            l_type: kind as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: start,
            l_len: len,
            l_pid: 0,
        }
    }

    /// Whether it could be had.
    pub(super) fn take(file: &File) -> io::Result<bool> {
        match fcntl(file, FcntlArg::F_OFD_SETLK(&range(libc::F_WRLCK, BYTE, 1))) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn release(file: &File) {
        let _ = fcntl(file, FcntlArg::F_OFD_SETLK(&range(libc::F_UNLCK, BYTE, 1)));
    }

    pub(super) fn is_taken(file: &File) -> bool {
        let mut lock = range(libc::F_WRLCK, BYTE, 1);
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock)).is_ok() && lock.l_type != libc::F_UNLCK as libc::c_short
    }

    /// A process that has the database open with SQLite, whatever the name that it uses.
    pub(super) fn user(file: &File) -> Option<u32> {
        let mut lock = range(libc::F_WRLCK, SQLITE.0, SQLITE.1);
        fcntl(file, FcntlArg::F_GETLK(&mut lock)).ok()?;
        let is_held = lock.l_type != libc::F_UNLCK as libc::c_short;
        u32::try_from(lock.l_pid).ok().filter(|pid| is_held && *pid > 0)
    }
}

/// Elsewhere there is the lock on the record alone.
#[cfg(not(target_os = "linux"))]
mod inode_lock {
    use std::fs::File;
    use std::io;

    pub(super) fn take(_file: &File) -> io::Result<bool> {
        Ok(true)
    }

    pub(super) fn release(_file: &File) {}

    pub(super) fn is_taken(_file: &File) -> bool {
        false
    }

    pub(super) fn user(_file: &File) -> Option<u32> {
        None
    }
}
