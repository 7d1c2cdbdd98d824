//! Connecting, signing in, the list of chats, reading and the banner, tested on a whole page.

use causerie_protocol::event::{ChatChanged, Edited, Membership};
use causerie_protocol::rest::{Chat, ChatRole, ChatStatus, Participant};
use causerie_protocol::server_frame::{
    ChatAdded, ErrorReply, GoAway, ReadPosition, Subscribed, Typing as TypingNotice, Unsubscribed,
};
use causerie_protocol::{CloseCode, ErrorCode, Event, ServerFrame, UserId};

use super::test_page::*;
use super::user_actions::KEPT_ROWS;
use super::*;
use crate::input::{HistoryPlace, LoadError};

#[test]
fn a_page_loads_the_list_subscribes_to_its_chats_and_loads_the_list_again() {
    let mut page = Page::new();
    assert!(page.effects.contains(&Effect::Connect(ConnectionId(1))));
    page.welcome();
    assert_eq!(page.sent(), [""; 0]);
    page.list(vec![chat(1, 4)]);
    assert_eq!(page.sent(), ["subscribe 4"]);
    page.list(vec![chat(1, 4), chat(2, 0)]);
    assert_eq!(page.sent(), ["subscribe 0"]);
    let ids: Vec<ChatId> = page.client.chats().iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, [ChatId(1), ChatId(2)]);
    page.frame(&ServerFrame::ChatAdded(Box::new(ChatAdded { chat: chat(3, 1) })));
    assert_eq!(page.sent(), ["subscribe 1"]);
}

#[test]
fn inputs_of_a_socket_that_was_given_up_are_ignored() {
    let mut page = Page::in_chat(1);
    let old = page.connection();
    page.pass(61_000);
    let text = ServerFrame::Event(Event::Message(bens(2, "late"))).encode();
    page.give(Input::Socket(old, SocketInput::Frame(text)));
    page.give(Input::Socket(old, SocketInput::Closed { code: 4001, reason: String::new() }));
    assert_eq!(page.shown(), ["m1"]);
    assert!(matches!(page.client.connection(), ConnectionState::Connecting { .. }));
}

#[test]
fn a_page_that_wakes_subscribes_again_to_probe_the_socket() {
    let mut page = Page::in_chat(1);
    page.pass(6_000);
    page.give(Input::PageShown);
    assert_eq!(page.sent(), ["subscribe 1"]);
    page.pass(5_000);
    assert!(page.effects.contains(&Effect::Connect(ConnectionId(2))));
}

#[test]
fn an_invalid_token_asks_to_sign_in_and_nothing_is_lost() {
    let mut page = Page::in_chat(1);
    page.send("a");
    page.close(4001);
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::AskSignIn { .. })));
    let line = page.client.banner(page.now).unwrap().line();
    assert_eq!(line, "You are signed out. One message is kept and not sent yet.");
    page.effects.clear();
    page.give(Input::SignedIn { user: ana() });
    page.welcome();
    page.subscribed(1, false);
    assert_eq!(page.sent(), ["subscribe 1", "a"]);
    assert_eq!(page.shown(), ["m1", "a: sending"]);
}

#[test]
fn a_change_of_user_and_signing_out_clear_the_state() {
    for sign_out in [true, false] {
        let mut page = Page::in_chat(1);
        page.send("a");
        if sign_out {
            page.give(Input::SignedOut);
            assert_eq!(page.forgotten("a"), 1);
        } else {
            page.give(Input::SignedIn { user: ben() });
            // The first user did not sign out, so their pending messages stay stored until they sign in again.
            assert_eq!(page.forgotten("a"), 0);
        }
        assert_eq!(
            (page.client.chats().len(), page.client.rows(CHAT).len(), page.client.waiting()),
            (0, 0, 0)
        );
    }
}

#[test]
fn a_late_response_to_an_old_request_is_ignored() {
    let mut page = Page::new();
    let ticket = page.client.list_loading.request.unwrap();
    page.give(Input::SignedIn { user: ben() });
    page.give(Input::ChatsLoaded { ticket, chats: vec![chat(1, 1)], has_more: false });
    assert_eq!(page.client.chats().len(), 0);
}

#[test]
fn a_chat_that_is_not_in_the_list_is_removed_unless_it_was_just_added() {
    let mut page = Page::in_chat(1);
    page.give(Input::OpenChat(None));
    page.close(1012);
    page.pass(5_000);
    page.welcome();
    page.frame(&ServerFrame::ChatAdded(Box::new(ChatAdded { chat: chat(2, 0) })));
    page.list(Vec::new());
    let ids: Vec<ChatId> = page.client.chats().iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, [ChatId(2)]);
}

