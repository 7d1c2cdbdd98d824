//! How a text is formatted, and texts that their senders want plain.

use causerie_protocol::{ClientId, Event, Message, MessageText, Seq, SpanKind};
use causerie_server::store::{Appended, Change, Refused};

use super::world::World;

fn said(text: &str, client_id: &str, plain: bool) -> Change {
    Change::Message {
        text: MessageText::new(text).unwrap(),
        client_id: Some(ClientId::new(client_id).unwrap()),
        reply_to: None,
        plain,
    }
}

fn has_strong(message: &Message) -> bool {
    message.spans.iter().any(|span| span.kind == SpanKind::Strong)
}

/// The message as a page of history has it, which is the same as the log, the message alone and the list of chats have.
async fn stored(world: &World, message: &Message) -> Message {
    let (store, chat, reader) = (&world.store, message.chat_id, world.bob);
    let alone = store.message(reader, message.id).await.unwrap().unwrap();
    let page = store.messages(reader, chat, None, 1_000).await.unwrap().unwrap();
    assert_eq!(page.iter().find(|one| one.id == message.id), Some(&alone));
    let log = store.events_after(reader, chat, Seq(message.seq.0 - 1), 1).await.unwrap().unwrap();
    let Event::Message(logged) = &log[0] else { panic!("{log:?}") };
    assert_eq!((&logged.spans, logged.plain), (&alone.spans, alone.plain));
    if let Some(last) = world.seen_by(reader, chat).await.last_message.filter(|last| last.id == message.id) {
        assert_eq!((last.spans, last.plain), (alone.spans.clone(), alone.plain));
    }
    alone
}

pub async fn a_text_has_its_spans_wherever_it_is_read_unless_it_is_plain(world: World) {
    let chat = world.group().await;
    for (plain, name) in [(false, "m-1"), (true, "m-2")] {
        let Event::Message(message) = world.event(chat, world.alice, said("**a**", name, plain)).await else {
            panic!("no message")
        };
        assert_eq!((has_strong(&message), message.plain), (!plain, plain));
        let stored = stored(&world, &message).await;
        assert_eq!((&*stored.content, &stored.spans, stored.plain), ("**a**", &message.spans, plain));
        let reply = Change::Message {
            text: MessageText::new("b").unwrap(),
            client_id: None,
            reply_to: Some(message.seq),
            plain: false,
        };
        let Event::Message(reply) = world.event(chat, world.bob, reply).await else { panic!("no message") };
        let snippet = if plain { "**a**" } else { "a" };
        assert_eq!(reply.reply_to.unwrap().content, snippet);
        let read = world.store.message(world.bob, reply.id).await.unwrap().unwrap();
        assert_eq!(read.reply_to.unwrap().content, snippet);
    }
}

pub async fn an_edit_says_whether_the_text_is_plain_from_now_on(world: World) {
    let chat = world.group().await;
    let message = world.say(chat, world.alice, "**a**").await;
    for plain in [true, false] {
        let text = MessageText::new("**b**").unwrap();
        let event = world
            .event(chat, world.alice, Change::Edit { id: message.id, text, plain, sent_since: None })
            .await;
        let Event::Edited(edited) = &event else { panic!("{event:?}") };
        assert_eq!((edited.spans.is_empty(), edited.plain), (plain, plain));
        let stored = world.store.message(world.bob, message.id).await.unwrap().unwrap();
        assert_eq!((stored.spans, stored.plain), (edited.spans.clone(), plain));
        let before = Seq(event.seq().0 - 1);
        let log = world.store.events_after(world.bob, chat, before, 1).await.unwrap().unwrap();
        assert_eq!(log, [event]);
    }
}

pub async fn a_text_that_comes_again_must_be_as_plain_as_before(world: World) {
    let chat = world.group().await;
    let send = async |name: &str, plain| world.append(chat, world.alice, said("**a**", name, plain)).await;
    for (name, plain) in [("m-1", true), ("m-2", false)] {
        assert!(matches!(send(name, plain).await, Ok(Appended::Event(_))));
        let Ok(Appended::Duplicate(again)) = send(name, plain).await else { panic!("no duplicate") };
        assert_eq!((again.plain, again.spans.is_empty()), (plain, plain));
        assert_eq!(send(name, !plain).await, Err(Refused::ClientIdReused));
    }
}
