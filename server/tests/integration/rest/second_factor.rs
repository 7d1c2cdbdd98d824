//! Second factors: setting one up, signing in with it, and installations that ask for one.

use causerie_protocol::paths;
use causerie_server::access::{ROUTES, Who};
use causerie_server::config::Require2fa;
use causerie_testkit::Authenticator;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

const PASSWORD: &str = "correct horse";

/// Sets up a second factor of somebody; the app that has it, and the recovery codes.
pub async fn set_up(server: &TestServer, who: &Person) -> (Authenticator, Vec<String>) {
    let proof = json!({"current_password": PASSWORD});
    let begun = server.call(Method::POST, paths::SECOND_FACTOR, who, proof).await;
    let app = Authenticator::new(begun["secret"].as_str().unwrap()).unwrap();
    assert!(begun["uri"].as_str().unwrap().starts_with("otpauth://totp/Causerie:"), "{begun}");
    let body = json!({"code": app.code().unwrap()});
    let set_up = server.call(Method::POST, paths::CONFIRM_SECOND_FACTOR, who, body).await;
    (app, serde_json::from_value(set_up["codes"].clone()).unwrap())
}

async fn sign_in(
    server: &TestServer,
    who: &Person,
    password: &str,
    code: Option<&str>,
) -> (StatusCode, Value) {
    let body = json!({"email": who.email(), "password": password, "code": code});
    server.request(Method::POST, paths::LOGIN, None, body).await
}

/// Its status and the code of its problem.
async fn refused(server: &TestServer, who: &Person, password: &str, code: Option<&str>) -> (u16, String) {
    let (status, problem) = sign_in(server, who, password, code).await;
    (status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
}

async fn account(server: &TestServer, who: &Person) -> Value {
    server.call(Method::GET, paths::ACCOUNT, who, Value::Null).await
}

/// Every client of a test has one address.
fn without_limits(config: &mut causerie_server::config::Config) {
    config.limits.sign_ins_per_minute_per_address = 0;
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_right_password_and_taken_once() {
    let server = TestServer::start_with(without_limits).await;
    let alice = server.register("alice").await;
    assert_eq!(account(&server, &alice).await.get("recovery_codes"), None);
    let (app, codes) = set_up(&server, &alice).await;
    assert_eq!((codes.len(), &account(&server, &alice).await["recovery_codes"]), (10, &json!(10)));

    // What is asked for tells nothing to who does not know the password.
    let wrong = (401, "wrong_credentials".to_owned());
    assert_eq!(refused(&server, &alice, "wrong horse", None).await, wrong);
    assert_eq!(refused(&server, &alice, "wrong horse", Some(&codes[0])).await, wrong);
    assert_eq!(refused(&server, &alice, PASSWORD, None).await, (401, "code_needed".to_owned()));
    assert_eq!(refused(&server, &alice, PASSWORD, Some(" ")).await, (401, "code_needed".to_owned()));
    let old = app.old_code();
    assert_eq!(refused(&server, &alice, PASSWORD, Some(&old)).await, (401, "wrong_code".to_owned()));

    let code = app.code().unwrap();
    let (status, signed_in) = sign_in(&server, &alice, PASSWORD, Some(&code)).await;
    assert_eq!((status, &signed_in["user"]["name"]), (StatusCode::OK, &json!("alice")), "{signed_in}");
    assert_eq!(refused(&server, &alice, PASSWORD, Some(&code)).await, (401, "wrong_code".to_owned()));

    // A recovery code stands for one, once.
    assert_eq!(sign_in(&server, &alice, PASSWORD, Some(&codes[3])).await.0, StatusCode::OK);
    assert_eq!(refused(&server, &alice, PASSWORD, Some(&codes[3])).await, (401, "wrong_code".to_owned()));
    assert_eq!(account(&server, &alice).await["recovery_codes"], 9);
    let proof = json!({"current_password": PASSWORD});
    let others = server.call(Method::POST, paths::RECOVERY_CODES, &alice, proof.clone()).await;
    assert_eq!(others["codes"].as_array().unwrap().len(), 10);
    assert_eq!(refused(&server, &alice, PASSWORD, Some(&codes[4])).await, (401, "wrong_code".to_owned()));

    // Turned off with the password, it is asked for no more.
    let bad = json!({"current_password": "wrong horse"});
    let (status, _) =
        server.request(Method::POST, paths::SECOND_FACTOR_OFF, Some(&alice.token), bad.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) =
        server.request(Method::POST, paths::SECOND_FACTOR, Some(&alice.token), proof.clone()).await;
    assert_eq!(status, StatusCode::CONFLICT, "there is one");
    server.call(Method::POST, paths::SECOND_FACTOR_OFF, &alice, proof).await;
    assert_eq!(sign_in(&server, &alice, PASSWORD, None).await.0, StatusCode::OK);
    let log = server.call(Method::GET, paths::AUDIT, &alice, Value::Null).await;
    let done: Vec<_> =
        log.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(done, ["second_factor_off", "second_factor_on"]);
}

#[tokio::test]
async fn one_that_is_begun_and_not_set_up_is_asked_for_nowhere() {
    let server = TestServer::start_with(without_limits).await;
    let alice = server.register("alice").await;
    let proof = json!({"current_password": PASSWORD});
    let wrong = json!({"current_password": "wrong horse"});
    let (status, _) = server.request(Method::POST, paths::SECOND_FACTOR, Some(&alice.token), wrong).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let first = server.call(Method::POST, paths::SECOND_FACTOR, &alice, proof.clone()).await;
    let second = server.call(Method::POST, paths::SECOND_FACTOR, &alice, proof).await;
    assert_ne!(first["secret"], second["secret"]);
    let app = Authenticator::new(first["secret"].as_str().unwrap()).unwrap();
    let body = json!({"code": app.code().unwrap()});
    let (status, problem) =
        server.request(Method::POST, paths::CONFIRM_SECOND_FACTOR, Some(&alice.token), body).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("wrong_code")), "of the first one");
    assert_eq!(sign_in(&server, &alice, PASSWORD, None).await.0, StatusCode::OK);
}

