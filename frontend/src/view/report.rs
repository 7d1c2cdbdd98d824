//! The dialog that reports a message to the moderators.

use causerie_protocol::reports::{CreateReport, ReportReason};
use causerie_protocol::rest::Block;
use causerie_protocol::{MessageId, MessageText};
use causerie_texts::{page, say};
use causerie_web::api::ApiError;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::dialog::modal;
use super::erased::submit;
use super::form;
use super::widgets::{alert, submit_button};
use crate::api::sentence;
use crate::app::App;

pub fn reason_name(reason: ReportReason) -> &'static str {
    match reason {
        ReportReason::Spam => say!(ReasonSpam),
        ReportReason::Harassment => say!(ReasonHarassment),
        ReportReason::Threat => say!(ReasonThreat),
        ReportReason::Sexual => say!(ReasonSexual),
        ReportReason::Fraud => say!(ReasonFraud),
        ReportReason::Other => say!(ReasonOther),
    }
}

/// `open` holds the message, and nothing once the dialog is to close.
pub fn report(app: App, message_id: MessageId, open: RwSignal<Option<MessageId>>) -> AnyView {
    let error = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let send = submit(move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        error.set(String::new());
        let field = form::reader(&event);
        // Blank words are none.
        let words = MessageText::new(field("words")).ok();
        let body = CreateReport { message_id, reason: ReportReason::from_name(&field("reason")), words };
        let blocks = !field("block").is_empty();
        causerie_web::run(async move {
            let sent = async {
                let api = app.api();
                api.report(&body).await?;
                if blocks {
                    api.block(&Block { user_id: None, message_id: Some(message_id) }).await?;
                }
                Ok::<_, ApiError>(())
            };
            match sent.await {
                Ok(()) => drop(open.try_set(None)),
                Err(problem) => drop(error.try_set(sentence(problem))),
            }
            let _ = busy.try_set(false);
        });
    });
    let options: Vec<_> = ReportReason::ALL
        .into_iter()
        .map(|reason| view! { <option value=reason.as_str()>{reason_name(reason)}</option> })
        .collect();
    let content = page! {
        <form on:submit=send>
            <p class="soft">say!(ReportHint)</p>
            <label class="field"><span>say!(WhatIsWrong)</span><select name="reason">{options}</select></label>
            <label class="field"><span>say!(InOwnWords)</span><textarea name="words" rows="3" dir="auto" maxlength="4000"></textarea></label>
            <label class="check"><input name="block" type="checkbox" />say!(AlsoBlock)</label>
            {alert(error)}
            <div class="actions">{submit_button(say!(SendReport), busy)}</div>
        </form>
    };
    modal(say!(Report), "report-dialog", move || open.set(None), content.into_any())
}
