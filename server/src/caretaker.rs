//! What has to be done by the clock: accounts whose week to think is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::auth::Auth;
use crate::clock;
use crate::store::{AccountChange, Actor, Store, StoreError};

/// The pause between two searches for accounts to delete.
const SEARCH_INTERVAL: Duration = Duration::from_secs(60);

/// Runs until it is dropped. Every node does this, and it does no harm that they do it at once.
pub(crate) async fn run(store: Arc<dyn Store>, auth: Auth) {
    loop {
        if let Err(error) = delete_accounts(&*store, &auth).await {
            tracing::debug!(%error, "the accounts to delete can't be looked for");
        }
        sleep(SEARCH_INTERVAL).await;
    }
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
