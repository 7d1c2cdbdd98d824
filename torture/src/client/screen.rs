//! What a page shows, in the form that the checker compares.

use causerie_client::{Client, Row, RowState};
use causerie_protocol::event::Reaction;
use causerie_protocol::rest::Chat;
use causerie_protocol::{ChatId, User, limits};

use crate::history::{Reactions, Reply, View, Window};
use crate::label::Label;

/// The server counts unread messages up to this, so greater counts are equal.
const UNREAD_MAX: u64 = 1_000;

/// Own messages at the end may be acknowledged while events before them are still to come, so they are recorded apart;
/// when everything has `settled` they must not be.
pub fn window(client: &Client, chat: ChatId, settled: bool) -> Window {
    let mut window = Window { older: client.history(chat).has_older, ..Window::default() };
    let rows = client.rows(chat);
    let messages: Vec<_> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Message(message) => Some(message),
            Row::System(_) => None,
        })
        .collect();
    let is_tail = |row: &&&causerie_client::MessageRow| {
        row.mine && (row.seq.is_none() || (!settled && row.state == RowState::Sent))
    };
    let tail = messages.iter().rev().take_while(is_tail).count();
    let (body, tail) = messages.split_at(messages.len() - tail);
    for row in body {
        match (row.seq, row.id) {
            (Some(seq), Some(id)) => window.push(seq.0, id.0, Label::of_text(&row.text)),
            // A pending message is before a message of the log.
            _ => window.disordered = true,
        }
    }
    for row in tail {
        let Some(label) = Label::of_text(&row.text) else {
            window.disordered = true;
            continue;
        };
        match (row.seq, row.id) {
            (Some(seq), Some(id)) => window.sent.push((seq.0, id.0, label)),
            _ => window.pending.push(label.number),
        }
    }
    window
}

/// All chats of the page's user, by id.
pub fn views(client: &Client) -> Vec<View> {
    let mut views: Vec<View> = client
        .chats()
        .into_iter()
        .filter(|entry| entry.lost.is_none())
        .map(|entry| {
            let unread = entry.unread().min(UNREAD_MAX);
            View {
                window: window(client, entry.id(), true),
                unread,
                reactions: reactions(client, entry.id()),
                replies: replies(client, entry.id()),
                ..listed(&entry.chat, client.me())
            }
        })
        .collect();
    views.sort_by_key(|view| view.chat);
    views
}

/// What stands under each loaded message of a chat.
fn reactions(client: &Client, chat: ChatId) -> Vec<Reactions> {
    let rows = client.rows(chat).into_iter();
    let under = rows.filter_map(|row| match row {
        Row::Message(message) => Some((message.seq?.0, message.reactions)),
        Row::System(_) => None,
    });
    let plain = |reactions: Vec<Reaction>| {
        let users = |reaction: Reaction| {
            (reaction.emoji, reaction.users.into_iter().map(|user| user.0).collect::<Vec<_>>())
        };
        reactions.into_iter().map(users).collect()
    };
    under.map(|(seq, reactions)| (seq, plain(reactions))).collect()
}

/// What each loaded reply of a chat shows of its original.
fn replies(client: &Client, chat: ChatId) -> Vec<Reply> {
    let rows = client.rows(chat).into_iter();
    let replies = rows.filter_map(|row| match row {
        Row::Message(message) => Some((message.seq?.0, message.reply_to?)),
        Row::System(_) => None,
    });
    replies.map(|(seq, original)| (seq, (original.seq.0, original.content, original.deleted))).collect()
}

/// A chat of the server's list, as a view without messages.
pub fn listed(chat: &Chat, me: Option<&User>) -> View {
    let others = chat.participants.iter().filter(|one| me.is_none_or(|me| me.id != one.user.id));
    View {
        chat: chat.id.0,
        window: Window::default(),
        unread: chat.unread.min(UNREAD_MAX),
        last_line: chat.last_message.as_ref().map(|message| message.id.0),
        title: chat.title.clone().unwrap_or_default(),
        // The own position shows in `unread`. The list names some participants of a large chat, an open page all of
        // them.
        people: others
            .take(if chat.participant_count > limits::LISTED_PARTICIPANTS as u64 { 0 } else { usize::MAX })
            .map(|one| (one.user.id.0, one.read_seq.0))
            .collect(),
        reactions: Vec::new(),
        replies: Vec::new(),
    }
}

/// Compares what a page shows with the server's list; returns the first difference.
pub fn compare(client: &Client, chats: &[Chat]) -> Result<(), String> {
    let views = views(client);
    let mut expected: Vec<(View, u64)> = chats
        .iter()
        .map(|chat| (listed(chat, client.me()), chat.last_message.as_ref().map_or(0, |last| last.seq.0)))
        .collect();
    expected.sort_by_key(|(view, _)| view.chat);
    if views.len() != expected.len() {
        return Err(format!("{} chats instead of {}", views.len(), expected.len()));
    }
    for (view, (expected, last)) in views.into_iter().zip(expected) {
        let shown = view.window.last;
        // The list says nothing of reactions and replies; a page that loads afresh does, at the end.
        let view = View { window: Window::default(), reactions: Vec::new(), replies: Vec::new(), ..view };
        if shown != last || view != expected {
            return Err(format!("shown up to {shown} as {view:?}, instead of up to {last} as {expected:?}"));
        }
    }
    Ok(())
}