#[tokio::test]
async fn wrong_codes_lead_nowhere_and_a_recovery_code_still_does() {
    let server = TestServer::start_with(without_limits).await;
    let alice = server.register("alice").await;
    let (app, codes) = set_up(&server, &alice).await;
    let old = app.old_code();
    for _ in 0..5 {
        assert_eq!(refused(&server, &alice, PASSWORD, Some(&old)).await, (401, "wrong_code".to_owned()));
    }
    let code = app.code().unwrap();
    let (status, problem) = sign_in(&server, &alice, PASSWORD, Some(&code)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")));
    assert!(problem["retry_after_ms"].as_u64().unwrap() > 10_000, "{problem}");
    assert_eq!(sign_in(&server, &alice, PASSWORD, Some(&codes[0])).await.0, StatusCode::OK);
    assert_eq!(sign_in(&server, &alice, PASSWORD, Some(&code)).await.0, StatusCode::OK, "cleared");
}

#[tokio::test]
async fn codes_that_come_at_once_are_each_counted_and_one_is_taken_once() {
    let server = TestServer::start_with(without_limits).await;
    let alice = server.register("alice").await;
    let (app, _) = set_up(&server, &alice).await;
    let code = app.code().unwrap();
    let again = || sign_in(&server, &alice, PASSWORD, Some(&code));
    let answers = tokio::join!(again(), again(), again(), again());
    let statuses = [answers.0.0, answers.1.0, answers.2.0, answers.3.0];
    assert_eq!(statuses.iter().filter(|status| status.is_success()).count(), 1, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_needs_one_and_has_none_may_set_it_up_and_nothing_else() {
    let server = TestServer::start_with(|config| {
        without_limits(config);
        config.require_2fa = Require2fa::Owners;
    })
    .await;
    let (owner, member) = (server.register("owner").await, server.register("member").await);
    server.many(&member).await;
    for route in ROUTES.iter().filter(|route| route.who >= Who::SignedIn && route.path.starts_with("/api/")) {
        let path = route.path.replace("{id}", "1").replace("{user}", "2");
        if route.path == paths::LOGOUT || route.path == paths::DELETE_ACCOUNT {
            continue;
        }
        let (status, problem) =
            server.request(route.method.clone(), &path, Some(&owner.token), json!({})).await;
        let is_refused = problem["code"] == "second_factor_required";
        assert_eq!(is_refused, !route.to_set_up_factor, "{} {path}: {status} {problem}", route.method);
    }
    let mut socket = server.socket(&owner.token, paths::SOCKET).await;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 4005);
    assert!(reason.contains("second factor"), "{reason}");

    // Signing in again leads as far, and once it is set up everywhere.
    let again = server.login(&owner).await;
    let mut socket = server.socket(&again.token, paths::SOCKET).await;
    assert_eq!(socket.closed().await.0, 4005);
    set_up(&server, &again).await;
    server.many(&owner).await;
    server.call(Method::GET, paths::PEOPLE, &owner, Value::Null).await;
    let proof = json!({"current_password": PASSWORD});
    server.call(Method::POST, paths::SECOND_FACTOR_OFF, &owner, proof).await;
    let (status, _) = server.request(Method::GET, paths::CHATS, Some(&owner.token), Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "without it again");
}
