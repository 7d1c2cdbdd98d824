//! The pinned tools that the page is built and tested with: a Rust target, trunk, wasm-bindgen.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::process::{self, cargo, command};
use crate::project;

/// Later versions work as long as their proxy echoes the WebSocket subprotocol; earlier ones don't.
const TRUNK: &str = "0.22.1";
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Install all missing tools that a release and the tests need, and print which were found.
pub fn ensure() -> Result<()> {
    ensure_rust_parts()?;
    ensure_trunk()?;
    ensure_wasm_bindgen()
}

/// Install the missing targets and components of the compiler alone: enough for formatting, clippy, native tests and the
/// quick build.
pub fn ensure_rust_parts() -> Result<()> {
    // Without rustup, the components come from the distribution's package manager.
    let Some(targets) = rustup("target list --installed") else {
        println!("  rustup not found: taking the compiler as it is");
        return Ok(());
    };
    if targets.lines().any(|line| line == WASM_TARGET) {
        println!("  {WASM_TARGET} is installed");
    } else {
        install(WASM_TARGET, &["target", "add", WASM_TARGET])?;
    }
    let components = rustup("component list --installed").unwrap_or_default();
    for component in ["rustfmt", "clippy"] {
        if components.lines().any(|line| line.starts_with(component)) {
            println!("  {component} is installed");
        } else {
            install(component, &["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(arguments: &str) -> Option<String> {
    process::output(command("rustup").ok()?.args(arguments.split(' ')))
}

fn install(what: &str, rustup: &[&str]) -> Result<()> {
    println!("  {what} is missing: adding it");
    process::run(command("rustup")?.args(rustup)).with_context(|| format!("adding {what}"))
}

fn ensure_trunk() -> Result<()> {
    if found("trunk", TRUNK) {
        return Ok(());
    }
    // Trunk declares a newer compiler than it needs.
    let arguments = format!(
        "install trunk --version {TRUNK} --ignore-rust-version --no-default-features --features rustls"
    );
    // Unoptimised: Trunk does little work itself, and half of its build time was optimisation.
    install_tool("trunk", TRUNK, "five", 0, &[arguments])
}

fn ensure_wasm_bindgen() -> Result<()> {
    // The tool refuses a program whose wasm-bindgen library has another version.
    let version = project::locked_version("wasm-bindgen")?;
    if found("wasm-bindgen", &version) && found("wasm-bindgen-test-runner", &version) {
        return Ok(());
    }
    let plain = format!("install wasm-bindgen-cli --version {version}");
    // Its lock file may name a version that was yanked: then it is built without the lock file.
    // Optimised, since it reads and writes whole programs.
    install_tool("wasm-bindgen", &version, "three", 1, &[format!("{plain} --locked"), plain])
}

/// Whether the tool is in `target/tools` or `PATH` in this version.
fn found(tool: &str, version: &str) -> bool {
    let Ok(mut command) = command(tool) else {
        return false;
    };
    let output = process::output(command.arg("--version")).unwrap_or_default();
    let right = output.split_whitespace().any(|word| word == version);
    if right {
        println!("  {tool} {version} is installed");
    }
    right
}

fn install_tool(tool: &str, version: &str, minutes: &str, optimised: u8, attempts: &[String]) -> Result<()> {
    println!("  {tool} {version} is missing: building it, about {minutes} minutes on two cores");
    let started = Instant::now();
    let tools = project::tools();
    let mut outcome = Ok(());
    for attempt in attempts {
        let mut command = cargo(attempt)?;
        command.arg("--root").arg(&tools);
        command.arg("--target-dir").arg(tools.join("build"));
        // Trunk's own release profile takes three times as long to build, for a speed that is not needed here.
        command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", optimised.to_string());
        outcome = process::run(command.arg("--force"));
        if outcome.is_ok() {
            println!("  {tool} {version} installed in {} s", started.elapsed().as_secs());
            break;
        }
    }
    outcome.with_context(|| format!("installing {tool} {version}"))
}
