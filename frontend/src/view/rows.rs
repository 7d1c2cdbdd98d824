//! Turns the client's rows into items to draw: groups of messages, days, and where the new messages begin.

use causerie_client::day::Days;
use causerie_client::sorted::SortedMap;
use causerie_client::{MessageRow, Millis, Name, People, Row, RowKey, RowState, RowTime, SystemEvent};
use causerie_protocol::event::Reaction;
use causerie_protocol::rest::{ChatRole, ChatStatus};
use causerie_protocol::{ClientId, MessageId, Seq, Span, User, UserId};
use causerie_texts::say;

use super::avatar::Avatar;
use super::reply::Quote;
use crate::time::{self, Clock};

/// Messages of one user within this time form one group, in milliseconds.
const TURN_MS: f64 = 5.0 * 60_000.0;

/// An element of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The heading of a day.
    Day(String),
    /// The separator before the messages that were unread when the chat was opened.
    New,
    /// The text of a [`SystemRow`](causerie_client::SystemRow).
    Line(String),
    Message(Box<MessageItem>),
}

/// Identifies an item while it is on the page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKey {
    /// The heading of a day, by the row below it.
    Day(RowKey),
    New,
    Row(RowKey),
}

/// A message as it is drawn. It is compared to find out what must be drawn again, so it has only what is visible: that
/// an older message was read, for example, changes its row and not its item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageItem {
    pub mine: bool,
    /// Whether it begins a group.
    pub first: bool,
    /// Whether it ends a group.
    pub last: bool,
    /// The sender and the time, above a group of another user.
    pub who: String,
    /// The sender's avatar, beside the end of a group.
    pub avatar: Avatar,
    pub full_time: String,
    pub text: String,
    /// How it is formatted.
    pub spans: Vec<Span>,
    /// Whether it is shown as it is.
    pub plain: bool,
    pub edited: bool,
    pub deleted: bool,
    /// Whether the person deletes it, and the server has not decided yet.
    pub deleting: bool,
    /// Until when it can be edited by its sender, in milliseconds since 1970; nothing: for ever.
    pub editable_until: Option<Millis>,
    /// Whether it is hidden until the person reveals it, since its sender is blocked.
    pub hidden: bool,
    /// Whether the user may delete it, as a moderator of the group.
    pub moderated: bool,
    /// Whether the user may pin it.
    pub pinnable: bool,
    pub reactions: Vec<Pill>,
    pub stage: Stage,
    /// The text below an own message; may be empty.
    pub state: String,
    pub id: Option<MessageId>,
    pub seq: Option<Seq>,
    /// What it replies to.
    pub quote: Option<Quote>,
    /// Its `client_id`, while it is pending.
    pub client_id: Option<ClientId>,
}

/// An emoji under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pill {
    pub emoji: String,
    /// How many people put it there.
    pub count: usize,
    /// Whether the user is one of them.
    pub mine: bool,
    /// Who they are, in a sentence.
    pub names: String,
}

/// Most names that a pill says.
const NAMED: usize = 10;

/// What the drawing distinguishes of [`RowState`]; it can't tell messages that are sent from those that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Sent or read.
    Settled,
    /// Waiting or sending.
    Pending,
    Failed,
}

/// What the items depend on besides the rows.
pub struct RenderContext<'a> {
    /// The user of the page.
    pub me: UserId,
    pub people: &'a People,
    pub online: bool,
    /// The user's read position when the chat was opened, if there were unread messages.
    pub read: Option<Seq>,
    /// Whether the rows begin with the chat's first message.
    pub complete: bool,
    /// Until when a message can be edited by its sender, in milliseconds since 1970; nothing: for ever.
    pub editable_until: &'a dyn Fn(&MessageRow) -> Option<Millis>,
    /// Whether the user moderates the group.
    pub moderates: bool,
    /// Whether the user may pin messages.
    pub pins: bool,
    pub clock: &'a Clock,
    /// The time now, in milliseconds since 1970.
    pub now: f64,
}