#[test]
fn the_list_is_loaded_again_once_every_chat_is_subscribed() {
    let mut page = Page::in_chat(3);
    page.close(1012);
    page.pass(5_000);
    page.welcome();
    page.list(vec![chat(1, 3)]);
    assert_eq!(page.client.list_loading.request, None);
    // Ben read everything after that answer was made, and before this page followed the chat.
    page.subscribed(3, false);
    let mut later = chat(1, 3);
    later.participants[1].read_seq = Seq(3);
    page.list(vec![later]);
    assert_eq!(page.client.chat(CHAT).unwrap().read_by_all(), Seq(3));
    page.subscribed(3, false);
    assert_eq!(page.client.list_loading.request, None, "once");
}

#[test]
fn failed_loads_are_retried_and_a_401_asks_to_sign_in() {
    let mut page = Page::new();
    let ticket = page.client.list_loading.request.unwrap();
    let error = LoadError::Temporary { detail: "Busy.".into() };
    page.give(Input::ChatsFailed { ticket, error });
    assert_eq!(page.client.chats_failed(), Some("Busy."));
    page.effects.clear();
    page.pass(1_000);
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::LoadChats { .. })));
    page.list(vec![chat(1, 1)]);
    page.give(Input::OpenChat(Some(CHAT)));
    let request = page.last_request();
    page.give(Input::HistoryFailed { request, error: LoadError::Temporary { detail: "Busy.".into() } });
    assert_eq!(page.client.history(CHAT).failed.as_deref(), Some("Busy."));
    page.pass(1_000);
    let request = page.last_request();
    page.give(Input::HistoryFailed { request, error: LoadError::Unauthorized });
    assert!(matches!(page.client.connection(), ConnectionState::SignedOut { reason: Some(_) }));
}

#[test]
fn a_read_position_is_sent_once_and_again_after_a_reconnection_that_lost_it() {
    let mut page = Page::in_chat(2);
    assert_eq!(page.client.chat(CHAT).unwrap().unread(), 2);
    page.give(Input::SeenBottom { chat: CHAT });
    page.give(Input::SeenBottom { chat: CHAT });
    assert_eq!(page.client.chat(CHAT).unwrap().unread(), 0);
    let read = r#"{"type":"read","chat_id":1,"seq":2}"#;
    assert_eq!(page.sent(), [read]);
    page.close(1012);
    page.pass(5_000);
    page.welcome();
    page.subscribed(2, false);
    assert_eq!(page.sent(), ["subscribe 2", read]);
    page.frame(&ServerFrame::Read(ReadPosition { chat_id: CHAT, user_id: UserId(1), seq: Seq(2) }));
    page.event(bens(3, "m3"));
    assert_eq!(page.client.chat(CHAT).unwrap().unread(), 1);
    page.close(1012);
    page.pass(5_000);
    page.welcome();
    page.subscribed(3, false);
    assert_eq!(page.sent(), ["subscribe 3"]);
}

