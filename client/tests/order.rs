//! A page that was open during some events shows the same list as a page that is opened after them.

use causerie_client::{ChatEntry, Client, ConnectionId, Effect, Input, SocketInput};
use causerie_protocol::event::{ChatChanged, Deleted, Edited, Membership};
use causerie_protocol::limits::Limits;
use causerie_protocol::rest::{Chat, ChatKind, ChatRole, ChatStatus, Participant};
use causerie_protocol::server_frame::{Subscribed, Welcome};
use causerie_protocol::{
    ChatId, ChatSettings, Epoch, Event, Message, MessageId, Seq, ServerFrame, Timestamp, User, UserId,
};
use proptest::prelude::*;

const CHATS: i64 = 4;

/// A change in a chat.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Say { by: i64 },
    Edit { nth: usize },
    Delete { nth: usize },
    Join { user: i64 },
    Leave { user: i64 },
    Rename,
    Close,
    Unknown,
}

fn deed() -> impl Strategy<Value = (i64, Deed, i64)> {
    let deed = prop_oneof![
        4 => (1..3_i64).prop_map(|by| Deed::Say { by }),
        2 => (0..9_usize).prop_map(|nth| Deed::Edit { nth }),
        2 => (0..9_usize).prop_map(|nth| Deed::Delete { nth }),
        1 => (3..6_i64).prop_map(|user| Deed::Join { user }),
        1 => (3..6_i64).prop_map(|user| Deed::Leave { user }),
        1 => Just(Deed::Rename),
        1 => Just(Deed::Close),
        1 => Just(Deed::Unknown),
    ];
    // The times of the server's clock are arbitrary.
    (1..=CHATS, deed, 0..1_000_000_i64)
}

fn user(id: i64) -> User {
    User { id: UserId(id), email: None, name: format!("U{id}") }
}

/// A model server: the chats and messages that it stores.
struct Server {
    chats: Vec<Chat>,
    messages: Vec<Message>,
    last_id: i64,
}

impl Server {
    fn new() -> Self {
        let person = |id| Participant {
            user: user(id),
            read_seq: Seq(0),
            online: false,
            role: ChatRole::Member,
            blocked: false,
        };
        let chat = |id| Chat {
            id: ChatId(id),
            kind: ChatKind::Group,
            status: ChatStatus::Active,
            title: None,
            participants: [1, 2].map(person).into(),
            participant_count: 2,
            head: Seq(0),
            epoch: Epoch("e".into()),
            read_seq: Seq(0),
            unread: 0,
            last_message: None,
            created_at: Timestamp("t".into()),
            updated_at: Timestamp("t".into()),
            sort_key: Some(MessageId(0)),
            hides_past: false,
            requested_by: None,
            settings: ChatSettings::default(),
            pinned: Vec::new(),
        };
        Self { chats: (1..=CHATS).map(chat).collect(), messages: Vec::new(), last_id: 0 }
    }

    /// Applies a change; returns its event, or none when the change is not possible.
    fn does(&mut self, chat_id: ChatId, deed: Deed, clock: i64) -> Option<Event> {
        let Self { chats, messages, last_id } = self;
        let chat = chats.iter_mut().find(|chat| chat.id == chat_id)?;
        let at = Timestamp(format!("t{clock:09}"));
        let seq = chat.head.next();
        let is_in = |id: i64| chat.participants.iter().position(|one| one.user.id == UserId(id));
        let alive = |one: &Message| one.chat_id == chat_id && one.deleted_at.is_none();
        let nth_alive = |nth: usize| {
            let ids: Vec<MessageId> = messages.iter().filter(|one| alive(one)).map(|one| one.id).collect();
            (!ids.is_empty()).then(|| ids[nth % ids.len()])
        };
        let event = match deed {
            Deed::Say { by } => {
                let message = Message {
                    id: MessageId(*last_id + 1),
                    chat_id,
                    seq,
                    sender: user(by),
                    content: format!("m{last_id}"),
                    sent_at: at.clone(),
                    client_id: None,
                    edited_at: None,
                    deleted_at: None,
                    reactions: Vec::new(),
                    reply_to: None,
                    spans: Vec::new(),
                    plain: false,
                };
                messages.push(message.clone());
                chat.sort_key = Some(message.id);
                Event::Message(message)
            }
            Deed::Edit { nth } => {
                let id = nth_alive(nth)?;
                let message = messages.iter_mut().find(|one| one.id == id)?;
                message.content = format!("edit {last_id}");
                message.edited_at = Some(at.clone());
                let content = message.content.clone();
                Event::Edited(Edited {
                    chat_id,
                    seq,
                    id,
                    content,
                    edited_at: at.clone(),
                    spans: Vec::new(),
                    plain: false,
                })
            }
            Deed::Delete { nth } => {
                let id = nth_alive(nth)?;
                let message = messages.iter_mut().find(|one| one.id == id)?;
                message.content.clear();
                message.deleted_at = Some(at.clone());
                Event::Deleted(Deleted { chat_id, seq, id, deleted_at: at.clone() })
            }
            Deed::Join { user: id } => {
                if is_in(id).is_some() {
                    return None;
                }
                chat.participants.push(Participant {
                    user: user(id),
                    read_seq: chat.head,
                    online: false,
                    role: ChatRole::Member,
                    blocked: false,
                });
                chat.participants.sort_by_key(|one| one.user.id);
                Event::Joined(Membership { chat_id, seq, user: user(id), by: None, at: at.clone() })
            }
            Deed::Leave { user: id } => {
                let place = is_in(id)?;
                chat.participants.remove(place);
                Event::Left(Membership { chat_id, seq, user: user(id), by: None, at: at.clone() })
            }
            Deed::Rename | Deed::Close => {
                match deed {
                    Deed::Rename => chat.title = Some(format!("title {last_id}")),
                    _ => chat.status = ChatStatus::Closed,
                }
                let (title, status) = (chat.title.clone(), chat.status);
                Event::ChatChanged(ChatChanged {
                    chat_id,
                    seq,
                    title,
                    status,
                    hides_past: false,
                    accepted: false,
                    at: at.clone(),
                })
            }
            Deed::Unknown => {
                let data = serde_json::json!({ "chat_id": chat_id, "seq": seq });
                Event::Unknown { kind: "reaction".into(), chat_id, seq, data }
            }
        };
        *last_id += 1;
        (chat.head, chat.updated_at) = (seq, at);
        chat.participant_count = chat.participants.len() as u64;
        chat.last_message = messages.iter().rfind(|one| alive(one)).cloned();
        let unread = |one: &&Message| alive(one) && one.sender.id != UserId(1);
        chat.unread = messages.iter().filter(unread).count() as u64;
        Some(event)
    }
}