/// The items for these rows, oldest first.
pub fn items(rows: &[Row], context: &RenderContext<'_>) -> Vec<(ItemKey, Item)> {
    let mut items = Vec::with_capacity(rows.len() + 8);
    let times = times(rows, context.now);
    // Without a row up to the boundary the new messages begin further up than the loaded rows.
    let mut boundary = context.read.filter(|read| {
        context.complete || rows.iter().any(|row| position(row).is_some_and(|seq| seq <= *read))
    });
    let mut before: Option<&MessageRow> = None;
    let (sent, read) = last_own(rows);
    let mut faces = Faces::default();
    for (index, row) in rows.iter().enumerate() {
        let (millis, begins_day) = times[index];
        if begins_day {
            before = None;
            let words = context.clock.day(millis, context.now);
            items.push((ItemKey::Day(row.key().clone()), Item::Day(words)));
        }
        if let Some(read) = boundary
            && let Row::Message(message) = row
            && !message.mine
            && message.seq.is_some_and(|seq| seq > read)
        {
            boundary = None;
            before = None;
            items.push((ItemKey::New, Item::New));
        }
        let item = match row {
            Row::System(line) => {
                before = None;
                Item::Line(system_text(&line.kind, context))
            }
            Row::Message(message) => {
                let first = before.is_none_or(|before| !continues(before, message));
                let next = match rows.get(index + 1) {
                    // A day or the boundary in between ends a group as well.
                    Some(Row::Message(next)) if !times[index + 1].1 => Some(next),
                    _ => None,
                };
                let next = next.filter(|next| {
                    !boundary.is_some_and(|read| !next.mine && next.seq.is_some_and(|seq| seq > read))
                });
                let last = next.is_none_or(|next| !continues(message, next));
                before = Some(message);
                let marks = Marks { sent: sent == Some(index), read: read == Some(index) };
                let face = faces.of(&message.sender, context.people);
                Item::Message(Box::new(message_item(message, face, first, last, &marks, context)))
            }
        };
        items.push((ItemKey::Row(row.key().clone()), item));
    }
    items
}

/// How senders are shown: each is worked out once, since the browser is asked about letters.
#[derive(Default)]
struct Faces(SortedMap<UserId, Face>);

/// What is shown of a sender.
struct Face {
    user: User,
    short: Name,
    avatar: Avatar,
}

impl Faces {
    fn of(&mut self, user: &User, people: &People) -> &Face {
        let face = || Face { user: user.clone(), short: people.short(user), avatar: Avatar::of(user) };
        let known = self.0.get_or_insert_with(user.id, face);
        // Of a name that changed, older rows may have the old one.
        if known.user != *user {
            *known = face();
        }
        known
    }
}

struct Marks {
    sent: bool,
    read: bool,
}

fn message_item(
    row: &MessageRow,
    face: &Face,
    first: bool,
    last: bool,
    marks: &Marks,
    context: &RenderContext<'_>,
) -> MessageItem {
    let millis = time::row_millis(&row.at);
    // A pending message was not written in the future, whatever clock wrote its time.
    let millis = if let RowTime::Local(_) = row.at { millis.min(context.now) } else { millis };
    let time = context.clock.time(millis);
    let stage = stage(row);
    let state = match &row.state {
        _ if row.deleting => say!(BeingDeleted).to_owned(),
        _ if !row.mine => String::new(),
        RowState::Failed { reason } => say!(NotSent, reason = reason),
        RowState::Waiting if last && !context.online => say!(WaitsForLink).to_owned(),
        RowState::Limited if last => say!(WaitsForLimit).to_owned(),
        RowState::Waiting | RowState::Sending if last => say!(Sending).to_owned(),
        RowState::Sent if marks.sent => say!(Sent, time = time),
        RowState::Read if marks.read => say!(Read, time = time),
        _ if last && stage == Stage::Settled => time.clone(),
        _ => String::new(),
    };
    let client_id = match &row.key {
        RowKey::Own(client_id) if stage != Stage::Settled => Some(client_id.clone()),
        RowKey::Own(_) | RowKey::Seq(_) => None,
    };
    MessageItem {
        mine: row.mine,
        first,
        last,
        who: format!("{}, {time}", face.short),
        avatar: face.avatar.clone(),
        full_time: context.clock.full(millis),
        text: row.text.clone(),
        spans: row.spans.clone(),
        plain: row.plain,
        edited: row.edited,
        deleted: row.deleted,
        deleting: row.deleting,
        editable_until: (context.editable_until)(row).filter(|_| row.mine),
        hidden: row.hidden,
        moderated: context.moderates && !row.mine,
        pinnable: context.pins && row.seq.is_some() && !row.deleted && !row.hidden,
        reactions: row.reactions.iter().map(|reaction| pill(reaction, context)).collect(),
        stage,
        state,
        id: row.id,
        seq: row.seq,
        quote: Quote::of(row, context.people, context.me),
        client_id,
    }
}

