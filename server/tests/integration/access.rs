//! The whole table of access, walked as each kind of person: who may gets through, who may not is told so, or nothing.

use causerie_protocol::examples::client_frames;
use causerie_protocol::{
    ChatId, ClientFrame, ErrorCode, Event, MessageId, ReportId, Role, ServerFrame, TokenId, UserId, paths,
};
use causerie_server::access::{self, Apart, InChat, ROUTES, Route, Who};
#[cfg(feature = "test-services")]
use causerie_testkit::database;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};
use crate::common::socket::Socket;

#[test]
fn the_page_is_current() {
    let page = include_str!("../../../docs/ACCESS.md");
    assert_eq!(page, access::markdown(), "run `cargo run -p causerie-server --example access`");
}

/// What somebody is in the group that a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Outside,
    Member,
    Moderator,
    Owner,
}

/// Who walks through the table.
struct Walker {
    name: &'static str,
    person: Option<Person>,
    role: Option<Role>,
    place: Place,
}

const BLOCKED: &str = "blocked";

struct World {
    server: TestServer,
    walkers: Vec<Walker>,
    /// The owner of every group, and of the installation.
    owner: Person,
    /// Somebody in every group, who wrote the message.
    writer: Person,
    /// Somebody to be added, looked after and blocked.
    other: Person,
}

impl World {
    async fn new(server: TestServer) -> Self {
        let owner = server.register("owner").await;
        let writer = server.register("writer").await;
        let other = server.register("other").await;
        let mut walkers = vec![Walker { name: "anonymous", person: None, role: None, place: Place::Outside }];
        for (name, role, place) in [
            ("guest", Role::Guest, Place::Outside),
            ("guest-inside", Role::Guest, Place::Member),
            ("stranger", Role::Member, Place::Outside),
            ("member", Role::Member, Place::Member),
            (BLOCKED, Role::Member, Place::Member),
            ("chat-moderator", Role::Member, Place::Moderator),
            ("chat-owner", Role::Member, Place::Owner),
            ("moderator", Role::Moderator, Place::Outside),
            ("second-owner", Role::Owner, Place::Outside),
        ] {
            let person = server.register(name).await;
            server.role(&owner, &person, role.as_str()).await;
            walkers.push(Walker { name, person: Some(person), role: Some(role), place });
        }
        let world = Self { server, walkers, owner, writer, other };
        // Both directions, and by people in the group: what they may in it stays the same.
        let group = world.group(&world.walkers[5]).await;
        let blocked = world.walkers[5].person.clone().unwrap();
        let body = json!({"user_id": blocked.user.id});
        world.server.call(Method::POST, paths::BLOCKS, &world.writer, body).await;
        world.server.call(Method::DELETE, &paths::chat(group), &world.owner, Value::Null).await;
        world
    }

    /// A group with the writer, and the walker in their place.
    async fn group(&self, walker: &Walker) -> ChatId {
        let group = self.server.start_group(&self.owner, &[&self.writer]).await;
        let Some(person) = walker.person.as_ref().filter(|_| walker.place > Place::Outside) else {
            return group;
        };
        let body = json!({"user": person.email()});
        self.server.call(Method::POST, &paths::participants(group), &self.owner, body).await;
        let role = match walker.place {
            Place::Owner => "owner",
            Place::Moderator => "moderator",
            _ => return group,
        };
        let path = paths::participant(group, person.user.id);
        self.server.call(Method::PATCH, &path, &self.owner, json!({ "role": role })).await;
        group
    }

    /// A message of the writer's in the group.
    async fn message(&self, group: ChatId) -> MessageId {
        let body = json!({"content": "Hello"});
        let said = self.server.call(Method::POST, &paths::messages(group), &self.writer, body).await;
        MessageId(said["id"].as_i64().unwrap())
    }

    /// The walker with a token; where that is used up, with another one.
    async fn signed_in(&self, route: &Route, walker: &Walker) -> Option<Person> {
        match &walker.person {
            Some(person) if route.path == paths::LOGOUT => Some(self.server.login(person).await),
            // Every sign-in of the account ends by it.
            Some(_) if route.path == paths::DELETE_ACCOUNT => {
                let leaving = self.server.register(&format!("leaving-{}", walker.name)).await;
                let role = walker.role.expect("who has an account has a role");
                self.server.role(&self.owner, &leaving, role.as_str()).await;
                Some(leaving)
            }
            person => person.clone(),
        }
    }

