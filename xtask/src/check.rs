//! `cargo xtask check`: the project's rules, run as a program over its sources.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::project;

/// Exceptions from a rule: the file, the rule, the reason.
const EXCEPTIONS: &[(&str, Rule, &str)] = &[
    (
        "server/tests/integration/main.rs",
        Rule::LeftBehind,
        "it says what a run without Postgres and Redis leaves out",
    ),
    ("e2e/tests/pages/main.rs", Rule::LeftBehind, "it says what a run without proxies leaves out"),
];

/// Texts that must not be committed; each is written in two parts, so that this file follows the rule too.
const LEFT_BEHIND: &[(&str, &str)] = &[
    (concat!("to", "do!("), "unfinished work"),
    (concat!("unimple", "mented!("), "unfinished work"),
    (concat!("db", "g!("), "a debugging aid"),
    (concat!("#[igno", "re"), "a test that does not run"),
];

/// Prefixes of paths that exist on one developer's machine only.
const PRIVATE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Words that are allowed in some files only: the folder that is searched, the words, the allowed paths, and the reason.
const BORDERS: &[(&str, &str, &[&str], &str)] = &[
    ("server/src/", "sqlx", &["server/src/store"], "only a backend of the store knows its database"),
    ("server/src/", "env::var", &["server/src/config"], "one module reads the environment"),
    (
        "server/src/",
        "extract::ws::WebSocket",
        &["server/src/http/socket"],
        "one place names the library's socket",
    ),
    ("web/src/", "WebSocket::", &["web/src/socket.rs"], "one place opens the browser's socket"),
    ("frontend/src/", "WebSocket::", &[], "one place opens the browser's socket, in `web`"),
    ("tester/src/", "WebSocket::", &[], "one place opens the browser's socket, in `web`"),
    (
        "web/src/",
        "causerie_texts",
        &[],
        "the browser's edge speaks no language and is built once for all programs",
    ),
    ("frontend/src/", "user.name", &["frontend/src/view/chats.rs"], "a `Name` goes into a sentence"),
    ("frontend/src/", "sender.name", &[], "a `Name` goes into a sentence"),
    ("frontend/src/", "me.name", &[], "a `Name` goes into a sentence"),
    ("client/src/", "Instant::now", &[], "the client gets the time from its caller"),
    ("client/src/", "SystemTime", &[], "the client gets the time from its caller"),
];

/// The server's modules from the bottom up: a file imports nothing from a module above its own.
const LAYERS: &[&str] = &[
    "clock",
    "email",
    "emoji",
    "search",
    "format",
    "second_factor",
    "config",
    "metrics",
    "outbox",
    "known_tokens",
    "hub",
    "heartbeat",
    "store",
    "bus",
    "rate_limit",
    "socket_limiter",
    "connections",
    "access",
    "auth",
    "refusal",
    "operator",
    "words",
    "chat",
    "mail",
    "caretaker",
    "indexer",
    "session",
    "page",
    "probes",
    "tls",
    "state",
    "http",
    "listener",
    "demo",
    "serve",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// A source file opens with a `//!` sentence on what it is.
    Opening,
    LeftBehind,
    PrivatePath,
    /// The words of [`BORDERS`] stand in the allowed files only.
    Border,
    /// A module of the server imports only from modules below it in [`LAYERS`].
    Layer,
    /// Packages come from crates.io alone.
    Source,
}

/// Run the rules and list every breach.
pub fn check() -> Result<()> {
    let root = project::root();
    let mut breaches = Vec::new();
    let mut checked = 0;
    for path in files(&root)? {
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
        let Ok(text) = fs::read_to_string(&path) else {
            bail!("{name} is not text");
        };
        checked += 1;
        let found = breaches_in(&name, &text);
        breaches.extend(found.into_iter().filter(|breach| !is_exception(&name, breach.rule)));
    }
    for breach in &breaches {
        println!("  {}", breach.text);
    }
    if !breaches.is_empty() {
        bail!("{} of the project's rules are broken", breaches.len());
    }
    println!("  {checked} files follow the project's rules");
    Ok(())
}

#[derive(Debug)]
struct Breach {
    rule: Rule,
    text: String,
}

fn is_exception(name: &str, rule: Rule) -> bool {
    EXCEPTIONS.iter().any(|(file, excepted, _)| *file == name && *excepted == rule)
}

