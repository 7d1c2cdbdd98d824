//! One message, and the actions on an own one.

use causerie_client::Input;
use causerie_client::draft::Target;
use causerie_protocol::rest::Block;
use causerie_protocol::{ChatId, ClientId, MessageId, Seq};
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::erased::{click, event};
use super::reply::Way;
use super::rows::{Item, MessageItem, Pill, Stage};
use super::widgets::button;
use super::{formatted, icon, menu, reply};
use crate::api::sentence;
use crate::app::App;

/// A message that the composer is to edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToEdit {
    pub target: Target,
    /// Its current text.
    pub text: String,
    /// Whether it is shown as it is, without formatting.
    pub plain: bool,
}

/// What the actions on messages need.
#[derive(Clone, Copy)]
pub struct MessageContext {
    pub app: App,
    pub chat: ChatId,
    pub to_edit: RwSignal<Option<ToEdit>>,
    /// The error that the composer shows.
    pub error: RwSignal<String>,
    /// The message that the person is about to report.
    pub reporting: RwSignal<Option<MessageId>>,
    /// To what messages reply to, and back.
    pub way: Way,
}

pub fn draw(context: MessageContext, item: Item) -> AnyView {
    let (class, words) = match item {
        Item::Message(message) => return draw_message(context, *message),
        Item::Day(words) => ("day", words),
        Item::New => ("new", say!(New).to_owned()),
        Item::Line(words) => ("event", words),
    };
    view! { <li class=class>{words}</li> }.into_any()
}

fn draw_message(context: MessageContext, item: MessageItem) -> AnyView {
    let mut turn = String::from("turn");
    let mut bubble = String::from("bubble");
    for (class, name) in [(item.mine, " mine"), (item.first, " first"), (item.last, " final")] {
        turn += if class { name } else { "" };
    }
    let failed = item.stage == Stage::Failed;
    let pending = item.stage == Stage::Pending;
    for (class, name) in [(pending, " sending"), (failed, " failed"), (item.deleted, " gone")] {
        bubble += if class { name } else { "" };
    }
    let who = (!item.mine && item.first).then(|| view! { <span class="who">{item.who}</span> });
    let avatar = (!item.mine && item.last).then(|| item.avatar.draw("small", false));
    let seq = item.seq;
    let may_reply = seq.is_some() && !item.deleted && !item.hidden && item.stage == Stage::Settled;
    let quote = item.quote.map(|quote| reply::draw(context.way, seq, quote));
    let mut said: Vec<AnyView> = if item.deleted {
        vec![say!(Deleted).into_any()]
    } else if item.hidden {
        vec![hidden(context, item.id)]
    } else {
        formatted::draw(&item.text, &item.spans)
    };
    if item.edited && !item.deleted && !item.hidden {
        said.push(page! { <span class="edited">say!(Edited)</span> }.into_any());
    }
    let actions = match item.id {
        Some(id) if item.mine && !item.deleted && item.stage == Stage::Settled => {
            Some(actions(context, id, seq, item.text.clone(), item.plain))
        }
        Some(id) if !item.mine => {
            let reactable = !item.deleted && !item.hidden;
            Some(actions_of_others(context, id, seq, reactable, item.moderated && !item.deleted))
        }
        _ => None,
    };
    let pills = match item.id {
        Some(id) if !item.reactions.is_empty() && !item.hidden => Some(pills(context, id, item.reactions)),
        _ => None,
    };
    let state = (!item.state.is_empty()).then(|| {
        let choices =
            item.client_id.filter(|_| failed).map(|id| choices_of_failed(context, id, item.text, item.plain));
        let class = if failed { "state failed" } else { "state" };
        view! { <span class=class>{item.state}{choices}</span> }
    });
    view! {
        <li class=turn data-seq=seq.map(|seq| seq.to_string()) data-reply=may_reply>
            {who}
            <div class="said">
                <div class=bubble dir="auto" title=item.full_time>{quote}{said}</div>
                {actions}
            </div>
            {avatar}
            {pills}
            {state}
        </li>
    }
    .into_any()
}

/// The reactions under a message; a click puts one's own there, or takes it back.
fn pills(context: MessageContext, id: MessageId, pills: Vec<Pill>) -> AnyView {
    let pills: Vec<_> = pills
        .into_iter()
        .map(|pill| {
            let label = format!("{} {}: {}", pill.emoji, pill.count, pill.names);
            let (emoji, mine) = (pill.emoji.clone(), pill.mine);
            let toggle = click(move |_| react(context, id, &emoji, !mine));
            let pressed = if mine { "true" } else { "false" };
            view! {
                <button class="pill" type="button" data-testid="reaction" aria-pressed=pressed aria-label=label title=pill.names on:click=toggle>
                    {pill.emoji}<span>{pill.count.to_string()}</span>
                </button>
            }
        })
        .collect();
    view! { <div class="pills">{pills}</div> }.into_any()
}

fn react(context: MessageContext, message: MessageId, emoji: &str, on: bool) {
    context.app.dispatch(Input::React { chat: context.chat, message, emoji: emoji.to_owned(), on });
}