    /// The request of a row, for this walker: its path and a body that the handler takes.
    async fn request(&self, route: &Route, walker: &Walker, group: ChatId) -> (String, Value) {
        let filled = |path: &str, id: &dyn std::fmt::Display| path.replace("{id}", &id.to_string());
        let email = format!("{}-{}@example.org", walker.name, group);
        let body = match (&route.method, route.path) {
            (&Method::POST, paths::REGISTER) => json!({"email": email, "password": "correct horse"}),
            (&Method::POST, paths::LOGIN) => {
                json!({"email": self.owner.email(), "password": "correct horse"})
            }
            // No mail is sent here.
            (&Method::POST, paths::RESET) => json!({"email": email}),
            (&Method::POST, paths::DELETE_ACCOUNT) => json!({"current_password": "correct horse"}),
            (&Method::POST, paths::SECOND_FACTOR | paths::SECOND_FACTOR_OFF | paths::RECOVERY_CODES) => {
                json!({"current_password": "correct horse"})
            }
            (&Method::POST, paths::CONFIRM_SECOND_FACTOR) => json!({"code": "nonsense"}),
            (&Method::POST, paths::RESET_PASSWORD) => {
                json!({"token": "x".repeat(64), "password": "correct horse"})
            }
            (&Method::POST, paths::INVITATION | paths::JOIN_GROUPS | paths::CONFIRM_EMAIL) => {
                json!({"token": "x".repeat(64)})
            }
            (&Method::PATCH, paths::ACCOUNT) => json!({"name": walker.name}),
            (&Method::PATCH, "/api/admin/people/{id}/") => json!({"role": "member"}),
            (&Method::POST, "/api/admin/people/{id}/reopen/") => json!({"with": self.other.email()}),
            (&Method::PATCH, paths::SETTINGS) => json!({"registration": null}),
            (&Method::POST, paths::INVITATIONS | "/api/chats/{id}/invitations/") => json!({"role": "guest"}),
            (&Method::POST, paths::CHATS) => json!({"participants": [self.other.email()], "title": "New"}),
            (&Method::PATCH, "/api/chats/{id}/") => json!({"title": "Renamed"}),
            (&Method::POST, "/api/chats/{id}/participants/") => json!({"user": self.other.email()}),
            (&Method::PATCH, "/api/chats/{id}/participants/{user}/") => json!({"role": "member"}),
            (&Method::POST, "/api/chats/{id}/messages/") | (&Method::PATCH, "/api/messages/{id}/") => {
                json!({"content": "Hello"})
            }
            (&Method::POST, "/api/messages/{id}/reactions/") => json!({"emoji": "\u{1f44d}", "on": true}),
            (&Method::POST, "/api/messages/{id}/pin/") => json!({"on": true}),
            (&Method::POST, paths::BLOCKS) => json!({"user_id": 4711}),
            (&Method::POST, paths::REPORTS) => json!({"message_id": 4711, "reason": "spam"}),
            (&Method::POST, "/api/admin/reports/{id}/close/") => json!({"action": "dismissed"}),
            (&Method::POST, paths::SEARCH) => json!({"query": "hello"}),
            (&Method::PATCH, "/api/chats/{id}/settings/") => json!({"pinned": true}),
            (&Method::PATCH, paths::PRIVACY) => json!({}),
            _ => Value::Null,
        };
        let path = if route.path.starts_with("/api/chats/") || route.path.starts_with("/ws/chats/") {
            filled(route.path, &group)
                .replace("{user}", &self.writer.user.id.to_string())
                .replace("{invitation}", "4711")
        } else if route.path.starts_with("/api/messages/") {
            filled(route.path, &self.message(group).await)
        } else if route.path.starts_with("/api/admin/people/") && route.who.admits(walker.role) {
            let somebody = self.server.register(&format!("somebody-{group}")).await;
            filled(route.path, &somebody.user.id)
        } else if route.path.starts_with("/api/admin/reports/") {
            filled(route.path, &ReportId(4711))
        } else {
            filled(route.path, &TokenId(4711)).replace("{user}", "4711").replace("{probe}", "nonsense")
        };
        (path, body)
    }

