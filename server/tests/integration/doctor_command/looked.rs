//! The command, run to its end, and what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use causerie_protocol::ChatId;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::common::program;
use crate::common::server::{Person, TestServer};

/// What the command said.
#[derive(Debug)]
pub struct Looked {
    pub code: Option<i32>,
    /// The report, as JSON.
    pub report: Value,
    /// Everything that it printed.
    pub printed: String,
}

impl Looked {
    /// Checks that it found this, and answers its words: what happened, why, and what to do.
    #[track_caller]
    pub fn found(&self, finding: &str) -> String {
        assert_eq!(self.report["finding"], finding, "{}", self.printed);
        assert_eq!(self.code, Some(i32::from(finding != "all_well")), "{}", self.printed);
        let words = &self.report["words"];
        ["what", "why", "remedy"].map(|part| words[part].as_str().unwrap()).join("\n")
    }

    /// The commands and lines that the remedy names.
    pub fn told_lines(&self) -> Vec<&str> {
        self.report["words"]["remedy"].as_str().unwrap().split('`').skip(1).step_by(2).collect()
    }

    /// How many checks ended so.
    pub fn steps(&self, outcome: &str) -> usize {
        let steps = self.report["steps"].as_array().unwrap();
        steps.iter().filter(|step| step["outcome"] == outcome).count()
    }
}

/// Runs the command in a folder of its own, and reads its JSON.
pub async fn doctor(args: &[&str]) -> Looked {
    let folder = tempfile::tempdir().unwrap();
    look(program::causerie(&folder, &["doctor", "--json"]), args).await
}

/// As [`doctor`], with a command of one's own that has `doctor --json` already.
pub async fn look(mut command: Command, args: &[&str]) -> Looked {
    command.args(args);
    read(&program::run(&mut command).await)
}

fn read(output: &Output) -> Looked {
    let Output { status, stdout, stderr } = output;
    let printed = [stdout.as_slice(), stderr].map(String::from_utf8_lossy).join("");
    let report = serde_json::from_slice(stdout).unwrap_or_else(|_| panic!("no JSON: {printed:?}"));
    Looked { code: status.code(), report, printed }
}

/// A person's token in a file, as the command reads it; it must never come out again.
pub struct TokenFile {
    _folder: TempDir,
    path: PathBuf,
    token: String,
}

impl TokenFile {
    pub fn new(token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.txt");
        fs::write(&path, format!("{token}\n")).unwrap();
        Self { _folder: folder, path, token: token.to_owned() }
    }

    pub fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Looks at a server with it, without waiting for a heartbeat.
    pub async fn quick(&self, url: &str, args: &[&str]) -> Looked {
        self.thorough(url, &[&["--quick"], args].concat()).await
    }

    /// Looks at a server with it.
    pub async fn thorough(&self, url: &str, args: &[&str]) -> Looked {
        let looked = doctor(&[&[url, "--token-file", self.path()], args].concat()).await;
        let shown = self.token.len() > 8 && looked.printed.contains(&self.token);
        assert!(!shown, "the token was printed: {}", looked.printed);
        looked
    }
}

/// Two people in a chat, and the first one's token.
pub async fn in_a_chat(server: &TestServer) -> (Person, ChatId, TokenFile) {
    let alice = server.register("alice").await;
    let bob = server.register("bob").await;
    let chat = server.start_chat(&alice, &bob).await;
    let token = TokenFile::new(&alice.token);
    (alice, chat, token)
}

/// The program's path, for a command that starts it in its turn.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_causerie"))
}
