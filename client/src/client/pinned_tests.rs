//! A whole page in a chat in which messages are pinned.

use causerie_protocol::event::{Edited, Original, Pinned};
use causerie_protocol::rest::Chat;
use causerie_protocol::{Event, MessageId, Seq, ServerFrame};

use super::test_page::*;
use super::*;

/// The chat as the server has it at this head, with these messages pinned.
fn with_pinned(head: u64, pinned: &[&Message]) -> Chat {
    Chat { pinned: pinned.iter().map(|message| Original::of(message)).collect(), ..chat(1, head) }
}

fn pinned(seq: u64, id: MessageId, on: bool) -> ServerFrame {
    let event = Pinned { chat_id: ChatId(1), seq: Seq(seq), id, user: ben(), on, at: at(seq) };
    ServerFrame::Event(Event::Pinned(event))
}

fn edited(seq: u64, id: MessageId, content: &str) -> ServerFrame {
    let content = content.to_owned();
    ServerFrame::Event(Event::Edited(Edited {
        chat_id: ChatId(1),
        seq: Seq(seq),
        id,
        content,
        plain: false,
        spans: Vec::new(),
        edited_at: at(seq),
    }))
}

fn shown(page: &Page) -> Vec<String> {
    page.client.pinned(ChatId(1)).into_iter().map(|(original, _)| original.content).collect()
}

#[test]
fn what_is_pinned_is_asked_for_when_it_changes_and_edits_of_it_are_followed() {
    let mut page = Page::in_chat(2);
    let said = bens(1, "old");
    page.frame(&pinned(3, said.id, true));
    assert_eq!(page.fetch().map(|(_, chat)| chat), Some(ChatId(1)));
    page.fetched(Ok(with_pinned(3, &[&said])));
    assert_eq!(shown(&page), ["old"]);
    page.frame(&edited(4, said.id, "new"));
    assert_eq!(shown(&page), ["new"]);
    page.frame(&pinned(5, said.id, false));
    page.fetched(Ok(with_pinned(5, &[])));
    assert!(shown(&page).is_empty());
}

#[test]
fn an_answer_from_before_a_change_of_what_is_pinned_does_not_undo_it() {
    let mut page = Page::in_chat(2);
    let said = bens(1, "old");
    page.frame(&pinned(3, said.id, true));
    page.fetched(Ok(with_pinned(3, &[&said])));
    page.frame(&edited(4, said.id, "new"));
    page.frame(&pinned(5, MessageId(4711), true));
    page.fetched(Ok(with_pinned(3, &[&said])));
    assert_eq!(shown(&page), ["new"]);
}
