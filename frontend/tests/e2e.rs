//! The API and the socket as the page uses them, in a real browser, against a real server.
//!
//! `cargo xtask test` starts a server that allows this page's origin, and names it in `CAUSERIE_TEST_SERVER`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use causerie_protocol::rest::{Chat, CreateChat, Login, Register, SignedIn, UserRef};
use causerie_protocol::{
    ChatId, ClientFrame, ClientId, CloseCode, ErrorCode, Event, Message, MessageText, ServerFrame, User,
    handshake, paths,
};
use causerie_web::api::{Api, ApiError, Failure};
use causerie_web::socket::{Socket, SocketEvent};
use causerie_web::uuid;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const PASSWORD: &str = "correct horse battery";

fn server() -> &'static str {
    match option_env!("CAUSERIE_TEST_SERVER") {
        Some(server) => server,
        None => panic!("CAUSERIE_TEST_SERVER names the server: use `cargo xtask test`"),
    }
}

fn socket_url(path: &str) -> String {
    format!("{}{path}", server().replacen("http", "ws", 1))
}

/// A socket and what came from it, in order.
struct Line {
    socket: Socket,
    inbox: Rc<RefCell<Inbox>>,
}

#[derive(Default)]
struct Inbox {
    events: VecDeque<SocketEvent>,
    waker: Option<Waker>,
}

impl Line {
    /// A socket at a path of the server, with the subprotocols as they are.
    fn dial(path: &str, protocols: &[&str]) -> Self {
        let inbox = Rc::new(RefCell::new(Inbox::default()));
        let filled = Rc::clone(&inbox);
        let socket = Socket::open(&socket_url(path), protocols, move |event| {
            let mut inbox = filled.borrow_mut();
            inbox.events.push_back(event);
            if let Some(waker) = inbox.waker.take() {
                waker.wake();
            }
        });
        Self { socket: socket.expect("the browser accepts the address"), inbox }
    }

    /// A socket for many chats, as the page opens it, once the server has welcomed it.
    async fn open(token: &str) -> Self {
        let offer = handshake::offer(token);
        let line = Self::dial(paths::SOCKET, &offer.each_ref().map(String::as_str));
        let SocketEvent::Opened = line.event().await else { panic!("it opens first") };
        assert_eq!(
            line.socket.protocol(),
            handshake::VERSIONED,
            "the server chooses the version, never the token"
        );
        let ServerFrame::Welcome(_) = line.frame().await else { panic!("the welcome is the first frame") };
        line
    }

