//! What the list of chats shows after loads and events.

use super::*;
use causerie_protocol::{ChatSettings, ClientId, Epoch, Timestamp};

const ME: UserId = UserId(1);

fn at(text: &str) -> Timestamp {
    Timestamp(text.into())
}

fn user(id: i64, name: &str) -> User {
    User { id: UserId(id), email: None, name: name.into() }
}

fn chat(id: i64, head: u64, unread: u64, updated: &str) -> Chat {
    let participant = |id, name| Participant {
        user: user(id, name),
        read_seq: Seq(2),
        online: false,
        role: ChatRole::Member,
        blocked: false,
    };
    Chat {
        id: ChatId(id),
        kind: ChatKind::Direct,
        status: ChatStatus::Active,
        title: None,
        participants: vec![participant(1, "Ana"), participant(2, "Ben")],
        participant_count: 2,
        head: Seq(head),
        epoch: Epoch("e".into()),
        read_seq: Seq(2),
        unread,
        last_message: None,
        created_at: at("t0"),
        updated_at: at(updated),
        sort_key: Some(MessageId(updated[1..].parse().unwrap_or(0))),
        hides_past: false,
        requested_by: None,
        settings: ChatSettings::default(),
        pinned: Vec::new(),
    }
}

fn message(seq: u64, from: User) -> Message {
    Message {
        id: MessageId(seq.cast_signed()),
        chat_id: ChatId(1),
        seq: Seq(seq),
        sender: from,
        content: format!("m{seq}"),
        sent_at: at(&format!("t{seq}")),
        client_id: Some(ClientId::new("c").unwrap()),
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        reply_to: None,
        spans: Vec::new(),
        plain: false,
    }
}

fn gone(id: i64, seq: u64) -> Deleted {
    Deleted { chat_id: ChatId(1), seq: Seq(seq), id: MessageId(id), deleted_at: at(&format!("t{seq}")) }
}

fn chat_list() -> ChatList {
    let mut chat_list = ChatList::default();
    for (id, updated) in [(1, "t3"), (2, "t4"), (3, "t4")] {
        assert!(chat_list.upsert(chat(id, 3, 1, updated), ME, Seq::ZERO, false));
    }
    chat_list
}

#[test]
fn the_newest_chat_is_first_and_a_message_moves_its_chat_up() {
    let mut chat_list = chat_list();
    let order =
        |chat_list: &ChatList| chat_list.newest_first().iter().map(|entry| entry.id().0).collect::<Vec<_>>();
    assert_eq!(order(&chat_list), [3, 2, 1]);
    chat_list.get_mut(ChatId(1)).unwrap().message(&message(5, user(2, "Ben")));
    assert_eq!(order(&chat_list), [1, 3, 2]);
}

#[test]
fn a_chat_is_shown_by_its_title_or_by_the_names_of_the_others() {
    let mut group = chat(1, 3, 0, "t");
    assert_eq!(ChatEntry::new(group.clone(), ME).title().alone(), "Ben");
    group.participants.push(Participant {
        user: user(3, "Cleo"),
        read_seq: Seq(1),
        online: true,
        role: ChatRole::Member,
        blocked: false,
    });
    group.participant_count = 3;
    let entry = ChatEntry::new(group.clone(), ME);
    assert_eq!((entry.title().alone(), entry.online(), entry.read_by_all()), ("Ben, Cleo", true, Seq(1)));
    group.title = Some("Plan".into());
    assert_eq!(ChatEntry::new(group.clone(), ME).title().alone(), "Plan");
    (group.title, group.participant_count) = (None, 9);
    let entry = ChatEntry::new(group.clone(), ME);
    assert_eq!(
        (entry.title().alone().ends_with('…'), entry.read_by_all()),
        (true, Seq(0)),
        "not all are known"
    );
    group.participants.truncate(1);
    group.participant_count = 1;
    assert_eq!(ChatEntry::new(group, ME).title().alone(), "Only you");
}

#[test]
fn unread_counts_messages_of_others_until_they_are_read_on_any_device() {
    let mut chat_list = chat_list();
    let entry = chat_list.get_mut(ChatId(1)).unwrap();
    entry.message(&message(4, user(2, "Ben")));
    entry.message(&message(5, user(1, "Ana")));
    assert_eq!(entry.unread(), 2);
    assert!(!entry.deleted(&gone(4, 6), None));
    assert_eq!(entry.unread(), 1);
    assert!(entry.advance_read(ME, Seq(6), Seq(6)));
    assert!(!entry.advance_read(ME, Seq(6), Seq(6)));
    assert_eq!(entry.unread(), 0);
    assert!(entry.advance_read(UserId(2), Seq(5), Seq(6)));
    assert_eq!(entry.read_by_all(), Seq(5));
}

