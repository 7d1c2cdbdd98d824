//! What a person is writing in a chat: a draft, and edits of their messages. None of it is lost unless they delete it.

use causerie_protocol::event::Original;
use causerie_protocol::{ChatId, ClientId, MessageId};

/// Stores texts by key, so that they survive the page.
pub trait Store {
    fn get(&self, key: &str) -> Option<String>;
    /// Stores a text, or deletes it.
    fn set(&self, key: &str, text: Option<&str>);
}

/// What is stored of a text that is to be shown as it is, and of one that is not.
const PLAIN: &str = "1";
const FORMATTED: &str = "0";

/// The message that is being edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Sent(MessageId),
    /// A failed message.
    Unsent(ClientId),
}

/// The texts that are being written in one chat: its draft, and one text for each message that is being edited.
///
/// They are stored apart, so that neither an edit replaces the draft nor the draft an edit.
#[derive(Clone, Debug)]
pub struct Drafts<S> {
    store: S,
    chat: ChatId,
}

impl<S: Store> Drafts<S> {
    pub fn new(store: S, chat: ChatId) -> Self {
        Self { store, chat }
    }

    /// The key of the draft, or of an edit.
    pub fn key(&self, target: Option<&Target>) -> String {
        let chat = self.chat;
        match target {
            None => chat.to_string(),
            Some(target) => format!("{chat}.{}", name(target)),
        }
    }

    /// The edit that was under way when the composer was last open.
    pub fn resume(&self) -> Option<Target> {
        let target = parse(&self.store.get(&self.current())?)?;
        self.text(Some(&target)).map(|_| target)
    }

    /// The text that was written, if any.
    pub fn text(&self, target: Option<&Target>) -> Option<String> {
        self.store.get(&self.key(target))
    }

    /// Stores what the person has typed.
    pub fn keep(&self, target: Option<&Target>, text: &str) {
        let kept = target.is_some() || !text.trim().is_empty();
        self.store.set(&self.key(target), kept.then_some(text));
        if let Some(target) = target {
            self.store.set(&self.current(), Some(&name(target)));
        }
    }

    /// What the draft replies to.
    pub fn reply(&self) -> Option<Original> {
        serde_json::from_str(&self.store.get(&self.replying())?).ok()
    }

    /// Stores what the draft replies to, or that it replies to nothing.
    pub fn keep_reply(&self, original: Option<&Original>) {
        let kept = original.and_then(|original| serde_json::to_string(original).ok());
        self.store.set(&self.replying(), kept.as_deref());
    }

    /// Whether the text is to be shown as it is, if the person has said so or not.
    pub fn plain(&self, target: Option<&Target>) -> Option<bool> {
        self.store.get(&self.plainness(target)).map(|plain| plain == PLAIN)
    }

    /// Stores whether the text is to be shown as it is, or that the person has not said so.
    pub fn keep_plain(&self, target: Option<&Target>, plain: Option<bool>) {
        let kept = plain.map(|plain| if plain { PLAIN } else { FORMATTED });
        self.store.set(&self.plainness(target), kept);
    }

    /// The person cancelled an edit.
    pub fn cancel(&self, target: &Target) {
        self.keep_plain(Some(target), None);
        self.store.set(&self.key(Some(target)), None);
        let current = self.current();
        if self.store.get(&current) == Some(name(target)) {
            self.store.set(&current, None);
        }
    }

    /// The edit was saved with this text; returns false when the person has typed on meanwhile, and the edit goes on.
    #[must_use]
    pub fn saved(&self, target: &Target, text: &str) -> bool {
        let is_done = self.text(Some(target)).is_none_or(|kept| kept == text);
        if is_done {
            self.cancel(target);
        }
        is_done
    }

    /// The message was deleted: the edit is appended to the draft. Returns whether there was any text.
    pub fn release(&self, target: &Target) -> bool {
        let edit = self.text(Some(target)).filter(|text| !text.trim().is_empty());
        if let Some(edit) = &edit {
            let draft = self.text(None).map_or_else(|| edit.clone(), |draft| format!("{draft}\n{edit}"));
            self.keep(None, &draft);
        }
        self.cancel(target);
        edit.is_some()
    }

    /// All texts that are being written, for a chat in which nothing can be sent any more.
    pub fn all(&self) -> Vec<String> {
        let edit = self.resume().and_then(|target| self.text(Some(&target)));
        self.text(None).into_iter().chain(edit).filter(|text| !text.trim().is_empty()).collect()
    }

    /// The key that stores whether a text is to be shown as it is.
    fn plainness(&self, target: Option<&Target>) -> String {
        format!("{}.plain", self.key(target))
    }

    /// The key that stores what the draft replies to.
    fn replying(&self) -> String {
        format!("{}.reply", self.chat)
    }

    /// The key that stores which edit is under way.
    fn current(&self) -> String {
        format!("{}.edit", self.chat)
    }
}

fn name(target: &Target) -> String {
    match target {
        Target::Sent(id) => format!("m{id}"),
        Target::Unsent(client_id) => format!("u{}", client_id.as_str()),
    }
}

fn parse(name: &str) -> Option<Target> {
    if let Some(id) = name.strip_prefix('m') {
        return Some(Target::Sent(MessageId(id.parse().ok()?)));
    }
    Some(Target::Unsent(ClientId::new(name.strip_prefix('u')?).ok()?))
}

#[cfg(test)]
pub mod memory {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    /// A store that lasts as long as a test.
    #[derive(Clone, Debug, Default)]
    pub struct Memory(pub Rc<RefCell<BTreeMap<String, String>>>);

