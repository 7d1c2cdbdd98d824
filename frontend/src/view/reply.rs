//! Replies: what a message replies to, the way to it and back, and how a person begins one: the menu, the key R, a swipe.

use std::cell::RefCell;
use std::rc::Rc;

use causerie_client::{MessageRow, Name, People};
use causerie_protocol::event::Original;
use causerie_protocol::{ChatId, Seq, UserId};
use causerie_texts::say;
use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::erased::click;
use super::widgets::bdi;
use crate::app::App;
use crate::{keys, route};

/// What a message replies to, as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub seq: Seq,
    /// Its sender, unless that is not to be seen.
    pub who: Option<Name>,
    pub words: String,
    /// Whether these are the sender's own words.
    pub said: bool,
    /// Whether the person may go to it.
    pub opens: bool,
}

impl Quote {
    pub fn of(row: &MessageRow, people: &People, me: UserId) -> Option<Self> {
        let original = row.reply_to.as_ref().filter(|_| !row.deleted && !row.hidden)?;
        Some(Self::new(original, row.reply_hidden, people, me))
    }

    pub fn new(original: &Original, hidden: bool, people: &People, me: UserId) -> Self {
        let (words, said) = match original {
            Original { id: None, .. } => (say!(OriginalEarlier).to_owned(), false),
            _ if hidden => (say!(OriginalHidden).to_owned(), false),
            Original { deleted: true, .. } => (say!(OriginalDeleted).to_owned(), false),
            Original { content, .. } => (content.clone(), true),
        };
        let sender = original.sender.as_ref().filter(|_| !hidden);
        let who = sender.map(|sender| match sender.id {
            id if id == me => Name::new(say!(You)),
            _ => people.short(sender),
        });
        Self { seq: original.seq, who, words, said, opens: original.id.is_some() }
    }
}

/// The way between a reply and what it replies to.
#[derive(Clone, Copy)]
pub struct Way {
    pub app: App,
    pub chat: ChatId,
    /// The message that the composer is to reply to.
    pub to_reply: RwSignal<Option<Seq>>,
    /// The reply from which the person went to its original.
    pub back: RwSignal<Option<Seq>>,
}

impl Way {
    /// Goes to an original; `from` is the reply, once the server has it.
    fn go(self, from: Option<Seq>, to: Seq) {
        self.app.go_to_message(self.chat, from, to);
        self.back.set(from);
    }

    /// Goes back to the reply.
    pub fn return_to(self, reply: Seq) {
        self.app.go_to_message(self.chat, None, reply);
        self.back.set(None);
    }

    fn begin(self, element: &Element) {
        if let Some(seq) = seq_of(element) {
            self.to_reply.set(Some(seq));
        }
    }
}

/// What stands above the text of a reply; a click goes there.
pub fn draw(way: Way, reply: Option<Seq>, quote: Quote) -> AnyView {
    let Quote { seq, who, words, said, opens } = quote;
    let who = who.map(|who| view! { <strong>{bdi(&who)}</strong> });
    let words = if said {
        view! { <span dir="auto">{words}</span> }.into_any()
    } else {
        view! { <em>{words}</em> }.into_any()
    };
    if !opens {
        return view! { <div class="quote" data-testid="quote">{who}{words}</div> }.into_any();
    }
    let go = click(move |_| way.go(reply, seq));
    view! {
        <button class="quote" type="button" data-testid="quote" title=say!(ToOriginal) on:click=go>{who}{words}</button>
    }
    .into_any()
}

/// The address of a message, in its menu: a link to copy, to open elsewhere, or to go there.
pub fn link(way: Way, seq: Seq) -> AnyView {
    let go = click(move |event: MouseEvent| {
        // With a key, or another button than the first, the browser opens it.
        if event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
            event.prevent_default();
            super::menu::close_all();
            way.app.go_to_message(way.chat, None, seq);
        }
    });
    let address = route::message_path(way.chat, seq);
    view! { <a data-testid="message-link" href=address on:click=go>{say!(MessageLink)}</a> }.into_any()
}

/// The position of the message that an element is a part of, if it may be replied to.
fn seq_of(element: &Element) -> Option<Seq> {
    let row = element.closest("li[data-reply]").ok()??;
    row.get_attribute("data-seq")?.parse().ok()
}

/// The key R replies to the message that has the focus, or else to the one under the pointer; not while the person writes.
pub fn on_key(way: Way, event: &KeyboardEvent) {
    if !keys::REPLY.is(event) || keys::is_writing() {
        return;
    }
    let document = causerie_web::document();
    let Some(focused) = document.active_element() else { return };
    let hovered = || document.query_selector("li[data-reply]:hover").ok().flatten();
    if let Some(element) = Some(focused).filter(|focused| seq_of(focused).is_some()).or_else(hovered) {
        event.prevent_default();
        way.begin(&element);
    }
}

/// How far a finger moves a message until letting go of it begins a reply, and how far the message follows, in pixels.
const FAR: f64 = 56.0;
const FARTHEST: f64 = 72.0;

/// A finger on a message.
struct Touch {
    pointer: i32,
    x: f64,
    y: f64,
    row: HtmlElement,
    moved: f64,
}

/// A swipe to the right replies to a message. Upright moves scroll: the style sheet leaves them to the browser, which then
/// cancels the pointer.
#[derive(Clone, Default)]
pub struct Swipe(Rc<RefCell<Option<Touch>>>);

impl Swipe {
    pub fn down(&self, event: &PointerEvent) {
        self.cancel();
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let row = target.and_then(|target| target.closest("li[data-reply]").ok()?);
        if let Some(row) = row.and_then(|row| row.dyn_into::<HtmlElement>().ok())
            && event.pointer_type() == "touch"
        {
            let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
            *self.0.borrow_mut() = Some(Touch { pointer: event.pointer_id(), x, y, row, moved: 0.0 });
        }
    }

    pub fn moved(&self, event: &PointerEvent) {
        if let Some(touch) = self.0.borrow_mut().as_mut().filter(|touch| touch.pointer == event.pointer_id())
        {
            let (by, across) = (f64::from(event.client_x()) - touch.x, f64::from(event.client_y()) - touch.y);
            touch.moved = if by > across.abs() { by.min(FARTHEST) } else { 0.0 };
            let _ = HtmlElement::style(&touch.row).set_property("translate", &format!("{}px", touch.moved));
        }
    }

    pub fn up(&self, way: Way) {
        let far = self.0.borrow().as_ref().filter(|touch| touch.moved >= FAR).map(|touch| touch.row.clone());
        self.cancel();
        if let Some(row) = far {
            way.begin(&row);
        }
    }

    pub fn cancel(&self) {
        if let Some(touch) = self.0.borrow_mut().take() {
            let _ = HtmlElement::style(&touch.row).remove_property("translate");
        }
    }
}

/// What the composer says of the message that it replies to.
pub fn note(original: &Original, me: UserId) -> (String, String) {
    let who = match &original.sender {
        Some(sender) if sender.id != me => say!(ReplyTo, name = Name::of(sender)),
        _ => say!(ReplyToOwn).to_owned(),
    };
    let words = if original.deleted { say!(OriginalDeleted).to_owned() } else { original.content.clone() };
    (who, words)
}
