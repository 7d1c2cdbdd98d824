//! The page: built by trunk, made smaller, weighed as a browser would download it, and kept for embedding.

mod quick;
mod shorten;
pub mod split;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use self::split::Parts;
use crate::process::{self, cargo, command};
use crate::project;

/// What a first visit of the chat page may load, compressed, in bytes.
const LIMIT: usize = 180_000;
/// What a part may weigh that the chat page loads on demand, compressed, in bytes.
const PART_LIMIT: usize = 60_000;
/// What the connection tester loads. People come there rarely, and to a server that they run or test.
const TESTER_LIMIT: usize = 260_000;

/// The programs of which a visit loads one: what it is, how the names of its files begin, and what the visit may load
/// with the rest, which belongs to all. Of two that fit a name the earlier counts.
const PROGRAMS: [(&str, &str, usize); 3] = [
    ("the connection tester", "causerie-tester", TESTER_LIMIT),
    ("the chat page in Vietnamese", "causerie-page-vi", LIMIT),
    ("the chat page in English", "causerie-page", LIMIT),
];
/// How the name of a program's part ends; what stands before it is its program's name, a hash and its own.
const PART: &str = ".part.wasm";

/// The page as it was built.
#[derive(Debug)]
pub struct Page {
    /// The folder to embed.
    pub folder: PathBuf,
    weights: Weights,
}

/// What is loaded, compressed, in bytes.
#[derive(Debug, Default)]
struct Weights {
    /// By a first visit of each of [`PROGRAMS`].
    first: [usize; PROGRAMS.len()],
    /// By a part, and what the file is called.
    parts: Vec<(String, usize)>,
}

impl Page {
    /// What a first visit of the heaviest of the chat pages loads, compressed, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let chat = PROGRAMS.iter().zip(self.weights.first).filter(|((.., limit), _)| *limit == LIMIT);
        chat.map(|(_, weight)| weight).max().unwrap_or_default()
    }

    /// Whether a phone may be asked to load it.
    pub fn check_weight(&self) -> Result<()> {
        let programs = PROGRAMS.into_iter().zip(self.weights.first);
        let programs = programs.map(|((name, _, limit), weight)| (name, weight, limit));
        let parts = self.weights.parts.iter().map(|(name, weight)| (&**name, *weight, PART_LIMIT));
        for (name, weight, limit) in programs.chain(parts) {
            if weight > limit {
                bail!("{name} weighs {weight} bytes in brotli, and {limit} is the limit");
            }
        }
        Ok(())
    }
}

/// Build the page into `dist/`, as people get it, and weigh it.
pub fn build() -> Result<Page> {
    let dist = project::root().join("dist");
    let mut trunk = trunk(&dist)?;
    let parts = split::prepare(&mut trunk)?;
    process::run(&mut trunk).context("building the page")?;
    finish(&dist, Some(&parts))?;
    let weights = weigh(&dist)?;
    // Not `page`: cargo keeps there what it compiles of the profile of that name for this machine, such as macros.
    Ok(Page { weights, folder: keep(&dist, project::target().join("page-files"))? })
}

/// Build the page for work and tests, neither made small nor weighed, and return its folder.
pub fn build_quickly() -> Result<PathBuf> {
    let dist = project::quick().join("dist");
    quick::build(&dist).context("building the page")?;
    finish(&dist, None)?;
    keep(&dist, project::quick().join("page"))
}

/// Trunk's build of the page; how cargo builds is in `index.html`.
fn trunk(dist: &Path) -> Result<Command> {
    // Trunk offline means cargo offline, so the packages have to be here before.
    process::run(&mut cargo("fetch --target wasm32-unknown-unknown")?).context("fetching packages")?;
    let mut trunk = command("trunk")?;
    // The names get their hash in the end, when the files are what people load.
    trunk.args(["build", "--release", "--filehash", "false", "--dist"]).arg(dist);
    // Every tool it needs is pinned and installed; a download would be of something that isn't.
    trunk.args(["--offline", "true", "--skip-version-check"]);
    // Trunk takes NO_COLOR=1 for an invalid value.
    trunk.env_remove("NO_COLOR");
    Ok(trunk)
}

