//! Accounts, sign-ins and the `Authorization` header.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use causerie_protocol::{handshake, limits, paths};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use tokio::task::JoinSet;

use crate::common::server::TestServer;

#[tokio::test]
async fn who_registers_is_signed_in_and_can_sign_in_again() {
    let server = TestServer::start().await;
    let body = json!({"email": " Alice@Example.org ", "password": "correct horse"});
    let (status, answer) = server.request(Method::POST, paths::REGISTER, None, body).await;
    assert_eq!(status, StatusCode::CREATED);
    let token = answer["token"].as_str().unwrap();
    assert!(handshake::is_token(token));
    assert!(answer["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(answer["user"], json!({"id": 1, "email": "Alice@Example.org", "name": "Alice"}));

    // An address is the same whatever its case.
    let body = json!({"email": "alice@example.ORG", "password": "correct horse"});
    let (status, again) = server.request(Method::POST, paths::LOGIN, None, body).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(again["user"], answer["user"]);
    assert_ne!(again["token"], answer["token"]);
    let (status, me) = server.request(Method::GET, paths::ME, Some(token), Value::Null).await;
    assert_eq!((status, &me), (StatusCode::OK, &answer["user"]));
}

#[tokio::test]
async fn both_schemes_are_accepted_and_a_query_is_not() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    for scheme in ["Bearer", "Token", "bearer"] {
        let request = server.client.get(server.url(paths::ME));
        let response =
            request.header(header::AUTHORIZATION, format!("{scheme} {}", alice.token)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{scheme}");
    }
    for value in [None, Some("Basic YTpi"), Some("Bearer"), Some("Bearer nonsense")] {
        let mut request = server.client.get(server.url(&format!("{}?token={}", paths::ME, alice.token)));
        if let Some(value) = value {
            request = request.header(header::AUTHORIZATION, value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{value:?}");
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        let body = response.text().await.unwrap();
        assert!(body.contains("\"unauthorized\"") && !body.contains(&alice.token), "{body}");
    }
}

#[tokio::test]
async fn signing_out_ends_this_sign_in_its_socket_and_no_other() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let elsewhere = server.login(&alice).await;
    let mut socket = server.many(&alice).await;
    let (status, _) = server.request(Method::POST, paths::LOGOUT, Some(&alice.token), Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (code, _) = socket.closed().await;
    assert_eq!(code, 4001);
    let (status, problem) = server.request(Method::GET, paths::ME, Some(&alice.token), Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(problem["detail"], "Token revoked: sign in again.");
    let (status, _) = server.request(Method::GET, paths::ME, Some(&elsewhere.token), Value::Null).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn sign_ins_are_listed_and_revoked_by_their_owner_only() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let phone = server.login(&alice).await;
    let bob = server.register("bob").await;
    let tokens = server.call(Method::GET, paths::TOKENS, &alice, Value::Null).await;
    let tokens = tokens.as_array().unwrap();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens.iter().filter(|token| token["current"] == true).count(), 1);
    let other = tokens.iter().find(|token| token["current"] == false).unwrap();
    let path = format!("{}{}/", paths::TOKENS, other["id"]);

    let (status, _) = server.request(Method::DELETE, &path, Some(&bob.token), Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = server.request(Method::DELETE, &path, Some(&alice.token), Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = server.request(Method::DELETE, &path, Some(&alice.token), Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = server.request(Method::GET, paths::ME, Some(&phone.token), Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let tokens = server.call(Method::GET, paths::TOKENS, &alice, Value::Null).await;
    assert_eq!(tokens.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_account_get_the_same_answer() {
    let server = TestServer::start().await;
    server.register("alice").await;
    let login = async |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        server.request(Method::POST, paths::LOGIN, None, body).await
    };
    let (status, wrong) = login("alice@example.org", "wrong horse").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong["code"], "wrong_credentials");
    assert_eq!(login("nobody@example.org", "wrong horse").await, (status, wrong.clone()));
    let long = "x".repeat(limits::PASSWORD_MAX_BYTES + 1);
    assert_eq!(login("alice@example.org", &long).await, (status, wrong));
}

/// Tries to sign in through a proxy that wrote this about the client.
async fn login_from(
    server: &TestServer,
    header: (&str, &str),
    email: &str,
    password: &str,
) -> (StatusCode, Value) {
    let request = server.client.post(server.url(paths::LOGIN)).header(header.0, header.1);
    let response = request.json(&json!({"email": email, "password": password})).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn whoever_guesses_locks_the_owner_out_of_nowhere_else_whichever_way_a_proxy_names_them() {
    const NAME: &str = "x-forwarded-for";
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let email = alice.email();
    let guesser = |guess: u32| match guess % 4 {
        0 => (NAME, format!("192.0.2.7:{}", 40_000 + guess)),
        1 => (NAME, "192.0.2.7".to_owned()),
        2 => (NAME, "\"192.0.2.7:80\"".to_owned()),
        _ => ("forwarded", format!("for=\"192.0.2.7:{guess}\";proto=https")),
    };
    for guess in 0..10 {
        let (name, value) = guesser(guess);
        let (status, _) = login_from(&server, (name, &value), email, "wrong horse").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{value}");
    }
    for guess in 10..14 {
        let (name, value) = guesser(guess);
        let (status, problem) = login_from(&server, (name, &value), email, "correct horse").await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")),
            "{value}"
        );
    }
    // The owner, from elsewhere, and behind a proxy whose header says nothing.
    for value in ["192.0.2.8:40000", "[2001:db8::1]:40000", "unknown", ""] {
        let (status, _) = login_from(&server, (NAME, value), email, "correct horse").await;
        assert_eq!(status, StatusCode::OK, "{value:?}");
    }
}

#[tokio::test]
async fn a_header_that_makes_no_sense_lets_nobody_lock_everybody_out() {
    let server = TestServer::start().await;
    server.register("alice").await;
    for header in ["nonsense", "unknown", "192.0.2.7, nonsense"] {
        let login =
            |password| login_from(&server, ("x-forwarded-for", header), "alice@example.org", password);
        let mut told = StatusCode::UNAUTHORIZED;
        for _ in 0..12 {
            told = login("wrong horse").await.0;
        }
        assert_eq!(told, StatusCode::TOO_MANY_REQUESTS, "a guesser is told to wait");
        assert_eq!(login("correct horse").await.0, StatusCode::OK, "and whoever knows the password is not");
    }
}

#[tokio::test]
async fn one_network_registers_and_signs_in_at_a_rate_of_its_own() {
    let server = TestServer::start_with(|config| {
        config.limits.registrations_per_minute_per_address = 2;
        config.limits.sign_ins_per_minute_per_address = 2;
    })
    .await;
    let register = async |address: &str, name: &str| {
        let request = server.client.post(server.url(paths::REGISTER)).header("x-forwarded-for", address);
        let body = json!({"email": format!("{name}@example.org"), "password": "correct horse"});
        let response = request.json(&body).send().await.unwrap();
        (response.status(), response.headers().contains_key(header::RETRY_AFTER))
    };
    // An IPv6 address is as good as any other of its network.
    assert_eq!(register("2001:db8::1", "a").await.0, StatusCode::CREATED);
    assert_eq!(register("2001:db8::2", "b").await.0, StatusCode::CREATED);
    assert_eq!(register("2001:db8::3", "c").await, (StatusCode::TOO_MANY_REQUESTS, true));
    assert_eq!(register("2001:db8:0:1::1", "c").await.0, StatusCode::CREATED);
    let login = async |address: &str, name: &str| {
        let header = ("x-forwarded-for", address);
        login_from(&server, header, &format!("{name}@example.org"), "correct horse").await.0
    };
    assert_eq!(login("192.0.2.1", "a").await, StatusCode::OK);
    assert_eq!(login("192.0.2.1:80", "b").await, StatusCode::OK);
    assert_eq!(login("192.0.2.1:81", "c").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(login("192.0.2.2", "c").await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_registers_does_not_hold_up_who_signs_in() {
    const CROWD: usize = 60;
    let server = Arc::new(TestServer::start().await);
    let alice = server.register("alice").await;
    let mut crowd = JoinSet::new();
    for n in 0..CROWD {
        let server = server.clone();
        crowd.spawn(async move { server.register(&format!("crowd-{n}")).await });
    }
    // Once one is done the others have been waiting in front of whoever comes now.
    crowd.join_next().await.unwrap().unwrap();
    server.login(&alice).await;
    let mut before = 1;
    while let Some(done) = crowd.try_join_next() {
        done.unwrap();
        before += 1;
    }
    assert!(before < CROWD / 2, "{before} registrations came first");
    crowd.join_all().await;
}

#[tokio::test]
async fn guessing_is_slowed_down_for_one_account_only() {
    let server = TestServer::start().await;
    server.register("alice").await;
    let bob = server.register("bob").await;
    let body = json!({"email": "alice@example.org", "password": "wrong horse"});
    for _ in 0..10 {
        let (status, _) = server.request(Method::POST, paths::LOGIN, None, body.clone()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let response = server.client.post(server.url(paths::LOGIN)).json(&body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = response.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "rate_limited");
    assert!(problem["retry_after_ms"].as_u64().unwrap() <= 60_000);
    server.login(&bob).await;
}

#[tokio::test]
async fn an_address_is_one_account_in_every_spelling() {
    let server = TestServer::start().await;
    let register = async |email: &str| {
        let body = json!({"email": email, "password": "correct horse"});
        server.request(Method::POST, paths::REGISTER, None, body).await
    };
    let (status, made) = register("E\u{301}lan@example.org").await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(made["user"]["email"], "Élan@example.org", "stored in the composed form");
    let bob = server.register("bob").await;
    for spelling in ["Élan@example.org", "ÉLAN@EXAMPLE.ORG", "e\u{301}lan@example.org"] {
        let (status, problem) = register(spelling).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("email_taken")), "{spelling}");
        let body = json!({"email": spelling, "password": "correct horse"});
        let (status, answer) = server.request(Method::POST, paths::LOGIN, None, body).await;
        assert_eq!((status, &answer["user"]), (StatusCode::OK, &made["user"]), "{spelling}");
        let body = json!({"participants": [spelling]});
        let chat = server.call(Method::POST, paths::CHATS, &bob, body).await;
        let people = chat["participants"].as_array().unwrap();
        assert!(people.iter().any(|person| person["id"] == made["user"]["id"]), "{spelling}: {chat}");
    }
}

#[tokio::test]
async fn another_spelling_of_an_address_is_no_further_guess() {
    let server = TestServer::start().await;
    let guess = async |email: &str| {
        let body = json!({"email": email, "password": "wrong horse"});
        server.request(Method::POST, paths::LOGIN, None, body).await.0
    };
    for _ in 0..5 {
        assert_eq!(guess("Élan@example.org").await, StatusCode::UNAUTHORIZED);
        assert_eq!(guess("e\u{301}LAN@example.org").await, StatusCode::UNAUTHORIZED);
    }
    for spelling in ["Élan@example.org", "élan@example.org", "E\u{301}lan@EXAMPLE.org"] {
        assert_eq!(guess(spelling).await, StatusCode::TOO_MANY_REQUESTS, "{spelling}");
    }
}

#[tokio::test]
async fn a_password_is_the_same_however_a_device_writes_its_letters() {
    let server = TestServer::start().await;
    let ask = async |path: &str, password: &str| {
        let body = json!({"email": "alice@example.org", "password": password});
        server.request(Method::POST, path, None, body).await.0
    };
    assert_eq!(ask(paths::REGISTER, "mâ\u{323}t khâ\u{309}u").await, StatusCode::CREATED);
    for typed in ["mật khẩu", "ma\u{323}\u{302}t kha\u{302}\u{309}u", "mật\u{a0}khẩu", "mật\u{3000}khẩu"]
    {
        assert_eq!(ask(paths::LOGIN, typed).await, StatusCode::OK, "{typed:?}");
    }
    for other in ["mat khau", "MẬT KHẨU", "mật khẩu "] {
        assert_eq!(ask(paths::LOGIN, other).await, StatusCode::UNAUTHORIZED, "{other:?}");
    }
}

#[tokio::test]
async fn a_password_from_before_signs_in_and_then_fits_in_every_form() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let decomposed = "mâ\u{323}t khâ\u{309}u da\u{300}i";
    let old = Argon2::default().hash_password(decomposed.as_bytes()).unwrap().to_string();
    let database = format!("sqlite:{}", server.folder().join("causerie.db").display());
    let mut database = SqliteConnection::connect(&database).await.unwrap();
    sqlx::query("UPDATE users SET password_hash = $1").bind(&old).execute(&mut database).await.unwrap();
    let login = async |password: &str| {
        let body = json!({"email": alice.email(), "password": password});
        server.request(Method::POST, paths::LOGIN, None, body).await.0
    };
    assert_eq!(
        login("mật khẩu dài").await,
        StatusCode::UNAUTHORIZED,
        "nothing tells yet that it is the same"
    );
    assert_eq!(login(decomposed).await, StatusCode::OK);
    let new: String =
        sqlx::query_scalar("SELECT password_hash FROM users").fetch_one(&mut database).await.unwrap();
    assert_ne!(new, old);
    assert_eq!(login("mật khẩu dài").await, StatusCode::OK);
    assert_eq!(login(decomposed).await, StatusCode::OK);
    let kept: String =
        sqlx::query_scalar("SELECT password_hash FROM users").fetch_one(&mut database).await.unwrap();
    assert_eq!(kept, new, "replaced once");
}
