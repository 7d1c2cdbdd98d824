//! Who may come, who looks after people, and what becomes of the sockets of somebody who is suspended.

use causerie_protocol::accounts::Registration;
use causerie_protocol::{InvitationId, ServerFrame, UserId, paths};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::server::{Person, TestServer};

impl TestServer {
    pub async fn role(&self, owner: &Person, who: &Person, role: &str) {
        self.call(Method::PATCH, &paths::person(who.user.id), owner, json!({ "role": role })).await;
    }

    async fn suspend(&self, by: &Person, who: UserId) -> (StatusCode, Value) {
        let path = paths::person_action(who, "suspend");
        self.request(Method::POST, &path, Some(&by.token), Value::Null).await
    }

    async fn invite(&self, by: &Person, body: Value) -> String {
        let link = self.call(Method::POST, paths::INVITATIONS, by, body).await;
        link["token"].as_str().unwrap().to_owned()
    }

    async fn join(&self, name: &str, invitation: Option<&str>) -> (StatusCode, Value) {
        let email = format!("{name}@example.org");
        let body = json!({"email": email, "password": "correct horse", "invitation": invitation});
        self.request(Method::POST, paths::REGISTER, None, body).await
    }

    async fn log_in(&self, email: &str, password: &str) -> (StatusCode, Value) {
        let body = json!({"email": email, "password": password});
        self.request(Method::POST, paths::LOGIN, None, body).await
    }
}

/// A server that is by invitation only, with its owner.
async fn by_invitation() -> (TestServer, Person) {
    let server = TestServer::start().await;
    let owner = server.register("owner").await;
    let folder = server.stop().await;
    let server = TestServer::start_in(folder, |config| config.registration = Registration::Invited).await;
    let owner = server.login(&owner).await;
    (server, owner)
}

#[tokio::test]
async fn without_an_invitation_nobody_registers() {
    let (server, owner) = by_invitation().await;
    let (status, installation) = server.request(Method::GET, paths::INSTALLATION, None, Value::Null).await;
    assert_eq!((status, &installation["registration"]), (StatusCode::OK, &json!("invited")));
    let (status, problem) = server.join("alice", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("registration_closed")));

    let invitation = server.invite(&owner, json!({})).await;
    let look = json!({ "token": invitation });
    let (_, info) = server.request(Method::POST, paths::INVITATION, None, look.clone()).await;
    assert_eq!((&info["role"], &info["invited_by"]), (&json!("member"), &json!("owner")));
    let (status, _) = server.join("alice", Some(&invitation)).await;
    assert_eq!(status, StatusCode::CREATED);
    // Used, unknown and malformed ones have one answer.
    let (status, used) = server.join("bob", Some(&invitation)).await;
    assert_eq!((status, &used["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")));
    for other in ["x".repeat(64).as_str(), "nonsense", ""] {
        assert_eq!(server.join("bob", Some(other)).await, (status, used.clone()), "{other}");
    }
    assert_eq!(server.request(Method::POST, paths::INVITATION, None, look).await, (status, used));
}

