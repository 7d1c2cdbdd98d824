//! The doctor at work on a connection: its decisions come from its crate, its eyes are the browser's.

use causerie_doctor::{Doctor, Report, Situation, TokenShape};
use causerie_frontend::browser::{run, uuid};
use causerie_protocol::words::checks::Check;
use leptos::prelude::*;

use super::ConnectionPane;
use crate::browser;
use crate::probe::Prober;

/// What the doctor found so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Examination {
    /// Which it is; an older one that still runs is not told any more.
    id: String,
    /// The result so far.
    pub report: Report,
    /// What it does now; `None`: it is over.
    pub running: Option<Check>,
    /// How long that may take, in milliseconds, when it takes long.
    pub at_most_ms: Option<u64>,
}

impl Examination {
    fn of(id: &str, doctor: &Doctor) -> Self {
        Self {
            id: id.to_owned(),
            report: doctor.report().clone(),
            running: doctor.running(),
            at_most_ms: doctor.at_most_ms(),
        }
    }
}

impl ConnectionPane {
    /// Looks for the cause of a connection that fails, with the fields as they are.
    pub fn examine(self) {
        let token = self.token.get_untracked().trim().to_owned();
        let chat = match self.chat_id() {
            Ok(chat) => chat,
            Err(trouble) => return self.trouble.set(trouble),
        };
        self.trouble.set(String::new());
        let id = uuid();
        let situation = Situation {
            probe: id.clone(),
            origin: Some(browser::origin()),
            token: TokenShape::of(Some(&token)),
            chat,
            hold: true,
        };
        let base = self.base.get_untracked();
        let address = if base.trim().is_empty() { causerie_frontend::browser::base() } else { base };
        let mut doctor = match causerie_doctor::Target::parse(&address) {
            Ok(target) => Doctor::new(target, situation),
            Err(finding) => Doctor::refused(finding, situation),
        };
        self.examination.set(Some(Examination::of(&id, &doctor)));
        run(async move {
            let mut prober = Prober::new(token);
            while let Some(probe) = doctor.probe() {
                let observation = prober.observe(probe).await;
                doctor.observe(observation);
                if !self.is_examined_by(&id) {
                    return;
                }
                self.examination.set(Some(Examination::of(&id, &doctor)));
            }
        });
    }

    fn is_examined_by(self, id: &str) -> bool {
        self.examination.with_untracked(|now| now.as_ref().is_some_and(|now| now.id == id))
    }

    /// Ends an examination and takes its result away.
    pub fn forget_examination(self) {
        self.examination.set(None);
    }
}
