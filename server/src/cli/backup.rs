//! `causerie backup`, `causerie restore` and `causerie renew-epoch`.

use causerie_server::config::{Backup, Database, Restore};
use causerie_server::store::{Contents, Restored, SqliteStore, renew_epoch};

use super::say;

/// Writes a backup and prints what is in it.
pub(super) async fn backup(options: &Backup) -> Result<(), String> {
    let url = options.url().map_err(|error| error.to_string())?;
    let contents = SqliteStore::backup(&url, &options.to).await.map_err(|error| error.to_string())?;
    say(&format!("backed up and verified: {}", described(&contents)));
    Ok(())
}

/// Restores a backup and prints where the database went that was there.
pub(super) async fn restore(options: &Restore) -> Result<(), String> {
    let url = options.url().map_err(|error| error.to_string())?;
    let Restored { contents, kept } =
        SqliteStore::restore(&url, &options.from).await.map_err(|error| error.to_string())?;
    say(&format!("restored and verified: {}", described(&contents)));
    if let Some(kept) = kept {
        say(&format!("the database that was there is kept as {}", kept.display()));
    }
    say("its epoch is a new one: every page loads its chats afresh; start the server");
    Ok(())
}

pub(super) async fn renew(options: &Database) -> Result<(), String> {
    let url = options.url().map_err(|error| error.to_string())?;
    renew_epoch(&url).await.map_err(|error| error.to_string())?;
    say("the epoch was renewed: every page loads its chats afresh; start the server");
    Ok(())
}

fn described(contents: &Contents) -> String {
    let Contents { path, accounts, chats, events, bytes } = contents;
    format!("{} ({accounts} accounts, {chats} chats, {events} events, {bytes} bytes)", path.display())
}
