//! Room at the end of SQLite's write-ahead log, so that few commits make its file grow.
//!
//! To sync a file that grew, the file system also has to write where its new blocks are, which takes several times as
//! long as to sync blocks that were there before.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{CHECKPOINT, file};

/// How much is added at a time. To SQLite zeros are the end of the log, since no checksum of a frame fits them
/// (<https://www.sqlite.org/walformat.html>).
static ZEROS: [u8; 1 << 20] = [0; 1 << 20];
/// The log does not become larger by this than SQLite lets it become: a frame is a page and its header.
const MOST: u64 = CHECKPOINT.1 as u64 * (4096 + 24);

/// The file of the log, and how far there is room in it.
pub(super) struct WalRoom {
    /// `None` when it could not be opened or written: then SQLite makes it grow.
    file: Option<File>,
    /// The length that the file was given here.
    end: u64,
}

impl WalRoom {
    /// Of a database that has a connection.
    pub(super) fn open(database: &Path) -> Self {
        let file = OpenOptions::new().write(true).open(file::beside(database, "-wal"));
        Self { file: file.ok(), end: 0 }
    }

    /// Makes room when SQLite has used what there was, or has cut it off.
    ///
    /// It is called in a transaction that holds SQLite's lock for writing and has written nothing yet, since others write
    /// at the end of the log too.
    pub(super) fn make(&mut self) {
        let Some(file) = &self.file else { return };
        match extend(file, self.end) {
            Ok(end) => self.end = end,
            // As on a full disk, on which this is nothing that must be.
            Err(error) => {
                tracing::debug!(%error, "the write-ahead log gets no room in advance");
                self.file = None;
            }
        }
    }
}

/// Adds zeros unless the file ends at `end`; returns where it ends then.
fn extend(file: &File, end: u64) -> io::Result<u64> {
    let length = file.metadata()?.len();
    if length == end || length + ZEROS.len() as u64 > MOST {
        return Ok(length);
    }
    match file.write_all_at(&ZEROS, length) {
        Ok(()) => Ok(length + ZEROS.len() as u64),
        Err(error) => {
            file.set_len(length)?;
            Err(error)
        }
    }
}
