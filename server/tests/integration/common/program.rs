//! The program, started in a folder of its own and with none of the tester's variables.

use std::fs;
use std::process::Output;

use causerie_testkit::LIMIT;
use tempfile::TempDir;
use tokio::process::Command;

/// What the program says when it serves.
const SERVES: &[u8] = b"listening on ";

/// A command for the program. It sees a folder, and of an environment only that everybody may register.
pub fn causerie(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causerie"));
    command.current_dir(folder.path()).env_clear().args(args).kill_on_drop(true);
    command.env("CAUSERIE_REGISTRATION", "open");
    command
}

/// Runs the program to its end.
pub async fn run(command: &mut Command) -> Output {
    let ended = tokio::time::timeout(LIMIT, command.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("it does not end, and may serve: {command:?}")).unwrap();
    assert!(!output.stdout.starts_with(SERVES), "it serves: {command:?}");
    output
}

/// Runs the program with these arguments to its end.
pub async fn output(folder: &TempDir, args: &[&str]) -> Output {
    run(&mut causerie(folder, args)).await
}

/// An empty folder with a file in it.
pub fn folder_with(name: &str, content: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}
