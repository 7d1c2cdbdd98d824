//! Three people and the verbs that the contract's tests use.

use std::sync::Arc;

use causerie_protocol::rest::{Chat, ChatStatus};
use causerie_protocol::{ChatId, ClientId, Event, Message, MessageText, Seq, UserId};
use causerie_server::store::{Append, AppendResult, Appended, Change, Created, NewChat, Store};

pub struct World {
    pub store: Arc<dyn Store>,
    pub alice: UserId,
    pub bob: UserId,
    pub carol: UserId,
}

impl World {
    pub async fn new(store: impl Store) -> Self {
        for name in ["alice", "bob", "carol"] {
            store.create_user(&format!("{name}@example.org"), name, "hash").await.unwrap().unwrap();
        }
        Self::again(store).await
    }

    /// The same three people in a store that has them already.
    pub async fn again(store: impl Store) -> Self {
        let mut ids = Vec::new();
        for name in ["alice", "bob", "carol"] {
            let account = store.account(&format!("{name}@example.org")).await.unwrap();
            ids.push(account.unwrap().0.id);
        }
        Self { store: Arc::new(store), alice: ids[0], bob: ids[1], carol: ids[2] }
    }

    /// The direct chat of Alice and Bob.
    pub async fn pair(&self) -> ChatId {
        self.new_chat(&[self.alice, self.bob], None).await.0
    }

    /// A group of Alice and Bob, which Carol is not in.
    pub async fn group(&self) -> ChatId {
        self.new_chat(&[self.alice, self.bob], Some("Dinner")).await.0
    }

    pub async fn new_chat(&self, participants: &[UserId], title: Option<&str>) -> (ChatId, bool) {
        let chat = NewChat {
            creator: participants[0],
            participants: participants.to_vec(),
            title: title.map(str::to_owned),
            direct: title.is_none(),
            client_id: None,
            asks: false,
            unseen: false,
        };
        match self.store.create_chat(chat).await.unwrap() {
            Created::New(id) => (id, true),
            Created::Existing(id) => (id, false),
            other => panic!("nothing was repeated: {other:?}"),
        }
    }

    /// Opens or closes a group.
    pub async fn set_status(&self, group: ChatId, status: ChatStatus) -> Event {
        self.event(group, self.alice, Change::Update { title: None, status: Some(status), hides_past: None })
            .await
    }

    pub async fn append(&self, chat: ChatId, actor: UserId, change: Change) -> AppendResult {
        let mut results = self.store.append(&[Append { actor, chat, change }]).await.unwrap();
        assert_eq!(results.len(), 1);
        results.remove(0)
    }

    pub async fn event(&self, chat: ChatId, actor: UserId, change: Change) -> Event {
        match self.append(chat, actor, change).await {
            Ok(Appended::Event(event)) => event,
            other => panic!("no event: {other:?}"),
        }
    }

    pub async fn say(&self, chat: ChatId, actor: UserId, text: &str) -> Message {
        match self.event(chat, actor, message(text, None)).await {
            Event::Message(message) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    pub async fn texts(&self, chat: ChatId) -> Vec<String> {
        let messages = self.store.messages(self.alice, chat, None, 1_000).await.unwrap().unwrap();
        messages.into_iter().map(|message| message.content).collect()
    }

    pub async fn log(&self, chat: ChatId, after: u64) -> Vec<Event> {
        self.store.events_after(self.alice, chat, Seq(after), 10_000).await.unwrap().unwrap()
    }

    pub async fn seen_by(&self, user: UserId, chat: ChatId) -> Chat {
        self.store.chat(user, chat).await.unwrap().unwrap()
    }
}

pub fn message(text: &str, client_id: Option<&str>) -> Change {
    Change::Message {
        text: MessageText::new(text).unwrap(),
        client_id: client_id.map(|id| ClientId::new(id).unwrap()),
        reply_to: None,
        plain: false,
    }
}
