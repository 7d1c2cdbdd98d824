//! Where a server's time goes during a load: by thread, and by function where `perf` is installed.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::cpu_of;

/// Samples a second; not a divisor of anything that happens in round times.
const FREQUENCY: &str = "997";

/// Writes one report for each load into a folder.
pub(crate) struct Profiler {
    folder: PathBuf,
    has_perf: bool,
}

impl Profiler {
    pub(crate) fn new(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let has_perf = Command::new("perf").arg("--version").stdout(Stdio::null()).status().is_ok();
        let how = if has_perf {
            "by function and by thread"
        } else {
            "by thread only: perf is not installed (Debian: linux-perf)"
        };
        println!("Where the time goes is written to {}, {how}.\n", folder.display());
        Ok(Self { folder, has_perf })
    }

    /// Records one process until [`Recording::end`].
    pub(crate) fn begin(&self, pid: u32, scene: &str) -> Result<Recording> {
        let name: String =
            scene.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
        let data = self.folder.join(format!("{name}.data"));
        let perf = self.has_perf.then(|| {
            // Without call chains: the program keeps no frame pointers, and to copy stacks would be most of the time.
            Command::new("perf")
                .args(["record", "--quiet", "-F", FREQUENCY, "-p", &pid.to_string(), "-o"])
                .arg(&data)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .context("starting perf")
        });
        Ok(Recording {
            report: self.folder.join(format!("{name}.txt")),
            data,
            perf: perf.transpose()?,
            pid,
            before: threads(pid)?,
        })
    }
}

/// A load that is being recorded.
pub(crate) struct Recording {
    report: PathBuf,
    data: PathBuf,
    perf: Option<Child>,
    pid: u32,
    before: Vec<(String, Duration)>,
}

impl Recording {
    /// Writes the report.
    pub(crate) fn end(self) -> Result<()> {
        let mut text = by_thread(&self.before, &threads(self.pid)?);
        if let Some(mut perf) = self.perf {
            let pid = i32::try_from(perf.id()).ok().and_then(Pid::from_raw).context("perf has a number")?;
            kill_process(pid, Signal::INT)?;
            // Its status tells of the signal; what counts is the file.
            perf.wait()?;
            text += &by_function(&self.data, "comm,dso")?;
            text += &by_function(&self.data, "comm,symbol")?;
        } else {
            text += "\nperf is not installed, so functions are not known.\n";
        }
        fs::write(&self.report, text).with_context(|| format!("writing {}", self.report.display()))
    }
}

/// Each kind of thread with its processor time so far.
fn threads(pid: u32) -> Result<Vec<(String, Duration)>> {
    let mut times: Vec<(String, Duration)> = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // One may have ended meanwhile.
        let Ok((name, cpu)) = cpu_of(&task?.path().join("stat").to_string_lossy()) else { continue };
        match times.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += cpu,
            None => times.push((name, cpu)),
        }
    }
    Ok(times)
}

fn by_thread(before: &[(String, Duration)], after: &[(String, Duration)]) -> String {
    let mut text = "processor time by kind of thread\n".to_owned();
    for (name, cpu) in after {
        let earlier = before.iter().find(|(known, _)| known == name).map_or(Duration::ZERO, |(_, cpu)| *cpu);
        // A kind of which threads have ended has less than before.
        let spent = cpu.saturating_sub(earlier).as_secs_f64();
        writeln!(text, "{spent:8.2} s  {name}").expect("a string takes all");
    }
    text
}

fn by_function(data: &Path, sort: &str) -> Result<String> {
    let out = tempfile::NamedTempFile::new()?;
    let status = Command::new("perf")
        .args(["report", "--stdio", "--percent-limit", "0.3", "--sort", sort, "-i"])
        .arg(data)
        .stdout(File::create(out.path())?)
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "perf report ended with {status}");
    let lines = fs::read_to_string(out.path())?;
    let lines = lines.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    // Behind each symbol stand columns that have nothing in them.
    let lines: Vec<&str> = lines.map(|line| line.trim_end_matches([' ', '-'])).collect();
    Ok(format!("\nby {sort}\n{}\n", lines.join("\n")))
}