#[tokio::test]
async fn where_registration_is_closed_an_invitation_opens_nothing() {
    let (server, owner) = by_invitation().await;
    let invitation = server.invite(&owner, json!({})).await;
    let folder = server.stop().await;
    let server = TestServer::start_in(folder, |config| config.registration = Registration::Closed).await;
    for given in [None, Some(invitation.as_str())] {
        let (status, problem) = server.join("alice", given).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("registration_closed")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_invited_is_in_the_groups_of_the_invitation_and_hears_what_is_said() {
    let (server, owner) = by_invitation().await;
    let alice = server.invite(&owner, json!({})).await;
    let (_, alice) = server.join("alice", Some(&alice)).await;
    let alice = UserId(alice["user"]["id"].as_i64().unwrap());
    let body = json!({"participants": ["alice@example.org"], "title": "Team"});
    let group = server.call(Method::POST, paths::CHATS, &owner, body).await["id"].as_i64().unwrap();
    let invitation = server.invite(&owner, json!({"role": "guest", "chats": [group], "uses": 2})).await;
    let (status, guest) = server.join("guest", Some(&invitation)).await;
    assert_eq!(status, StatusCode::CREATED);
    let token = guest["token"].as_str().unwrap();
    let (_, chats) = server.request(Method::GET, paths::CHATS, Some(token), Value::Null).await;
    assert_eq!(chats[0]["id"], group);
    // A guest takes part there and starts nothing elsewhere.
    let path = format!("{}{group}/messages/", paths::CHATS);
    let (status, _) = server.request(Method::POST, &path, Some(token), json!({"content": "Hello"})).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, problem) =
        server.request(Method::POST, paths::CHATS, Some(token), json!({"participants": [alice]})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
    let path = format!("{}{group}/participants/", paths::CHATS);
    let (status, _) = server.request(Method::POST, &path, Some(token), json!({"user": alice})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_invitation_has_bounds_and_names_the_field_that_breaks_them() {
    let (server, owner) = by_invitation().await;
    for (body, field) in [
        (json!({"hours": 0}), "hours"),
        (json!({"hours": 1_000_000}), "hours"),
        (json!({"uses": 1_001}), "uses"),
        (json!({"uses": -1}), "uses"),
        (json!({"role": "king"}), "role"),
        (json!({"chats": [999]}), "chats"),
    ] {
        let (status, problem) =
            server.request(Method::POST, paths::INVITATIONS, Some(&owner.token), body.clone()).await;
        assert_eq!(
            (status, problem["field"].as_str()),
            (StatusCode::BAD_REQUEST, Some(field)),
            "{body} {problem}"
        );
    }
    let (_, none) = server.request(Method::GET, paths::INVITATIONS, Some(&owner.token), Value::Null).await;
    assert_eq!(none, json!([]));
}

#[tokio::test]
async fn secrets_are_shown_once_and_stored_as_digests() {
    let (server, owner) = by_invitation().await;
    let invitation = server.invite(&owner, json!({"uses": 3})).await;
    let path = paths::person_action(owner.user.id, "reset");
    let reset =
        server.call(Method::POST, &path, &owner, Value::Null).await["token"].as_str().unwrap().to_owned();
    let listed = server.call(Method::GET, paths::INVITATIONS, &owner, Value::Null).await;
    assert_eq!((&listed[0]["uses"], &listed[0]["max_uses"]), (&json!(0), &json!(3)));
    let told = server.call(Method::GET, paths::AUDIT, &owner, Value::Null).await;
    for answer in [&listed, &told] {
        assert!(!answer.to_string().contains(&invitation) && !answer.to_string().contains(&reset));
    }
    let folder = server.stop().await;
    let file = std::fs::read(folder.path().join("causerie.db")).unwrap();
    for secret in [&invitation, &reset] {
        assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_suspended_is_out_at_once_and_can_come_back_later() {
    let server = TestServer::start().await;
    let (owner, alice) = (server.register("owner").await, server.register("alice").await);
    let mut sockets = [server.many(&alice).await, server.many(&alice).await];
    assert_eq!(server.suspend(&owner, alice.user.id).await.0, StatusCode::OK);
    for socket in &mut sockets {
        let (code, reason) = socket.closed().await;
        assert_eq!((code, reason.contains("suspended")), (4004, true), "{reason}");
    }
    let mut refused = server.socket(&alice.token, paths::SOCKET).await;
    assert_eq!(refused.closed().await.0, 4004);
    let (status, problem) = server.request(Method::GET, paths::ME, Some(&alice.token), Value::Null).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")));
    // Nobody who only knows the address, or even the password, learns it.
    let unknown = server.log_in("nobody@example.org", "correct horse").await;
    assert_eq!(server.log_in("alice@example.org", "correct horse").await, unknown);
    let (status, problem) = server
        .request(Method::POST, paths::CHATS, Some(&owner.token), json!({"participants": [alice.email()]}))
        .await;
    let (_, of_nobody) = server
        .request(
            Method::POST,
            paths::CHATS,
            Some(&owner.token),
            json!({"participants": ["nobody@example.org"]}),
        )
        .await;
    assert_eq!((status, problem), (StatusCode::BAD_REQUEST, of_nobody));

    let path = paths::person_action(alice.user.id, "restore");
    server.call(Method::POST, &path, &owner, Value::Null).await;
    assert_eq!(server.log_in("alice@example.org", "correct horse").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moderator_looks_after_members_and_not_after_owners() {
    let server = TestServer::start().await;
    let (owner, bob) = (server.register("owner").await, server.register("bob").await);
    let carol = server.register("carol").await;
    for path in [paths::PEOPLE, paths::INVITATIONS, paths::AUDIT] {
        let (status, _) = server.request(Method::GET, path, Some(&carol.token), Value::Null).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(server.suspend(&carol, bob.user.id).await.0, StatusCode::FORBIDDEN);
    server.role(&owner, &bob, "moderator").await;
    let found = server.call(Method::GET, "/api/admin/people/?q=CAROL", &bob, Value::Null).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!((&found[0]["email"], &found[0]["role"]), (&json!("carol@example.org"), &json!("member")));
    assert_eq!(server.call(Method::GET, "/api/admin/people/?q=%25", &bob, Value::Null).await, json!([]));
    let mut socket = server.many(&carol).await;
    server.call(Method::POST, &paths::person_action(carol.user.id, "sign-out"), &bob, Value::Null).await;
    assert_eq!(socket.closed().await.0, 4001);
    assert_eq!(server.suspend(&bob, carol.user.id).await.0, StatusCode::OK);
    assert_eq!(server.suspend(&bob, owner.user.id).await.0, StatusCode::FORBIDDEN);
    for (method, path, body) in [
        (Method::PATCH, paths::person(carol.user.id), json!({"role": "owner"})),
        (Method::DELETE, paths::person(carol.user.id), Value::Null),
        (Method::POST, paths::person_action(carol.user.id, "reset"), Value::Null),
    ] {
        let (status, _) = server.request(method.clone(), &path, Some(&bob.token), body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    let told = server.call(Method::GET, paths::AUDIT, &bob, Value::Null).await;
    let told: Vec<_> =
        told.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["suspended", "signed_out", "role"]);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let server = TestServer::start().await;
    let owner = server.register("owner").await;
    let path = paths::person(owner.user.id);
    let attempts = [
        (Method::PATCH, path.clone(), json!({"role": "member"})),
        (Method::DELETE, path, Value::Null),
        (Method::POST, paths::person_action(owner.user.id, "suspend"), Value::Null),
    ];
    for (method, path, body) in attempts {
        let (status, problem) = server.request(method.clone(), &path, Some(&owner.token), body).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("last_owner")),
            "{method} {path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_needs_the_old_one_and_ends_the_other_sign_ins() {
    let server = TestServer::start().await;
    let alice = server.register("alice").await;
    let elsewhere = server.login(&alice).await;
    let mut socket = server.many(&elsewhere).await;
    let change =
        async |body: Value| server.request(Method::PATCH, paths::ACCOUNT, Some(&alice.token), body).await;
    let (status, problem) = change(json!({"password": "better horse"})).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("current_password")));
    let (status, problem) =
        change(json!({"password": "better horse", "current_password": "wrong horse"})).await;
    assert_eq!((status, &problem["field"]), (StatusCode::FORBIDDEN, &json!("current_password")));
    let (status, _) = change(json!({"password": "short", "current_password": "correct horse"})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, account) =
        change(json!({"password": "better horse", "current_password": "correct horse", "name": "Alice A"}))
            .await;
    assert_eq!((status, &account["name"]), (StatusCode::OK, &json!("Alice A")));
    assert_eq!(socket.closed().await.0, 4001);
    let (status, me) = server.request(Method::GET, paths::ME, Some(&alice.token), Value::Null).await;
    assert_eq!((status, &me["name"]), (StatusCode::OK, &json!("Alice A")), "this sign-in goes on");
    assert_eq!(server.log_in("alice@example.org", "correct horse").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(server.log_in("alice@example.org", "better horse").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_address_is_changed_with_the_password_and_not_to_anothers() {
    let server = TestServer::start().await;
    let (alice, _bob) = (server.register("alice").await, server.register("bob").await);
    let change = async |email: &str| {
        let body = json!({"email": email, "current_password": "correct horse"});
        server.request(Method::PATCH, paths::ACCOUNT, Some(&alice.token), body).await
    };
    let (status, problem) = change("BOB@example.org").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("email_taken")));
    assert_eq!(change("nonsense").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(change("alice@example.com").await.0, StatusCode::OK);
    assert_eq!(server.log_in("alice@example.com", "correct horse").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_reset_link_works_once_and_looking_at_its_address_uses_nothing_up() {
    let server = TestServer::start().await;
    let (owner, alice) = (server.register("owner").await, server.register("alice").await);
    let path = paths::person_action(alice.user.id, "reset");
    let token =
        server.call(Method::POST, &path, &owner, Value::Null).await["token"].as_str().unwrap().to_owned();
    // As a scanner of mails does.
    for path in [paths::RESET_PASSWORD, "/"] {
        server.client.get(server.url(path)).send().await.unwrap();
    }
    let reset = async |password: &str| {
        let body = json!({"token": token, "password": password});
        server.request(Method::POST, paths::RESET_PASSWORD, None, body).await
    };
    assert_eq!(reset("short").await.0, StatusCode::BAD_REQUEST, "which does not use it up either");
    assert_eq!(reset("better horse").await.0, StatusCode::NO_CONTENT);
    let (status, problem) = reset("worse horse").await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")));
    assert_eq!(
        server.request(Method::GET, paths::ME, Some(&alice.token), Value::Null).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(server.log_in("alice@example.org", "better horse").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_deletes_their_account_has_a_week_to_think() {
    let server = TestServer::start().await;
    let (owner, bob) = (server.register("owner").await, server.register("bob").await);
    let delete = async |who: &Person, password: &str| {
        let body = json!({ "current_password": password });
        server.request(Method::POST, paths::DELETE_ACCOUNT, Some(&who.token), body).await
    };
    let (status, problem) = delete(&owner, "correct horse").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("last_owner")));
    assert_eq!(delete(&bob, "wrong horse").await.0, StatusCode::FORBIDDEN);
    let mut socket = server.many(&bob).await;
    let (status, account) = delete(&bob, "correct horse").await;
    assert_eq!(status, StatusCode::OK);
    assert!(account["delete_at"].is_string());
    assert_eq!(socket.closed().await.0, 4001);
    let again = server.login(&bob).await;
    let kept = server.call(Method::POST, paths::KEEP_ACCOUNT, &again, Value::Null).await;
    assert_eq!(kept["delete_at"], Value::Null);
}

#[tokio::test]
async fn a_sign_in_says_what_it_was_made_with_and_from_where() {
    // Otherwise this machine is a proxy, which named nobody.
    let server = TestServer::start_with(|config| config.trusted_proxies.clear()).await;
    let alice = server.register("alice").await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let login = server.client.post(server.url(paths::LOGIN)).header("user-agent", agent);
    let body = json!({"email": "alice@example.org", "password": "correct horse"});
    assert_eq!(login.json(&body).send().await.unwrap().status(), StatusCode::OK);
    let tokens = server.call(Method::GET, paths::TOKENS, &alice, Value::Null).await;
    assert_eq!(
        (&tokens[0]["device"], &tokens[0]["address"]),
        (&json!("Firefox, Linux"), &json!("127.0.0.1"))
    );
    assert!(tokens[0]["last_used_at"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_an_account_joins_the_groups_of_an_invitation() {
    let server = TestServer::start().await;
    let (owner, alice) = (server.register("owner").await, server.register("alice").await);
    let bob = server.register("bob").await;
    let group = server.start_group(&owner, &[&alice]).await;
    let invitation = server.invite(&owner, json!({"chats": [group], "uses": 1})).await;
    let join = async |who: &Person, token: &str| {
        let body = json!({ "token": token });
        server.request(Method::POST, paths::JOIN_GROUPS, Some(&who.token), body).await
    };
    let mut socket = server.many(&bob).await;
    // Who is in it already uses nothing up.
    assert_eq!(join(&alice, &invitation).await, (StatusCode::OK, json!({"chats": [group]})));
    assert_eq!(join(&bob, &invitation).await, (StatusCode::OK, json!({"chats": [group]})));
    let added = socket
        .until(|frame| match frame {
            ServerFrame::ChatAdded(added) => Some(added.chat.id),
            _ => None,
        })
        .await;
    assert_eq!(added, group);
    let (_, invitations) =
        server.request(Method::GET, paths::INVITATIONS, Some(&owner.token), Value::Null).await;
    assert_eq!(invitations[0]["uses"], 1);
    let (status, problem) = join(&owner, &invitation).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("link_invalid")), "it is used up");
    // Somebody whom its maker blocked, or who blocked them, is not brought together with them.
    let carol = server.register("carol").await;
    server.start_chat(&carol, &owner).await;
    server.call(Method::POST, paths::BLOCKS, &carol, json!({"user_id": owner.user.id})).await;
    let another = server.invite(&owner, json!({"chats": [group]})).await;
    assert_eq!(join(&carol, &another).await, (StatusCode::OK, json!({"chats": []})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_decides_who_may_register_while_the_server_runs() {
    let server = TestServer::start().await;
    let (owner, bob) = (server.register("owner").await, server.register("bob").await);
    server.role(&owner, &bob, "moderator").await;
    let set = async |who: &Person, body: Value| {
        server.request(Method::PATCH, paths::SETTINGS, Some(&who.token), body).await
    };
    let (status, _) = set(&bob, json!({"registration": "closed"})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    // Without the field nothing is decided by accident.
    assert_eq!(set(&owner, json!({})).await.0, StatusCode::BAD_REQUEST);
    let (status, settings) = set(&owner, json!({"registration": "closed"})).await;
    assert_eq!((status, &settings["registration"]), (StatusCode::OK, &json!("closed")));
    assert_eq!(server.join("carol", None).await.0, StatusCode::FORBIDDEN);
    let (_, installation) = server.request(Method::GET, paths::INSTALLATION, None, Value::Null).await;
    assert_eq!(installation["registration"], "closed");
    // It outlives a restart, whatever the option says.
    let folder = server.stop().await;
    let server = TestServer::start_in(folder, |_| {}).await;
    assert_eq!(server.join("carol", None).await.0, StatusCode::FORBIDDEN);
    let settings = server.call(Method::GET, paths::SETTINGS, &bob, Value::Null).await;
    assert_eq!(
        (&settings["registration_option"], &settings["registration_is_stored"]),
        (&json!("open"), &json!(true))
    );
    server.call(Method::PATCH, paths::SETTINGS, &owner, json!({"registration": null})).await;
    assert_eq!(server.join("carol", None).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn a_groups_owner_invites_into_it_where_the_installation_lets_members() {
    let server = TestServer::start().await;
    let owner = server.register("owner").await;
    let (alice, bob) = (server.register("alice").await, server.register("bob").await);
    let (group, pair) = (server.start_group(&alice, &[&bob]).await, server.start_chat(&alice, &bob).await);
    let invite = async |who: &Person, chat| {
        let body = json!({"role": "guest", "uses": 2});
        server.request(Method::POST, &paths::chat_invitations(chat), Some(&who.token), body).await
    };
    let may = async || {
        let (_, installation) = server.request(Method::GET, paths::INSTALLATION, None, Value::Null).await;
        installation["members_invite"] == true
    };
    // Everybody may register, so a link to a group lets in nobody who could not come.
    assert!(may().await);
    let (status, link) = invite(&alice, group).await;
    assert_eq!(status, StatusCode::CREATED, "{link}");
    assert_eq!(invite(&alice, pair).await.0, StatusCode::BAD_REQUEST);
    let register =
        json!({"email": "dan@example.org", "password": "correct horse", "invitation": link["token"]});
    let (status, answer) = server.request(Method::POST, paths::REGISTER, None, register).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let dan = Person::of(answer);
    let chats = server.call(Method::GET, paths::CHATS, &dan, Value::Null).await;
    assert_eq!((chats[0]["id"].as_i64(), chats.as_array().map(Vec::len)), (Some(group.0), Some(1)));
    assert_eq!(server.call(Method::GET, paths::ACCOUNT, &dan, Value::Null).await["role"], "guest");

    // Its moderators see the links that can be used, and revoke them.
    let (_, link) = invite(&alice, group).await;
    let live = async |who: &Person| {
        server.request(Method::GET, &paths::chat_invitations(group), Some(&who.token), Value::Null).await
    };
    assert_eq!(live(&dan).await.0, StatusCode::FORBIDDEN);
    let (_, listed) = live(&alice).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    let id = InvitationId(listed[0]["id"].as_i64().unwrap());
    server.call(Method::DELETE, &paths::chat_invitation(group, id), &alice, Value::Null).await;
    assert_eq!(live(&alice).await.1, json!([listed[1]]));
    let look = json!({"token": link["token"]});
    assert_eq!(server.request(Method::POST, paths::INVITATION, None, look).await.0, StatusCode::FORBIDDEN);

    // By default only its moderators and owners invite.
    server.call(Method::PATCH, paths::SETTINGS, &owner, json!({"registration": "invited"})).await;
    assert!(!may().await);
    assert_eq!(invite(&alice, group).await.0, StatusCode::FORBIDDEN);
}
