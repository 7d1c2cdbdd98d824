//! The program, started in a folder of its own and with none of the tester's variables.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A command for the program. It sees a folder, and no environment.
pub fn causerie(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causerie"));
    command.current_dir(folder.path()).env_clear().args(args);
    command
}

/// Runs the program to its end. One that serves instead fails the test, or it would wait for ever.
pub fn run(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut stdout = Vec::new();
    out.read_until(b'\n', &mut stdout).unwrap();
    if stdout.starts_with(b"listening on ") {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("it serves: {command:?}");
    }
    out.read_to_end(&mut stdout).unwrap();
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    Output { status, stdout, stderr }
}

/// Runs the program with these arguments to its end.
pub fn output(folder: &TempDir, args: &[&str]) -> Output {
    run(&mut causerie(folder, args))
}

/// A program that serves; killed with the value.
pub struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Serving {
    /// Starts it and waits until it says that it serves.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.strip_prefix("listening on ").map(|url| url.trim_end().to_owned());
        let url = url.unwrap_or_else(|| {
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
            panic!("it said {line:?} and logged {log:?}");
        });
        Self { child, out, url }
    }

    /// The process' number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Asks it to read its files again, and answers the line of the log that tells what came of it.
    pub fn hang_up(&mut self) -> String {
        self.signal(Signal::HUP);
        let log = self.child.stderr.as_mut().unwrap();
        loop {
            // A byte at a time: what comes after the line is for whoever reads next.
            let mut line = Vec::new();
            while line.last() != Some(&b'\n') {
                let mut byte = [0];
                log.read_exact(&mut byte).expect("the program goes on");
                line.push(byte[0]);
            }
            let line = String::from_utf8(line).unwrap();
            if line.contains("certificate") {
                return line;
            }
        }
    }

    /// Sends a signal and waits for the end: how it ended, and its log.
    pub fn end(mut self, signal: Signal) -> (ExitStatus, String) {
        self.signal(signal);
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap(), log)
    }

    /// Sends a signal, and another one once the log says that it drains.
    pub fn end_twice(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        let log = BufReader::new(self.child.stderr.take().unwrap());
        for line in log.lines() {
            if line.unwrap().contains("draining") {
                self.signal(signal);
            }
        }
        self.child.wait().unwrap()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An empty folder with a file in it.
pub fn folder_with(name: &str, content: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}
