//! Starting other programs: every command line is shown before it runs.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::project;

/// A command in the project's root, with the pinned tools first in `PATH`.
pub fn command(program: impl AsRef<OsStr>) -> Result<Command> {
    let mut command = Command::new(program);
    command.current_dir(project::root());
    command.env("PATH", project::path()?);
    // Cargo sets these for this program; a nested cargo would pass them on to build scripts.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    Ok(command)
}

/// `cargo` with these arguments, separated by blanks.
pub fn cargo(arguments: &str) -> Result<Command> {
    let mut command = command("cargo")?;
    command.args(arguments.split_whitespace());
    Ok(command)
}

/// Show a command, run it, and fail when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().with_context(|| format!("starting {}", program_of(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", line_of(command));
    }
    Ok(())
}

/// As [`run`], and pass every line of its standard output to `see` while showing it.
pub fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<()> {
    announce(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", program_of(command)))?;
    let stdout = child.stdout.take().context("standard output was piped")?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("reading the program's output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        see(&line);
    }
    let status = child.wait().context("waiting for the program")?;
    if !status.success() {
        bail!("{} ended with {status}", line_of(command));
    }
    Ok(())
}

/// The standard output of a command; nothing when it can't run or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Print the command line the way a person would type it.
pub fn announce(command: &Command) {
    println!("    $ {}", line_of(command));
    // The line is flushed before the child writes, so that it comes first on the screen.
    let _ = std::io::stdout().flush();
}

fn program_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

fn line_of(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| format!(" {}", argument.to_string_lossy()));
    program_of(command) + &arguments.collect::<String>()
}