fn pill(reaction: &Reaction, context: &RenderContext<'_>) -> Pill {
    let count = reaction.users.len();
    let known = reaction.users.iter().filter(|user| **user != context.me);
    let mut names: Vec<Name> = known.filter_map(|user| context.people.named(*user)).take(NAMED).collect();
    let mine = reaction.users.contains(&context.me);
    if mine {
        names.insert(0, Name::new(say!(You)));
    }
    let more = count - names.len();
    let mut named = Name::list(&names).to_string();
    if more > 0 {
        named += &say!(AndMore, count = crate::language::number(more as u64));
    }
    Pill { emoji: reaction.emoji.clone(), count, mine, names: named }
}

fn stage(row: &MessageRow) -> Stage {
    match row.state {
        RowState::Sent | RowState::Read => Stage::Settled,
        RowState::Waiting | RowState::Limited | RowState::Sending => Stage::Pending,
        RowState::Failed { .. } => Stage::Failed,
    }
}

/// The time of each row, in milliseconds since 1970, and whether a day begins with it.
fn times(rows: &[Row], now: f64) -> Vec<(f64, bool)> {
    let mut days = Days::new();
    rows.iter()
        .map(|row| {
            let millis = match row {
                Row::Message(MessageRow { at: RowTime::Local(at), .. }) => days.pending(*at as f64, now),
                Row::Message(message) => time::row_millis(&message.at),
                Row::System(line) => time::millis(&line.at),
            };
            (millis, days.begins(millis, time::day(millis)))
        })
        .collect()
}

/// Whether two successive messages belong to one group.
fn continues(before: &MessageRow, next: &MessageRow) -> bool {
    let gap = time::row_millis(&next.at) - time::row_millis(&before.at);
    let stage = stage(next);
    before.sender.id == next.sender.id
        && gap <= TURN_MS
        && stage != Stage::Failed
        && stage == self::stage(before)
}

/// The newest own messages that are sent, and read: only these are labelled so.
fn last_own(rows: &[Row]) -> (Option<usize>, Option<usize>) {
    let newest = |state: RowState| {
        rows.iter().rposition(
            |row| matches!(row, Row::Message(row) if row.mine && !row.deleted && row.state == state),
        )
    };
    (newest(RowState::Sent), newest(RowState::Read))
}

fn position(row: &Row) -> Option<Seq> {
    match row {
        Row::Message(message) => message.seq,
        Row::System(line) => match line.key {
            RowKey::Seq(seq) => Some(seq),
            RowKey::Own(_) => None,
        },
    }
}

