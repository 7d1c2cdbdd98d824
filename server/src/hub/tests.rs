//! Who is sent what, and what is kept of those who are gone.

use std::collections::VecDeque;
use std::time::Duration;

use causerie_protocol::{CloseCode, Role, User};

use super::*;
use crate::bus::{Envelope, deliver_all};
use crate::clock::UnixMicros;
use crate::known_tokens::KnownToken;
use crate::outbox::{Scope, Signal};

fn outbox(user: i64) -> Arc<Outbox> {
    Outbox::new(UserId(user), TokenId(user), Scope::Many)
}

fn waiting(outbox: &Outbox) -> Vec<Item> {
    let mut items = VecDeque::new();
    outbox.take(&mut items);
    items.into()
}

#[test]
fn an_event_reaches_who_follows_the_chat_and_nobody_else() {
    let hub = Hub::new();
    let [alice, bob] = [outbox(1), outbox(2)];
    hub.subscribe(ChatId(1), &alice);
    hub.subscribe(ChatId(2), &bob);
    hub.event(ChatId(1), Seq(5), &Frame::from_static("x"));
    assert_eq!(waiting(&alice).len(), 1);
    assert!(waiting(&bob).is_empty());
    assert_eq!(hub.heads([ChatId(1), ChatId(9)]), [(ChatId(1), Seq(5))]);
}

