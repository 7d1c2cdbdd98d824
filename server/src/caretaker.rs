//! What has to be done by the clock: sign-ins that a command ended, and accounts whose week to think is over.

use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::AuditId;
use tokio::time::sleep;

use crate::auth::Auth;
use crate::clock;
use crate::hub::Hub;
use crate::store::{AccountChange, Actor, Store, StoreError};

/// The pause between two looks at the audit log: how long the sockets of somebody who was suspended by a command stay.
const LOOK: Duration = Duration::from_secs(2);
/// Looks between two searches for accounts to delete.
const LOOKS_PER_SEARCH: u32 = 30;

/// Runs until it is dropped. Every node does this, and it does no harm that they do it at once.
pub(crate) async fn run(store: Arc<dyn Store>, auth: Auth, hub: Hub) {
    let mut seen = None;
    let mut looks = 0_u32;
    loop {
        if let Err(error) = end_sign_ins(&*store, &hub, &mut seen).await {
            tracing::debug!(%error, "the sign-ins can't be looked at");
        }
        if looks.is_multiple_of(LOOKS_PER_SEARCH)
            && let Err(error) = delete_accounts(&*store, &auth).await
        {
            tracing::debug!(%error, "the accounts to delete can't be looked for");
        }
        looks = looks.wrapping_add(1);
        sleep(LOOK).await;
    }
}

/// Closes the sockets of sign-ins that ended while the audit log grew, in whichever process.
async fn end_sign_ins(store: &dyn Store, hub: &Hub, seen: &mut Option<AuditId>) -> Result<(), StoreError> {
    let newest = store.audit(AuditId(i64::MAX), 1).await?.first().map_or(AuditId(0), |entry| entry.id);
    if *seen == Some(newest) {
        return Ok(());
    }
    for (token, ending) in store.revoked(&hub.tokens()).await? {
        hub.sign_in_ended(token, ending);
    }
    *seen = Some(newest);
    Ok(())
}

async fn delete_accounts(store: &dyn Store, auth: &Auth) -> Result<(), StoreError> {
    for user in store.due_for_deletion(clock::now()).await? {
        if let Err(error) = auth.change(Actor::Operator, user, AccountChange::Delete).await {
            // The last owner's, who became that since; it is looked at again.
            tracing::warn!(%user, %error, "an account can't be deleted as its person asked");
        }
    }
    Ok(())
}
