//! A whole page on which the person mutes, pins, archives and marks chats.

use causerie_protocol::rest::Chat;
use causerie_protocol::server_frame::SetOfChat;
use causerie_protocol::{ChatSettings, Notify, ServerFrame, UpdateChatSettings};

use super::test_page::*;
use super::*;
use crate::input::SettingError;

const NONE: UpdateChatSettings =
    UpdateChatSettings { notify: None, muted_until: None, pinned: None, archived: None, marked_unread: None };
const PIN: UpdateChatSettings = UpdateChatSettings { pinned: Some(true), ..NONE };
const ARCHIVE: UpdateChatSettings = UpdateChatSettings { archived: Some(true), ..NONE };
const MUTE: UpdateChatSettings = UpdateChatSettings { notify: Some(Notify::Nothing), ..NONE };
const MARK: UpdateChatSettings = UpdateChatSettings { marked_unread: Some(true), ..NONE };

/// A page that is online with three chats, the third with the newest message.
fn three() -> Page {
    let mut page = Page::new();
    page.list(all());
    page.welcome();
    page.list(all());
    (1..=3).for_each(|id| page.follows(id, id.unsigned_abs()));
    page.list(all());
    page
}

fn all() -> Vec<Chat> {
    vec![chat(3, 3), chat(2, 2), chat(1, 1)]
}

/// A message of Ben's that is newer than those of every list.
fn news(id: i64, seq: u64) -> Message {
    Message { chat_id: ChatId(id), id: MessageId(100 + id), ..bens(seq, "news") }
}

/// Loads the list again, as after another outage.
fn again(page: &mut Page, chats: Vec<Chat>) {
    page.close(1006);
    page.pass(2_000);
    page.welcome();
    page.list(chats);
}

fn ids(entries: &[&ChatEntry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.id().0).collect()
}

fn set(page: &mut Page, chat: i64, change: UpdateChatSettings) -> u64 {
    page.effects.clear();
    page.give(Input::SetChat { chat: ChatId(chat), change });
    ticket(page).expect("the change is sent")
}

fn ticket(page: &Page) -> Option<u64> {
    page.effects.iter().find_map(|effect| match effect {
        Effect::SetChat { ticket, .. } => Some(*ticket),
        _ => None,
    })
}

fn answer(page: &mut Page, ticket: u64, chat: i64, settings: ChatSettings) {
    page.give(Input::ChatSet { ticket, chat: ChatId(chat), answer: Ok(settings) });
}

/// What another device set comes.
fn came(page: &mut Page, chat: i64, settings: ChatSettings) {
    page.frame(&ServerFrame::ChatSettings(SetOfChat { chat_id: ChatId(chat), settings }));
}

fn version(version: i64) -> ChatSettings {
    ChatSettings { version, ..ChatSettings::default() }
}

#[test]
fn pinned_chats_stand_on_top_in_the_order_in_which_they_were_pinned() {
    let mut page = three();
    set(&mut page, 1, PIN);
    assert_eq!(ids(&page.client.chats()), [1, 3, 2], "at once");
    page.pass(10);
    set(&mut page, 2, PIN);
    assert_eq!(ids(&page.client.chats()), [1, 2, 3]);
    page.event(news(2, 3));
    assert_eq!(ids(&page.client.chats()), [1, 2, 3], "a message does not move it");
}

#[test]
fn what_does_not_go_through_is_taken_back_with_words() {
    let mut page = three();
    let ticket = set(&mut page, 1, PIN);
    let answer = Err(SettingError::Failed { detail: "Ten are pinned.".into() });
    page.give(Input::ChatSet { ticket, chat: CHAT, answer });
    assert_eq!(ids(&page.client.chats()), [3, 2, 1]);
    assert_eq!(page.client.setting_refused(), Some((CHAT, "Ten are pinned.")));
    assert!(page.effects.contains(&Effect::Announce("Ten are pinned.".into())));
    set(&mut page, 1, MUTE);
    assert_eq!(page.client.setting_refused(), None);
}

#[test]
fn offline_nothing_is_set_and_the_page_says_so() {
    let mut page = three();
    page.close(1006);
    page.effects.clear();
    page.give(Input::SetChat { chat: CHAT, change: PIN });
    assert_eq!((ticket(&page), ids(&page.client.chats())), (None, vec![3, 2, 1]));
    assert!(page.client.setting_refused().unwrap().1.contains("offline"));
}

