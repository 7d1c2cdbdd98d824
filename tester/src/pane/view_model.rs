//! What the view reads of a connection's record, at most once for each animation frame.

use causerie_texts::Tester as Text;
use leptos::prelude::*;

use super::{ConnectionPane, Inner};
use crate::conversation::Conversation;
use crate::filter::Filter;
use crate::frame::{Direction, Frame};
use crate::record::Record;
use crate::round_trip::RoundTrips;

impl ConnectionPane {
    /// Adds a notice to the record.
    pub fn note(self, kind: &str, text: String) {
        self.with(|inner| {
            inner.record.push(causerie_web::now(), Direction::Notice, kind.to_owned(), text.len(), text)
        });
        self.draw_soon();
    }

    /// Reads the record and tracks it.
    pub fn read<T>(self, read: impl FnOnce(&Record) -> T) -> T {
        self.drawn.track();
        self.inner.with_value(|inner| read(&inner.record))
    }

    /// Reads a frame without tracking.
    pub fn peek(self, number: u64) -> Option<Frame> {
        self.inner.with_value(|inner| inner.record.get(number).cloned())
    }

    pub fn complain(self, text: Text) {
        self.trouble.set(self.text(text).to_owned());
    }

    pub fn clear_conversation(self) {
        self.with(|inner| inner.conversation.clear());
        self.draw_soon();
    }

    /// Reads the conversation and tracks it.
    pub fn read_conversation<T>(self, read: impl FnOnce(&Conversation) -> T) -> T {
        self.drawn.track();
        self.inner.with_value(|inner| read(&inner.conversation))
    }

    /// Reads the round trips and tracks them.
    pub fn read_trips<T>(self, read: impl FnOnce(&RoundTrips) -> T) -> T {
        self.drawn.track();
        self.inner.with_value(|inner| read(&inner.trips))
    }

    /// Frames a second, sent and received.
    pub fn rates(self) -> (f64, f64) {
        self.drawn.track();
        let now = causerie_web::now();
        self.inner.with_value(|inner| (inner.sent_rate.at(now).0, inner.received_rate.at(now).0))
    }

    pub fn set_filter(self, filter: Filter) {
        self.change(|record| record.set_filter(filter));
    }

    pub fn change(self, change: impl FnOnce(&mut Record)) {
        self.with(|inner| change(&mut inner.record));
        self.draw_soon();
    }

    pub(super) fn with<T>(self, change: impl FnOnce(&mut Inner) -> T) -> T {
        self.inner.try_update_value(change).expect("both connections live as long as the page")
    }

    /// Schedules one redraw at the next animation frame.
    pub fn draw_soon(self) {
        if !self.with(|inner| std::mem::replace(&mut inner.will_draw, true)) {
            request_animation_frame(move || {
                self.with(|inner| inner.will_draw = false);
                self.drawn.update(|drawn| *drawn = drawn.wrapping_add(1));
            });
        }
    }
}