fn breaches_in(name: &str, text: &str) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut report = |rule, line: usize, what: &str| {
        found.push(Breach { rule, text: format!("{name}:{line}: {what}") });
    };
    let is_rust = name.ends_with(".rs");
    if is_rust && !text.starts_with("//! ") {
        report(Rule::Opening, 1, "opens without a `//!` sentence");
    }
    let mut in_tests = false;
    let layer = layer_of(name);
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        in_tests |= line.trim() == "#[cfg(test)]";
        for (pattern, what) in LEFT_BEHIND {
            if is_rust && line.contains(pattern) {
                report(Rule::LeftBehind, number, &format!("{what}: {pattern}"));
            }
        }
        for private in PRIVATE {
            if line.contains(private) {
                report(Rule::PrivatePath, number, &format!("a path of one machine: {private}"));
            }
        }
        for (folder, words, homes, why) in BORDERS {
            let is_home = homes.iter().any(|home| name.starts_with(home));
            if name.starts_with(folder) && !is_home && line.contains(words) {
                report(Rule::Border, number, &format!("{words} does not belong here: {why}"));
            }
        }
        if let Some(layer) = layer
            && !in_tests
            && !name.ends_with("tests.rs")
        {
            for above in imports(line).into_iter().filter(|import| rank(import) > Some(layer)) {
                report(Rule::Layer, number, &format!("imports upwards, from {above}"));
            }
        }
        if name == "Cargo.lock"
            && line.starts_with("source = ")
            && !line.contains("github.com/rust-lang/crates.io-index")
        {
            report(Rule::Source, number, "a package that is not from crates.io");
        }
    }
    found
}

/// The layer of a file of the server's library.
fn layer_of(name: &str) -> Option<usize> {
    rank(name.strip_prefix("server/src/")?.split(['/', '.']).next()?)
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == module)
}

/// The modules of its own crate that a line of code names: `crate::a` and `crate::{b, c}`.
fn imports(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    let paths = code.split("crate::").skip(1);
    let modules = paths.flat_map(|path| match path.strip_prefix('{') {
        Some(group) => group.split('}').next().unwrap_or_default().split(',').map(first_name).collect(),
        None => vec![first_name(path)],
    });
    modules.collect()
}

fn first_name(path: &str) -> &str {
    path.trim().split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default()
}

/// The text files of the project, without build output and hidden folders.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    const KINDS: &[&str] = &["rs", "toml", "lock", "md", "html", "css", "js", "json", "sql", "svg"];
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_kept = !name.starts_with('.') || [".ci", ".cargo"].contains(&name.as_str());
            if path.is_dir() {
                if is_kept && !["target", "dist", "node_modules"].contains(&name.as_str()) {
                    folders.push(path);
                }
                continue;
            }
            let kind = path.extension().unwrap_or_default().to_string_lossy();
            if KINDS.contains(&kind.as_ref()) || folder.ends_with(".ci") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{BORDERS, LEFT_BEHIND, PRIVATE, Rule, breaches_in};

    fn rules(name: &str, text: &str) -> Vec<Rule> {
        breaches_in(name, text).iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn a_clean_file_passes() {
        assert_eq!(rules("server/src/hub.rs", "//! The hub.\nfn f() {}\n"), []);
    }

    #[test]
    fn every_rule_catches_its_breach() {
        assert_eq!(rules("a.rs", "fn f() {}\n"), [Rule::Opening]);
        for (pattern, _) in LEFT_BEHIND {
            assert_eq!(rules("a.rs", &format!("//! A.\n{pattern}")), [Rule::LeftBehind]);
        }
        for private in PRIVATE {
            assert_eq!(rules("README.md", private), [Rule::PrivatePath]);
        }
        for (folder, words, _, _) in BORDERS {
            assert_eq!(rules(&format!("{folder}a.rs"), &format!("//! A.\nuse {words};")), [Rule::Border]);
        }
        for import in ["crate::http::problem", "crate::{clock, serve}"] {
            let text = format!("//! A.\nuse {import};\n");
            assert_eq!(rules("server/src/store/a.rs", &text), [Rule::Layer]);
            assert_eq!(rules("server/src/serve.rs", &text), []);
        }
        let lock = "source = \"registry+https://example.org/index\"";
        assert_eq!(rules("Cargo.lock", lock), [Rule::Source]);
    }
}