/// Names every file but the document by its content, so that browsers keep it, and makes a release smaller before.
///
/// A program's script names its `parts`, so all of them share one hash.
fn finish(dist: &Path, parts: Option<&Path>) -> Result<()> {
    let index = dist.join("index.html");
    let mut html = fs::read_to_string(&index).with_context(|| format!("reading {}", index.display()))?;
    for (name, content) in files(dist)? {
        if owner(&name).is_some() || name == "index.html" {
            continue;
        }
        let (stem, kind) = name.rsplit_once('.').with_context(|| format!("{name} has no kind"))?;
        let hashed = format!("{stem}-{}.{kind}", hash([&content[..]]));
        fs::rename(dist.join(&name), dist.join(&hashed)).with_context(|| format!("naming {name}"))?;
        html = html.replace(&format!("/{name}"), &format!("/{hashed}"));
    }
    for (_, program, _) in PROGRAMS {
        let (script_name, wasm_name) = (format!("{program}.js"), format!("{program}_bg.wasm"));
        let (script_file, wasm_file) = (dist.join(&script_name), dist.join(&wasm_name));
        let mut wasm = fs::read(&wasm_file).with_context(|| format!("reading {wasm_name}"))?;
        let mut script =
            fs::read_to_string(&script_file).with_context(|| format!("reading {script_name}"))?;
        let mut split = Parts::default();
        if let Some(parts) = parts {
            (wasm, script) = shorten::shorten(&wasm, &script)?;
            split = Parts::read(parts, program)?;
            for (_, part) in &mut split.files {
                *part = shorten::shorten(part, "")?.0;
            }
        }
        if !split.loader.is_empty() {
            script = split::with_loader(&script, &split.loader)
                .with_context(|| format!("joining {script_name}"))?;
        }
        let parts_of_it = split.files.iter().map(|(_, part)| &part[..]);
        let name =
            format!("{program}-{}", hash([&wasm[..], script.as_bytes()].into_iter().chain(parts_of_it)));
        for (part, content) in split.files {
            let new = format!("{name}-{}{PART}", part.trim_start_matches("split_").trim_end_matches(".wasm"));
            script = script.replace(&format!("\"./{part}\""), &format!("\"./{new}\""));
            fs::write(dist.join(new), content)?;
        }
        fs::remove_file(script_file)?;
        fs::remove_file(wasm_file)?;
        fs::write(dist.join(format!("{name}.js")), script)?;
        fs::write(dist.join(format!("{name}_bg.wasm")), wasm)?;
        // Whichever quotes the minifier chose.
        html = html.replace(&format!("/{script_name}"), &format!("/{name}.js"));
        html = html.replace(&format!("/{wasm_name}"), &format!("/{name}_bg.wasm"));
        if ![".js", "_bg.wasm"].iter().all(|end| html.contains(&format!("/{name}{end}"))) {
            bail!("index.html does not load {program}");
        }
    }
    fs::write(&index, html).with_context(|| format!("writing {}", index.display()))
}

/// The first bytes of a digest of all contents together, in hexadecimal digits.
fn hash<'a>(contents: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    contents.into_iter().for_each(|content| hash.update(content));
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whose a file is, when not everybody's.
fn owner(file: &str) -> Option<&'static str> {
    PROGRAMS.iter().map(|(_, program, _)| *program).find(|program| file.starts_with(program))
}

/// Prints what each file costs, and returns what a first visit of each program and what each part loads.
fn weigh(dist: &Path) -> Result<Weights> {
    println!("\n  {:<56} {:>9} {:>9}", "the page", "bytes", "brotli");
    let mut weights = Weights::default();
    for (name, content) in files(dist)? {
        let compressed = compressed_size(&content)?;
        println!("  {name:<56} {:>9} {compressed:>9}", content.len());
        if name.ends_with(PART) {
            weights.parts.push((name, compressed));
            continue;
        }
        for ((_, program, _), weight) in PROGRAMS.iter().zip(&mut weights.first) {
            *weight += if owner(&name).is_none_or(|owner| owner == *program) { compressed } else { 0 };
        }
    }
    for ((name, program, limit), first) in PROGRAMS.into_iter().zip(weights.first) {
        println!("  {:<56} {:>9} {first:>9}  of {limit} allowed", format!("what {name} loads at first"), "");
        let parts: usize = weights
            .parts
            .iter()
            .filter(|(part, _)| owner(part) == Some(program))
            .map(|(_, weight)| weight)
            .sum();
        if parts > 0 {
            println!("  {:<56} {:>9} {:>9}", format!("what {name} loads with every part"), "", first + parts);
        }
    }
    println!();
    Ok(weights)
}

/// Mirror the page into a folder, untouched when nothing changed.
///
/// Trunk writes every file anew, and the server would be built anew with each.
fn keep(dist: &Path, kept: PathBuf) -> Result<PathBuf> {
    let fresh = files(dist)?;
    if files(&kept).is_ok_and(|old| old == fresh) {
        return Ok(kept);
    }
    if kept.exists() {
        fs::remove_dir_all(&kept).with_context(|| format!("emptying {}", kept.display()))?;
    }
    for (name, content) in fresh {
        let path = kept.join(name);
        let folder = path.parent().unwrap_or(&kept);
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(kept)
}

/// Every file under a folder, by its path inside the folder, sorted.
fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        let entries = fs::read_dir(&current).with_context(|| format!("listing {}", current.display()))?;
        for entry in entries {
            let path = entry?.path();
            // Trunk's lock is no part of the page.
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            let name = path.strip_prefix(folder).unwrap_or(&path);
            found.push((name.to_string_lossy().into_owned(), content));
        }
    }
    found.sort();
    Ok(found)
}

fn compressed_size(content: &[u8]) -> Result<usize> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters).context("compressing")?;
    Ok(compressed.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::PROGRAMS;
    use crate::project;

    /// What follows each occurrence of `start`, up to the next `end`.
    fn between(text: &str, start: &str, end: char) -> Vec<String> {
        let found = text.split(start).skip(1).filter_map(|rest| rest.split(end).next());
        found.map(str::to_owned).collect()
    }

    #[test]
    fn the_document_the_loader_and_the_limits_name_the_same_programs() {
        let read = |file| fs::read_to_string(project::root().join(file)).unwrap();
        let built = between(&read("index.html"), "data-bin=\"", '"');
        let loaded = between(&read("Trunk.toml"), "'{base}", '\'');
        let loaded = loaded.iter().filter_map(|file| file.strip_suffix(".js"));
        // Trunk tells the loader the names of the first.
        let loaded: BTreeSet<&str> = loaded.chain([&*built[0]]).collect();
        let built: BTreeSet<&str> = built.iter().map(|name| &**name).collect();
        let weighed: BTreeSet<&str> = PROGRAMS.iter().map(|(_, program, _)| *program).collect();
        assert_eq!(built, weighed);
        assert_eq!(built, loaded);
    }
}
