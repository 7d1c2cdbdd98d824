//! One message, and the actions on an own one.

use causerie_client::draft::Target;
use causerie_client::{Input, Millis};
use causerie_protocol::rest::Block;
use causerie_protocol::{ChatId, ClientId, MessageId, Seq};
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::asking::Asking;
use super::erased::{click, event, flag};
use super::picking::For;
use super::reply::Way;
use super::rows::{Item, MessageItem, Pill, Stage};
use super::widgets::{button, icon_button};
use super::{formatted, icon, menu, pinned, reply};
use crate::api::sentence;
use crate::app::App;
use crate::browser;

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
    /// The dialog about a message that is open.
    pub asking: RwSignal<Option<Asking>>,
    /// For what an emoji is being chosen.
    pub picking: RwSignal<Option<For>>,
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
    for (class, name) in
        [(pending, " sending"), (failed, " failed"), (item.deleted, " gone"), (item.deleting, " leaving")]
    {
        bubble += if class { name } else { "" };
    }
    let who = (!item.mine && item.first).then(|| view! { <span class="who">{item.who}</span> });
    let avatar = (!item.mine && item.last).then(|| item.avatar.draw("small", false));
    let seq = item.seq;
    let may_reply =
        seq.is_some() && !item.deleted && !item.deleting && !item.hidden && item.stage == Stage::Settled;
    let quote = item.quote.map(|quote| reply::draw(context.way, seq, quote));
    let mut said: Vec<AnyView> = if item.deleted {
        vec![say!(Deleted).into_any()]
    } else if item.hidden {
        vec![hidden(context, item.id)]
    } else {
        formatted::draw(&item.text, &item.spans)
    };
    if item.edited && !item.deleted && !item.hidden {
        said.push(edited(context, item.id.filter(|_| item.mine || item.moderated)));
    }
    let actions = match item.id {
        Some(_) if item.deleting => None,
        Some(id) if item.mine && !item.deleted && item.stage == Stage::Settled => {
            let may = MayOwn { pin: item.pinnable, edit_until: item.editable_until };
            let own = ToEdit { target: Target::Sent(id), text: item.text.clone(), plain: item.plain };
            Some(actions(context, id, seq, own, may))
        }
        Some(id) if !item.mine => {
            let may = May {
                react: !item.deleted && !item.hidden,
                delete: item.moderated && !item.deleted,
                pin: item.pinnable,
            };
            Some(actions_of_others(context, id, seq, may))
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

/// The quick reactions, and the way to any other emoji.
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
    let other = move |_| {
        // The dialog gives the focus back to what led to it.
        menu::leave();
        context.picking.set(Some(For::Reaction(id)));
    };
    page! {
        <div class="quick" data-testid="quick">
            {buttons}
            {icon_button("", Some("other-emoji"), say!(OtherEmoji), icon::plus, other)}
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

/// What the user may do to a message of somebody else.
#[derive(Clone, Copy)]
struct May {
    /// Also to reply to it.
    react: bool,
    delete: bool,
    pin: bool,
}

/// The actions on a message of somebody else.
fn actions_of_others(context: MessageContext, id: MessageId, seq: Option<Seq>, may: May) -> AnyView {
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
    let delete = may.delete.then(|| button("bad", None, say!(Delete), move |_| remove(context, id)));
    let quick = may.react.then(|| quick(context, id));
    let pin = may.pin.then(|| pin(context, id));
    let reply = seq.filter(|_| may.react).map(|seq| begin_reply(context, seq));
    let link = seq.map(|seq| reply::link(context.way, seq));
    page! {
        <details class="menu">
            <summary class="icon" aria-label=say!(MessageMenu)>{icon::more()}</summary>
            <div>{quick}{reply}{pin}{link}{delete}{button("", Some("report"), say!(ReportDots), report)}{button("bad", Some("block"), say!(Block), block)}</div>
        </details>
    }
    .into_any()
}

/// Asks whether a message is to be deleted.
fn remove(context: MessageContext, id: MessageId) {
    // The dialog gives the focus back to what led to it.
    menu::leave();
    context.asking.set(Some(Asking::Delete(id)));
}

/// That a message was edited; for those who may see what it said before, the way there.
fn edited(context: MessageContext, id: Option<MessageId>) -> AnyView {
    let Some(id) = id else { return page! { <span class="edited">say!(Edited)</span> }.into_any() };
    let show = click(move |_| context.asking.set(Some(Asking::Former(id))));
    page! {
        <button class="link edited" type="button" data-testid="edited" title=say!(FormerTexts) on:click=show>say!(Edited)</button>
    }
    .into_any()
}

/// The entry of a message's menu that begins a reply.
fn begin_reply(context: MessageContext, seq: Seq) -> AnyView {
    button("", Some("reply"), say!(Reply), move |_| {
        menu::close_all();
        context.way.to_reply.set(Some(seq));
    })
}

/// What the user may do to a message of their own.
#[derive(Clone, Copy)]
struct MayOwn {
    pin: bool,
    /// When it is too late to edit it, by the server's clock.
    edit_until: Option<Millis>,
}

/// The entry of a message's menu that pins it; the bar above the messages shows what is pinned, and unpins it.
fn pin(context: MessageContext, id: MessageId) -> AnyView {
    button("", Some("pin-message"), say!(PinMessage), move |_| {
        menu::close_all();
        pinned::set(context.app, id, true, context.error);
    })
}

fn actions(
    context: MessageContext,
    id: MessageId,
    seq: Option<Seq>,
    to_edit: ToEdit,
    may: MayOwn,
) -> AnyView {
    let edit = move |_| {
        menu::close_all();
        context.to_edit.set(Some(to_edit.clone()));
    };
    let delete = move |_| remove(context, id);
    let reply = seq.map(|seq| begin_reply(context, seq));
    let link = seq.map(|seq| reply::link(context.way, seq));
    let pin = may.pin.then(|| pin(context, id));
    // Looked at each time that the menu is opened.
    let is_late = RwSignal::new(false);
    let opened = event(move |_| {
        let now = context.app.peek(|client| client.server_time(browser::now()));
        is_late.set(may.edit_until.is_some_and(|until| now >= until));
    });
    let edit = view! {
        <button type="button" data-testid="edit-message" hidden=flag(move || is_late.get()) on:click=click(edit)>{say!(Edit)}</button>
    };
    page! {
        <details class="menu" on:toggle=opened>
            <summary class="icon" aria-label=say!(MessageMenu)>{icon::more()}</summary>
            <div>{quick(context, id)}{reply}{pin}{link}{edit}{button("bad", None, say!(Delete), delete)}</div>
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
