//! Backups of a SQLite database while it is served, and how one is put back.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection as _};
use tempfile::NamedTempFile;

use super::file::{Claim, MODE, RECORD, beside};
use super::history::{self, BACKUP, RUN};
use super::sql::transfer::broken_log;
use super::{MIGRATIONS, SqliteStore, StoreError, code, newer, options, primary_code, unusable};
use crate::clock;

/// What is in a database that was written and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The full path of the file.
    pub path: PathBuf,
    pub accounts: u64,
    pub chats: u64,
    /// The entries of all logs.
    pub events: u64,
    pub bytes: u64,
}

/// What [`SqliteStore::restore`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub contents: Contents,
    /// Where the database went that was there before.
    pub kept: Option<PathBuf>,
}

impl SqliteStore {
    /// Writes a consistent copy of the database of this URL to a new file, while a server serves it or not.
    ///
    /// The copy is one state of the database, verified before it gets its name, and marked as a backup: a server that
    /// is started over it renews its epoch.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with a sentence that names the file and the remedy; then there is no new file.
    pub async fn backup(url: &str, to: &Path) -> Result<Contents, StoreError> {
        let source = options(url)?.create_if_missing(false);
        if !source.get_filename().is_file() {
            return fail(format!(
                "There is no database {}: name the one to back up in DATABASE_URL, or with --database-url.",
                source.get_filename().display()
            ));
        }
        if to.exists() {
            return fail(format!("There is a file {} already: name a new one for the backup.", to.display()));
        }
        let copy = temporary(to)?;
        let mut connection = source.connect().await.map_err(|error| unusable(&source, &error))?;
        is_ours(&mut connection, source.get_filename()).await?;
        copy_into(&mut connection, copy.path()).await.map_err(|error| not_written(to, &error))?;
        connection.close().await.map_err(|error| unusable(&source, &error))?;
        let mut contents = finish(&copy, source.get_filename(), async |written| {
            sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)")
                .bind(BACKUP)
                .bind(clock::to_wire(clock::now()).0)
                .execute(written)
                .await
                .map(drop)
        })
        .await?;
        copy.persist_noclobber(to).map_err(|error| not_written(to, &error.error.into()))?;
        sync_folder(to).map_err(|error| not_written(to, &error.into()))?;
        contents.path = fs::canonicalize(to).unwrap_or_else(|_| to.to_owned());
        Ok(contents)
    }

    /// Puts a backup in the place of the database of this URL, under a new epoch, and keeps the one that was there.
    ///
    /// The new database is written beside, verified, and then renamed over the old one: whenever this is broken off,
    /// the name belongs to the one or to the other.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with a sentence that names the file and the remedy, also when a server has the
    /// database; then it is as it was.
    pub async fn restore(url: &str, from: &Path) -> Result<Restored, StoreError> {
        let path = Self::path(url)?;
        if !from.is_file() {
            return fail(format!(
                "There is no backup {}: name the file that `causerie backup` wrote.",
                from.display()
            ));
        }
        let identity = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
        let was_there = path.exists();
        if was_there && identity(&path) == identity(from) {
            return fail(format!("{} is the database itself: name a backup of it.", from.display()));
        }
        let claim = Claim::take(&path, true, "restore").await?;
        let restored = replace(&claim, from).await;
        if restored.is_err() && !was_there {
            // What was made for the lock.
            let _ = fs::remove_file(claim.path());
            let _ = fs::remove_file(beside(claim.path(), RECORD));
        }
        restored
    }

    /// Gives the database of this URL another epoch, so that every page loads afresh.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with a sentence, also when a server has the database.
    pub async fn renew_epoch(url: &str) -> Result<(), StoreError> {
        let options = options(url)?.create_if_missing(false);
        let path = options.get_filename();
        if !path.is_file() {
            return fail(format!(
                "There is no database {}: name one in DATABASE_URL, or with --database-url.",
                path.display()
            ));
        }
        let _claim = Claim::take(path, false, "renew-epoch").await?;
        let mut connection = options.connect().await.map_err(|error| unusable(&options, &error))?;
        is_ours(&mut connection, path).await?;
        let renew = async {
            let mut transaction = connection.begin().await?;
            history::renew(&mut transaction).await?;
            transaction.commit().await?;
            connection.close().await
        };
        renew.await.map_err(|error| unusable(&options, &error))
    }
}

/// Puts a backup in the place of a database that this process has.
async fn replace(claim: &Claim, from: &Path) -> Result<Restored, StoreError> {
    let path = claim.path();
    let not_restored = |error: io::Error| not_written(path, &error.into());
    let copy = temporary(path)?;
    // Without a log beside it nothing is missing from the file, and then nothing has to be made beside it to read it.
    let is_whole = fs::metadata(beside(from, "-wal")).map_or(true, |wal| wal.len() == 0);
    let source = SqliteConnectOptions::new()
        .filename(from)
        .read_only(true)
        .immutable(is_whole)
        .disable_statement_logging();
    let mut connection = source.connect().await.map_err(|error| not_read(from, &error))?;
    is_ours(&mut connection, from).await?;
    copy_into(&mut connection, copy.path()).await.map_err(|error| match primary_code(&error) {
        Some(code::FULL) => not_written(path, &error),
        _ => not_read(from, &error),
    })?;
    connection.close().await.map_err(|error| not_read(from, &error))?;
    let mut contents = finish(&copy, from, async |written| history::renew(written).await).await?;
    let kept = if claim.is_new() { None } else { Some(set_aside(path).await.map_err(not_restored)?) };
    let inode = copy.as_file().metadata().map_err(not_restored)?.ino();
    copy.persist(path).map_err(|error| not_restored(error.error))?;
    sync_folder(path).map_err(not_restored)?;
    claim
        .change(|record| {
            record.inode = inode;
            record.runs.clear();
            record.position = 0;
        })
        .map_err(not_restored)?;
    contents.path = path.to_owned();
    Ok(Restored { contents, kept })
}

