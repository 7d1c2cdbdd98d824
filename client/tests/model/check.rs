//! The invariants, checked on the rows of the pages and the log of the server.

use std::collections::BTreeSet;

use causerie_client::{ConnectionState, MessageRow, Row, RowState};
use causerie_protocol::event::Reaction;
use causerie_protocol::{ChatId, Message};

use crate::page::Page;
use crate::server::{CHATS, Fault};
use crate::world::World;

/// Checks the invariants that hold after every step.
pub fn always(world: &World) -> Result<(), String> {
    for chat in CHATS {
        let log = world.server.messages(chat);
        log_is_sound(world, chat, &log)?;
        for (number, page) in world.pages.iter().enumerate() {
            let say = |what: String| format!("{what} (page {number}, chat {chat})");
            shows_a_piece_of_the_log(world, page, chat, &log).map_err(|what| say(format!("I4: {what}")))?;
            keeps_what_is_unsent(page, chat, &log).map_err(|what| say(format!("I9: {what}")))?;
            keeps_the_order(page, chat, &log).map_err(|what| say(format!("I5: {what}")))?;
        }
    }
    Ok(())
}

/// Checks the invariants that hold once the faults have ended and everything has arrived; each page shows the whole
/// history of the chat.
pub fn finally(world: &World, chat: ChatId) -> Result<(), String> {
    always(world)?;
    let log = world.server.messages(chat);
    for (number, page) in world.pages.iter().enumerate() {
        let say = |what: String| Err(format!("{what} (page {number}, chat {chat})"));
        let client = &page.client;
        if *client.connection() != ConnectionState::Online {
            return say(format!("I6: the connection is {:?}", client.connection()));
        }
        if client.waiting() > 0 {
            return say("I9: a message is neither acknowledged nor refused".into());
        }
        let shown: Vec<MessageRow> =
            messages(client.rows(chat)).filter(|row| !matches!(row.state, RowState::Failed { .. })).collect();
        let all: Vec<_> = log.iter().map(|message| (Some(message.id), &message.content)).collect();
        let seen: Vec<_> = shown.iter().map(|row| (row.id, &row.text)).collect();
        if seen != all {
            return say(format!("I6, I10: shown {seen:?} and not {all:?}"));
        }
        let all: Vec<_> = log.iter().map(|message| &message.reply_to).collect();
        let seen: Vec<_> = shown.iter().map(|row| &row.reply_to).collect();
        if seen != all {
            return say(format!("I6, I10: the replies are to {seen:?} and not {all:?}"));
        }
        if client.reactions_waiting() > 0 {
            return say("a reaction is neither stored nor refused".into());
        }
        // Under a message that was deleted nothing stands, which the log's own message may still have.
        let under = |deleted: bool, reactions: &Vec<Reaction>| {
            if deleted { Vec::new() } else { reactions.clone() }
        };
        let all: Vec<_> =
            log.iter().map(|message| under(message.deleted_at.is_some(), &message.reactions)).collect();
        let seen: Vec<_> = shown.iter().map(|row| under(row.deleted, &row.reactions)).collect();
        if seen != all {
            return say(format!("I6, I10: the reactions are {seen:?} and not {all:?}"));
        }
        let unread = client.chat(chat).map(causerie_client::ChatEntry::unread);
        if unread != Some(world.server.unread(chat, page.user.id)) {
            let server = world.server.unread(chat, page.user.id);
            return say(format!("I6, I10: unread {unread:?} and not {server}"));
        }
        let last = client.chat(chat).and_then(|entry| entry.last_message()).map(|last| last.id);
        let newest = log.iter().rfind(|message| message.deleted_at.is_none()).map(|message| message.id);
        if last != newest {
            return say(format!("I6, I10: last line {last:?} and not {newest:?}"));
        }
        if page.storage.values().any(|stored| stored.failed.is_none()) {
            return say("I9: storage keeps a message that is not waiting".into());
        }
    }
    Ok(())
}

/// The list of chats is in the order in which a fresh page would load it.
pub fn order(world: &World) -> Result<(), String> {
    for (number, page) in world.pages.iter().enumerate() {
        let shown: Vec<ChatId> = page.client.chats().iter().map(|entry| entry.id()).collect();
        let mut loaded: Vec<_> =
            CHATS.iter().map(|chat| world.server.chat(*chat, page.user.id).cursor()).collect();
        loaded.sort_unstable();
        let loaded: Vec<ChatId> = loaded.into_iter().rev().map(|place| place.id).collect();
        if shown != loaded {
            return Err(format!("I10: the list is {shown:?} and not {loaded:?} (page {number})"));
        }
    }
    Ok(())
}

