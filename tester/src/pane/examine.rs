//! Runs the doctor for a connection, with the browser's probes.

use causerie_doctor::{Doctor, Report, Situation, TokenShape};
use causerie_texts::Check;
use causerie_web::{run, uuid};
use leptos::prelude::*;

use super::ConnectionPane;
use crate::browser;
use crate::probe::Prober;

/// The state of an examination.
#[derive(Clone, Debug, PartialEq)]
pub struct Examination {
    /// Its probe id; the results of an older one that still runs are ignored.
    id: String,
    pub report: Report,
    /// The current check; `None` when the examination is over.
    pub running: Option<Check>,
    /// The longest time that the check may take, in milliseconds, if it takes long.
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
    /// Starts an examination with the current fields.
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
        let address = if base.trim().is_empty() { causerie_web::base() } else { base };
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

    /// Stops the examination and removes its result.
    pub fn forget_examination(self) {
        self.examination.set(None);
    }
}
