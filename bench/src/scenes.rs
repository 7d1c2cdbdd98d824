//! The scenes: each starts its servers, loads them, and prints its rows.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{Database, Process};
use crate::profile::Profiler;
use crate::stats::median;
use crate::table::{Figure, row};

mod connect;
mod delivery;
mod growth;
mod memory;
mod page;
mod pair;

/// What all scenes share.
pub(crate) struct Plan {
    pub(crate) server: PathBuf,
    /// Another build, in place of the bare room.
    pub(crate) against: Option<PathBuf>,
    pub(crate) database: Database,
    pub(crate) seconds: u64,
    pub(crate) runs: usize,
    pub(crate) growth: usize,
    pub(crate) sockets: Vec<usize>,
    pub(crate) profiler: Option<Profiler>,
}

/// Every scene, with what it measures, in the order in which they run.
pub(crate) const SCENES: [(&str, &str); 10] = [
    ("start", "start to serving with a new database, and the memory of an idle process"),
    ("chats", "50 chats of two, everybody sends"),
    ("room", "one chat that 200 sockets follow, one sends"),
    ("crowd", "one chat that 100, 1,000 and 10,000 sockets follow, one sends when everybody has it"),
    ("pair", "send to receipt, one message at a time, beside a durable write of the same disk"),
    ("connect", "connections a second, each with its token checked, subscribed and closed again"),
    ("idle", "memory of a signed-in, subscribed socket at 10,000 and at 50,000"),
    ("burst", "memory before, during and after many sign-ins at once"),
    ("growth", "cost of a message, of the list of chats and of a group as there is more of each"),
    ("page", "the page in a browser whose processor is throttled: long frames and memory"),
];

pub(crate) async fn run(scene: &str, plan: &Plan) -> Result<()> {
    match scene {
        "start" => memory::start(plan).await,
        "chats" => delivery::chats(plan).await,
        "room" => delivery::room(plan).await,
        "crowd" => delivery::crowd(plan).await,
        "pair" => pair::pair(plan).await,
        "connect" => connect::connect(plan).await,
        "idle" => memory::idle(plan).await,
        "burst" => memory::burst(plan).await,
        "growth" => growth::growth(plan).await,
        _ => page::page(plan).await,
    }
}

impl Plan {
    async fn causerie(&self) -> Result<Process> {
        Process::causerie(&self.server, self.database).await
    }

    /// The other side: the bare room, or another build.
    async fn other(&self) -> Result<Process> {
        match &self.against {
            Some(program) => Process::causerie(program, self.database).await,
            None => Process::bare().await,
        }
    }

    /// Measures both sides in turns and shows the medians; a ratio is the median of the runs' ratios.
    async fn compare(&self, measure: impl AsyncFn(&Process) -> Result<Vec<Figure>>) -> Result<()> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.runs {
            ours.push(measure(&self.causerie().await?).await?);
            theirs.push(measure(&self.other().await?).await?);
        }
        for (place, figure) in ours[0].iter().enumerate() {
            let column = |runs: &[Vec<Figure>]| -> Vec<f64> {
                runs.iter().filter_map(|run| run.get(place)).map(|figure| figure.value).collect()
            };
            let (mut a, mut b) = (column(&ours), column(&theirs));
            // Nothing lost on either side is no ratio.
            let ratios = a.iter().zip(&b).map(|(a, b)| a / b);
            let mut ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite()).collect();
            let ratio = (!ratios.is_empty()).then(|| median(&mut ratios));
            let bare = (!b.is_empty()).then(|| median(&mut b));
            row(&figure.what, figure.unit, median(&mut a), bare, ratio);
        }
        Ok(())
    }
}

/// Shows the medians of a side's runs that has no other. The ratio is to the first row of the same kind, if `kinds`
/// says how many rows belong together.
fn show_alone(runs: &[Vec<Figure>], kinds: Option<usize>) {
    let medians: Vec<f64> = (0..runs[0].len())
        .map(|place| median(&mut runs.iter().map(|run| run[place].value).collect::<Vec<_>>()))
        .collect();
    for (place, figure) in runs[0].iter().enumerate() {
        let ratio = kinds.map(|kinds| medians[place] / medians[place % kinds]);
        row(&figure.what, figure.unit, medians[place], None, ratio);
    }
}
