//! Tokens that a node has checked a moment ago, and that are revoked on another.

use causerie_protocol::paths;
use causerie_testkit::{LIMIT, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use super::Nodes;
use crate::tokens::refusal;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_revoked_on_one_node_opens_nothing_on_another() {
    let nodes = Nodes::start().await;
    let alice = nodes.one.register("alice").await;
    let ended = nodes.one.login(&alice).await;
    let mut open = nodes.other.many(&ended).await;
    for node in [&nodes.one, &nodes.other] {
        assert_eq!(refusal(node, &ended).await, None);
    }
    let sign_ins = nodes.one.call(Method::GET, paths::TOKENS, &alice, Value::Null).await;
    let path = format!("{}{}/", paths::TOKENS, sign_ins[0]["id"]);
    nodes.one.call(Method::DELETE, &path, &alice, Value::Null).await;
    let reason = "Token revoked: sign in again.";
    assert_eq!(refusal(&nodes.one, &ended).await.unwrap(), reason);
    // What closes the socket there makes the token unknown, too.
    assert_eq!(open.closed().await.0, 4001);
    assert_eq!(refusal(&nodes.other, &ended).await.unwrap(), reason);
    assert_eq!(nodes.other.socket(&ended.token, paths::SOCKET).await.closed().await.0, 4001);
    assert_eq!(refusal(&nodes.other, &alice).await, None, "another sign-in of the same person");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_token_that_is_revoked_on_one_node_is_refused_on_another_at_once() {
    let mut nodes = Nodes::start().await;
    let alice = nodes.one.register("alice").await;
    assert_eq!(refusal(&nodes.other, &alice).await, None);
    nodes.redis.kill().await.unwrap();
    nodes.bus_is(false).await;
    assert_eq!(refusal(&nodes.other, &alice).await, None);
    nodes.one.logout(&alice).await;
    assert_eq!(refusal(&nodes.other, &alice).await.unwrap(), "Token revoked: sign in again.");
    assert_eq!(nodes.other.socket(&alice.token, paths::SOCKET).await.closed().await.0, 4001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_redis_lost_is_felt_all_the_same() {
    let nodes = Nodes::start().await;
    let alice = nodes.one.register("alice").await;
    // Nothing that is published arrives while Redis stands still, though the connections look well for a while.
    nodes.redis.pause().unwrap();
    assert_eq!(refusal(&nodes.other, &alice).await, None);
    nodes.one.logout(&alice).await;
    let refused = async || refusal(&nodes.other, &alice).await;
    let reason = eventually("that the other node refuses it", LIMIT, refused).await.unwrap();
    assert_eq!(reason, "Token revoked: sign in again.");
    nodes.redis.resume().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_that_redis_lost_is_known_to_new_sockets_all_the_same() {
    let nodes = Nodes::start().await;
    let [alice, bob] = [nodes.one.register("alice").await, nodes.one.register("bob").await];
    nodes.one.start_chat(&alice, &bob).await;
    nodes.redis.pause().unwrap();
    assert_eq!(nodes.other.blocked(&alice).await, []);
    nodes.one.call(Method::POST, paths::BLOCKS, &alice, json!({"user_id": bob.user.id})).await;
    let found = async || Some(nodes.other.blocked(&alice).await).filter(|blocked| !blocked.is_empty());
    assert_eq!(eventually("that the other node knows", LIMIT, found).await.unwrap(), [bob.user.id]);
    nodes.redis.resume().unwrap();
}
