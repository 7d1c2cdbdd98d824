//! What the bus over Redis does when something is gone: it says so, reads the store, and heals.

use std::sync::Arc;

use causerie_protocol::{ChatId, MessageText, Seq, TokenId, UserId};
use causerie_server::bus::{Bus, Envelope};
use causerie_server::clock::UnixMicros;
use causerie_server::outbox::{Outbox, Scope, Signal};
use causerie_server::store::{Append, Change};
use causerie_testkit::Redis;

use super::node::Node;
use crate::bus::world::{ALICE, BOB, until};

fn socket(node: &Node, user: UserId, token: TokenId) -> Arc<Outbox> {
    let outbox = Outbox::new(user, token, Scope::Many);
    node.hub.register(&outbox);
    outbox
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_when_it_can_not_be_heard_and_when_it_can_again() {
    let mut redis = Redis::start().await.unwrap();
    let node = Node::start(&redis.url()).await;
    redis.kill().await.unwrap();
    until("the loss is not noticed", || !node.bus.is_connected()).await;
    redis.launch().await.unwrap();
    until("the return is not noticed", || node.bus.is_connected()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_lost_is_revealed_from_the_store() {
    let mut redis = Redis::start().await.unwrap();
    let node = Node::start(&redis.url()).await;
    let (alice, chat) = (ALICE, ChatId(1));
    let outbox = socket(&node, alice, TokenId(1));
    node.hub.subscribe(chat, &outbox);
    let say = async || {
        let change = Change::Message {
            text: MessageText::new("unheard").unwrap(),
            client_id: None,
            reply_to: None,
            plain: false,
        };
        node.store.append(&[Append { actor: alice, chat, change }]).await.unwrap()[0].clone().unwrap();
    };
    redis.kill().await.unwrap();
    until("the loss is not noticed", || !node.bus.is_connected()).await;
    say().await;
    until("without Redis", || outbox.signal().is_some_and(|signal| matches!(signal, Signal::Ping))).await;
    assert_eq!(node.hub.heads([chat]), [(chat, Seq(1))]);
    redis.launch().await.unwrap();
    until("the return is not noticed", || node.bus.is_connected()).await;
    say().await;
    until("with Redis", || outbox.signal().is_some_and(|signal| matches!(signal, Signal::Ping))).await;
    assert_eq!(node.hub.heads([chat]), [(chat, Seq(2))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_it_lost_is_read_from_the_store() {
    let redis = Redis::start().await.unwrap();
    let node = Node::start(&redis.url()).await;
    let alice = ALICE;
    let token = node
        .store
        .create_token(alice, "hash", [7; 32], UnixMicros(1), UnixMicros(i64::MAX))
        .await
        .unwrap()
        .unwrap()
        .id;
    let outbox = socket(&node, alice, token);
    assert!(node.store.revoke_token(alice, token).await.unwrap());
    until("the socket stays open", || matches!(outbox.signal(), Some(Signal::Close(_)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_on_another_node_is_online_until_its_lease_ends() {
    let redis = Redis::start().await.unwrap();
    let (here, there) = (Node::start(&redis.url()).await, Node::start(&redis.url()).await);
    let _socket = socket(&there, BOB, TokenId(2));
    until("nobody came", || here.hub.is_online(BOB)).await;
    // A node that starts later learns of those who were there before.
    let late = Node::start(&redis.url()).await;
    until("the late node knows nobody", || late.hub.is_online(BOB)).await;
    drop(there);
    until("the dead node's lease does not end", || !here.hub.is_online(BOB) && !late.hub.is_online(BOB))
        .await;
    assert!(here.hub.other_nodes().contains_key(&late.hub.node()), "the living keep theirs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_on_two_nodes_is_online_until_the_last_one_lets_them_go() {
    let redis = Redis::start().await.unwrap();
    let [here, one, other] =
        [Node::start(&redis.url()).await, Node::start(&redis.url()).await, Node::start(&redis.url()).await];
    let _first = socket(&one, BOB, TokenId(2));
    let _second = socket(&other, BOB, TokenId(3));
    until("one of the nodes is not known", || {
        here.hub.other_nodes().values().filter(|v| **v == 1).count() == 2
    })
    .await;
    drop(one);
    until("the dead node is still known", || here.hub.other_nodes().len() == 1).await;
    assert!(here.hub.is_online(BOB));
    drop(other);
    until("nobody lets him go", || !here.hub.is_online(BOB)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_presence_is_this_nodes_own_and_comes_back_with_it() {
    let mut redis = Redis::start().await.unwrap();
    let (here, there) = (Node::start(&redis.url()).await, Node::start(&redis.url()).await);
    let _own = socket(&here, ALICE, TokenId(1));
    let _other = socket(&there, BOB, TokenId(2));
    until("nobody came", || here.hub.is_online(BOB) && there.hub.is_online(ALICE)).await;
    redis.kill().await.unwrap();
    until("the others stay for ever", || !here.hub.is_online(BOB) && !there.hub.is_online(ALICE)).await;
    assert!(here.hub.is_online(ALICE) && there.hub.is_online(BOB));
    // Empty, as after a crash: the nodes bring everything back.
    redis.launch().await.unwrap();
    until("nobody comes back", || here.hub.is_online(BOB) && there.hub.is_online(ALICE)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_installations_on_one_redis_do_not_hear_each_other() {
    let redis = Redis::start().await.unwrap();
    let url = redis.url();
    let [mine, mine_too] = [Node::of("one", &url).await, Node::of("one", &url).await];
    let [other, other_too] = [Node::of("two", &url).await, Node::of("two", &url).await];
    let heard = socket(&mine_too, ALICE, TokenId(1));
    let unconcerned = socket(&other, ALICE, TokenId(1));
    let marked = socket(&other, BOB, TokenId(2));
    let is_closed = |outbox: &Outbox| matches!(outbox.signal(), Some(Signal::Close(_)));
    mine.bus.publish(vec![Envelope::TokenRevoked { token: TokenId(1) }]).await;
    until("the own installation does not hear it", || is_closed(&heard)).await;
    // It has passed Redis, so whoever hears what comes later would have heard it before.
    other_too.bus.publish(vec![Envelope::TokenRevoked { token: TokenId(2) }]).await;
    until("the other installation does not hear its own", || is_closed(&marked)).await;
    assert!(!is_closed(&unconcerned));
    until("the own nodes are not known", || {
        mine.hub.other_nodes().contains_key(&mine_too.hub.node())
            && other.hub.other_nodes().contains_key(&other_too.hub.node())
    })
    .await;
    assert_eq!([mine.hub.other_nodes().len(), other.hub.other_nodes().len()], [1, 1]);
    assert!(!mine.hub.is_online(BOB), "he is here in the other installation");
}