    impl super::Store for Memory {
        fn get(&self, key: &str) -> Option<String> {
            self.0.borrow().get(key).cloned()
        }

        fn set(&self, key: &str, text: Option<&str>) {
            match text {
                Some(text) => self.0.borrow_mut().insert(key.to_owned(), text.to_owned()),
                None => self.0.borrow_mut().remove(key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use causerie_protocol::Seq;

    use super::memory::Memory;
    use super::*;

    fn drafts() -> (Memory, Drafts<Memory>) {
        let memory = Memory::default();
        (memory.clone(), Drafts::new(memory, ChatId(7)))
    }

    fn unsent() -> Target {
        Target::Unsent(ClientId::new("c-1").unwrap())
    }

    #[test]
    fn what_a_draft_replies_to_is_kept_until_it_is_sent() {
        let (_, drafts) = drafts();
        let original = Original { content: "Tea?".to_owned(), ..Original::unseen(Seq(4)) };
        drafts.keep_reply(Some(&original));
        assert_eq!(drafts.reply(), Some(original));
        drafts.keep_reply(None);
        assert_eq!(drafts.reply(), None);
    }

    #[test]
    fn an_edit_leaves_the_draft_as_it_is() {
        for target in [Target::Sent(MessageId(3)), unsent()] {
            let (_, drafts) = drafts();
            drafts.keep(None, "half a thought");
            drafts.keep(Some(&target), "other words");
            assert_eq!(drafts.text(None).as_deref(), Some("half a thought"));
            assert!(drafts.saved(&target, "other words"));
            assert_eq!((drafts.text(None).as_deref(), drafts.resume()), (Some("half a thought"), None));
        }
    }

    #[test]
    fn an_unfinished_edit_is_restored_when_the_composer_opens_again() {
        for target in [Target::Sent(MessageId(3)), unsent()] {
            let (memory, drafts) = drafts();
            assert_eq!(drafts.resume(), None);
            drafts.keep(Some(&target), "half");
            let again = Drafts::new(memory.clone(), ChatId(7));
            assert_eq!(again.resume().as_ref(), Some(&target));
            assert_eq!(again.text(Some(&target)).as_deref(), Some("half"));
            assert_eq!(Drafts::new(memory, ChatId(8)).resume(), None);
            // An edit with an empty text is still under way.
            drafts.keep(Some(&target), "");
            assert_eq!(again.resume().as_ref(), Some(&target));
        }
    }

    #[test]
    fn two_messages_that_are_edited_at_once_keep_a_text_each() {
        let (_, drafts) = drafts();
        let (first, second) = (Target::Sent(MessageId(3)), Target::Sent(MessageId(4)));
        drafts.keep(Some(&first), "one");
        drafts.keep(Some(&second), "two");
        drafts.cancel(&first);
        assert_eq!(drafts.resume().as_ref(), Some(&second));
        drafts.keep(Some(&first), "one");
        drafts.cancel(&second);
        assert_eq!(
            (drafts.resume().as_ref(), drafts.text(Some(&first)).as_deref()),
            (Some(&first), Some("one"))
        );
    }

    #[test]
    fn text_typed_while_an_edit_is_being_saved_stays() {
        let (_, drafts) = drafts();
        let target = Target::Sent(MessageId(3));
        drafts.keep(Some(&target), "first");
        drafts.keep(Some(&target), "first and more");
        assert!(!drafts.saved(&target, "first"));
        assert_eq!(drafts.text(Some(&target)).as_deref(), Some("first and more"));
        assert!(drafts.saved(&target, "first and more"));
        assert_eq!(drafts.text(Some(&target)), None);
    }

    #[test]
    fn the_text_for_a_message_that_was_deleted_meanwhile_goes_to_the_draft() {
        let (memory, drafts) = drafts();
        let target = Target::Sent(MessageId(3));
        drafts.keep(Some(&target), "kept");
        assert!(drafts.release(&target));
        assert_eq!(drafts.text(None).as_deref(), Some("kept"));
        drafts.keep(Some(&target), "as well");
        assert!(drafts.release(&target));
        assert_eq!(drafts.text(None).as_deref(), Some("kept\nas well"));
        // Nothing was typed.
        assert!(!drafts.release(&Target::Sent(MessageId(4))));
        assert_eq!(drafts.all(), ["kept\nas well"]);
        drafts.keep(None, " ");
        assert!(memory.0.borrow().is_empty(), "nothing stays behind");
    }

    #[test]
    fn all_texts_of_a_chat_can_be_shown_when_it_is_closed() {
        let (memory, drafts) = drafts();
        drafts.keep(None, "draft");
        drafts.keep(Some(&unsent()), "edit");
        assert_eq!(drafts.all(), ["draft", "edit"]);
        memory.set("7.edit", Some("nonsense"));
        assert_eq!(drafts.all(), ["draft"]);
    }

    #[test]
    fn whether_a_text_is_plain_is_kept_with_it_and_goes_with_its_edit() {
        let (memory, drafts) = drafts();
        let edit = Target::Sent(MessageId(3));
        assert_eq!((drafts.plain(None), drafts.plain(Some(&edit))), (None, None));
        drafts.keep_plain(None, Some(true));
        drafts.keep_plain(Some(&edit), Some(false));
        assert_eq!((drafts.plain(None), drafts.plain(Some(&edit))), (Some(true), Some(false)));
        drafts.cancel(&edit);
        drafts.keep_plain(None, None);
        assert_eq!((drafts.plain(None), drafts.plain(Some(&edit))), (None, None));
        assert!(memory.0.borrow().is_empty());
    }
}
