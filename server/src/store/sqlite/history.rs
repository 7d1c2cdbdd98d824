//! Whether a database goes on with the history that pages know, or has become another one: then its epoch is renewed.
//!
//! A page resumes by a position in a log of one epoch. A backup that was put back, or a copy, has the positions of that
//! log with other messages behind them, so it needs an epoch of its own.

use causerie_protocol::Epoch;
use rand::random;
use sqlx::sqlite::SqliteConnection;

use super::file::{Claim, Record};

/// The key in the table `meta` of the last run of a server: a name that the record has too.
pub(super) const RUN: &str = "run";
/// The key that only a backup has.
pub(super) const BACKUP: &str = "backup";

/// What a database says of its own history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    /// The last run of a server.
    pub(super) run: Option<String>,
    /// It was made by `causerie backup`.
    pub(super) is_backup: bool,
    /// How many rows were ever added that have an id.
    pub(super) position: i64,
}

impl History {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let meta: Vec<(String, String)> = sqlx::query_as("SELECT key, value FROM meta WHERE key IN ($1, $2)")
            .bind(RUN)
            .bind(BACKUP)
            .fetch_all(&mut *connection)
            .await?;
        let value = |wanted: &str| meta.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone());
        // Ids are never given twice, so this only grows.
        let position = sqlx::query_scalar("SELECT coalesce(sum(seq), 0) FROM sqlite_sequence")
            .fetch_one(&mut *connection)
            .await?;
        Ok(Self { run: value(RUN), is_backup: value(BACKUP).is_some(), position })
    }

    /// Why another history begins with this database, seen beside the record and the inode of the file.
    ///
    /// Renewing too often costs every page one load of its chats; resuming into another history shows people messages
    /// that are none. So whatever is not known to be the continuation is another history.
    pub(super) fn break_before(&self, record: Option<&Record>, inode: u64) -> Option<&'static str> {
        if self.is_backup {
            return Some("it is a backup that was put back");
        }
        match record {
            // The first start of a version that keeps a record.
            None if self.run.is_none() => None,
            None => Some("no server wrote it in this folder, so it was copied or moved here"),
            Some(record) if record.inode != inode => Some("the file was replaced, copied or moved"),
            Some(record) if self.run.as_ref().is_some_and(|run| !record.runs.contains(run)) => {
                Some("it is not what the last server here wrote")
            }
            Some(record) if self.run.is_none() && !record.runs.is_empty() => {
                Some("it is not what the last server here wrote")
            }
            Some(record) if self.position < record.position => {
                Some("it is older than what the last server here wrote")
            }
            Some(_) => None,
        }
    }
}

/// A name for a run or an epoch.
pub(super) fn name() -> String {
    format!("{:016x}", random::<u64>())
}

/// Begins the run of a server: renews the epoch if the history is another one, and lets database and record agree.
pub(super) async fn begin(
    writer: &mut SqliteConnection,
    claim: &Claim,
) -> Result<(Epoch, History), sqlx::Error> {
    let history = History::read(writer).await?;
    let broken = if claim.is_new() { None } else { history.break_before(claim.previous(), claim.inode()) };
    let run = name();
    claim.change(|record| record.runs = history.run.iter().chain([&run]).cloned().collect())?;
    let mut transaction = sqlx::Connection::begin_with(writer, "BEGIN IMMEDIATE").await?;
    if broken.is_some() {
        renew(&mut transaction).await?;
    }
    // A write that every start makes, so that a file that can't be written is found out now and not at the first message.
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(RUN)
        .bind(&run)
        .execute(&mut *transaction)
        .await?;
    let epoch =
        sqlx::query_scalar("SELECT value FROM meta WHERE key = 'epoch'").fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    let (inode, position) = (claim.inode(), history.position);
    claim.change(|record| {
        record.runs = vec![run];
        record.inode = inode;
        record.position = position;
    })?;
    if let Some(why) = broken {
        tracing::warn!(
            path = %claim.path().display(),
            why,
            "this database does not go on where pages left it: its epoch was renewed, and every page loads its chats afresh"
        );
    }
    Ok((Epoch(epoch), history))
}

/// Gives the database another epoch; from then on it does not count as a backup.
pub(super) async fn renew(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE meta SET value = $1 WHERE key = 'epoch'")
        .bind(name())
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM meta WHERE key = $1").bind(BACKUP).execute(&mut *connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_go_on_keeps_its_epoch() {
        let history =
            |run: Option<&str>, position| History { run: run.map(str::to_owned), is_backup: false, position };
        let record = |runs: &[&str], position| Record {
            inode: 7,
            runs: runs.iter().map(|&run| run.to_owned()).collect(),
            position,
            ..Record::default()
        };
        for (what, history, record, goes_on) in [
            ("a database of the version before", history(None, 5), None, true),
            ("one that was just moved to here by migrate-db", history(None, 5), Some(record(&[], 0)), true),
            ("the last server ended here", history(Some("b"), 5), Some(record(&["b"], 5)), true),
            ("it was killed before the last note", history(Some("b"), 6), Some(record(&["b"], 5)), true),
            (
                "it was killed before its start was written",
                history(Some("a"), 5),
                Some(record(&["a", "b"], 5)),
                true,
            ),
            (
                "it was killed after its start was written",
                history(Some("b"), 5),
                Some(record(&["a", "b"], 5)),
                true,
            ),
            ("a copy without a record", history(Some("b"), 5), None, false),
            ("of a run before", history(Some("a"), 5), Some(record(&["b"], 5)), false),
            ("of the same run, but earlier", history(Some("b"), 4), Some(record(&["b"], 5)), false),
            ("of the version before, put back", history(None, 5), Some(record(&["b"], 5)), false),
            (
                "a copy whose record was copied too",
                history(Some("b"), 5),
                Some(Record { inode: 8, ..record(&["b"], 5) }),
                false,
            ),
            ("a backup", History { is_backup: true, ..history(None, 5) }, None, false),
        ] {
            assert_eq!(history.break_before(record.as_ref(), 7).is_none(), goes_on, "{what}");
        }
    }
}
