//! The page: built by trunk, made smaller, weighed as a browser would download it, and kept for embedding.

mod shorten;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{self, cargo, command};
use crate::project;

/// What the chat page may load, compressed, in bytes: what it weighs now, so that it does not grow.
///
/// It is above the [`TARGET`] and comes down when the parts that a first visit does not need are loaded on demand.
/// Neither another optimiser (3 kB less) nor the compiler's own options (none on a stable one) reach it.
const LIMIT: usize = 200_000;
/// What the chat page should load at most, compressed, in bytes.
const TARGET: usize = 180_000;
/// What the connection tester loads. People come there rarely, and to a server that they run or test.
const TESTER_LIMIT: usize = 260_000;

/// The programs of which a visit loads one: what it is, how the names of its files begin, and what the visit may load
/// with the rest, which belongs to all. Of two that fit a name the earlier counts.
const PROGRAMS: [(&str, &str, usize); 3] = [
    ("the connection tester", "causerie-tester", TESTER_LIMIT),
    ("the chat page in Vietnamese", "causerie-page-vi", LIMIT),
    ("the chat page in English", "causerie-page", LIMIT),
];

/// The page as it was built.
#[derive(Debug)]
pub struct Page {
    /// The folder to embed.
    pub folder: PathBuf,
    /// What a visit of each program loads, compressed, in bytes.
    weights: Weights,
}

/// One for each of [`PROGRAMS`].
type Weights = [usize; PROGRAMS.len()];

impl Page {
    /// What the heaviest of the chat pages loads, compressed, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let chat = PROGRAMS.iter().zip(self.weights).filter(|((.., limit), _)| *limit == LIMIT);
        chat.map(|(_, weight)| weight).max().unwrap_or_default()
    }

    /// Whether a phone may be asked to load it.
    pub fn check_weight(&self) -> Result<()> {
        for ((name, _, limit), weight) in PROGRAMS.into_iter().zip(self.weights) {
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
    run_trunk(&dist, &["--release"])?;
    make_smaller(&dist)?;
    let weights = weigh(&dist)?;
    Ok(Page { weights, folder: keep(&dist, project::target().join("page"))? })
}

/// Build the page for work and tests, neither made small nor weighed, and return its folder.
pub fn build_quickly() -> Result<PathBuf> {
    let dist = project::quick().join("dist");
    fs::create_dir_all(&dist).with_context(|| format!("making {}", dist.display()))?;
    run_trunk(&dist, &[])?;
    keep(&dist, project::quick().join("page"))
}

/// Run trunk; how cargo builds is in `index.html`, for a release and for work.
fn run_trunk(dist: &Path, options: &[&str]) -> Result<()> {
    // Trunk offline means cargo offline, so the packages have to be here before.
    process::run(&mut cargo("fetch --target wasm32-unknown-unknown")?).context("fetching packages")?;
    let mut trunk = command("trunk")?;
    trunk.arg("build").args(options).arg("--dist").arg(dist);
    // Every tool it needs is pinned and installed; a download would be of something that isn't.
    trunk.args(["--offline", "true", "--skip-version-check"]);
    // Trunk takes NO_COLOR=1 for an invalid value.
    trunk.env_remove("NO_COLOR");
    process::run(&mut trunk).context("building the page")
}

/// Shorten every program with its script.
///
/// Trunk names some by a hash of what they were. They lose it: the server names programs by what they are.
fn make_smaller(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let mut html = fs::read_to_string(&index).with_context(|| format!("reading {}", index.display()))?;
    let names: Vec<_> = files(dist)?.into_iter().map(|(name, _)| name).collect();
    for (_, program, _) in PROGRAMS {
        let find = |end| names.iter().find(|name| owner(name) == Some(program) && name.ends_with(end));
        let (script, wasm) =
            find(".js").zip(find(".wasm")).with_context(|| format!("trunk built no {program}"))?;
        let (script_file, wasm_file) = (dist.join(script), dist.join(wasm));
        let (shorter, shorter_script) =
            shorten::shorten(&fs::read(&wasm_file)?, &fs::read_to_string(&script_file)?)?;
        fs::remove_file(script_file)?;
        fs::remove_file(wasm_file)?;
        fs::write(dist.join(format!("{program}.js")), shorter_script)?;
        fs::write(dist.join(format!("{program}_bg.wasm")), shorter)?;
        html = html.replace(&format!("/{script}"), &format!("/{program}.js"));
        html = html.replace(&format!("/{wasm}"), &format!("/{program}_bg.wasm"));
    }
    fs::write(&index, html).with_context(|| format!("writing {}", index.display()))
}

/// Whose a file is, when not everybody's.
fn owner(file: &str) -> Option<&'static str> {
    PROGRAMS.iter().map(|(_, program, _)| *program).find(|program| file.starts_with(program))
}

/// Print what each file costs, and return what a visit of each program loads.
fn weigh(dist: &Path) -> Result<Weights> {
    println!("\n  {:<48} {:>9} {:>9}", "the page", "bytes", "brotli");
    let mut weights = Weights::default();
    for (name, content) in files(dist)? {
        let compressed = compressed_size(&content)?;
        println!("  {name:<48} {:>9} {compressed:>9}", content.len());
        for ((_, program, _), weight) in PROGRAMS.iter().zip(&mut weights) {
            *weight += if owner(&name).is_none_or(|owner| owner == *program) { compressed } else { 0 };
        }
    }
    for ((name, _, limit), weight) in PROGRAMS.into_iter().zip(weights) {
        println!("  {:<48} {:>9} {weight:>9}  of {limit} allowed", format!("what {name} loads"), "");
    }
    println!("  {:<48} {:>9} {TARGET:>9}", "what the chat page should load at most", "");
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
