//! The whole page's state in one value: inputs go in, effects come out, components read.

use causerie_protocol::{ChatId, User};

use crate::banner::{Banner, banner};
use crate::effect::{Effect, Scope};
use crate::input::Input;
use crate::link::{Link, LinkAction, LinkState};
use crate::outbox::Outbox;
use crate::roster::{ChatEntry, Roster};
use crate::row::Row;
use crate::typing::Typing;
use crate::{Millis, PendingMessage};

/// A page's state; see [`Client::handle`].
#[derive(Debug)]
pub struct Client {
    now: Millis,
    me: Option<User>,
    link: Link,
    roster: Roster,
    outbox: Outbox,
    typing: Typing,
    open: Option<ChatId>,
}

impl Client {
    /// A page on which nobody is signed in; [`Input::SignedIn`] starts it.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self {
            now,
            me: None,
            link: Link::new(),
            roster: Roster::default(),
            outbox: Outbox::default(),
            typing: Typing::default(),
            open: None,
        }
    }

    /// Takes one input and says what is to be done, in order; `random` is in 0..1 and new each time.
    pub fn handle(&mut self, input: Input, now: Millis, _random: f64) -> Vec<Effect> {
        self.now = self.now.max(now);
        let mut effects = Vec::new();
        if let Input::SignedIn { user } = input {
            self.me = Some(user);
            for action in self.link.signed_in(self.now) {
                if let LinkAction::Connect(connection) = action {
                    effects.push(Effect::Connect(connection));
                }
            }
            effects.push(Effect::LoadChats);
            effects.push(Effect::Changed(Scope::Link));
        }
        effects
    }

    /// When [`Input::Tick`] is to be given, if nothing else comes before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Millis> {
        self.link.deadline()
    }

    /// Who is signed in, also after the token died.
    #[must_use]
    pub fn me(&self) -> Option<&User> {
        self.me.as_ref()
    }

    /// Where the connection stands.
    #[must_use]
    pub fn link(&self) -> &LinkState {
        self.link.state()
    }

    /// What to say about the connection; nothing when all is well.
    #[must_use]
    pub fn banner(&self, now: Millis) -> Option<Banner> {
        banner(self.link.state(), now, self.waiting())
    }

    /// Whether the list of chats was loaded since signing in.
    #[must_use]
    pub fn chats_loaded(&self) -> bool {
        false
    }

    /// Why the list of chats could not be loaded, while it is tried again.
    #[must_use]
    pub fn chats_failed(&self) -> Option<&str> {
        None
    }

    /// The chats, the one with the newest event first.
    #[must_use]
    pub fn chats(&self) -> Vec<&ChatEntry> {
        self.roster.newest_first()
    }

    /// One chat of the list.
    #[must_use]
    pub fn chat(&self, chat: ChatId) -> Option<&ChatEntry> {
        self.roster.get(chat)
    }

    /// The chat that is open.
    #[must_use]
    pub fn open_chat(&self) -> Option<ChatId> {
        self.open
    }

    /// The rows of a chat, oldest first: a gapless piece of its log up to now, then what is unsent, each once.
    ///
    /// Before its history is loaded, only what is unsent.
    #[must_use]
    pub fn rows(&self, _chat: ChatId) -> Vec<Row> {
        Vec::new()
    }

    /// What is known of a chat's older messages.
    #[must_use]
    pub fn history(&self, _chat: ChatId) -> History {
        History::default()
    }

    /// Who writes in a chat just now.
    #[must_use]
    pub fn typing(&self, chat: ChatId) -> Vec<&User> {
        self.typing.of(chat).filter_map(|user| self.roster.person(chat, user)).collect()
    }

    /// How many messages are neither acknowledged nor refused.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.outbox.waiting()
    }

    /// What was refused, in all chats, also in those that are gone.
    pub fn failed(&self) -> impl Iterator<Item = &PendingMessage> {
        self.outbox.entries().map(|entry| &entry.message).filter(|message| message.failed.is_some())
    }
}

/// What is known of a chat's older messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Whether the newest page was loaded.
    pub loaded: bool,
    /// Whether a page is being loaded.
    pub loading: bool,
    /// Whether there are older messages than the rows show.
    pub has_older: bool,
    /// Why the last load failed, while it is tried again.
    pub failed: Option<String>,
}
