//! What people reported, for moderators: the open ones first, each with what was copied, and what can be done about it.

use causerie_client::Name;
use causerie_protocol::reports::{CloseReport, Reopen, Report, ReportAction, ReportedMessage};
use causerie_protocol::rest::UserRef;
use causerie_protocol::{MessageId, MessageText, ReportId, UserId};
use causerie_texts::{page, say};
use causerie_web::api::ApiError;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::erased::{reactive, submit};
use super::form;
use super::report::reason_name;
use super::widgets::button;
use crate::api::sentence;
use crate::app::App;
use crate::{browser, time};

#[derive(Clone, Copy)]
struct Desk {
    app: App,
    /// `None` until they are loaded.
    list: RwSignal<Option<Vec<Report>>>,
    /// The one that is looked at.
    open: RwSignal<Option<Report>>,
    /// What came of something that is no change of a report.
    told: RwSignal<&'static str>,
    error: RwSignal<String>,
}

/// The tab; what fails is said in `error`.
pub fn reports(app: App, error: RwSignal<String>) -> AnyView {
    let desk =
        Desk { app, list: RwSignal::new(None), open: RwSignal::new(None), told: RwSignal::new(""), error };
    causerie_web::run(load(desk));
    let shown = reactive(move || match desk.open.get() {
        Some(report) => whole(desk, &report),
        None => list(desk),
    });
    view! { {shown} }.into_any()
}

/// Loads the list: those that are open, then the others.
async fn load(desk: Desk) {
    let api = desk.app.api();
    let loaded = async {
        let mut reports = api.reports(false).await?;
        let closed = api.reports(true).await?.into_iter().filter(|report| report.outcome.is_some());
        reports.extend(closed);
        Ok::<_, ApiError>(reports)
    };
    // The dialog may be closed by now.
    match loaded.await {
        Ok(reports) => drop(desk.list.try_set(Some(reports))),
        Err(problem) => drop(desk.error.try_set(sentence(problem))),
    }
}

/// Loads one report with its copies, and shows it.
async fn look(desk: Desk, id: ReportId) {
    match desk.app.api().read_report(id).await {
        Ok(report) => drop(desk.open.try_set(Some(report))),
        Err(problem) => drop(desk.error.try_set(sentence(problem))),
    }
}

fn list(desk: Desk) -> AnyView {
    let Some(reports) = desk.list.get() else {
        return page! { <p class="soft">say!(Loading)</p> }.into_any();
    };
    if reports.is_empty() {
        return page! { <p class="soft">say!(NothingReported)</p> }.into_any();
    }
    let rows: Vec<_> = reports.iter().map(|report| row(desk, report)).collect();
    view! { <ul class="people">{rows}</ul> }.into_any()
}

fn row(desk: Desk, report: &Report) -> AnyView {
    let id = report.id;
    let look = button("link", Some("look-at-report"), say!(Look), move |_| {
        desk.error.set(String::new());
        causerie_web::run(look(desk, id));
    });
    view! {
        <li data-testid="report">
            <div class="who"><strong>{headline(report)}</strong><span class="soft">{state(desk.app, report)}</span></div>
            <div class="actions">{look}</div>
        </li>
    }
    .into_any()
}

fn headline(report: &Report) -> String {
    let (reporter, reported) = (Name::of(&report.reporter), Name::of(&report.reported));
    say!(WhoReported, reporter = reporter, reported = reported, reason = reason_name(report.reason))
}

/// When it was reported, or what was done, by whom and when.
fn state(app: App, report: &Report) -> String {
    let at = |time: &_| app.clock(|clock| clock.full(time::millis(time)));
    match &report.outcome {
        None => say!(OpenSince, time = at(&report.created_at)),
        Some(outcome) => {
            let by =
                outcome.by.as_ref().map_or_else(|| say!(Nobody).to_owned(), |by| Name::of(by).to_string());
            say!(ClosedBy, name = by, action = outcome_name(outcome.action), time = at(&outcome.at))
        }
    }
}

fn outcome_name(action: ReportAction) -> &'static str {
    match action {
        ReportAction::Dismissed => say!(WasDismissed),
        ReportAction::Warned => say!(WasWarned),
        ReportAction::Deleted => say!(WasDeleted),
        ReportAction::Suspended => say!(WasSuspended),
        ReportAction::Other => say!(WasOther),
    }
}

