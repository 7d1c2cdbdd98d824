//! What every bus promises, on the node that publishes and on the others.

use causerie_protocol::{ChatId, CloseCode, TokenId};
use causerie_server::bus::Envelope;
use causerie_server::hub::{PresenceChange, presence_frame};
use causerie_server::outbox::Signal;

use crate::bus::world::{ALICE, BOB, World, event, notice};

const ONE: ChatId = ChatId(1);
const OTHER: ChatId = ChatId(2);

pub async fn an_event_reaches_who_follows_its_chat_once(world: World) {
    let mut alice = world.follower(ALICE, ONE).await;
    world.publish(event(ONE, 1)).await;
    world.publish(event(ONE, 2)).await;
    assert_eq!(alice.came(2).await, ["event 1 1 x", "event 1 2 x"]);
    // Whatever would come twice would have come before this.
    world.publish(notice(ONE, None, "end")).await;
    assert_eq!(alice.came(1).await, ["notice end"]);
}

pub async fn what_one_publishes_in_a_chat_keeps_its_order(world: World) {
    let mut alice = world.follower(ALICE, ONE).await;
    let mut bob = world.follower(BOB, OTHER).await;
    for first in (1..=90).step_by(30) {
        let batch = (first..first + 30).flat_map(|seq| [event(ONE, seq), event(OTHER, seq)]).collect();
        world.bus.publish(batch).await;
    }
    let expected = |chat| (1..=90).map(|seq| format!("event {chat} {seq} x")).collect::<Vec<_>>();
    assert_eq!(alice.came(90).await, expected(ONE));
    assert_eq!(bob.came(90).await, expected(OTHER));
}

pub async fn who_follows_another_chat_hears_nothing(world: World) {
    let mut alice = world.follower(ALICE, ONE).await;
    world.publish(event(OTHER, 1)).await;
    world.publish(notice(OTHER, None, "elsewhere")).await;
    world.publish(notice(ONE, None, "end")).await;
    assert_eq!(alice.came(1).await, ["notice end"]);
}

pub async fn a_notice_spares_the_person_who_caused_it(world: World) {
    let mut alice = world.follower(ALICE, ONE).await;
    let mut bob = world.follower(BOB, ONE).await;
    world.publish(notice(ONE, Some(ALICE), "alice is typing")).await;
    world.publish(notice(ONE, None, "end")).await;
    assert_eq!(bob.came(2).await, ["notice alice is typing", "notice end"]);
    assert_eq!(alice.came(1).await, ["notice end"]);
}

pub async fn people_hear_of_a_chat_that_they_are_in_now(world: World) {
    let (mut alice, mut bob) = (world.socket(ALICE), world.socket(BOB));
    world.publish(Envelope::ChatAdded { chat: ONE, users: vec![ALICE] }).await;
    world.publish(Envelope::ChatAdded { chat: OTHER, users: vec![ALICE, BOB] }).await;
    assert_eq!(alice.came(2).await, ["added 1", "added 2"]);
    assert_eq!(bob.came(1).await, ["added 2"]);
}

pub async fn who_leaves_hears_no_more_of_the_chat(world: World) {
    let alice = world.follower(ALICE, ONE).await;
    let mut bob = world.follower(BOB, ONE).await;
    world.bus.publish(vec![Envelope::Left { chat: ONE, user: ALICE }, event(ONE, 1)]).await;
    assert!(matches!(alice.signal().await, Signal::Revoked(chats) if chats[0].0 == ONE));
    assert_eq!(bob.came(1).await, ["event 1 1 x"]);
    // Whatever the leaving would have told him would have come before the event that follows it.
    assert!(!bob.has_signal());
}

pub async fn a_deleted_chat_ends_for_everybody(world: World) {
    let alice = world.follower(ALICE, ONE).await;
    let bob = world.socket(BOB);
    world.publish(Envelope::ChatDeleted { chat: ONE, users: vec![ALICE, BOB] }).await;
    for socket in [alice, bob] {
        assert!(matches!(socket.signal().await, Signal::Revoked(chats) if chats[0].0 == ONE));
    }
}

pub async fn a_revoked_sign_in_is_closed_and_no_other(world: World) {
    let (alice, mut bob) = (world.socket(ALICE), world.socket(BOB));
    world.publish(Envelope::TokenRevoked { token: TokenId(ALICE.0) }).await;
    assert!(
        matches!(alice.signal().await, Signal::Close(closing) if closing.code == CloseCode::Unauthorized)
    );
    // Whatever it would have told him would have come before this.
    world.publish(Envelope::ChatAdded { chat: ONE, users: vec![BOB] }).await;
    assert_eq!(bob.came(1).await, ["added 1"]);
    assert!(!bob.has_signal());
}

pub async fn acquaintances_hear_who_comes_and_goes(world: World) {
    let mut alice = world.socket(ALICE);
    let change = |version, online| Envelope::Presence {
        change: PresenceChange { node: world.near.node(), version, user: BOB, online },
        users: vec![ALICE],
        frame: presence_frame(BOB, online),
    };
    world.publish(change(1, true)).await;
    world.publish(change(2, false)).await;
    let told = [true, false].map(|online| format!("notice {}", presence_frame(BOB, online)));
    assert_eq!(alice.came(2).await, told);
}

pub async fn it_says_that_it_can_be_heard(world: World) {
    assert!(world.bus.is_connected());
}
