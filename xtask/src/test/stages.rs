//! The stages of a test run, in their order.

use std::process::Command;

use anyhow::{Result, bail};

use super::{Outcome, Prepared};
use crate::process::{self, cargo};
use crate::report::Counts;
use crate::server::{TestServer, free_port};
use crate::{build, check, project};

/// What must be there before a stage can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The compiler.
    Rust,
    /// The tools that build the page.
    Tools,
    /// The built program.
    Program,
    /// The built program and a browser.
    Browser,
}

/// One part of a test run.
#[derive(Debug)]
pub struct Stage {
    pub name: &'static str,
    pub about: &'static str,
    pub needs: Needs,
    pub run: fn(&mut Prepared) -> Outcome,
}

/// The stages whose tests start programs beside the server.
pub const WITH_PROGRAMS: &[&str] = &["native", "torture", "pages"];

/// All stages, in the order they run.
pub const STAGES: &[Stage] = &[
    Stage {
        name: "format",
        about: "the sources are formatted",
        needs: Needs::Rust,
        run: |_| one(cargo("fmt --all --check")?),
    },
    Stage {
        name: "rules",
        about: "the project's rules hold (cargo xtask check)",
        needs: Needs::Rust,
        run: |_| check::check().map(|()| Counts::one(true)),
    },
    Stage {
        name: "lint",
        about: "clippy has nothing to say, natively and for the page",
        needs: Needs::Rust,
        run: lint,
    },
    Stage {
        name: "native",
        about: "protocol, client, server and commands, over real sockets; several servers over Postgres and Redis",
        needs: Needs::Rust,
        run: |prepared| native(prepared),
    },
    Stage {
        name: "build",
        about: "the page and the program that serves it",
        needs: Needs::Tools,
        run: build_program,
    },
    Stage {
        name: "torture",
        about: "a server, and three nodes, that are killed and cut off keep their promises, and one that does not is caught",
        needs: Needs::Program,
        run: |prepared| torture_briefly(prepared),
    },
    Stage {
        name: "wasm",
        about: "the page's own client in a browser, against a real server",
        needs: Needs::Browser,
        run: wasm,
    },
    Stage { name: "pages", about: "two people in two browsers", needs: Needs::Browser, run: pages },
];

/// All crates but the page, which is for browsers only and would have its framework compiled twice.
///
/// Every stage names the same ones, so that the packages which they share are compiled with the same features, and once.
const NATIVE: &str = "test --workspace --exclude causerie-frontend --no-fail-fast";
/// The cargo command for the tests that run in a browser.
const BROWSER: &str = "test --package causerie-frontend --package causerie-tester --target wasm32-unknown-unknown --no-fail-fast";
/// The features with the tests that need the built program.
const ON_PROGRAM: &str =
    "--features causerie-server/test-services,causerie-e2e/real-causes,causerie-torture/real-nodes";

/// Runs clippy as the compiler of the tests, so that all code is checked only once.
fn lint(prepared: &mut Prepared) -> Outcome {
    let mut counts = Counts::default();
    for tests in [format!("{NATIVE} {ON_PROGRAM}"), BROWSER.to_owned()] {
        let mut clippy = cargo(&format!("{tests} --no-run --quiet"))?;
        with_clippy(&mut clippy);
        counts = counts.add(one(clippy)?);
    }
    prepared.linted = counts.failed == 0;
    Ok(counts)
}