/// The event in a sentence.
fn system_text(kind: &SystemEvent, context: &RenderContext<'_>) -> String {
    let (me, people) = (context.me, context.people);
    match kind {
        SystemEvent::Joined(user) if user.id == me => say!(YouJoined).to_owned(),
        SystemEvent::Joined(user) => say!(Joined, name = people.whole(user)),
        SystemEvent::Left(user) if user.id == me => say!(YouLeft).to_owned(),
        SystemEvent::Left(user) => say!(Left, name = people.whole(user)),
        SystemEvent::Removed(user) => say!(WasRemoved, name = people.whole(user)),
        SystemEvent::Role(user, ChatRole::Owner) => say!(IsOwner, name = people.whole(user)),
        SystemEvent::Role(user, ChatRole::Moderator) => say!(IsModerator, name = people.whole(user)),
        SystemEvent::Role(user, ChatRole::Member) => say!(IsMember, name = people.whole(user)),
        SystemEvent::Pinned(user) if user.id == me => say!(YouPinned).to_owned(),
        SystemEvent::Pinned(user) => say!(WasPinned, name = people.whole(user)),
        SystemEvent::Accepted => say!(WasAccepted).to_owned(),
        SystemEvent::Changed { status: ChatStatus::Closed, .. } => say!(WasClosed).to_owned(),
        SystemEvent::Changed { title: Some(title), .. } => say!(OpenAndCalled, title = Name::new(title)),
        SystemEvent::Changed { title: None, .. } => say!(IsOpen).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use causerie_protocol::{Timestamp, User};
    use js_sys::Date;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const HOUR: f64 = 3_600_000.0;

    /// Midnight between two days of this browser's time zone, in milliseconds since 1970.
    fn midnight() -> f64 {
        Date::new_with_year_month_day(2026, 5, 12).get_time()
    }

    fn message(key: RowKey, mine: bool, at: RowTime, state: RowState) -> Row {
        let sender = User { id: UserId(if mine { 1 } else { 2 }), email: None, name: "Ana".into() };
        let text = format!("{key:?}");
        let (id, seq) = (None, None);
        Row::Message(MessageRow {
            key,
            id,
            seq,
            sender,
            mine,
            text,
            spans: Vec::new(),
            plain: false,
            at,
            edited: false,
            deleted: false,
            deleting: false,
            hidden: false,
            reply_to: None,
            reply_hidden: false,
            reactions: Vec::new(),
            state,
        })
    }

    fn sent(seq: u64, at: f64) -> Row {
        let time = String::from(Date::new(&at.into()).to_iso_string());
        message(RowKey::Seq(Seq(seq)), false, RowTime::Server(Timestamp(time)), RowState::Sent)
    }

    fn unsent(name: &str, at: f64) -> Row {
        let key = RowKey::Own(ClientId::new(name).expect("a short name"));
        message(key, true, RowTime::Local(at as u64), RowState::Sending)
    }

    /// The headings, and an empty text for each row; checks that keys are unique.
    fn drawn(rows: &[Row], now: f64) -> Vec<String> {
        let clock = Clock::default();
        let people = People::default();
        let context = RenderContext {
            me: UserId(1),
            people: &people,
            online: true,
            read: None,
            complete: true,
            editable_until: &|_| None,
            moderates: false,
            pins: false,
            clock: &clock,
            now,
        };
        let items = items(rows, &context);
        let keys: BTreeSet<_> = items.iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(keys.len(), items.len(), "keys of a keyed list are unique");
        let word = |item| if let Item::Day(words) = item { words } else { String::new() };
        items.into_iter().map(|(_, item)| word(item)).collect()
    }

    #[wasm_bindgen_test]
    fn an_own_message_is_drawn_under_the_day_that_it_is_sent_on_whatever_clock_wrote_it() {
        let now = midnight() + 10.0 * HOUR;
        let rows = [sent(1, now - 26.0 * HOUR), sent(2, now - 20.0 * HOUR), sent(3, now - HOUR)];
        for written in [now - 24.0 * HOUR, now, now + 24.0 * HOUR] {
            let rows = [rows.as_slice(), &[unsent("a", written), unsent("b", written)]].concat();
            assert_eq!(drawn(&rows, now), ["Yesterday", "", "", "Today", "", "", ""]);
        }
        assert_eq!(drawn(&[unsent("a", now + 24.0 * HOUR)], now), ["Today", ""]);
    }

    #[wasm_bindgen_test]
    fn nodes_that_are_a_second_apart_at_midnight_make_one_heading_a_day() {
        let times = [-2.0, 0.4, -0.6, 0.5, 1.0].map(|seconds| midnight() + seconds * 1_000.0);
        let rows: Vec<_> = (1..).zip(times).map(|(seq, at)| sent(seq, at)).collect();
        assert_eq!(drawn(&rows, midnight() + HOUR), ["Yesterday", "", "Today", "", "", "", ""]);
    }

    #[wasm_bindgen_test]
    fn a_node_whose_clock_is_a_month_ahead_changes_the_heading_of_its_own_message_only() {
        let now = midnight() + 10.0 * HOUR;
        let rows = [sent(1, now - HOUR), sent(2, now + 700.0 * HOUR), sent(3, now)];
        let drawn = drawn(&rows, now);
        assert_eq!((&*drawn[0], &*drawn[4]), ("Today", "Today"));
        assert_eq!(drawn.len(), 6);
    }

    #[wasm_bindgen_test]
    fn today_is_yesterday_after_midnight() {
        let rows = [sent(1, midnight() - HOUR)];
        assert_eq!(drawn(&rows, midnight() - 1.0), ["Today", ""]);
        assert_eq!(drawn(&rows, midnight()), ["Yesterday", ""]);
    }
}