/// The fields that an entry of the list shows.
type Shown = (ChatId, String, ChatStatus, Option<Message>, u64, Vec<Participant>, u64);

/// A page of the first user, and its requests that have no response yet.
struct Page {
    client: Client,
    requests: Vec<Effect>,
}

impl Page {
    fn open(server: &Server) -> Self {
        let mut page = Self { client: Client::new(0), requests: Vec::new() };
        page.give(Input::SignedIn { user: user(1) });
        page.give(Input::Socket(ConnectionId(1), SocketInput::Opened));
        page.frame(&ServerFrame::Welcome(Welcome {
            user: user(1),
            version: 1,
            limits: Limits::default(),
            heartbeat_seconds: 25,
            server_time: Timestamp("t".into()),
            blocked: Vec::new(),
        }));
        page.answer(server);
        for chat in &server.chats {
            page.frame(&ServerFrame::Subscribed(Subscribed {
                chat_id: chat.id,
                epoch: chat.epoch.clone(),
                head: chat.head,
                reset: false,
            }));
        }
        page.answer(server);
        page
    }

    fn give(&mut self, input: Input) {
        self.requests.extend(self.client.handle(input, 1, 0.5));
    }

    fn frame(&mut self, frame: &ServerFrame) {
        self.give(Input::Socket(ConnectionId(1), SocketInput::Frame(frame.encode())));
    }

    /// Answers the client's REST requests.
    fn answer(&mut self, server: &Server) {
        while !self.requests.is_empty() {
            for request in std::mem::take(&mut self.requests) {
                match request {
                    Effect::LoadChats { ticket, .. } => {
                        let mut chats = server.chats.clone();
                        chats.sort_by_key(|chat| std::cmp::Reverse(chat.cursor()));
                        self.give(Input::ChatsLoaded { ticket, chats, has_more: false });
                    }
                    Effect::LoadChat { ticket, chat } => {
                        let chat = server.chats.iter().find(|one| one.id == chat).expect("all chats exist");
                        self.give(Input::ChatFetched { ticket, answer: Ok(Box::new(chat.clone())) });
                    }
                    _ => {}
                }
            }
        }
    }

    fn order(&self) -> Vec<ChatId> {
        self.client.chats().iter().map(|entry| entry.id()).collect()
    }

    /// The list, from its top.
    fn list(&self) -> Vec<Shown> {
        let shown = |entry: &&ChatEntry| {
            let chat = &entry.chat;
            let (people, count) = (chat.participants.clone(), chat.participant_count);
            let title = entry.title().alone().to_owned();
            (chat.id, title, chat.status, chat.last_message.clone(), entry.unread(), people, count)
        };
        self.client.chats().iter().map(shown).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_list_updated_by_events_is_the_list_that_is_loaded_and_only_messages_move_a_chat(
        deeds in prop::collection::vec(deed(), 1..40)
    ) {
        let mut server = Server::new();
        let mut live = Page::open(&server);
        for (chat, deed, clock) in deeds {
            let before = live.order();
            let Some(event) = server.does(ChatId(chat), deed, clock) else { continue };
            live.frame(&ServerFrame::Event(event));
            if matches!(deed, Deed::Say { .. }) {
                prop_assert_eq!(live.order()[0], ChatId(chat), "a message brings its chat to the top at once");
            } else {
                prop_assert_eq!(live.order(), before, "{:?} moves nothing", deed);
            }
            // The client fetches what an event does not contain.
            live.answer(&server);
            prop_assert_eq!(live.list(), Page::open(&server).list(), "after {:?} in {}", deed, chat);
        }
    }
}
