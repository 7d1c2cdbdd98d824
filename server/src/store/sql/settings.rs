//! SQL for what an owner decides about the installation. Both backends speak it.

use causerie_protocol::accounts::Registration;

use super::Connection;
use super::audit::note;
use crate::store::Actor;

/// The key of who may make an account in the table `meta`; an owner's decision that moves with the database.
const REGISTRATION: &str = "registration";

pub(super) async fn registration(reader: &mut Connection) -> sqlx::Result<Option<Registration>> {
    let stored: Option<String> = sqlx::query_scalar("SELECT value FROM meta WHERE key = $1")
        .bind(REGISTRATION)
        .fetch_optional(reader)
        .await?;
    Ok(stored.and_then(|name| Registration::from_name(&name)))
}

pub(super) async fn set_registration(
    writer: &mut Connection,
    actor: Actor,
    registration: Option<Registration>,
) -> sqlx::Result<()> {
    let mut transaction = super::begin(writer).await?;
    sqlx::query("DELETE FROM meta WHERE key = $1").bind(REGISTRATION).execute(&mut *transaction).await?;
    let name = registration.map_or("", Registration::as_str);
    if registration.is_some() {
        sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2)")
            .bind(REGISTRATION)
            .bind(name)
            .execute(&mut *transaction)
            .await?;
    }
    note(&mut transaction, actor, "registration", None, name).await?;
    transaction.commit().await
}