/// I1 and I3: every acknowledged message is in the log, once.
fn log_is_sound(world: &World, chat: ChatId, log: &[Message]) -> Result<(), String> {
    // `Fault::NewNameForRepeat` appends a `+` to the `client_id`; the message is still the same.
    let names: Vec<_> = log
        .iter()
        .filter_map(|message| {
            let name = message.client_id.as_ref()?.as_str().trim_end_matches('+').to_owned();
            Some((message.sender.id, name))
        })
        .collect();
    let once: BTreeSet<_> = names.iter().collect();
    if once.len() != names.len() {
        return Err(format!("I3: a message is twice in {names:?}"));
    }
    for (_, user, client_id) in world.server.acked.iter().filter(|(at, ..)| *at == chat) {
        if !names.contains(&(*user, client_id.as_str().trim_end_matches('+').to_owned())) {
            return Err(format!("I1: {client_id} was acknowledged and is not in the log"));
        }
    }
    Ok(())
}

/// I4: the rows are a piece of the log without a gap, then own unsent messages, each once.
fn shows_a_piece_of_the_log(world: &World, page: &Page, chat: ChatId, log: &[Message]) -> Result<(), String> {
    if world.server.fault == Fault::ShowsOverHoles {
        let shown = page.naive.get(&chat).cloned().unwrap_or_default();
        let first = log.iter().position(|message| Some(&message.seq) == shown.first()).unwrap_or_default();
        let piece: Vec<_> = log[first..].iter().take(shown.len()).map(|message| message.seq).collect();
        return if shown == piece { Ok(()) } else { Err(format!("shown {shown:?}")) };
    }
    let rows = page.client.rows(chat);
    let last = rows.iter().filter_map(|row| match row {
        Row::Message(row) => row.seq,
        Row::System(_) => None,
    });
    if page.client.last_position(chat) != last.max().unwrap_or_default() {
        return Err("the last position is not that of the rows".into());
    }
    if page.client.is_empty(chat) != rows.is_empty() {
        return Err("the chat is said to be empty, or not, otherwise than by its rows".into());
    }
    let keys: BTreeSet<_> = rows.iter().map(Row::key).collect();
    if keys.len() != rows.len() {
        return Err("a row is there twice".into());
    }
    let rows: Vec<MessageRow> = messages(rows).collect();
    let first = log.iter().position(|message| rows.first().is_some_and(|row| row.id == Some(message.id)));
    let confirmed = first.map_or(0, |first| {
        log[first..].iter().zip(&rows).take_while(|(message, row)| row.id == Some(message.id)).count()
    });
    let history = page.client.history(chat);
    // Own rows may be acknowledged messages whose events are still to come, and so may the events before them.
    let others = rows[..confirmed].iter().any(|row| !row.mine);
    if history.has_newer && confirmed < rows.len() {
        return Err("something is shown behind messages that are not loaded".into());
    }
    if history.loaded && !history.has_older && others && first != Some(0) {
        return Err("the beginning is missing".into());
    }
    for row in &rows[confirmed..] {
        if !row.mine || row.sender.id != page.user.id {
            return Err(format!("{} of another person stands behind a hole", row.text));
        }
        if confirmed > 0 && row.seq.is_some_and(|seq| Some(seq) < rows[confirmed - 1].seq) {
            return Err(format!("{} stands behind what came after it", row.text));
        }
    }
    let mut names = BTreeSet::new();
    for row in rows.iter().filter(|row| row.mine && !row.deleted && !row.edited) {
        if !names.insert(&row.text) {
            return Err(format!("{} is shown twice", row.text));
        }
    }
    Ok(())
}

/// I9: a message that was sent and not deleted is in the log, or is shown as unsent and survives a reload.
fn keeps_what_is_unsent(page: &Page, chat: ChatId, log: &[Message]) -> Result<(), String> {
    for client_id in page.intents.get(&chat).into_iter().flatten() {
        let in_log = log.iter().any(|message| {
            message.sender.id == page.user.id
                && message
                    .client_id
                    .as_ref()
                    .is_some_and(|name| name.as_str().trim_end_matches('+') == client_id.as_str())
        });
        let shown = || {
            messages(page.client.rows(chat))
                .any(|row| row.key == causerie_client::RowKey::Own(client_id.clone()))
        };
        // What is unsent stands behind the newest messages.
        let is_elsewhere = page.client.history(chat).has_newer;
        if !in_log && (!page.storage.contains_key(client_id) || !(is_elsewhere || shown())) {
            return Err(format!("{client_id} is lost"));
        }
    }
    Ok(())
}

/// I5: the messages of one device are in the log in the order in which they were written.
fn keeps_the_order(page: &Page, chat: ChatId, log: &[Message]) -> Result<(), String> {
    let places: Vec<_> = page
        .intents
        .get(&chat)
        .into_iter()
        .flatten()
        .filter_map(|client_id| {
            log.iter().position(|message| {
                message.sender.id == page.user.id && message.client_id.as_ref() == Some(client_id)
            })
        })
        .collect();
    if places.is_sorted() { Ok(()) } else { Err(format!("places in the log: {places:?}")) }
}

fn messages(rows: Vec<Row>) -> impl Iterator<Item = MessageRow> {
    rows.into_iter().filter_map(|row| match row {
        Row::Message(row) => Some(row),
        Row::System(_) => None,
    })
}