#[test]
fn the_last_message_follows_edits_and_deletions() {
    let mut chat_list = chat_list();
    let entry = chat_list.get_mut(ChatId(1)).unwrap();
    entry.message(&message(4, user(2, "Ben")));
    let edit = |id, seq, content: &str| Edited {
        chat_id: ChatId(1),
        seq: Seq(seq),
        id: MessageId(id),
        content: content.into(),
        edited_at: at("t5"),
        spans: Vec::new(),
        plain: false,
    };
    entry.edited(&edit(3, 5, "other"));
    entry.edited(&edit(4, 6, "new"));
    assert_eq!(entry.last_message().unwrap().content, "new");
    assert!(entry.deleted(&gone(4, 7), None));
}

#[test]
fn an_answer_that_is_older_than_the_stream_does_not_undo_it() {
    let mut chat_list = chat_list();
    let id = ChatId(1);
    chat_list.get_mut(id).unwrap().message(&message(4, user(2, "Ben")));
    assert!(!chat_list.upsert(chat(1, 3, 1, "t3"), ME, Seq(4), false));
    let entry = chat_list.get(id).unwrap();
    assert_eq!((entry.unread(), entry.last_message().map(|last| last.seq)), (2, Some(Seq(4))));
    let mut newer = chat(1, 9, 5, "t9");
    newer.last_message = Some(message(9, user(2, "Ben")));
    chat_list.upsert(newer, ME, Seq(4), false);
    let entry = chat_list.get(id).unwrap();
    assert_eq!((entry.unread(), entry.last_message().map(|last| last.seq)), (5, Some(Seq(9))));
}

#[test]
fn presence_joins_and_leaves_change_the_participants() {
    let mut chat_list = chat_list();
    assert_eq!(chat_list.set_presence(UserId(2), true), [ChatId(1), ChatId(2), ChatId(3)]);
    assert_eq!(chat_list.set_presence(UserId(2), true), []);
    let entry = chat_list.get_mut(ChatId(1)).unwrap();
    assert!(entry.online());
    let event = |id, name| Membership {
        chat_id: ChatId(1),
        seq: Seq(4),
        user: user(id, name),
        by: None,
        at: at("t4"),
    };
    entry.joined(&event(3, "Cleo"));
    entry.joined(&event(3, "Cleo"));
    assert_eq!(entry.title().alone(), "Ben, Cleo");
    entry.left(&event(2, "Ben"));
    assert_eq!(entry.title().alone(), "Cleo");
}

#[test]
fn an_answer_that_is_older_than_the_stream_still_tells_how_far_others_have_read() {
    let mut chat_list = chat_list();
    let entry = chat_list.get_mut(ChatId(1)).unwrap();
    entry.message(&message(4, user(1, "Ana")));
    let mut answer = chat(1, 3, 1, "t3");
    answer.participants[1].read_seq = Seq(3);
    entry.refresh(answer, Seq(4), false);
    assert_eq!(entry.participant(UserId(2)).unwrap().read_seq, Seq(3));
    assert_eq!(entry.last_message().unwrap().seq, Seq(4), "what the stream told stays");

    let mut another = chat(1, 0, 0, "t5");
    another.epoch = Epoch("f".into());
    another.participants[1].read_seq = Seq(0);
    entry.refresh(another, Seq(4), false);
    assert_eq!(
        entry.participant(UserId(2)).unwrap().read_seq,
        Seq(0),
        "positions of another log mean nothing"
    );
}

#[test]
fn a_read_position_of_another_epoch_is_ignored() {
    let mut chat_list = chat_list();
    let entry = chat_list.get_mut(ChatId(1)).unwrap();
    assert!(entry.advance_read(ME, Seq(3), Seq(3)));
    let mut another = chat(1, 2, 2, "t5");
    (another.epoch, another.read_seq) = (Epoch("f".into()), Seq(0));
    entry.refresh(another, Seq(3), false);
    assert_eq!((entry.read(), entry.unread()), (Seq(0), 2));
}