/// The emoji of the menu, fully qualified.
const QUICK: [&str; 6] =
    ["\u{1f44d}", "\u{2764}\u{fe0f}", "\u{1f602}", "\u{1f62e}", "\u{1f622}", "\u{1f64f}"];

/// The quick reactions, and a field for any other emoji.
fn quick(context: MessageContext, id: MessageId) -> AnyView {
    let buttons: Vec<_> = QUICK
        .into_iter()
        .map(|emoji| {
            let put = click(move |_| {
                menu::close_all();
                react(context, id, emoji, true);
            });
            let label = say!(ReactWith, emoji = emoji);
            view! { <button type="button" aria-label=label on:click=put>{emoji}</button> }
        })
        .collect();
    let other = event(move |event| {
        let emoji = event_target_value(&event);
        if !emoji.trim().is_empty() {
            menu::close_all();
            react(context, id, emoji.trim(), true);
        }
    });
    page! {
        <div class="quick" data-testid="quick">
            {buttons}
            <input type="text" placeholder="\u{1f642}" maxlength="35" autocomplete="off" aria-label=say!(OtherEmoji) on:change=other />
        </div>
    }
    .into_any()
}

/// The placeholder of a hidden message, whose sender is blocked.
fn hidden(context: MessageContext, id: Option<MessageId>) -> AnyView {
    let show = move |_| {
        if let Some(message) = id {
            context.app.dispatch(Input::Reveal { chat: context.chat, message });
        }
    };
    view! { {say!(HiddenMessage)}{button("link", Some("reveal"), say!(Show), show)} }.into_any()
}

/// The actions on a message of somebody else.
fn actions_of_others(
    context: MessageContext,
    id: MessageId,
    seq: Option<Seq>,
    reactable: bool,
    moderated: bool,
) -> AnyView {
    let block = move |_| {
        menu::close_all();
        causerie_web::run(async move {
            // What it changes comes as frames, on every device of the user.
            let body = Block { user_id: None, message_id: Some(id) };
            if let Err(problem) = context.app.api().block(&body).await {
                let _ = context.error.try_set(sentence(problem));
            }
        });
    };
    let report = move |_| {
        menu::close_all();
        context.reporting.set(Some(id));
    };
    let delete = moderated.then(|| button("bad", None, say!(Delete), move |_| remove(context, id)));
    let quick = reactable.then(|| quick(context, id));
    let reply = seq.filter(|_| reactable).map(|seq| begin_reply(context, seq));
    let link = seq.map(|seq| reply::link(context.way, seq));
    page! {
        <details class="menu">
            <summary class="icon" aria-label=say!(MessageMenu)>{icon::more()}</summary>
            <div>{quick}{reply}{link}{delete}{button("", Some("report"), say!(ReportDots), report)}{button("bad", Some("block"), say!(Block), block)}</div>
        </details>
    }
    .into_any()
}

/// Deletes a message; that comes back as an event, for this page as for all others.
fn remove(context: MessageContext, id: MessageId) {
    menu::close_all();
    causerie_web::run(async move {
        if let Err(problem) = context.app.api().delete(id).await {
            let _ = context.error.try_set(sentence(problem));
        }
    });
}

/// The entry of a message's menu that begins a reply.
fn begin_reply(context: MessageContext, seq: Seq) -> AnyView {
    button("", Some("reply"), say!(Reply), move |_| {
        menu::close_all();
        context.way.to_reply.set(Some(seq));
    })
}

fn actions(context: MessageContext, id: MessageId, seq: Option<Seq>, text: String, plain: bool) -> AnyView {
    let edit = move |_| {
        menu::close_all();
        context.to_edit.set(Some(ToEdit { target: Target::Sent(id), text: text.clone(), plain }));
    };
    let delete = move |_| remove(context, id);
    let reply = seq.map(|seq| begin_reply(context, seq));
    let link = seq.map(|seq| reply::link(context.way, seq));
    page! {
        <details class="menu">
            <summary class="icon" aria-label=say!(MessageMenu)>{icon::more()}</summary>
            <div>{quick(context, id)}{reply}{link}{button("", None, say!(Edit), edit)}{button("bad", None, say!(Delete), delete)}</div>
        </details>
    }
    .into_any()
}

fn choices_of_failed(context: MessageContext, client_id: ClientId, text: String, plain: bool) -> AnyView {
    let app = context.app;
    let (retried, edited) = (client_id.clone(), client_id.clone());
    let retry = move |_| app.dispatch(Input::Retry { client_id: retried.clone() });
    let edit = move |_| {
        // The failed message stays until the edited text is sent in its place.
        let target = Target::Unsent(edited.clone());
        context.to_edit.set(Some(ToEdit { target, text: text.clone(), plain }));
    };
    let delete = move |_| app.dispatch(Input::DeleteUnsent { client_id: client_id.clone() });
    page! {
        {button("", Some("edit"), say!(Edit), edit)}
        {button("", Some("retry"), say!(Retry), retry)}
        {button("", Some("delete"), say!(Delete), delete)}
    }
    .into_any()
}
