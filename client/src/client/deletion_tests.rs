//! A whole page on which the person deletes messages.

use causerie_protocol::MessageId;

use super::test_page::*;
use super::*;
use crate::deletions::UNDO_MS;
use crate::input::ChangeError;

/// A page that is online with a chat in which Ana wrote a message.
fn page() -> Page {
    let mut page = Page::new();
    page.list(vec![chat(1, 1)]);
    page.welcome();
    page.list(vec![chat(1, 1)]);
    page.follows(1, 1);
    page.list(vec![chat(1, 1)]);
    page.effects.clear();
    page
}

const CHAT: ChatId = ChatId(1);
const MESSAGE: MessageId = MessageId(7);

fn sent(page: &Page) -> Option<u64> {
    page.effects.iter().find_map(|effect| match effect {
        Effect::Delete { ticket, message } if *message == MESSAGE => Some(*ticket),
        _ => None,
    })
}

fn delete(page: &mut Page) {
    page.give(Input::Delete { chat: CHAT, message: MESSAGE });
}

#[test]
fn a_deletion_is_sent_after_the_time_to_take_it_back() {
    let mut page = page();
    delete(&mut page);
    assert_eq!((sent(&page), page.client.undoable().map(|one| one.message)), (None, Some(MESSAGE)));
    page.pass(UNDO_MS);
    assert!(sent(&page).is_some());
    assert_eq!(page.client.undoable(), None);
}

#[test]
fn what_is_taken_back_is_never_sent() {
    let mut page = page();
    delete(&mut page);
    page.give(Input::UndoDelete { message: MESSAGE });
    page.pass(2 * UNDO_MS);
    assert_eq!((sent(&page), page.client.deletions_waiting()), (None, 0));
}

#[test]
fn a_page_that_is_hidden_sends_it_at_once() {
    let mut page = page();
    delete(&mut page);
    page.give(Input::PageHidden);
    assert!(sent(&page).is_some());
}

#[test]
fn without_a_connection_it_waits_for_one() {
    let mut page = page();
    delete(&mut page);
    page.close(1006);
    page.pass(UNDO_MS);
    assert_eq!((sent(&page), page.client.deletions_waiting()), (None, 1));
    page.pass(10_000);
    page.welcome();
    assert!(sent(&page).is_some());
}

#[test]
fn a_refusal_is_said_and_the_message_stays() {
    let mut page = page();
    delete(&mut page);
    page.pass(UNDO_MS);
    let ticket = sent(&page).unwrap();
    let answer = Err(ChangeError::Refused { detail: "No".to_owned() });
    page.give(Input::DeletionAnswered { ticket, answer });
    assert_eq!((page.client.reaction_refused(CHAT), page.client.deletions_waiting()), (Some("No"), 0));
}

/// What the page's storage was told to keep and to forget.
fn kept(page: &mut Page) -> (Vec<KeptChange>, Vec<String>) {
    let (mut stored, mut forgotten) = (Vec::new(), Vec::new());
    for effect in std::mem::take(&mut page.effects) {
        match effect {
            Effect::StoreChange(change) => stored.push(change),
            Effect::ForgetChange(key) => forgotten.push(key),
            _ => {}
        }
    }
    (stored, forgotten)
}

#[test]
fn changes_are_kept_until_they_are_decided_and_survive_a_reload() {
    let mut first = page();
    first.close(1006);
    first.effects.clear();
    delete(&mut first);
    first.give(Input::React { chat: CHAT, message: MessageId(8), emoji: "x".to_owned(), on: true });
    let (stored, forgotten) = kept(&mut first);
    assert_eq!((stored.len(), forgotten.len()), (2, 0));

    let mut later = page();
    later.give(Input::ChangesRestored(stored.clone()));
    let ticket = sent(&later).expect("the deletion is sent");
    assert_eq!(later.client.reactions_waiting(), 1);
    later.give(Input::DeletionAnswered { ticket, answer: Ok(()) });
    let (again, forgotten) = kept(&mut later);
    let deletion = stored.iter().find(|change| change.emoji.is_none()).unwrap();
    assert_eq!((again, forgotten), (Vec::new(), vec![deletion.key()]));
}

#[test]
fn what_is_taken_back_is_forgotten_and_what_is_anothers_is_not_taken_over() {
    let mut page = page();
    delete(&mut page);
    let (stored, _) = kept(&mut page);
    page.give(Input::UndoDelete { message: MESSAGE });
    assert_eq!(kept(&mut page).1, [stored[0].key()]);
    let anothers = KeptChange { owner: UserId(4_711), ..stored[0].clone() };
    page.give(Input::ChangesRestored(vec![anothers]));
    assert_eq!((sent(&page), page.client.deletions_waiting()), (None, 0));
}
