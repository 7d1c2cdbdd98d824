//! What has to be done by the clock: accounts whose week to think is over, and the messages of those that were deleted.

use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::{ChatId, MessageId, UserId, limits};
use futures_util::future::join_all;
use tokio::time::sleep;

use crate::auth::Auth;
use crate::chat::{AppendError, Chats};
use crate::clock;
use crate::config::DeletedMessages;
use crate::store::{AccountChange, Actor, Append, Change, Store, StoreError};

/// The pause between two searches for accounts to delete.
const SEARCH_INTERVAL: Duration = Duration::from_secs(60);
/// How long after its deletion the messages of an account are erased: until then its last sockets are closed everywhere.
const ERASE_AFTER: Duration = Duration::from_secs(5);
/// How long sign-ins and links are kept that have ended.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(limits::TOKEN_DAYS as u64 * 24 * 60 * 60);
/// Messages that are erased at once, and the pause after them, so that the others of the installation are not held up.
const ERASE_AT_ONCE: usize = 64;
const ERASE_PAUSE: Duration = Duration::from_millis(20);

/// Runs until it is dropped. Every node does this, and it does no harm that they do it at once.
pub(crate) async fn run(store: Arc<dyn Store>, auth: Auth, chats: Chats, deleted_messages: DeletedMessages) {
    loop {
        if let Err(error) = delete_accounts(&*store, &auth, deleted_messages).await {
            tracing::debug!(%error, "the accounts to delete can't be looked for");
        }
        if let Err(error) = erase_messages(&*store, &chats, ERASE_AFTER).await {
            tracing::debug!(%error, "the messages of deleted accounts can't be erased just now");
        }
        if let Err(error) = forget_ended(&*store).await {
            tracing::debug!(%error, "the sign-ins that ended can't be forgotten just now");
        }
        sleep(SEARCH_INTERVAL).await;
    }
}

/// Forgets what ended so long ago that nothing asks for it any more.
async fn forget_ended(store: &dyn Store) -> Result<(), StoreError> {
    while store.forget_ended(clock::now() - FORGOTTEN_AFTER).await? {
        sleep(ERASE_PAUSE).await;
    }
    Ok(())
}

async fn delete_accounts(
    store: &dyn Store,
    auth: &Auth,
    deleted_messages: DeletedMessages,
) -> Result<(), StoreError> {
    let change = AccountChange::Delete { erase: deleted_messages.are_erased() };
    for user in store.due_for_deletion(clock::now()).await? {
        if let Err(error) = auth.change(Actor::Operator, user, change.clone()).await {
            // The last owner's, who became that since; it is looked at again.
            tracing::warn!(%user, %error, "an account can't be deleted as its person asked");
        }
    }
    Ok(())
}

/// Erases what is to be, a step after the other; a step that fails is done again the next time.
async fn erase_messages(store: &dyn Store, chats: &Chats, after: Duration) -> Result<(), StoreError> {
    while let Some(erasure) = store.to_erase(clock::now() - after).await? {
        for messages in erasure.messages.chunks(ERASE_AT_ONCE) {
            let erased = messages.iter().map(|message| erase(chats, erasure.user, *message));
            if join_all(erased).await.contains(&false) {
                return Ok(());
            }
            sleep(ERASE_PAUSE).await;
        }
        store.erased(&erasure).await?;
        if erasure.up_to.is_none() {
            tracing::info!(user = %erasure.user, "the messages of a deleted account are erased");
        }
    }
    Ok(())
}

/// Whether a message is erased, by this or by another node, or gone with its chat.
async fn erase(chats: &Chats, actor: UserId, (chat, id): (ChatId, MessageId)) -> bool {
    let erased = chats.append(Append { actor, chat, change: Change::Erase { id } }).await;
    matches!(erased, Ok(_) | Err(AppendError::Refused(_)))
}

#[cfg(test)]
mod tests {
    use causerie_protocol::{MessageText, Seq};

    use super::*;
    use crate::bus::MemoryBus;
    use crate::hub::Hub;
    use crate::store::{Created, NewChat, SqliteStore};

    #[tokio::test]
    async fn the_messages_of_a_deleted_account_are_erased_and_the_log_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("causerie.db").display());
        let store = Arc::new(SqliteStore::open(&url).await.unwrap());
        let hub = Hub::new();
        let bus = Arc::new(MemoryBus::new(hub.clone()));
        let chats = Chats::start(store.clone(), bus, hub, Arc::default(), Duration::ZERO);
        let mut people = Vec::new();
        for name in ["ana", "ben"] {
            let email = format!("{name}@example.org");
            people.push(store.create_user(&email, name, "hash").await.unwrap().unwrap().id);
        }
        let (ana, ben) = (people[0], people[1]);
        let pair = NewChat {
            creator: ana,
            participants: people,
            title: None,
            direct: true,
            client_id: None,
            asks: false,
            unseen: false,
        };
        let Created::New(chat) = store.create_chat(pair).await.unwrap() else { panic!("it is new") };
        const EACH: u64 = 2 * ERASE_AT_ONCE as u64;
        for number in 0..EACH {
            for actor in [ana, ben] {
                let text = MessageText::new(format!("number {number}")).unwrap();
                let change = Change::Message { text, client_id: None, reply_to: None, plain: false };
                chats.append(Append { actor, chat, change }).await.unwrap();
            }
        }
        erase_messages(&*store, &chats, Duration::ZERO).await.unwrap();
        assert_eq!(store.position(ana, chat).await.unwrap().unwrap().head, Seq(2 * EACH), "nothing is to be");
        let delete = AccountChange::Delete { erase: true };
        store.change_account(Actor::Operator, ben, delete).await.unwrap().unwrap();
        erase_messages(&*store, &chats, Duration::from_secs(60)).await.unwrap();
        assert_eq!(store.position(ana, chat).await.unwrap().unwrap().head, Seq(2 * EACH), "it is too early");
        erase_messages(&*store, &chats, Duration::ZERO).await.unwrap();
        let messages = store.messages(ana, chat, None, 10_000).await.unwrap().unwrap();
        let left: Vec<_> = messages.iter().filter(|message| !message.content.is_empty()).collect();
        assert_eq!(left.len() as u64, EACH);
        assert!(left.iter().all(|message| message.sender.id == ana && message.deleted_at.is_none()));
        assert_eq!(store.position(ana, chat).await.unwrap().unwrap().head, Seq(3 * EACH), "one event each");
        assert_eq!(store.to_erase(clock::now()).await.unwrap(), None);
    }
}