#[tokio::test]
async fn a_batch_is_handed_over_in_the_order_of_each_chat() {
    let hub = Hub::new();
    let alice = outbox(1);
    for chat in [1, 2] {
        hub.subscribe(ChatId(chat), &alice);
    }
    let event = |chat, seq| Envelope::Event {
        chat: ChatId(chat),
        seq: Seq(seq),
        left: None,
        frame: Frame::from_static("x"),
    };
    let left = Envelope::Left { chat: ChatId(2), user: UserId(1) };
    let batch = [event(2, 1), event(1, 1), event(2, 2), event(1, 2), left, event(2, 3), event(1, 3)];
    deliver_all(&batch, &hub).await;
    let seqs: Vec<_> = waiting(&alice)
        .iter()
        .map(|item| match item {
            Item::Event { chat, seq, .. } => (chat.0, seq.0),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(seqs, [(1, 1), (1, 2), (1, 3)], "what was before the leave is purged by it");
}

#[test]
fn nothing_is_kept_of_chats_and_people_who_are_gone() {
    let hub = Hub::new();
    let alice = outbox(1);
    assert!(hub.register(&alice));
    assert!(hub.subscribe(ChatId(1), &alice));
    assert!(!hub.subscribe(ChatId(1), &alice), "twice is once");
    hub.unsubscribe(ChatId(1), &alice);
    hub.unregister(&alice);
    assert_eq!(hub.expire_offline(Instant::now()), [UserId(1)]);
    assert!(hub.channels().is_empty());
    assert!(hub.users().is_empty());
    assert_eq!(hub.stats(), HubStats::default());
}

#[test]
fn who_followed_a_chat_a_while_ago_is_told_where_its_log_stands_now() {
    let hub = Hub::new();
    hub.hears_everything();
    let chat = ChatId(1);
    let [before, again, stranger] = [outbox(1), outbox(1), outbox(2)];
    hub.subscribe(chat, &before);
    assert_eq!(hub.recent_head(chat, &before), None, "the store has not let it in yet");
    hub.note_head(chat, Seq(3));
    hub.event(chat, Seq(4), &Frame::from_static("x"));
    hub.unsubscribe_participant(chat, &before);
    // While nobody follows the chat.
    hub.event(chat, Seq(5), &Frame::from_static("x"));
    hub.subscribe(chat, &again);
    assert_eq!(hub.recent_head(chat, &again), Some(Seq(5)));
    hub.event(chat, Seq(6), &Frame::from_static("x"));
    assert_eq!(hub.recent_head(chat, &again), Some(Seq(6)));
    hub.subscribe(chat, &stranger);
    assert_eq!(hub.recent_head(chat, &stranger), None);
    // The store has refused the stranger.
    hub.unsubscribe(chat, &stranger);
    hub.subscribe(chat, &stranger);
    assert_eq!(hub.recent_head(chat, &stranger), None);
}

#[test]
fn who_left_a_chat_is_not_known_in_it_whether_or_not_a_socket_followed() {
    let hub = Hub::new();
    hub.hears_everything();
    let chat = ChatId(1);
    for is_following in [true, false] {
        let socket = outbox(1);
        hub.subscribe(chat, &socket);
        if !is_following {
            hub.unsubscribe_participant(chat, &socket);
        }
        hub.left(chat, UserId(1));
        // As its session does at its end; nothing may come back by that.
        hub.unsubscribe_participant(chat, &socket);
        let again = outbox(1);
        hub.subscribe(chat, &again);
        assert_eq!(hub.recent_head(chat, &again), None, "following: {is_following}");
        hub.unsubscribe(chat, &again);
    }
    let socket = outbox(1);
    hub.subscribe(chat, &socket);
    hub.unsubscribe_participant(chat, &socket);
    hub.chat_deleted(chat, &[]);
    hub.subscribe(chat, &socket);
    assert_eq!(hub.recent_head(chat, &socket), None, "the chat was deleted");
}

#[test]
fn a_known_token_is_forgotten_once_something_stands_between_its_user_and_others() {
    let (digest, trust) = ([7; 32], Duration::from_secs(60));
    let changes: [fn(&Hub); 3] = [
        |hub| hub.part(UserId(1), UserId(2)),
        |hub| hub.part(UserId(2), UserId(1)),
        |hub| hub.hide(UserId(1), true, false),
    ];
    for change in changes {
        let hub = Hub::new();
        let user = User { id: UserId(1), email: None, name: "Alice".to_owned() };
        let expires_at = UnixMicros(i64::MAX);
        let token = KnownToken {
            id: TokenId(1),
            user,
            role: Role::Member,
            expires_at,
            has_boundaries: false,
            has_second_factor: false,
        };
        let tokens = hub.known_tokens();
        tokens.keep(tokens.begin(), digest, token.clone());
        assert!(tokens.get(&digest, trust).is_some());
        let reading = tokens.begin();
        change(&hub);
        assert!(tokens.get(&digest, trust).is_none());
        // What was read before that may not be kept after it.
        tokens.keep(reading, digest, token);
        assert!(tokens.get(&digest, trust).is_none());
    }
}

#[test]
fn a_socket_that_comes_while_somebody_is_parted_or_hides_knows_of_it() {
    let hub = Hub::new();
    // Their handshakes began before, and may have read that nothing stands between anybody.
    hub.part(UserId(1), UserId(2));
    hub.hide(UserId(3), true, true);
    let sockets = [outbox(1), outbox(2), outbox(3)];
    for socket in &sockets {
        hub.register(socket);
    }
    let [alice, bob, cleo] = &sockets;
    assert!(!alice.takes_typing(UserId(2)) && !bob.takes_typing(UserId(1)) && bob.takes_typing(UserId(3)));
    assert!(cleo.hides_online() && cleo.hides_read());
}

#[test]
fn who_is_parted_is_mended_unless_they_came_together_since_the_store_was_asked() {
    let hub = Hub::new();
    let [alice, bob, cleo] = [outbox(1), outbox(2), outbox(3)];
    for socket in [&alice, &bob, &cleo] {
        hub.register(socket);
    }
    hub.part(UserId(1), UserId(2));
    let asked_at = Instant::now();
    // That Alice and Bob came together came while the store was asked; of Bob and Cleo the parting was lost.
    hub.reunite(UserId(2), UserId(1));
    let read = &[(UserId(1), UserId(2), false), (UserId(3), UserId(2), false)];
    hub.mend_parted(read, asked_at);
    assert!(!alice.is_parted(UserId(2)) && !bob.is_parted(UserId(1)));
    assert!(bob.is_parted(UserId(3)) && cleo.is_parted(UserId(2)));
    // Another parting of the two since is found at the next look.
    hub.mend_parted(read, Instant::now());
    assert!(alice.is_parted(UserId(2)) && bob.is_parted(UserId(1)));
    for socket in [&alice, &bob, &cleo] {
        assert!(!waiting(socket).is_empty(), "each was told that the other is gone");
    }
    hub.mend_parted(read, Instant::now());
    for socket in [&alice, &bob, &cleo] {
        assert!(waiting(socket).is_empty(), "nobody is told again");
    }
    // One that comes now read that nothing stands between its user and others.
    let late = outbox(3);
    hub.register(&late);
    assert!(late.is_parted(UserId(2)));
}

#[test]
fn what_somebody_did_just_before_leaving_reaches_nobody_after_it() {
    let hub = Hub::new();
    let alice = outbox(1);
    hub.subscribe(ChatId(1), &alice);
    let typing = Frame::from_static("typing");
    hub.left(ChatId(1), UserId(2));
    hub.notice(ChatId(1), Some(UserId(2)), &typing);
    hub.read(ChatId(1), UserId(2), Seq(3), false, &Frame::from_static("read"));
    assert!(waiting(&alice).is_empty());
    hub.chat_added(ChatId(1), &[UserId(2)]);
    hub.notice(ChatId(1), Some(UserId(2)), &typing);
    assert_eq!(waiting(&alice).len(), 1, "who is back is heard at once");
}

#[test]
fn what_somebody_hides_is_mended_unless_it_changed_since_the_store_was_asked() {
    let hub = Hub::new();
    let users = [UserId(1), UserId(2)];
    let [alice, bob] = [outbox(1), outbox(2)];
    hub.register(&alice);
    hub.register(&bob);
    hub.hide(UserId(2), true, true);
    let asked_at = Instant::now();
    // Of Alice the change was lost; that Bob shows all again came while the store was asked.
    hub.hide(UserId(2), false, false);
    let hidden = HashMap::from([(UserId(1), (false, true)), (UserId(2), (true, true))]);
    hub.mend_hidden(&users, &hidden, asked_at);
    assert_eq!((alice.hides_online(), alice.hides_read()), (false, true));
    assert_eq!((bob.hides_online(), bob.hides_read()), (false, false));
    hub.mend_hidden(&users, &HashMap::new(), Instant::now());
    assert_eq!((alice.hides_online(), alice.hides_read()), (false, false));
}

#[test]
fn who_comes_back_within_the_grace_was_never_gone() {
    let hub = Hub::new();
    let [first, second] = [outbox(1), outbox(1)];
    let before = Instant::now();
    assert!(hub.register(&first));
    hub.unregister(&first);
    assert!(hub.is_online(UserId(1)));
    assert!(hub.expire_offline(before).is_empty(), "the grace is not over");
    assert!(!hub.register(&second), "still online");
    assert!(hub.expire_offline(Instant::now()).is_empty());
    hub.unregister(&second);
    assert_eq!(hub.expire_offline(Instant::now()), [UserId(1)]);
    assert!(!hub.is_online(UserId(1)));
}

#[test]
fn leaving_ends_the_stream_of_that_person_alone() {
    let hub = Hub::new();
    let [alice, bob] = [outbox(1), outbox(2)];
    for socket in [&alice, &bob] {
        hub.subscribe(ChatId(1), socket);
    }
    hub.event(ChatId(1), Seq(1), &Frame::from_static("x"));
    hub.left(ChatId(1), UserId(2));
    hub.event(ChatId(1), Seq(2), &Frame::from_static("x"));
    assert_eq!(waiting(&alice).len(), 2);
    assert!(waiting(&bob).is_empty());
    assert!(matches!(bob.signal(), Some(Signal::Revoked(chats)) if chats[0].0 == ChatId(1)));
}

#[test]
fn a_revoked_token_closes_its_own_sockets() {
    let hub = Hub::new();
    let [alice, bob] = [outbox(1), outbox(2)];
    hub.register(&alice);
    hub.register(&bob);
    hub.token_revoked(TokenId(1));
    let late = outbox(1);
    hub.register(&late);
    assert!(late.has_signal(), "its token was checked just before");
    assert!(
        matches!(alice.signal(), Some(Signal::Close(closing)) if closing.code == CloseCode::Unauthorized)
    );
    assert!(!bob.has_signal());
}

#[test]
fn a_read_position_is_told_once_and_never_goes_back() {
    let hub = Hub::new();
    let alice = outbox(1);
    hub.subscribe(ChatId(1), &alice);
    for seq in [5, 3, 5, 6] {
        hub.read(ChatId(1), UserId(2), Seq(seq), false, &Frame::from(seq.to_string()));
    }
    let told = waiting(&alice).into_iter().map(|item| match item {
        Item::Read { frame, .. } => frame.to_string(),
        other => panic!("{other:?}"),
    });
    assert_eq!(told.collect::<Vec<_>>(), ["5", "6"]);
}

#[test]
fn the_people_of_a_node_tell_who_came_and_left_and_its_end_who_left_with_it() {
    const ANA: UserId = UserId(1);
    const BEN: UserId = UserId(2);
    let hub = Hub::new();
    assert_eq!(hub.replace_node_presence(7, 2, [ANA].into()), [(ANA, true)]);
    assert_eq!(hub.replace_node_presence(8, 1, [ANA].into()), []);
    assert_eq!(hub.replace_node_presence(7, 1, [BEN].into()), [], "older than what is known");
    let changes = hub.replace_node_presence(7, 4, [BEN].into());
    assert_eq!(changes, [(BEN, true)], "the other one is on another node");
    assert!(hub.is_online(ANA) && hub.is_online(BEN));
    assert_eq!(hub.expire_node(7), [(BEN, false)]);
    assert_eq!(hub.expire_node(8), [(ANA, false)]);
    assert!(hub.other_nodes().is_empty());
}
