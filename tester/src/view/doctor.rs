//! The doctor: a button, the checks as they run, and the finding with its remedy.

use causerie_doctor::{Outcome, Step};
use causerie_texts::{Heading, Language, Tester as Text, bidi};
use leptos::prelude::*;

use super::{Said, copy, language, say};
use crate::pane::{ConnectionPane, Status};

#[component]
pub fn Panel(pane: ConnectionPane) -> impl IntoView {
    let language = language();
    let said = RwSignal::new(None::<Text>);
    let failed = move || matches!(pane.status.get(), Status::Closed { code, .. } if code != 1000);
    let button = move || if failed() { Text::FindCauseFailed } else { Text::FindCause };
    let is_running =
        move || pane.examination.with(|now| now.as_ref().is_some_and(|now| now.running.is_some()));
    let start = move |_| pane.examine();
    let steps = move || {
        let language = language.get();
        pane.examination.with(|now| {
            let now = now.as_ref()?;
            let mut steps: Vec<AnyView> = now.report.steps.iter().map(|step| done(step, language)).collect();
            if let Some(check) = now.running {
                let limit = now.at_most_ms.map(|ms| format!(" (≤ {} s)", ms.div_ceil(1_000)));
                steps.push(view! {
                    <li class="running" data-check=format!("{check:?}")><span class="sign" aria-hidden="true">"…"</span>
                        <span>{check.in_language(language)}{limit}</span></li>
                }.into_any());
            }
            Some(view! { <ol class="steps" data-testid="steps">{steps}</ol> })
        })
    };
    let verdict = move || {
        let language = language.get();
        pane.examination.with(|now| {
            let report = now.as_ref().filter(|now| now.running.is_none()).map(|now| &now.report)?;
            let explanation = report.explanation(language);
            let well = report.finding.is_well();
            let rest = (!well).then(|| view! {
                <dl>
                    <dt>{Heading::Why.in_language(language)}</dt> <dd>{coded(&explanation.why)}</dd>
                    <dt>{Heading::Remedy.in_language(language)}</dt> <dd>{coded(&explanation.remedy)}</dd>
                </dl>
            });
            Some(view! {
                <div class="verdict why" class:well=well role="status" data-testid="finding" data-finding=report.finding.as_str()>
                    <p><strong>{coded(&explanation.what)}</strong></p>
                    {rest}
                </div>
            })
        })
    };
    let copy_report = move |_| {
        let text = pane
            .examination
            .with_untracked(|now| now.as_ref().map(|now| now.report.text(language.get_untracked())));
        if let Some(text) = text {
            copy(text, said);
        }
    };
    let over = move || pane.examination.with(|now| now.as_ref().is_some_and(|now| now.running.is_none()));
    view! {
        <section class="examine" aria-labelledby=format!("{}-doctor", pane.id)>
            <h3 id=format!("{}-doctor", pane.id)>{say(Text::Doctor)}</h3>
            <p class="soft">{say(Text::DoctorIntro)}</p>
            {steps}
            {verdict}
            <div class="tools">
                <button type="button" class="button" data-testid="doctor" class:main=failed disabled=is_running on:click=start>
                    {move || button().in_language(language.get())}
                </button>
                <button type="button" class="button" data-testid="stop-doctor" hidden=move || !is_running()
                    on:click=move |_| pane.forget_examination()>{say(Text::Stop)}</button>
                <button type="button" class="button" data-testid="copy-report" hidden=move || !over() on:click=copy_report>{say(Text::CopyReport)}</button>
                <Said said />
            </div>
        </section>
    }
}

fn done(step: &Step, language: Language) -> AnyView {
    let (class, sign, outcome) = match step.outcome {
        Outcome::Passed => ("passed", "✓", Heading::Passed),
        Outcome::Failed => ("failed", "✗", Heading::Failed),
        Outcome::Skipped => ("skipped", "–", Heading::Skipped),
    };
    let note = step
        .note
        .as_deref()
        .map(bidi::contained)
        .map(|note| view! { " "<small class="soft"><bdi>{note}</bdi></small> });
    view! {
        <li class=class data-check=format!("{:?}", step.check)>
            <span class="sign" aria-hidden="true">{sign}</span>
            <span>{step.check.in_language(language)}<span class="visually-hidden">": "{outcome.in_language(language)}</span>{note}</span>
        </li>
    }
    .into_any()
}

/// A sentence; text in backticks is a command or a setting.
fn coded(text: &str) -> Vec<AnyView> {
    let parts = text.split('`').map(str::to_owned).enumerate();
    parts
        .map(
            |(index, part)| {
                if index % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
            },
        )
        .collect()
}
