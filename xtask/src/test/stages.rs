//! The stages of a test run, in their order.

use std::process::Command;

use anyhow::{Result, bail};

use super::{Outcome, Prepared};
use crate::process::{self, cargo};
use crate::report::Counts;
use crate::server::{TestServer, free_port};
use crate::{build, check, project};

/// One part of a test run.
#[derive(Debug)]
pub struct Stage {
    pub name: &'static str,
    pub about: &'static str,
    /// Needs the built program and a browser.
    pub needs_browser: bool,
    pub run: fn(&mut Prepared) -> Outcome,
}

/// All stages, in the order they run.
pub const STAGES: &[Stage] = &[
    Stage {
        name: "format",
        about: "the sources are formatted",
        needs_browser: false,
        run: |_| one(cargo("fmt --all --check")?),
    },
    Stage {
        name: "rules",
        about: "the project's rules hold (cargo xtask check)",
        needs_browser: false,
        run: |_| check::check().map(|()| Counts::one(true)),
    },
    Stage {
        name: "lint",
        about: "clippy has nothing to say, natively and for the page",
        needs_browser: false,
        run: |_| lint(),
    },
    Stage {
        name: "native",
        about: "protocol, client, server and commands, over real sockets",
        needs_browser: false,
        run: |_| native(),
    },
    Stage {
        name: "build",
        about: "the page and the program that serves it",
        needs_browser: false,
        run: build_program,
    },
    Stage {
        name: "wasm",
        about: "the page's own client in a browser, against a real server",
        needs_browser: true,
        run: wasm,
    },
    Stage { name: "pages", about: "two people in two browsers", needs_browser: true, run: pages },
];

fn lint() -> Outcome {
    // The page is compiled for the browser only; checking it natively too would compile its framework twice.
    let native =
        cargo("clippy --workspace --exclude causerie-frontend --all-targets --quiet -- --deny warnings")?;
    let page = cargo(
        "clippy --package causerie-frontend --all-targets --target wasm32-unknown-unknown --quiet -- --deny warnings",
    )?;
    let passed = [one(native)?, one(page)?];
    Ok(Counts {
        passed: passed.iter().map(|counts| counts.passed).sum(),
        failed: passed.iter().map(|counts| counts.failed).sum(),
        ignored: 0,
    })
}

fn native() -> Outcome {
    counted(cargo("test --workspace --exclude causerie-frontend --exclude causerie-e2e --no-fail-fast")?)
}

fn build_program(prepared: &mut Prepared) -> Outcome {
    let built = build::build()?;
    prepared.built = true;
    // A page that is too heavy is a failure, and can still be tested.
    built.page.check_weight()?;
    Ok(Counts::one(true))
}

fn wasm(prepared: &mut Prepared) -> Outcome {
    // The page that holds the tests needs an origin that the server was told to allow.
    let address = format!("127.0.0.1:{}", free_port()?);
    let server = TestServer::start(&format!("http://{address}"))?;
    let mut tests =
        cargo("test --package causerie-frontend --target wasm32-unknown-unknown --tests --no-fail-fast")?;
    with_driver(&mut tests, prepared);
    tests.env("CAUSERIE_TEST_SERVER", &server.url);
    tests.env("WASM_BINDGEN_TEST_ADDRESS", address);
    // In seconds. The defaults, 20 and 5, are too short for a loaded machine.
    tests.env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    tests.env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60");
    counted(tests)
}

fn pages(prepared: &mut Prepared) -> Outcome {
    let mut tests = cargo("test --package causerie-e2e --no-fail-fast")?;
    with_driver(&mut tests, prepared);
    tests.env("CAUSERIE_BIN", project::program());
    // Each test drives two browsers: more tests at once only wait for one another.
    tests.env("RUST_TEST_THREADS", "2");
    counted(tests)
}

fn with_driver(tests: &mut Command, prepared: &Prepared) {
    if let Some(driver) = &prepared.driver {
        tests.env("CHROMEDRIVER", &driver.0);
    }
}

/// A command that is one check.
fn one(mut command: Command) -> Outcome {
    Ok(Counts::one(process::run(&mut command).is_ok()))
}

/// A command that runs tests and prints how many.
fn counted(mut command: Command) -> Outcome {
    let mut counts = Counts::default();
    let outcome = process::watch(&mut command, |line| counts.read(line));
    complete(counts, &outcome)
}

/// A runner that failed without a failed test did not compile, or broke down: one failure more.
/// A runner that ran nothing proves nothing.
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
    fn a_runner_that_breaks_down_is_a_failure() {
        let counts = Counts { passed: 4, failed: 0, ignored: 0 };
        assert_eq!(complete(counts, &Err(anyhow!("killed"))).unwrap().failed, 1);
        assert_eq!(complete(counts, &Ok(())).unwrap(), counts);
        assert!(complete(Counts::default(), &Ok(())).is_err());
    }
}