    async fn event(&self) -> SocketEvent {
        poll_fn(|context| {
            let mut inbox = self.inbox.borrow_mut();
            match inbox.events.pop_front() {
                Some(event) => Poll::Ready(event),
                None => {
                    inbox.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// The next frame that is not a notice of who is there.
    async fn frame(&self) -> ServerFrame {
        loop {
            match self.event().await {
                SocketEvent::Text(text) => {
                    match ServerFrame::decode(&text).expect("the server sends frames") {
                        ServerFrame::Presence(_) | ServerFrame::Ping(_) | ServerFrame::Read(_) => {}
                        frame => return frame,
                    }
                }
                other => panic!("a frame was to come, not {other:?}"),
            }
        }
    }

    /// How the socket ends, whatever comes before.
    async fn end(&self) -> (CloseCode, String) {
        loop {
            if let SocketEvent::Closed { code, reason } = self.event().await {
                return (CloseCode::from_code(code), reason);
            }
        }
    }

    async fn message(&self) -> Message {
        loop {
            if let ServerFrame::Event(Event::Message(message)) = self.frame().await {
                return message;
            }
        }
    }

    async fn subscribe(&self, chat: ChatId) {
        let frame = ClientFrame::Subscribe { chat_id: chat, after: None, epoch: None };
        self.socket.send(&frame.encode());
        loop {
            if let ServerFrame::Subscribed(subscribed) = self.frame().await {
                return assert_eq!(subscribed.chat_id, chat);
            }
        }
    }

    fn say(&self, chat: ChatId, text: &str) -> ClientId {
        let client_id = ClientId::new(uuid()).expect("a UUID is a client id");
        let frame = ClientFrame::Message {
            text: MessageText::new(text).expect("the test says something"),
            client_id: Some(client_id.clone()),
            chat_id: Some(chat),
            reply_to: None,
            plain: false,
        };
        self.socket.send(&frame.encode());
        client_id
    }
}

async fn register(name: &str) -> SignedIn {
    let email = format!("{}@example.org", uuid());
    let body = Register {
        email,
        password: Some(PASSWORD.to_owned()),
        name: Some(name.to_owned()),
        invitation: None,
        language: None,
    };
    Api::new(server())
        .register(&body)
        .await
        .expect("a new e-mail can be registered")
        .expect("no mail confirms it here")
}

async fn start_chat(who: &SignedIn, with: &SignedIn) -> Chat {
    let api = Api::new(server()).with_token(&who.token);
    let participants = vec![UserRef::Email(with.user.own_email().to_owned())];
    let body = CreateChat { participants, title: None, client_id: None, language: None };
    api.create_chat(&body).await.expect("a chat can be started by e-mail").expect("and without asking")
}

#[wasm_bindgen_test]
async fn an_account_signs_in_with_its_password_only() {
    let account = register("Ana").await;
    let api = Api::new(server());
    let login = |password: &str| Login {
        email: account.user.own_email().to_owned(),
        password: password.to_owned(),
        code: None,
    };

    let again = api.login(&login(PASSWORD)).await.expect("the password is right");
    assert_eq!(again.user, account.user);
    assert_ne!(again.token, account.token, "each sign-in has a token of its own");

    let refused = api.login(&login("something else")).await;
    let Err(ApiError { status, failure: Failure::Refused(problem) }) = refused else {
        panic!("the password is wrong")
    };
    assert_eq!((status, problem.code), (401, ErrorCode::WrongCredentials));
    assert!(!problem.detail.is_empty(), "a person is told what is wrong");
}

#[wasm_bindgen_test]
async fn a_message_is_acknowledged_and_received_by_both() {
    let (ana, ben) = (register("Ana").await, register("Ben").await);
    let chat = start_chat(&ana, &ben).await.id;
    let (ana_line, ben_line) = (Line::open(&ana.token).await, Line::open(&ben.token).await);
    ana_line.subscribe(chat).await;
    ben_line.subscribe(chat).await;

    let client_id = ana_line.say(chat, "Bonjour, ça va ? 👋");
    let received = ben_line.message().await;
    assert_eq!(received.content, "Bonjour, ça va ? 👋");
    assert_eq!(received.sender, User { email: None, ..ana.user.clone() }, "others see no e-mail address");

    let (mut ack, mut echo) = (None, None);
    while ack.is_none() || echo.is_none() {
        match ana_line.frame().await {
            ServerFrame::Ack(frame) => ack = Some(frame),
            ServerFrame::Event(Event::Message(message)) => echo = Some(message),
            other => panic!("an ack and the message were to come, not {other:?}"),
        }
    }
    let (ack, echo) = (ack.expect("it came"), echo.expect("it came"));
    assert_eq!(
        (ack.client_id, ack.id, ack.seq, ack.duplicate),
        (client_id.clone(), received.id, received.seq, false)
    );
    assert_eq!(echo.client_id, Some(client_id));

    let api = Api::new(server()).with_token(&ben.token);
    let (history, has_older) = api.messages(chat, None).await.expect("it is his chat");
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].id, &*history[0].content), (received.id, "Bonjour, ça va ? 👋"));
    assert!(!has_older);
}

#[wasm_bindgen_test]
async fn a_chat_that_somebody_starts_appears_on_an_open_socket() {
    let (ana, ben) = (register("Ana").await, register("Ben").await);
    let line = Line::open(&ben.token).await;
    let chat = start_chat(&ana, &ben).await;
    let ServerFrame::ChatAdded(added) = line.frame().await else { panic!("the new chat is told") };
    assert_eq!(added.chat.id, chat.id);
}

#[wasm_bindgen_test]
async fn the_browser_sees_why_a_token_is_refused() {
    let unknown = "x".repeat(64);
    let ana = register("Ana").await;
    for (path, protocols) in [
        (paths::SOCKET.to_owned(), vec!["causerie.v1", "Bearer", &unknown]),
        (paths::SOCKET.to_owned(), vec!["Bearer", "malformed"]),
        (paths::SOCKET.to_owned(), vec!["Bearer"]),
        (format!("{}?token={}", paths::SOCKET, ana.token), vec!["Bearer"]),
        (format!("{}?token={}", paths::SOCKET, ana.token), vec![]),
    ] {
        let (code, reason) = Line::dial(&path, &protocols).end().await;
        assert_eq!(code, CloseCode::Unauthorized, "{} protocols", protocols.len());
        assert!(reason.contains("token"), "the reason says which: {reason:?}");
        assert!(!reason.contains(&ana.token), "the reason never holds the token");
    }
}

#[wasm_bindgen_test]
async fn signing_out_ends_the_socket_with_4001() {
    let ana = register("Ana").await;
    let line = Line::open(&ana.token).await;
    Api::new(server()).with_token(&ana.token).logout().await.expect("the server answers");
    assert_eq!(line.end().await.0, CloseCode::Unauthorized);
}

#[wasm_bindgen_test]
async fn the_chat_of_others_closes_with_4003() {
    let (ana, ben, eve) = (register("Ana").await, register("Ben").await, register("Eve").await);
    let chat = start_chat(&ana, &ben).await.id;
    for chat in [chat, ChatId(i64::MAX)] {
        let line = Line::dial(&paths::chat_socket(chat, None), &["Bearer", &eve.token]);
        assert_eq!(line.end().await.0, CloseCode::NotParticipant);
        let api = Api::new(server()).with_token(&eve.token);
        assert_eq!(api.messages(chat, None).await.expect_err("it is not hers").status, 404);
    }
    // And the socket that an old client opens for its own chat works.
    let line = Line::dial(&paths::chat_socket(chat, None), &["Bearer", &ben.token]);
    let SocketEvent::Opened = line.event().await else { panic!("it opens") };
    assert_eq!(line.socket.protocol(), handshake::BEARER);
    line.socket.send(r#"{"type":"message","text":"Hello"}"#);
    assert_eq!(line.message().await.content, "Hello");
}