/// Lets clippy compile the project's own crates, with its settings in the form in which `cargo clippy` passes them.
fn with_clippy(command: &mut Command) {
    // An option and not RUSTC_WORKSPACE_WRAPPER, which tests that call cargo would inherit.
    command.args(["--config", "build.rustc-workspace-wrapper='clippy-driver'"]);
    command.env("CLIPPY_ARGS", "--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
}

/// A command for tests; as compiled by `lint`, if it ran and reported nothing.
fn tests(arguments: &str, prepared: &Prepared) -> Result<Command> {
    let mut tests = cargo(arguments)?;
    if prepared.linted {
        with_clippy(&mut tests);
    }
    Ok(tests)
}

fn native(prepared: &Prepared) -> Outcome {
    let mut tests = tests(NATIVE, prepared)?;
    if prepared.no_programs.is_none() {
        tests.args(["--features", "causerie-server/test-services"]);
    } else {
        // This test only tells a plain `cargo test` what it leaves out.
        tests.args(["--", "--skip", "tests_of_several_nodes_of_postgres_and_of_proxies"]);
    }
    Ok(counted(tests)?.add(not_run("the tests of several nodes, of Postgres and of proxies", prepared)))
}

/// Prints which tests did not run because programs are missing; in CI that is a failure.
fn not_run(tests: &str, prepared: &Prepared) -> Counts {
    let Some(why) = &prepared.no_programs else { return Counts::default() };
    println!("not run: {tests}: {why}");
    Counts { failed: project::in_ci().into(), ..Counts::default() }
}

fn build_program(prepared: &mut Prepared) -> Outcome {
    let built = build::build()?;
    prepared.built = true;
    // A page that is too heavy is a failure of this stage, but later stages can test it.
    built.page.check_weight()?;
    Ok(Counts::one(true))
}

fn torture_briefly(prepared: &Prepared) -> Outcome {
    // Each run has servers and a dozen clients: several runs at once would only slow one another down.
    let checker = |test: &str| {
        let mut checker = tests(&format!("{NATIVE} {ON_PROGRAM} --test {test}"), prepared)?;
        checker.env("CAUSERIE_BIN", project::program()).env("RUST_TEST_THREADS", "1");
        counted(checker)
    };
    // The torturer was compiled with its tests, unoptimised; only the server is optimised.
    let real = |arguments: &[&str]| {
        let mut real = process::command(project::target().join("debug/causerie-torture"))?;
        real.args(arguments).env("CAUSERIE_BIN", project::program());
        counted(real)
    };
    let counts = checker("sabotage")?.add(real(&["--seconds", "20"])?);
    if prepared.no_programs.is_some() {
        return Ok(counts.add(not_run("the torture of several nodes", prepared)));
    }
    Ok(counts.add(checker("sabotage_nodes")?).add(real(&["--nodes", "3", "--each", "1"])?))
}

fn wasm(prepared: &mut Prepared) -> Outcome {
    // The page that holds the tests needs an origin that the server was told to allow.
    let address = format!("127.0.0.1:{}", free_port()?);
    let server = TestServer::start(&format!("http://{address}"))?;
    let mut tests = tests(&format!("{BROWSER} --tests"), prepared)?;
    with_driver(&mut tests, prepared);
    tests.env("CAUSERIE_TEST_SERVER", &server.url);
    tests.env("WASM_BINDGEN_TEST_ADDRESS", address);
    // In seconds. The defaults, 20 and 5, are too short for a loaded machine.
    tests.env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    tests.env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60");
    counted(tests)
}

fn pages(prepared: &mut Prepared) -> Outcome {
    let mut tests = tests(&format!("{NATIVE} {ON_PROGRAM} --test pages"), prepared)?;
    with_driver(&mut tests, prepared);
    tests.env("CAUSERIE_BIN", project::program());
    // Each test drives two browsers: more tests at once would only wait for one another.
    tests.env("RUST_TEST_THREADS", "2");
    if prepared.no_programs.is_some() {
        tests.args(["--", "--skip", "doctor::"]);
    }
    Ok(counted(tests)?.add(not_run("the tests of the diagnosis", prepared)))
}

fn with_driver(tests: &mut Command, prepared: &Prepared) {
    if let Some(driver) = &prepared.driver {
        tests.env("CHROMEDRIVER", &driver.0);
    }
}

/// Runs a command that counts as one check.
fn one(mut command: Command) -> Outcome {
    Ok(Counts::one(process::run(&mut command).is_ok()))
}

/// Runs a command that prints how many tests passed and failed.
fn counted(mut command: Command) -> Outcome {
    let mut counts = Counts::default();
    let outcome = process::watch(&mut command, |line| counts.read(line));
    complete(counts, &outcome)
}

/// A runner that failed without a failed test did not compile or crashed, which counts as one failure.
/// A runner without a test is an error.
fn complete(mut counts: Counts, outcome: &Result<()>) -> Outcome {
    if outcome.is_err() && counts.failed == 0 {
        counts.failed = 1;
    }
    if outcome.is_ok() && counts.passed + counts.failed == 0 {
        bail!("no test ran");
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::complete;
    use crate::report::Counts;

    #[test]
    fn a_runner_that_crashes_is_a_failure() {
        let counts = Counts { passed: 4, failed: 0, ignored: 0 };
        assert_eq!(complete(counts, &Err(anyhow!("killed"))).unwrap().failed, 1);
        assert_eq!(complete(counts, &Ok(())).unwrap(), counts);
        assert!(complete(Counts::default(), &Ok(())).is_err());
    }
}
