//! The keys of the page: one table, by which they are handled and from which they are shown.

use causerie_texts::say;
use web_sys::{HtmlInputElement, HtmlTextAreaElement, KeyboardEvent};

use wasm_bindgen::JsCast;

/// A key, what is held with it, and what it does.
#[derive(Debug)]
pub struct Key {
    /// [`KeyboardEvent::key`].
    key: &'static str,
    /// Ctrl, or ⌘.
    control: bool,
    alt: bool,
    /// Whether Shift has to be held, or must not be; `None` where it may, since the letter needs it on some keyboards.
    shift: Option<bool>,
    /// What it does, in a few words.
    pub does: &'static str,
}

impl Key {
    const fn new(key: &'static str, does: &'static str) -> Self {
        Self { key, control: false, alt: false, shift: None, does }
    }

    const fn with_control(self) -> Self {
        Self { control: true, shift: Some(false), ..self }
    }

    const fn with_alt(self) -> Self {
        Self { alt: true, shift: Some(false), ..self }
    }

    const fn with_shift(self, shift: bool) -> Self {
        Self { shift: Some(shift), ..self }
    }

    /// Whether the person pressed it.
    pub fn is(&self, event: &KeyboardEvent) -> bool {
        event.key().eq_ignore_ascii_case(self.key)
            && (event.ctrl_key() || event.meta_key()) == self.control
            && event.alt_key() == self.alt
            && self.shift.is_none_or(|shift| event.shift_key() == shift)
            && !event.is_composing()
    }

    /// The keys to press, as they are written on keyboards.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let held = [(self.control, "Ctrl"), (self.alt, "Alt"), (self.shift == Some(true), "Shift")];
        let key = match self.key {
            "ArrowUp" => "↑".to_owned(),
            "ArrowDown" => "↓".to_owned(),
            "Escape" => "Esc".to_owned(),
            letter => {
                let mut letters = letter.chars();
                letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
            }
        };
        held.into_iter().filter(|(is_held, _)| *is_held).map(|(_, name)| name.to_owned()).chain([key])
    }
}

pub const SEARCH: Key = Key::new("k", say!(KeySearch)).with_control();
pub const PREVIOUS_CHAT: Key = Key::new("ArrowUp", say!(KeyPreviousChat)).with_alt();
pub const NEXT_CHAT: Key = Key::new("ArrowDown", say!(KeyNextChat)).with_alt();
pub const CHAT_MENU: Key = Key::new("F10", say!(KeyChatMenu)).with_shift(true);
pub const SEND: Key = Key::new("Enter", say!(KeySend)).with_shift(false);
pub const NEW_LINE: Key = Key::new("Enter", say!(KeyNewLine)).with_shift(true);
pub const SEND_ANYWAY: Key = Key::new("Enter", say!(KeySendAnyway)).with_control();
pub const EDIT_LAST: Key = Key::new("ArrowUp", say!(KeyEditLast)).with_shift(false);
pub const BOLD: Key = Key::new("b", say!(KeyBold)).with_control();
pub const ITALIC: Key = Key::new("i", say!(KeyItalic)).with_control();
pub const CODE: Key = Key::new("e", say!(KeyCode)).with_control();
pub const EMOJI: Key = Key::new("e", say!(KeyEmoji)).with_control().with_shift(true);
pub const REPLY: Key = Key::new("r", say!(KeyReply));
pub const CLOSE: Key = Key::new("Escape", say!(KeyClose));
pub const KEYS: Key = Key::new("?", say!(KeyKeys));

/// All of them, in the order in which they are shown.
pub const ALL: [&Key; 15] = [
    &SEARCH,
    &PREVIOUS_CHAT,
    &NEXT_CHAT,
    &CHAT_MENU,
    &SEND,
    &NEW_LINE,
    &SEND_ANYWAY,
    &EDIT_LAST,
    &BOLD,
    &ITALIC,
    &CODE,
    &EMOJI,
    &REPLY,
    &CLOSE,
    &KEYS,
];

/// Whether the focus is where letters are written, or in a dialog, so that a letter alone is no key of the page.
pub fn is_writing() -> bool {
    let Some(focused) = causerie_web::document().active_element() else { return false };
    focused.is_instance_of::<HtmlInputElement>()
        || focused.is_instance_of::<HtmlTextAreaElement>()
        || is_dialog_open()
}

/// Whether a dialog is open, over what is behind it.
pub fn is_dialog_open() -> bool {
    causerie_web::document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}
