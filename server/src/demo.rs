//! Two accounts and a chat to try, for `--demo`.

use causerie_protocol::event::User;
use causerie_protocol::{ClientId, MessageText, UserId};

use crate::auth::{Auth, PasswordError};
use crate::store::{Append, Change, Created, NewChat, Store, StoreError};

pub const EMAILS: [&str; 2] = ["ana@example.org", "ben@example.org"];
/// Known to everybody, which is why a demo stays on loopback.
pub const PASSWORD: &str = "causerie-demo";

/// What they said, each with the index of the speaker.
const TALK: [(usize, &str); 4] = [
    (0, "Hello Ben! Welcome to Causerie."),
    (1, "Hello Ana. So this is one program: the database, the server and the page?"),
    (0, "Yes. Open a second browser, sign in as me, and write something."),
    (1, "And when I pull the plug of the server?"),
];

/// Makes the accounts and the chat, unless the accounts are there from an earlier start.
pub async fn prepare(store: &dyn Store, auth: &Auth) -> Result<(), StoreError> {
    let mut users = Vec::new();
    let mut made = false;
    for (email, name) in EMAILS.into_iter().zip(["Ana", "Ben"]) {
        if let Some((user, _)) = store.account(email).await? {
            users.push(user.id);
        } else if let Some(user) = register(auth, email, name).await? {
            users.push(user.id);
            made = true;
        }
    }
    if made {
        talk(store, users).await?;
    }
    Ok(())
}

async fn register(auth: &Auth, email: &str, name: &str) -> Result<Option<User>, StoreError> {
    match auth.create_account(email, name, PASSWORD.to_owned()).await {
        Ok(user) => Ok(user),
        Err(PasswordError::Store(error)) => Err(error),
        Err(PasswordError::Busy) => unreachable!("nobody registers before the server serves"),
    }
}

/// Every part of this may be repeated without a second effect.
async fn talk(store: &dyn Store, users: Vec<UserId>) -> Result<(), StoreError> {
    let Some(creator) = users.first().copied() else { return Ok(()) };
    let chat = NewChat {
        creator,
        participants: users.clone(),
        title: None,
        direct: true,
        client_id: None,
        asks: false,
        unseen: false,
    };
    let (Created::New(chat) | Created::Existing(chat)) = store.create_chat(chat).await? else {
        return Ok(());
    };
    let batch: Vec<Append> = TALK
        .into_iter()
        .enumerate()
        .filter_map(|(index, (speaker, text))| {
            let text = MessageText::new(text).ok()?;
            let client_id = ClientId::new(format!("demo-{index}")).ok();
            let actor = users.get(speaker).copied()?;
            Some(Append {
                actor,
                chat,
                change: Change::Message { text, client_id, reply_to: None, plain: false },
            })
        })
        .collect();
    store.append(&batch).await?;
    Ok(())
}

/// How to sign in, in a sentence.
pub fn invitation(url: &str) -> String {
    let [ana, ben] = EMAILS;
    format!(
        "demo: open {url}/ and sign in as {ana}; in another browser, as {ben}; the password of both is {PASSWORD}"
    )
}