    /// Makes a request as the walker and compares what comes with what the table says.
    async fn walk(&self, route: &Route, walker: &Walker) {
        let group = self.group(walker).await;
        let (path, body) = self.request(route, walker, group).await;
        let signed_in = self.signed_in(route, walker).await;
        let token = signed_in.as_ref().map(|person| person.token.as_str());
        let at = format!("{} {} as {}", route.method, route.path, walker.name);
        if route.path.starts_with("/ws/") {
            return self.walk_socket(route, walker, signed_in.as_ref(), &path, &at).await;
        }
        let (status, problem) = self.server.request(route.method.clone(), &path, token, body).await;
        let code = problem["code"].as_str().unwrap_or_default();
        if !route.who.admits(walker.role) {
            let expected =
                if walker.role.is_some() { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
            assert_eq!(status, expected, "{at}: {problem}");
            return;
        }
        let needed = match route.in_chat {
            None => None,
            Some(InChat::Participant) => Some(Place::Member),
            Some(InChat::Moderator | InChat::SenderOrModerator | InChat::SenderOrModeratorUnseen) => {
                Some(Place::Moderator)
            }
            Some(InChat::Owner) => Some(Place::Owner),
            // Nobody but the writer, who does not walk.
            Some(InChat::Sender) => None,
        };
        match needed {
            _ if route.in_chat.is_some() && walker.place == Place::Outside => {
                assert_eq!(status, StatusCode::NOT_FOUND, "{at}: {problem}");
                let none =
                    if route.path.starts_with("/api/messages/") { "not_found" } else { "no_such_chat" };
                assert_eq!(code, none, "{at}");
            }
            _ if route.in_chat == Some(InChat::Sender) => {
                assert_eq!(status, StatusCode::FORBIDDEN, "{at}: {problem}");
            }
            Some(needed)
                if walker.place < needed && route.in_chat == Some(InChat::SenderOrModeratorUnseen) =>
            {
                assert_eq!((status, code), (StatusCode::NOT_FOUND, "not_found"), "{at}: {problem}");
            }
            Some(needed) if walker.place < needed => {
                assert_eq!(status, StatusCode::FORBIDDEN, "{at}: {problem}");
            }
            // What is asked of the ids 4711 and of false secrets is let through and not found, or not taken.
            _ if path.contains("4711") || body_is_of_nobody(route) => {
                assert!(
                    matches!(status.as_u16(), 403 | 404) && code != "forbidden",
                    "{at}: {status} {problem}"
                );
            }
            _ => assert!(status.is_success(), "{at}: {status} {problem}"),
        }
    }

    async fn walk_socket(
        &self,
        route: &Route,
        walker: &Walker,
        person: Option<&Person>,
        path: &str,
        at: &str,
    ) {
        let Some(person) = person else {
            let request = self.server.handshake(path, Some("causerie.v1, Bearer"));
            let (mut socket, _) = self.server.connect(request).await.unwrap();
            assert_eq!(socket.closed().await.0, 4001, "{at}");
            return;
        };
        let mut socket: Socket = self.server.socket(&person.token, path).await;
        if route.in_chat.is_some() && walker.place == Place::Outside {
            assert_eq!(socket.closed().await.0, 4003, "{at}");
        } else {
            socket.welcome().await;
        }
    }
}

/// Whose typing, reading or message a frame brings.
fn author(frame: &ServerFrame) -> Option<UserId> {
    match frame {
        ServerFrame::Typing(typing) => Some(typing.user_id),
        ServerFrame::Read(read) => Some(read.user_id),
        ServerFrame::Event(Event::Message(message)) => Some(message.sender.id),
        _ => None,
    }
}

impl World {
    /// Sends every frame of a client as the walker; the writer follows the group and sees what comes of it.
    async fn walk_frames(&self, walker: &Walker) {
        // Without a token there is no socket.
        let Some(person) = &walker.person else { return };
        let (group, is_inside) = (self.group(walker).await, walker.place > Place::Outside);
        // The writer has blocked this one.
        let is_apart = walker.name == BLOCKED;
        self.message(group).await;
        let mut listener = self.server.many(&self.writer).await;
        listener.subscribe(group, None, None).await;
        let head = listener.subscribed().await.head;
        let mut socket = self.server.many(person).await;
        for (frame, _) in client_frames() {
            let mut json = serde_json::to_value(&frame).unwrap();
            if json.get("chat_id").is_some() {
                json["chat_id"] = json!(group);
            }
            if json.get("reply_to").is_some() {
                json["reply_to"] = json!(head);
            }
            let at = format!("{} as {}", json["type"], walker.name);
            socket.send(json).await;
            let (in_chat, apart) = access::of_frame(&frame);
            let may = is_inside || in_chat.is_none();
            match frame {
                // It is never answered, and the listener gets nothing of it.
                ClientFrame::Typing { .. } if !may => socket.taken().await,
                _ if may && is_apart && apart == Some(Apart::Unheard) => socket.taken().await,
                _ if !may => assert_eq!(socket.error().await.code, ErrorCode::NoSuchChat, "{at}"),
                ClientFrame::Message { .. } => drop(socket.ack().await),
                ClientFrame::Subscribe { .. } => drop(socket.subscribed().await),
                ClientFrame::Unsubscribe { .. } => {
                    let ended = |frame| matches!(frame, ServerFrame::Unsubscribed(_)).then_some(());
                    socket.until(ended).await;
                    if is_inside {
                        socket.subscribe(group, None, None).await;
                        socket.subscribed().await;
                    }
                }
                ClientFrame::Typing { .. } | ClientFrame::Read { .. } => {
                    let is_theirs = |frame: ServerFrame| {
                        matches!(frame, ServerFrame::Typing(_) | ServerFrame::Read(_))
                            .then(|| author(&frame).filter(|by| *by == person.user.id))
                            .flatten()
                    };
                    listener.until(is_theirs).await;
                }
                ClientFrame::Pong { .. } | ClientFrame::Ping { .. } => socket.taken().await,
            }
        }
        if !is_inside || is_apart {
            let last = self.message(group).await;
            let mut seen = Vec::new();
            listener
                .until(|frame| {
                    let is_last =
                        matches!(&frame, ServerFrame::Event(Event::Message(said)) if said.id == last);
                    // In a group one reads also what people say from whom one is apart.
                    let is_heard = is_apart && matches!(frame, ServerFrame::Event(_));
                    seen.extend(author(&frame).filter(|_| !is_heard));
                    is_last.then_some(())
                })
                .await;
            assert!(!seen.contains(&person.user.id), "something of {}'s came through", walker.name);
        }
    }
}

/// Whether the body that is sent names nobody and nothing, or there is nothing that could do it, so that even who may is
/// told so.
fn body_is_of_nobody(route: &Route) -> bool {
    route.method == Method::POST
        && matches!(
            route.path,
            paths::RESET
                | paths::RESET_PASSWORD
                | paths::INVITATION
                | paths::JOIN_GROUPS
                | paths::BLOCKS
                | paths::REPORTS
                | paths::CONFIRM_SECOND_FACTOR
                | paths::RECOVERY_CODES
                | paths::CONFIRM_EMAIL
                // Nobody has ended a chat with them.
                | "/api/admin/people/{id}/reopen/"
        )
}

async fn everybody_walks_the_whole_table(server: TestServer) {
    let world = World::new(server).await;
    for route in ROUTES {
        if route.who == Who::Operator {
            continue;
        }
        for walker in &world.walkers {
            world.walk(route, walker).await;
        }
    }
    for walker in &world.walkers {
        world.walk_frames(walker).await;
    }
}

/// One of two people who are apart asks for everything that the table says something of.
async fn asks_across(server: &TestServer, caller: &Person, other: &Person, pair: ChatId, own: MessageId) {
    let third = server.register(&format!("third-{}", caller.user.name)).await;
    let group = server.start_group(caller, &[&third]).await;
    for route in ROUTES {
        let Some(apart) = route.apart else { continue };
        let ask = async |user: &str| {
            let (path, body) = match (&route.method, route.path) {
                (&Method::POST, paths::CHATS) => (route.path.to_owned(), json!({ "participants": [user] })),
                (&Method::PATCH, "/api/chats/{id}/") => (paths::chat(pair), json!({"status": "active"})),
                (&Method::POST, "/api/chats/{id}/accept/") => (paths::accept(pair), Value::Null),
                (&Method::POST, "/api/chats/{id}/participants/") => {
                    (paths::participants(group), json!({ "user": user }))
                }
                (&Method::POST, "/api/chats/{id}/messages/") => {
                    (paths::messages(pair), json!({"content": "Hello?"}))
                }
                (&Method::POST, "/api/messages/{id}/reactions/") => {
                    (paths::reactions(own), json!({"emoji": "\u{1f44d}", "on": true}))
                }
                (&Method::POST, "/api/messages/{id}/pin/") => (paths::pin(own), json!({"on": true})),
                (&Method::PATCH, "/api/messages/{id}/") => {
                    (paths::message(own), json!({"content": "Hello?"}))
                }
                (method, path) => panic!("{method} {path} has a word on people who are apart and no request"),
            };
            server.request(route.method.clone(), &path, Some(&caller.token), body).await
        };
        let at = format!("{} {} as {}", route.method, route.path, caller.user.name);
        let (status, problem) = ask(other.email()).await;
        match apart {
            // Word for word what is said of an address that has no account.
            Apart::Unknown => assert_eq!((status, problem), ask("nobody@example.org").await, "{at}"),
            Apart::Closed => assert!(
                matches!(status, StatusCode::CONFLICT | StatusCode::FORBIDDEN),
                "{at}: {status} {problem}"
            ),
            Apart::Unheard => panic!("{at}: only of frames"),
        }
    }
    // Their frames are held to it by the tests of safety, which see that nothing of them comes to the other.
    let mut socket = server.many(caller).await;
    socket.say(pair, "Hello?", "across").await;
    assert_eq!(socket.error().await.code, ErrorCode::ChatClosed);
}

async fn who_is_apart_gets_what_the_table_says(server: TestServer) {
    for by_block in [true, false] {
        let (one, other) = (
            server.register(&format!("one-{by_block}")).await,
            server.register(&format!("two-{by_block}")).await,
        );
        let pair = server.start_chat(&one, &other).await;
        let mut own = Vec::new();
        for person in [&one, &other] {
            let said =
                server.call(Method::POST, &paths::messages(pair), person, json!({"content": "Hello"})).await;
            own.push(MessageId(said["id"].as_i64().unwrap()));
        }
        if by_block {
            server.call(Method::POST, paths::BLOCKS, &one, json!({"user_id": other.user.id})).await;
        } else {
            server.call(Method::PATCH, &paths::chat(pair), &one, json!({"status": "closed"})).await;
        }
        asks_across(&server, &one, &other, pair, own[0]).await;
        asks_across(&server, &other, &one, pair, own[1]).await;
    }
}

/// Every client of this test has one address.
fn without_limits(config: &mut causerie_server::config::Config) {
    config.limits.sign_ins_per_minute_per_address = 0;
    config.limits.registrations_per_minute_per_address = 0;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_walks_the_whole_table_on_sqlite() {
    everybody_walks_the_whole_table(TestServer::start_with(without_limits).await).await;
}

#[tokio::test]
async fn who_is_apart_gets_what_the_table_says_on_sqlite() {
    who_is_apart_gets_what_the_table_says(TestServer::start_with(without_limits).await).await;
}

#[cfg(feature = "test-services")]
async fn on_postgres() -> TestServer {
    let database = database().await.unwrap();
    TestServer::start_with(|config| {
        without_limits(config);
        config.database_url = database;
    })
    .await
}

#[cfg(feature = "test-services")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_walks_the_whole_table_on_postgres() {
    everybody_walks_the_whole_table(on_postgres().await).await;
}

#[cfg(feature = "test-services")]
#[tokio::test]
async fn who_is_apart_gets_what_the_table_says_on_postgres() {
    who_is_apart_gets_what_the_table_says(on_postgres().await).await;
}