#[test]
fn the_newest_version_counts_whichever_way_it_comes() {
    let mut page = three();
    let pinned = ChatSettings { pinned_at: Some(5), ..version(7) };
    came(&mut page, 1, pinned);
    assert_eq!(ids(&page.client.chats()), [1, 3, 2]);
    // A list that was made before, and a frame that was overtaken.
    again(&mut page, all());
    came(&mut page, 1, version(6));
    assert_eq!(ids(&page.client.chats()), [1, 3, 2]);
    let ticket = set(&mut page, 1, UpdateChatSettings { pinned: Some(false), ..NONE });
    assert_eq!(ids(&page.client.chats()), [3, 2, 1]);
    // Another device pins it again after that, and its frame comes before the answer.
    came(&mut page, 1, ChatSettings { pinned_at: Some(9), ..version(9) });
    answer(&mut page, ticket, 1, version(8));
    assert_eq!(ids(&page.client.chats()), [1, 3, 2]);
    let mut unpinned = chat(1, 1);
    unpinned.settings = version(10);
    again(&mut page, vec![chat(3, 3), chat(2, 2), unpinned]);
    assert_eq!(ids(&page.client.chats()), [3, 2, 1]);
}

#[test]
fn an_archived_chat_comes_back_with_a_message_unless_it_is_muted() {
    let mut page = three();
    for id in [1, 2] {
        set(&mut page, id, ARCHIVE);
    }
    set(&mut page, 2, MUTE);
    assert_eq!((ids(&page.client.chats()), ids(&page.client.archived())), (vec![3], vec![2, 1]));
    assert_eq!(page.client.counted(page.client.chat(CHAT).unwrap()), 0);
    page.event(news(1, 2));
    page.event(news(2, 3));
    assert_eq!((ids(&page.client.chats()), ids(&page.client.archived())), (vec![1, 3], vec![2]));
}

#[test]
fn a_muted_chat_counts_at_its_own_entry_alone_until_the_mute_ends() {
    let mut page = three();
    let now = i64::try_from(page.client.server_time(page.now)).unwrap();
    set(&mut page, 1, UpdateChatSettings { muted_until: Some(now + 5_000), ..MUTE });
    let entry = page.client.chat(CHAT).unwrap();
    assert_eq!((entry.unread(), page.client.counted(entry), page.client.is_muted(entry)), (1, 0, true));
    page.effects.clear();
    page.pass(5_000);
    assert!(page.effects.contains(&Effect::Changed(Invalidation::Chats)));
    let entry = page.client.chat(CHAT).unwrap();
    assert_eq!((page.client.counted(entry), page.client.is_muted(entry)), (1, false));
}

#[test]
fn opening_a_chat_takes_its_mark_as_unread_away_also_after_an_outage() {
    let mut page = three();
    let ticket_of_mark = set(&mut page, 1, MARK);
    assert!(page.client.chat(CHAT).unwrap().is_marked_unread());
    answer(&mut page, ticket_of_mark, 1, ChatSettings { marked_unread: Some(Seq(0)), ..version(3) });
    page.close(1006);
    page.effects.clear();
    page.give(Input::OpenChat(Some(CHAT)));
    assert_eq!(ticket(&page), None);
    page.pass(2_000);
    page.welcome();
    let ticket = ticket(&page).expect("it is sent once there is a connection");
    assert!(!page.client.chat(CHAT).unwrap().is_marked_unread());
    // Marking the open chat is what the person wants: it stays.
    answer(&mut page, ticket, 1, version(4));
    set(&mut page, 1, MARK);
    page.pass(1_000);
    assert!(page.client.chat(CHAT).unwrap().is_marked_unread());
}

#[test]
fn a_pinned_chat_further_down_than_the_list_is_loaded_is_asked_for_and_looked_at_again() {
    let mut page = Page::new();
    page.list(Vec::new());
    page.welcome_for(2);
    page.effects.clear();
    page.page_of_list(vec![chat(9, 9), chat(8, 8)], true);
    assert!(page.effects.contains(&Effect::LoadPinned));
    let mut pinned = chat(1, 1);
    pinned.settings = ChatSettings { pinned_at: Some(5), ..version(5) };
    page.give(Input::ChatLoaded(Box::new(pinned)));
    assert_eq!(ids(&page.client.chats()), [1, 9, 8]);
    // While the page was away it was unpinned.
    page.close(1006);
    page.pass(2_000);
    page.welcome_for(2);
    page.page_of_list(vec![chat(9, 9), chat(8, 8)], true);
    let mut unpinned = chat(1, 1);
    unpinned.settings = version(6);
    page.fetched_for(1, Ok(unpinned));
    assert_eq!(ids(&page.client.chats()), [9, 8, 1]);
}
