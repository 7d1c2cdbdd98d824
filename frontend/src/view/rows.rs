//! From the client's rows to what is drawn: turns, days, and where the new messages begin.

use causerie_client::{LineKind, MessageRow, Name, People, Row, RowKey, RowState};
use causerie_protocol::rest::ChatStatus;
use causerie_protocol::{ClientId, MessageId, Seq, UserId};
use causerie_texts::say;

use super::avatar::Avatar;
use crate::time::{self, Clock};

/// Messages of one person within this time are one turn, in milliseconds.
const TURN_MS: f64 = 5.0 * 60_000.0;

/// What is drawn, one below the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A day begins.
    Day(String),
    /// What was not read when the chat was opened begins.
    New,
    /// Something happened that is no message.
    Line(String),
    /// A message.
    Message(Box<MessageItem>),
}

/// What an item is called while it is on the page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKey {
    /// The separator before a day, by its number.
    Day(i64),
    /// The separator before what is new.
    New,
    /// A row.
    Row(RowKey),
}

/// A message as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageItem {
    /// Whether it is the person's own.
    pub mine: bool,
    /// Whether it begins a turn.
    pub first: bool,
    /// Whether it ends a turn.
    pub last: bool,
    /// Who says it and when, above a turn of somebody else.
    pub who: String,
    /// The sender's avatar, beside the end of the turn.
    pub avatar: Avatar,
    /// Day and time.
    pub full_time: String,
    /// What it says.
    pub text: String,
    /// Whether it was edited.
    pub edited: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// How it is drawn.
    pub stage: Stage,
    /// What stands below an own message; empty when nothing does.
    pub state: String,
    /// Its id, once the server has it.
    pub id: Option<MessageId>,
    /// Its sender's name for it, while it is not sent.
    pub client_id: Option<ClientId>,
}

/// How far an own message got, as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The server has it.
    Settled,
    /// It is not there yet.
    Pending,
    /// It was refused.
    Failed,
}

/// What the drawing depends on beside the rows.
pub struct Setting<'a> {
    /// Who looks at it.
    pub me: UserId,
    /// What the people are called.
    pub people: &'a People,
    /// Whether the connection is there.
    pub online: bool,
    /// The position up to which the person had read when the chat was opened, if there was more.
    pub read: Option<Seq>,
    /// Whether the rows are all there is.
    pub complete: bool,
    /// Writes times.
    pub clock: &'a Clock,
    /// The time now, in milliseconds since 1970.
    pub now: f64,
}

/// What is drawn for these rows, oldest first.
#[must_use]
pub fn items(rows: &[Row], setting: &Setting<'_>) -> Vec<(ItemKey, Item)> {
    let mut items = Vec::with_capacity(rows.len() + 8);
    let mut day = None;
    // The boundary must be among the rows, or what is new begins further up than they reach.
    let mut boundary = setting.read.filter(|read| {
        setting.complete || rows.iter().any(|row| position(row).is_some_and(|seq| seq <= *read))
    });
    let mut before: Option<&MessageRow> = None;
    let (sent, read) = last_own(rows);
    for (index, row) in rows.iter().enumerate() {
        let millis = row_millis(row);
        let today = time::day(millis);
        if day != Some(today) {
            day = Some(today);
            before = None;
            items.push((ItemKey::Day(today), Item::Day(setting.clock.day(millis, setting.now))));
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
            Row::Line(line) => {
                before = None;
                Item::Line(words(&line.kind, setting))
            }
            Row::Message(message) => {
                let first = before.is_none_or(|before| !continues(before, message));
                let next = match rows.get(index + 1) {
                    // A day or the boundary in between ends a turn as well.
                    Some(Row::Message(next)) if time::day(time::row_millis(&next.at)) == today => Some(next),
                    _ => None,
                };
                let next = next.filter(|next| {
                    !boundary.is_some_and(|read| !next.mine && next.seq.is_some_and(|seq| seq > read))
                });
                let last = next.is_none_or(|next| !continues(message, next));
                before = Some(message);
                let marks = Marks { sent: sent == Some(index), read: read == Some(index) };
                Item::Message(Box::new(drawn(message, first, last, &marks, setting)))
            }
        };
        items.push((ItemKey::Row(row.key().clone()), item));
    }
    items
}

struct Marks {
    sent: bool,
    read: bool,
}

fn drawn(row: &MessageRow, first: bool, last: bool, marks: &Marks, setting: &Setting<'_>) -> MessageItem {
    let millis = time::row_millis(&row.at);
    let time = setting.clock.time(millis);
    let stage = stage(row);
    let state = match &row.state {
        _ if !row.mine => String::new(),
        RowState::Failed { reason } => say!(NotSent, reason = reason),
        RowState::Waiting if last && !setting.online => say!(WaitsForLink).to_owned(),
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
        who: format!("{}, {time}", setting.people.short(&row.sender)),
        avatar: Avatar::of(&row.sender),
        full_time: setting.clock.full(millis),
        text: row.text.clone(),
        edited: row.edited,
        deleted: row.deleted,
        stage,
        state,
        id: row.id,
        client_id,
    }
}

fn stage(row: &MessageRow) -> Stage {
    match row.state {
        RowState::Sent | RowState::Read => Stage::Settled,
        RowState::Waiting | RowState::Sending => Stage::Pending,
        RowState::Failed { .. } => Stage::Failed,
    }
}

/// Whether two messages, one after the other, are of one turn.
fn continues(before: &MessageRow, next: &MessageRow) -> bool {
    let gap = time::row_millis(&next.at) - time::row_millis(&before.at);
    let stage = stage(next);
    before.sender.id == next.sender.id
        && gap <= TURN_MS
        && stage != Stage::Failed
        && stage == self::stage(before)
}

/// The newest own messages that are sent, and read: only these say so.
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
        Row::Line(line) => match line.key {
            RowKey::Seq(seq) => Some(seq),
            RowKey::Own(_) => None,
        },
    }
}

fn row_millis(row: &Row) -> f64 {
    match row {
        Row::Message(message) => time::row_millis(&message.at),
        Row::Line(line) => time::millis(&line.at),
    }
}

/// What happened, in a sentence.
fn words(kind: &LineKind, setting: &Setting<'_>) -> String {
    let (me, people) = (setting.me, setting.people);
    match kind {
        LineKind::Joined(user) if user.id == me => say!(YouJoined).to_owned(),
        LineKind::Joined(user) => say!(Joined, name = people.whole(user)),
        LineKind::Left(user) if user.id == me => say!(YouLeft).to_owned(),
        LineKind::Left(user) => say!(Left, name = people.whole(user)),
        LineKind::Changed { status: ChatStatus::Closed, .. } => say!(WasClosed).to_owned(),
        LineKind::Changed { title: Some(title), .. } => say!(OpenAndCalled, title = Name::new(title)),
        LineKind::Changed { title: None, .. } => say!(IsOpen).to_owned(),
    }
}
