//! A real server on a free port with a database of its own, and people who use it as clients do.

use std::net::SocketAddr;
use std::path::Path;

use causerie_protocol::accounts::Registration;
use causerie_protocol::event::User;
use causerie_protocol::rest::{Chat, MessageBody, SignedIn};
use causerie_protocol::{ChatId, paths};
use causerie_server::config::Config;
use causerie_server::serve::{RunError, run};
use causerie_testkit::LIMIT;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A server that runs inside the test; it ends with the test, or by [`TestServer::stop`].
pub struct TestServer {
    pub address: SocketAddr,
    pub client: reqwest::Client,
    shutdown: Option<oneshot::Sender<()>>,
    /// Dropped, it ends the server at once.
    life: Option<oneshot::Sender<()>>,
    ended: oneshot::Receiver<Result<(), RunError>>,
    folder: TempDir,
}

/// Somebody with an account who is signed in.
#[derive(Clone)]
pub struct Person {
    /// As others see the person.
    pub user: User,
    email: String,
    pub token: String,
}

impl Person {
    /// Who is signed in by this answer.
    pub fn of(answer: Value) -> Self {
        let SignedIn { token, mut user, .. } = serde_json::from_value(answer).unwrap();
        let email = user.email.take().unwrap();
        Self { user, email, token }
    }

    pub fn email(&self) -> &str {
        &self.email
    }
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), change).await
    }

    /// Starts over the database of a server that was stopped.
    pub async fn start_in(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = Config::new(&folder.path().join("causerie.db"));
        config.registration = Registration::Open;
        // Tests write more in a minute than people do; one that is about this limit says so.
        config.limits.messages_per_minute_per_user = 0;
        change(&mut config);
        let listener = listener.into_std().unwrap();
        let (shutdown, asked) = oneshot::channel::<()>();
        let (life, killed) = oneshot::channel::<()>();
        let (ending, ended) = oneshot::channel();
        // A runtime of its own, as in the program, so that a test's own work does not hold up the server's.
        std::thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let result = runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let asked = async { drop(asked.await) };
                tokio::select! {
                    ended = run(listener, config, asked) => Some(ended),
                    _ = killed => None,
                }
            });
            runtime.shutdown_background();
            if let Some(result) = result {
                let _ = ending.send(result);
            }
        });
        let client = reqwest::Client::new();
        Self { address, client, shutdown: Some(shutdown), life: Some(life), ended, folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Asks the server to end, as a signal would.
    pub fn begin_stop(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
    }

    /// Ends the server as a crash would: nothing is said to anybody, its connections break.
    pub fn kill(&mut self) {
        drop(self.life.take());
    }

    /// The database of a server that was killed.
    pub async fn ended(self) -> TempDir {
        // A killed server sends nothing, and its end of the channel goes with it.
        let _ = tokio::time::timeout(LIMIT, self.ended).await.unwrap();
        self.folder
    }

    /// Stops the server in good order and hands over its database.
    pub async fn stop(mut self) -> TempDir {
        if self.shutdown.is_some() {
            self.begin_stop();
        }
        tokio::time::timeout(LIMIT, self.ended).await.unwrap().unwrap().unwrap();
        self.folder
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with a JSON body (none when it is null); the answer's status and JSON body.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Value,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method, self.url(path)).timeout(LIMIT);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let bytes = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// As [`TestServer::request`], for one that must succeed.
    pub async fn call(&self, method: Method, path: &str, person: &Person, body: Value) -> Value {
        let (status, answer) = self.request(method.clone(), path, Some(&person.token), body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
        answer
    }

    pub async fn register(&self, name: &str) -> Person {
        let email = format!("{name}@example.org");
        let body = json!({"email": email, "password": "correct horse", "name": name});
        let (status, answer) = self.request(Method::POST, paths::REGISTER, None, body).await;
        assert!(status.is_success(), "{status} {answer}");
        Person::of(answer)
    }

    /// Signs in once more.
    pub async fn login(&self, who: &Person) -> Person {
        let body = json!({"email": who.email(), "password": "correct horse"});
        let (status, answer) = self.request(Method::POST, paths::LOGIN, None, body).await;
        assert!(status.is_success(), "{status} {answer}");
        Person::of(answer)
    }

    pub async fn logout(&self, who: &Person) {
        self.call(Method::POST, paths::LOGOUT, who, Value::Null).await;
    }

    /// A chat of two.
    pub async fn start_chat(&self, who: &Person, with: &Person) -> ChatId {
        let body = json!({"participants": [with.email()]});
        self.chat_of(who, body).await
    }

    /// A group.
    pub async fn start_group(&self, who: &Person, with: &[&Person]) -> ChatId {
        let others: Vec<&str> = with.iter().map(|person| person.email()).collect();
        self.chat_of(who, json!({"participants": others, "title": "Group"})).await
    }

    async fn chat_of(&self, who: &Person, body: Value) -> ChatId {
        let chat = self.call(Method::POST, paths::CHATS, who, body).await;
        serde_json::from_value::<Chat>(chat).unwrap().id
    }

    pub async fn history(&self, who: &Person, chat: ChatId) -> Vec<MessageBody> {
        let path = format!("{}?limit=500", paths::messages(chat));
        serde_json::from_value(self.call(Method::GET, &path, who, Value::Null).await).unwrap()
    }
}
