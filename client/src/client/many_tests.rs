//! More chats than a page of the list has, and more than a socket may subscribe to.

use causerie_protocol::rest::{Chat, ChatKind, ChatRole, Participant};
use causerie_protocol::server_frame::{Ping, Unsubscribed};
use causerie_protocol::{CloseCode, MessageText, ServerFrame, UserId, limits};

use super::test_page::*;
use super::*;
use crate::input::LoadError;

/// A chat whose newest message has this id.
fn chat_at(id: i64, key: i64) -> Chat {
    Chat { sort_key: Some(MessageId(key)), last_message: None, ..chat(id, 1) }
}

/// A client whose socket may have three subscriptions, and that has loaded the first page of the list of four chats.
fn page_of_four() -> Page {
    let mut page = Page::new();
    page.welcome_for(3);
    // The answer to the request before the welcome, and the one after it.
    for _ in 0..2 {
        page.page_of_list(top(), true);
    }
    page
}

/// The first page of that list.
fn top() -> Vec<Chat> {
    vec![chat_at(1, 40), chat_at(2, 30)]
}

/// The second page of that list.
fn rest() -> Vec<Chat> {
    vec![chat_at(3, 20), chat_at(4, 10)]
}

/// Answers the request for the last page, and the request for the first page that comes after it.
fn last_page(page: &mut Page, chats: Vec<Chat>, has_more: bool) {
    page.page_of_list(chats, has_more);
    assert_eq!(asked(page), Some(None), "the first page again");
    page.page_of_list(top(), true);
}

/// The cursor of the last request for a page of the list.
fn asked(page: &Page) -> Option<Option<String>> {
    page.effects.iter().rev().find_map(|effect| match effect {
        Effect::LoadChats { before, .. } => Some(before.map(|before| before.to_string())),
        _ => None,
    })
}

fn order(page: &Page) -> Vec<i64> {
    page.client.chats().iter().map(|entry| entry.id().0).collect()
}

fn ping(page: &mut Page, heads: &[(i64, u64)]) {
    let heads = heads.iter().map(|(chat, head)| (ChatId(*chat), Seq(*head))).collect();
    page.frame(&ServerFrame::Ping(Ping { t: 1, heads }));
}

fn open(page: &mut Page, chat: i64) {
    page.give(Input::OpenChat(Some(ChatId(chat))));
}

#[test]
fn as_many_chats_are_loaded_as_the_socket_may_follow_and_more_when_the_person_asks() {
    let mut page = page_of_four();
    assert_eq!(asked(&page), Some(Some("30-2".into())), "the next page, before anything is followed");
    last_page(&mut page, rest(), true);
    assert_eq!((page.client.list_loading.request, page.client.has_more_chats()), (None, true));
    page.give(Input::MoreChats);
    assert_eq!(asked(&page), Some(Some("10-4".into())));
    last_page(&mut page, vec![chat_at(5, 5)], false);
    assert_eq!((order(&page), page.client.has_more_chats()), (vec![1, 2, 3, 4, 5], false));
    // After a reconnect as far as before.
    page.close(1012);
    page.pass(5_000);
    page.welcome_for(3);
    page.page_of_list(top(), true);
    page.page_of_list(rest(), true);
    last_page(&mut page, vec![chat_at(5, 5)], false);
    assert_eq!(page.client.list_loading.request, None);
}

#[test]
fn a_chat_that_moves_to_the_top_while_pages_are_loaded_is_found() {
    let mut page = page_of_four();
    page.page_of_list(rest(), false);
    open(&mut page, 6);
    // So many chats moved that the first page ends above the chat that was at the top.
    page.page_of_list(vec![chat_at(8, 80), chat_at(7, 70)], true);
    assert_eq!(asked(&page), Some(Some("70-7".into())));
    assert!(!page.client.is_absent(ChatId(6)), "it may be further down");
    page.page_of_list(vec![chat_at(6, 60), chat_at(1, 40)], true);
    // Two pages were loaded, and another chat may have moved meanwhile.
    assert_eq!(asked(&page), Some(None));
    page.page_of_list(vec![chat_at(5, 90), chat_at(8, 80)], true);
    assert_eq!(page.client.list_loading.request, None);
    assert_eq!(order(&page), [5, 8, 7, 6, 1, 2, 3, 4]);
    assert!(!page.client.has_more_chats(), "the pages went down to the end");
}

#[test]
fn the_newest_chats_are_subscribed_and_always_the_open_one() {
    let mut page = page_of_four();
    page.page_of_list(rest(), false);
    assert_eq!(page.subscriptions(), [1, 2, 3], "the newest first, and no more than the socket follows");
    (1..=3).for_each(|chat| page.follows(chat, 1));
    page.effects.clear();
    // The oldest subscription ends, for the chat that is opened.
    open(&mut page, 4);
    assert_eq!(page.subscriptions(), [-3, 4]);
    page.frame(&ServerFrame::Unsubscribed(Unsubscribed {
        chat_id: ChatId(3),
        code: CloseCode::Normal.code(),
        reason: "as you asked".into(),
    }));
    assert_eq!(page.client.chat(ChatId(3)).unwrap().lost, None, "it is the person's still");
    page.follows(4, 1);
    page.pass(50_000);
    assert_eq!(page.subscriptions(), [0; 0], "no subscription changes without need");
    // The chat that was open is now the oldest of the subscribed ones.
    open(&mut page, 3);
    assert_eq!(page.subscriptions(), [-4, 3]);
}

