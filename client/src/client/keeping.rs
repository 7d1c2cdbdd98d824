//! Keeps in the page's storage what the person changed and the server has not decided about.

use super::Client;
use crate::effect::{Effect, Invalidation};
use crate::kept::KeptChange;

impl Client {
    /// Stores what is new since the last input, and forgets what is decided.
    pub(super) fn keep_changes(&mut self) {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return };
        let now: Vec<KeptChange> = self.reactions.kept(me).chain(self.deletions.kept(me)).collect();
        if now == self.kept {
            return;
        }
        let before = std::mem::replace(&mut self.kept, now);
        let gone = before.iter().filter(|one| !self.kept.iter().any(|kept| kept.key() == one.key()));
        self.effects.extend(gone.map(|one| Effect::ForgetChange(one.key())));
        let new = self.kept.iter().filter(|one| !before.contains(one));
        self.effects.extend(new.cloned().map(Effect::StoreChange));
    }

    /// Takes over changes of an earlier page or of another tab; what the person wants now comes before them.
    pub(super) fn restore_changes(&mut self, changes: Vec<KeptChange>) {
        for change in changes {
            if !self.is_me(change.owner) {
                continue;
            }
            let KeptChange { chat_id: chat, message_id: message, emoji, on, .. } = &change;
            let is_new = match emoji {
                Some(emoji) => self.reactions.restore(*chat, *message, emoji, *on),
                None => self.deletions.restore(*chat, *message),
            };
            if is_new {
                self.changed.insert(Invalidation::Timeline(*chat));
                self.kept.push(change);
            }
        }
    }
}