fn whole(desk: Desk, report: &Report) -> AnyView {
    let back = button("link", Some("all-reports"), say!(AllReports), move |_| {
        desk.open.set(None);
        desk.told.set("");
        desk.error.set(String::new());
        causerie_web::run(load(desk));
    });
    let words = report
        .words
        .clone()
        .map(|words| page! { <p><span class="soft">say!(InTheirWords)" "</span><bdi>{words}</bdi></p> });
    let note = report
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.note.clone())
        .map(|note| page! { <p><span class="soft">say!(NoteOfModerator)" "</span><bdi>{note}</bdi></p> });
    let copies: Vec<_> = report.context.iter().map(|copy| draw(desk.app, copy, report.message_id)).collect();
    let decide = report.outcome.is_none().then(|| decide(desk, report));
    let (one, other) = (report.reported.id, report.reporter.id);
    let reopen = button("link", Some("reopen"), say!(ReopenPair), move |_| {
        if browser::confirm(say!(ReopenSure)) {
            causerie_web::run(reopen(desk, one, other));
        }
    });
    page! {
        <div class="stack" data-testid="whole-report">
            <div class="actions">{back}</div>
            <div class="who"><strong>{headline(report)}</strong><span class="soft">{state(desk.app, report)}</span></div>
            {words}
            {note}
            <ul class="people" aria-label=say!(WhatWasCopied)>{copies}</ul>
            {decide}
            <div class="actions">{reopen}</div>
            {reactive(move || view! { <p role="status">{desk.told.get()}</p> }.into_any())}
        </div>
    }
    .into_any()
}

/// A message as it was copied; the reported one stands out.
fn draw(app: App, copy: &ReportedMessage, reported: MessageId) -> AnyView {
    let at = app.clock(|clock| clock.full(time::millis(&copy.sent_at)));
    let name = Name::of(&copy.sender).to_string();
    let text = if copy.deleted_at.is_some() { say!(Deleted).to_owned() } else { copy.content.clone() };
    let text = if copy.id == reported {
        view! { <strong data-testid="reported-message" dir="auto">{text}</strong> }.into_any()
    } else {
        view! { <span dir="auto">{text}</span> }.into_any()
    };
    view! { <li><span class="soft">{name}" · "{at}</span>{text}</li> }.into_any()
}

/// What can be done, with a note for the other moderators.
fn decide(desk: Desk, report: &Report) -> AnyView {
    let (id, name) = (report.id, Name::of(&report.reported).to_string());
    let sure = say!(SuspendSure, name = name);
    let send = submit(move |event: SubmitEvent| {
        event.prevent_default();
        let chosen = form::chosen(&event);
        let action = ReportAction::from_name(&chosen);
        if action == ReportAction::Suspended && !browser::confirm(&sure) {
            return;
        }
        // A blank note is none.
        let note = MessageText::new(form::reader(&event)("note")).ok();
        causerie_web::run(close(desk, id, CloseReport { action, note }));
    });
    let choice = |action: ReportAction, word: &'static str, class: &'static str| {
        view! { <button class=class type="submit" value=action.as_str() data-testid=action.as_str()>{word}</button> }
    };
    page! {
        <form data-testid="close-report" on:submit=send>
            <label class="field"><span>say!(NoteForModerators)</span><input name="note" dir="auto" maxlength="1000" /></label>
            <div class="actions">
                {choice(ReportAction::Dismissed, say!(Dismiss), "button")}
                {choice(ReportAction::Deleted, say!(DeleteTheMessage), "button")}
                {choice(ReportAction::Suspended, say!(SuspendThePerson), "button bad")}
            </div>
        </form>
    }
    .into_any()
}

async fn close(desk: Desk, id: ReportId, body: CloseReport) {
    let _ = desk.error.try_set(String::new());
    if let Err(problem) = desk.app.api().close_report(id, &body).await {
        let _ = desk.error.try_set(sentence(problem));
    }
    // Also after a refusal: another moderator may have been first.
    look(desk, id).await;
}

async fn reopen(desk: Desk, one: UserId, other: UserId) {
    let _ = desk.error.try_set(String::new());
    match desk.app.api().reopen(one, &Reopen { with: UserRef::Id(other) }).await {
        Ok(done) => drop(desk.told.try_set(if done.open { say!(PairIsOpen) } else { say!(PairIsBlocked) })),
        Err(problem) => drop(desk.error.try_set(sentence(problem))),
    }
}