#[test]
fn a_reply_that_crossed_an_unsubscribe_does_not_count_as_a_subscription() {
    let mut page = page_of_four();
    last_page(&mut page, rest(), false);
    assert_eq!(page.subscriptions(), [1, 2, 3]);
    open(&mut page, 4);
    assert_eq!(page.subscriptions(), [-3, 4]);
    for chat in [1, 2, 3, 4] {
        page.follows(chat, 1);
    }
    page.effects.clear();
    open(&mut page, 3);
    assert_eq!(page.subscriptions(), [-4, 3], "it is subscribed again");
}

#[test]
fn a_message_is_sent_without_a_subscription() {
    let mut page = page_of_four();
    page.page_of_list(rest(), false);
    page.effects.clear();
    // A chat whose `subscribed` is still to come, and one without a subscription.
    for (chat, name) in [(1, "a"), (4, "b")] {
        let text = MessageText::new(name).unwrap();
        page.give(Input::Send {
            chat: ChatId(chat),
            text,
            client_id: id(name),
            reply_to: None,
            plain: false,
        });
        assert_eq!(page.sent(), [name]);
    }
}

#[test]
fn a_message_in_a_chat_without_a_subscription_moves_it_up() {
    let mut page = page_of_four();
    last_page(&mut page, rest(), true);
    (1..=3).for_each(|chat| page.follows(chat, 1));
    page.page_of_list(top(), true);
    last_page(&mut page, rest(), true);
    page.effects.clear();
    // A known head loads nothing, and the head of a subscribed chat goes to its stream.
    ping(&mut page, &[(1, 1), (2, 1), (3, 1), (4, 1)]);
    assert_eq!(page.fetch(), None);
    ping(&mut page, &[(4, 2), (9, 5)]);
    page.fetched_for(4, Ok(Chat { head: Seq(2), ..chat_at(4, 50) }));
    page.fetched_for(9, Ok(Chat { head: Seq(5), ..chat_at(9, 60) }));
    assert_eq!(order(&page), [9, 4, 1, 2, 3]);
    assert_eq!(page.subscriptions(), [-3, 4, -2, 9]);
}

#[test]
fn a_chat_on_no_page_of_the_list_is_fetched_before_it_is_given_up() {
    let mut page = page_of_four();
    last_page(&mut page, rest(), false);
    page.close(1012);
    page.pass(5_000);
    page.welcome_for(3);
    page.effects.clear();
    // Chat 3 moved up while the second page was on its way, and chat 4 is gone.
    page.page_of_list(top(), true);
    page.page_of_list(Vec::new(), false);
    assert_eq!(order(&page), [1, 2, 3, 4]);
    page.fetched_for(3, Ok(chat_at(3, 50)));
    page.fetched_for(4, Err(LoadError::NotFound));
    assert_eq!(order(&page), [3, 1, 2]);
}

#[test]
fn a_chat_beyond_the_pages_opens_by_its_address() {
    let mut page = Page::new();
    open(&mut page, 7);
    page.welcome_for(1);
    page.page_of_list(top(), true);
    // The response to the request from before the welcome may be ignored, so the list is requested again.
    while page.client.list_loading.request.is_some() {
        page.page_of_list(top(), true);
    }
    assert!(!page.client.is_absent(ChatId(7)));
    page.fetched_for(7, Ok(chat_at(7, 3)));
    assert_eq!(order(&page), [1, 2, 7]);
    assert_eq!(page.last_request().chat, ChatId(7));
    open(&mut page, 8);
    assert!(!page.client.is_absent(ChatId(8)), "it is not known yet");
    page.fetched_for(8, Err(LoadError::NotFound));
    assert!(page.client.is_absent(ChatId(8)));
    let text = MessageText::new("x").unwrap();
    page.give(Input::Send { chat: ChatId(8), text, client_id: id("x"), reply_to: None, plain: false });
    assert_eq!(page.client.failed().count(), 1, "it is said at once");
}

#[test]
fn a_large_group_has_all_its_participants_while_it_is_open() {
    let person = |id: i64, read: u64| Participant {
        user: User { id: UserId(id), email: None, name: format!("P{id}") },
        read_seq: Seq(read),
        online: false,
        role: ChatRole::Member,
        blocked: false,
    };
    let whole = |read: u64| Chat {
        kind: ChatKind::Group,
        participants: (1..=30).map(|id| person(id, if id == 30 { read } else { 9 })).collect(),
        participant_count: 30,
        ..chat(1, 9)
    };
    let listed = || {
        let mut chat = whole(0);
        chat.participants.truncate(limits::LISTED_PARTICIPANTS);
        chat
    };
    let mut page = Page::new();
    page.welcome();
    while page.client.list_loading.request.is_some() {
        page.list(vec![listed()]);
    }
    let read = |page: &Page| page.client.chat(CHAT).unwrap().read_by_all();
    assert_eq!(read(&page), Seq(0), "it is not known how far the others have read");
    assert!(page.client.chat(CHAT).unwrap().title().alone().contains('…'));
    assert_eq!(page.fetch(), None, "the chat is not open");
    open(&mut page, 1);
    page.fetched_for(1, Ok(whole(5)));
    assert_eq!(read(&page), Seq(5));
    // The list is loaded again and names only some participants: the known ones stay, and all are fetched once more.
    page.follows(1, 9);
    page.list(vec![listed()]);
    assert_eq!(read(&page), Seq(5));
    page.fetched_for(1, Ok(whole(7)));
    assert_eq!(read(&page), Seq(7));
}

#[test]
fn a_failed_fetch_of_a_chat_is_retried() {
    let mut page = page_of_four();
    page.page_of_list(rest(), true);
    page.effects.clear();
    open(&mut page, 7);
    page.fetched_for(7, Err(LoadError::Temporary { detail: "Busy.".into() }));
    page.effects.clear();
    page.pass(1_000);
    page.fetched_for(7, Ok(chat_at(7, 3)));
    assert_eq!(order(&page), [1, 2, 3, 4, 7]);
}