#[test]
fn typing_is_shown_for_a_while_and_read_positions_too() {
    let mut page = Page::in_chat(0);
    page.frame(&ServerFrame::Typing(TypingNotice { chat_id: CHAT, user_id: UserId(2) }));
    page.frame(&ServerFrame::Typing(TypingNotice { chat_id: CHAT, user_id: UserId(1) }));
    assert_eq!(page.client.typing(CHAT), [&ben()]);
    page.pass(5_000);
    assert!(page.client.typing(CHAT).is_empty());
    page.give(Input::Typing { chat: CHAT });
    page.give(Input::Typing { chat: CHAT });
    assert_eq!(page.sent(), [r#"{"type":"typing","chat_id":1}"#]);
    page.send("a");
    page.event(mine(1, "a"));
    page.frame(&ServerFrame::Read(ReadPosition { chat_id: CHAT, user_id: UserId(2), seq: Seq(1) }));
    assert_eq!(page.shown(), ["a: read"]);
}

#[test]
fn the_banner_counts_down_and_says_what_is_pending() {
    let mut page = Page::in_chat(0);
    page.frame(&ServerFrame::GoAway(GoAway { retry_after_ms: 2_500 }));
    page.close(1012);
    page.send("a");
    page.effects.clear();
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(page.client.banner(page.now).unwrap().what);
        page.pass(1_000);
    }
    let in_seconds = |n| format!("The server restarts. Reconnecting in {n} s.");
    assert_eq!(lines, [in_seconds(4), in_seconds(3), in_seconds(2)]);
    let ticks =
        page.effects.iter().filter(|effect| **effect == Effect::Changed(Invalidation::Connection)).count();
    assert_eq!(ticks, 3);
    page.pass(500);
    assert!(page.effects.contains(&Effect::Connect(ConnectionId(2))));
    page.effects.clear();
    page.welcome();
    assert!(page.effects.contains(&Effect::Announce("Connected again.".into())));
    assert_eq!(page.client.banner(page.now), None);
}

#[test]
fn the_list_is_loaded_again_however_the_last_subscription_is_decided() {
    for is_refused in [false, true] {
        let mut page = Page::new();
        page.welcome();
        while page.client.list_loading.request.is_some() {
            page.list(vec![chat(1, 1), chat(2, 0)]);
        }
        page.subscribed(1, false);
        assert_eq!(page.client.list_loading.request, None, "chat 2 is not settled");
        if is_refused {
            let (chat_id, code) = (ChatId(2), CloseCode::NotParticipant.code());
            let notice = Unsubscribed { chat_id, code, reason: String::new() };
            page.frame(&ServerFrame::Unsubscribed(notice));
        } else {
            page.frame(&ServerFrame::Subscribed(Subscribed {
                chat_id: ChatId(2),
                epoch: chat(2, 0).epoch,
                head: Seq(0),
                reset: false,
            }));
        }
        assert!(page.client.list_loading.request.is_some(), "refused: {is_refused}");
    }
}

#[test]
fn a_chat_that_is_refused_for_now_does_not_delay_the_next_load_of_the_list() {
    let mut page = Page::new();
    page.welcome();
    while page.client.list_loading.request.is_some() {
        page.list(vec![chat(1, 1), chat(2, 0)]);
    }
    let unavailable = ServerFrame::Error(ErrorReply {
        code: ErrorCode::Unavailable,
        detail: "Not now.".into(),
        client_id: None,
        chat_id: Some(ChatId(2)),
        retry_after_ms: Some(1_000),
    });
    page.frame(&unavailable);
    assert_eq!(page.client.list_loading.request, None, "chat 1 is not settled");
    page.subscribed(1, false);
    page.list(vec![chat(1, 1), chat(2, 0)]);
    page.pass(1_000);
    page.frame(&unavailable);
    assert_eq!(page.client.list_loading.request, None, "nothing is followed that was not before");
    page.pass(1_000);
    page.frame(&ServerFrame::Subscribed(Subscribed {
        chat_id: ChatId(2),
        epoch: chat(2, 0).epoch,
        head: Seq(0),
        reset: false,
    }));
    assert!(page.client.list_loading.request.is_some());
}

#[test]
fn a_read_position_that_overtakes_the_joined_event_fetches_the_chat() {
    let mut page = Page::in_chat(1);
    page.frame(&ServerFrame::Read(ReadPosition { chat_id: CHAT, user_id: UserId(3), seq: Seq(2) }));
    let mut listed = chat(1, 2);
    let cleo = User { id: UserId(3), email: None, name: "Cleo".into() };
    listed.participants.push(Participant {
        user: cleo.clone(),
        read_seq: Seq(2),
        online: true,
        role: ChatRole::Member,
        blocked: false,
    });
    page.fetched(Ok(listed));
    let joined = Membership { chat_id: CHAT, seq: Seq(2), user: cleo, by: None, at: at(2) };
    page.frame(&ServerFrame::Event(Event::Joined(joined)));
    assert_eq!(page.client.chat(CHAT).unwrap().participant(UserId(3)).unwrap().read_seq, Seq(2));
}

#[test]
fn chats_with_two_people_of_the_same_name_have_different_titles() {
    let mut page = Page::new();
    page.welcome();
    let with = |id, user: i64| {
        let mut chat = chat(id, 0);
        let other = chat.participants.iter_mut().find(|one| one.user.id != UserId(1)).unwrap();
        other.user = User { id: UserId(user), email: None, name: "Nguyễn An".into() };
        chat
    };
    page.list(vec![with(1, 8), with(2, 9), chat(3, 0)]);
    let called = |id| {
        let entry = page.client.chat(ChatId(id)).unwrap();
        page.client.title(entry, &|name| name.to_lowercase()).to_string()
    };
    assert_eq!([called(1), called(2), called(3)], ["Nguyễn An #8", "Nguyễn An #9", "Ben"]);
}

fn asked_by(user: UserId, head: u64) -> Chat {
    Chat { requested_by: Some(user), unread: 0, ..chat(1, head) }
}

#[test]
fn a_request_stands_apart_and_does_not_disturb_until_it_is_accepted() {
    let mut page = Page::new();
    page.welcome();
    page.list(vec![asked_by(ben().id, 1), chat(2, 0)]);
    let ids = |chats: Vec<&ChatEntry>| chats.iter().map(|chat| chat.id().0).collect::<Vec<_>>();
    assert_eq!((ids(page.client.chats()), ids(page.client.requests())), (vec![2], vec![1]));
    page.subscribed(1, false);
    page.frame(&ServerFrame::Event(Event::Message(bens(2, "Hello?"))));
    let entry = page.client.chat(CHAT).unwrap();
    assert!((entry.is_request(), entry.is_asked(), entry.unread()) == (true, false, 0));
    page.effects.clear();
    page.frame(&accepted(3));
    assert_eq!(ids(page.client.chats()), [1, 2]);
    assert_eq!(page.client.chat(CHAT).unwrap().unread(), 1);
    // What the two see of each other from now on comes with the chat.
    assert!(page.effects.iter().any(|effect| matches!(effect, Effect::LoadChat { chat: CHAT, .. })));
    assert!(page.effects.contains(&Effect::Changed(Invalidation::Chats)));
}

#[test]
fn a_reply_accepts_and_a_late_answer_does_not_take_it_back() {
    let mut page = Page::new();
    page.welcome();
    page.list(vec![asked_by(ana().id, 1)]);
    page.subscribed(1, false);
    let is_asked = |page: &Page| page.client.chat(CHAT).unwrap().is_asked();
    page.frame(&ServerFrame::Event(Event::Message(mine(2, "mine"))));
    assert!(is_asked(&page), "one's own message accepts nothing");
    page.frame(&ServerFrame::Event(Event::Message(bens(3, "yes"))));
    assert!(!is_asked(&page));
    page.give(Input::ChatLoaded(Box::new(asked_by(ana().id, 2))));
    assert!(!is_asked(&page));
}

fn accepted(seq: u64) -> ServerFrame {
    ServerFrame::Event(Event::ChatChanged(ChatChanged {
        chat_id: CHAT,
        seq: Seq(seq),
        title: None,
        status: ChatStatus::Active,
        hides_past: false,
        accepted: true,
        at: at(seq),
    }))
}

#[test]
fn a_part_of_many_rows_is_told_with_what_stands_above_and_below_it() {
    let mut page = Page::in_chat(100);
    page.send("mine");
    let texts = |view: &RowsView| -> Vec<String> {
        let text = |row: &Row| match row {
            Row::Message(row) => row.text.clone(),
            Row::System(_) => String::new(),
        };
        view.rows.iter().map(text).collect()
    };
    let newest = page.client.view(CHAT, None, 3);
    assert_eq!(texts(&newest), ["m98", "m99", "m100", "mine"]);
    assert_eq!((newest.first, newest.above, newest.below), (Some(Seq(98)), 97, 0));
    let part = page.client.view(CHAT, Some(Seq(50)), 3);
    assert_eq!(texts(&part), ["m50", "m51", "m52"]);
    assert_eq!((part.first, part.above, part.below), (Some(Seq(50)), 49, 48));
    assert_eq!(page.client.view(CHAT, Some(Seq(99)), 3), newest, "a part is never shorter than it may be");
    let beside = |by| page.client.seq_beside(CHAT, Seq(50), by);
    assert_eq!(
        [beside(-20), beside(-80), beside(20), beside(80)],
        [30, 1, 70, 100].map(|seq| Some(Seq(seq)))
    );
    assert_eq!(page.client.others_after(CHAT, Seq(90)), 10);
    assert_eq!(page.client.rows(CHAT).len(), 101);
}

#[test]
fn of_very_many_messages_only_the_newest_are_kept_unless_the_person_looks_at_older_ones() {
    let mut page = Page::in_chat(1);
    let flood = |page: &mut Page, from: usize, to: usize| {
        for seq in from as u64..=to as u64 {
            page.event(bens(seq, &format!("m{seq}")));
        }
    };
    flood(&mut page, 2, 10 * KEPT_ROWS);
    let kept = page.client.rows(CHAT).len();
    assert!((KEPT_ROWS..2 * KEPT_ROWS).contains(&kept), "{kept} rows");
    assert_eq!(page.shown().last().unwrap(), &format!("m{}", 10 * KEPT_ROWS));

    page.give(Input::ReadsAbove(Some(CHAT)));
    flood(&mut page, 10 * KEPT_ROWS + 1, 12 * KEPT_ROWS);
    assert_eq!(page.client.rows(CHAT).len(), kept + 2 * KEPT_ROWS, "nothing is taken from under the eyes");
    page.give(Input::ReadsAbove(None));
    assert_eq!(page.client.rows(CHAT).len(), KEPT_ROWS);

    // What was forgotten is loaded again, without a gap.
    let first = 11 * KEPT_ROWS as u64 + 1;
    page.effects.clear();
    page.give(Input::LoadOlder { chat: CHAT });
    assert_eq!(page.last_request().place, HistoryPlace::Before(bens(first, "").id));
    page.history((first - 50..first).map(|seq| bens(seq, &format!("m{seq}"))).collect(), true);
    assert_eq!(page.client.view(CHAT, Some(Seq(0)), 1).first, Some(Seq(first - 50)));
    assert_eq!(page.client.rows(CHAT).len(), KEPT_ROWS + 50);
}

/// A page that has the newest of a hundred messages.
fn long() -> Page {
    let mut page = Page::in_chat(1);
    page.subscribed(100, true);
    page.history((60..=100).map(|seq| bens(seq, &format!("m{seq}"))).collect(), true);
    page
}

#[test]
fn a_jump_shows_the_messages_around_it_and_the_way_back_shows_the_newest() {
    let mut page = long();
    page.effects.clear();
    page.give(Input::Jump { chat: CHAT, seq: Seq(70) });
    assert!(page.effects.iter().all(|effect| !matches!(effect, Effect::LoadHistory(_))), "it is loaded");

    page.give(Input::Jump { chat: CHAT, seq: Seq(20) });
    let request = page.last_request();
    assert_eq!(request.place, HistoryPlace::Around(Seq(20)));
    let messages = (15..=25).map(|seq| bens(seq, &format!("m{seq}"))).collect();
    page.give(Input::HistoryLoaded { request, messages, has_older: true, has_newer: true });
    page.give(Input::OpenChat(Some(CHAT)));
    assert_eq!((page.shown().len(), &*page.shown()[0]), (11, "m15"), "opening the chat leaves it so");
    assert_eq!(page.client.last_position(CHAT), Seq(25));
    page.effects.clear();
    page.give(Input::SeenBottom { chat: CHAT });
    assert_eq!(page.sent(), [""; 0], "what is behind it is not read");

    page.give(Input::ToLatest { chat: CHAT });
    assert_eq!(page.last_request().place, HistoryPlace::Newest);
    page.history(vec![bens(100, "m100")], true);
    assert_eq!(page.shown(), ["m100"]);
}

#[test]
fn a_message_that_is_sent_from_an_older_place_is_shown_at_the_end() {
    let mut page = long();
    page.give(Input::Jump { chat: CHAT, seq: Seq(20) });
    let request = page.last_request();
    let messages = vec![bens(20, "m20")];
    page.give(Input::HistoryLoaded { request, messages, has_older: true, has_newer: true });
    page.send("mine");
    page.history(vec![bens(100, "m100")], true);
    assert_eq!(page.shown(), ["m100", "mine: sending"]);
}

#[test]
fn a_pending_reply_shows_what_it_replies_to_as_that_stands_now() {
    let mut page = Page::in_chat(1);
    page.event(bens(2, "Tea?"));
    let reply_to = page.client.original(CHAT, Seq(2));
    assert_eq!(page.client.original(CHAT, Seq(9)), None);
    let text = causerie_protocol::MessageText::new("Yes").unwrap();
    page.give(Input::Send { chat: CHAT, text, client_id: id("yes"), reply_to, plain: false });
    let mut frames = page.effects.iter().filter_map(|effect| match effect {
        Effect::SendFrame(_, frame) => Some(frame.as_str()),
        _ => None,
    });
    assert!(frames.next_back().unwrap().ends_with(r#""client_id":"yes","chat_id":1,"reply_to":2}"#));
    let (id, content) = (bens(2, "").id, "Coffee?".to_owned());
    let edited =
        Edited { chat_id: CHAT, seq: Seq(3), id, content, edited_at: at(3), spans: Vec::new(), plain: false };
    page.frame(&ServerFrame::Event(Event::Edited(edited)));
    let rows = page.client.rows(CHAT);
    let Some(Row::Message(row)) = rows.last() else { panic!("{rows:?}") };
    assert_eq!((&*row.text, &*row.reply_to.as_ref().unwrap().content), ("Yes", "Coffee?"));
}