/// Gives the database another name beside its own, for the moment when its own goes to another one.
async fn set_aside(path: &Path) -> io::Result<PathBuf> {
    // What stands in the log goes into the file, or it would be lost if this were broken off below. A damaged database
    // has nothing that could be saved so, and its log goes with it.
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    if let Ok(mut old) = options.connect().await {
        let _ = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut old).await;
        let _ = old.close().await;
    }
    let time: String = clock::to_wire(clock::now()).0.chars().filter(char::is_ascii_digit).take(14).collect();
    let kept = beside(path, &format!(".before-restore-{time}"));
    // A second name first, so that there is no moment without a database; not every file system has them.
    if fs::hard_link(path, &kept).is_err() {
        fs::rename(path, &kept)?;
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        match fs::rename(beside(path, suffix), beside(&kept, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(kept)
}

/// An empty file beside another one, to be renamed to it.
fn temporary(beside: &Path) -> Result<NamedTempFile, StoreError> {
    let folder = beside.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return fail(format!("The folder of {} does not exist: make it, or name another.", beside.display()));
    }
    let made = tempfile::Builder::new().prefix(".causerie-").suffix(".part").tempfile_in(folder);
    let made = made.and_then(|file| {
        file.as_file().set_permissions(Permissions::from_mode(MODE))?;
        Ok(file)
    });
    made.map_err(|error| not_written(beside, &error.into()))
}

/// Copies the state of a database as it is now.
async fn copy_into(source: &mut SqliteConnection, to: &Path) -> Result<(), sqlx::Error> {
    let to = to.to_str().ok_or_else(|| io::Error::other("its path is not UTF-8"))?;
    sqlx::query("VACUUM INTO $1").bind(to).execute(source).await.map(drop)
}

/// Verifies a copy, completes it and makes it durable.
async fn finish(
    copy: &NamedTempFile,
    source: &Path,
    complete: impl AsyncFnOnce(&mut SqliteConnection) -> Result<(), sqlx::Error>,
) -> Result<Contents, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(copy.path())
        // One file, without a log beside it.
        .journal_mode(SqliteJournalMode::Delete)
        .disable_statement_logging();
    let work = async {
        let mut written = options.connect().await?;
        let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut written).await?;
        let broken = broken_log(&mut written).await?;
        sqlx::query("DELETE FROM meta WHERE key = $1").bind(RUN).execute(&mut written).await?;
        complete(&mut written).await?;
        let (accounts, chats, events): (i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM chats), (SELECT count(*) FROM events)",
        )
        .fetch_one(&mut written)
        .await?;
        written.close().await?;
        let file = copy.as_file();
        file.sync_all()?;
        let contents = Contents {
            path: copy.path().to_owned(),
            accounts: accounts.unsigned_abs(),
            chats: chats.unsigned_abs(),
            events: events.unsigned_abs(),
            bytes: file.metadata()?.len(),
        };
        Ok((verdict, broken, contents))
    };
    let (verdict, broken, contents) = work.await.map_err(|error| not_written(copy.path(), &error))?;
    if verdict != "ok" {
        return fail(format!(
            "The database {} is damaged ({verdict}): use an earlier backup.",
            source.display()
        ));
    }
    if let Some(chat) = broken {
        return fail(format!(
            "The database {} is damaged: the log of chat {chat} has a gap or does not end at its head. Use an earlier backup.",
            source.display()
        ));
    }
    Ok(contents)
}

/// Whether this is a database of Causerie, of a version that is known.
async fn is_ours(connection: &mut SqliteConnection, file: &Path) -> Result<(), StoreError> {
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_master WHERE name IN ('meta', '_sqlx_migrations')")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| not_read(file, &error))?;
    if tables < 2 {
        return fail(format!("The file {} is not a database of Causerie: name another one.", file.display()));
    }
    let version: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(|error| not_read(file, &error))?;
    if version > MIGRATIONS.iter().map(|migration| migration.version).max() {
        return Err(newer(file));
    }
    Ok(())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn fail<T>(sentence: String) -> Result<T, StoreError> {
    Err(StoreError::Unusable(sentence))
}

fn not_read(file: &Path, error: &sqlx::Error) -> StoreError {
    let file = file.display();
    StoreError::Unusable(match primary_code(error) {
        Some(code::NOTADB | code::CORRUPT) => {
            format!("The file {file} is not a SQLite database, or is damaged: name another one.")
        }
        _ => format!("The file {file} can't be read ({error}): give the program the right to read it."),
    })
}

fn not_written(file: &Path, error: &sqlx::Error) -> StoreError {
    let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let is_full = primary_code(error) == Some(code::FULL)
        || matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull);
    let (file, folder) = (file.display(), folder.display());
    StoreError::Unusable(if is_full {
        format!("The disk is full: make room in {folder}, and run this again.")
    } else {
        format!("{file} can't be written ({error}): give the program the right to write in {folder}.")
    })
}
