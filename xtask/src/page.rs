//! The page: built by trunk, weighed as a browser would download it, and kept for embedding.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{self, cargo, command};
use crate::project;

/// What the chat page loads, compressed, in bytes.
const LIMIT: usize = 180_000;
/// What the connection tester loads. People come there rarely, and to a server that they run or test.
const TESTER_LIMIT: usize = 260_000;

/// How the names of the files begin that only one of the two programs loads; the rest belongs to both.
const PAGE_FILES: &str = "causerie-page";
const TESTER_FILES: &str = "causerie-tester";

/// The page as it was built.
#[derive(Debug)]
pub struct Page {
    /// The folder to embed.
    pub folder: PathBuf,
    /// What the chat page loads, compressed, in bytes.
    pub weight: usize,
    /// What the connection tester loads, compressed, in bytes.
    pub tester_weight: usize,
}

impl Page {
    /// Whether a phone may be asked to load it.
    ///
    /// # Errors
    /// When the chat page or the connection tester is heavier than its limit.
    pub fn check_weight(&self) -> Result<()> {
        let weighed = [("page", self.weight, LIMIT), ("connection tester", self.tester_weight, TESTER_LIMIT)];
        for (name, weight, limit) in weighed {
            if weight > limit {
                bail!("the {name} weighs {weight} bytes in brotli, and {limit} is the limit");
            }
        }
        Ok(())
    }
}

/// Build the page into `dist/` and weigh it.
///
/// # Errors
/// When the build fails.
pub fn build() -> Result<Page> {
    let dist = project::root().join("dist");
    // Trunk offline means cargo offline, so the packages have to be here before.
    process::run(&mut cargo("fetch --target wasm32-unknown-unknown")?).context("fetching packages")?;
    let mut trunk = command("trunk")?;
    trunk.args(["build", "--release", "--cargo-profile", "page", "--dist"]);
    trunk.arg(&dist);
    // Every tool it needs is pinned and installed; a download would be of something that isn't.
    trunk.args(["--offline", "true", "--skip-version-check"]);
    // Trunk takes NO_COLOR=1 for an invalid value.
    trunk.env_remove("NO_COLOR");
    process::run(&mut trunk).context("building the page")?;
    strip(&dist)?;
    let (weight, tester_weight) = weigh(&dist)?;
    Ok(Page { weight, tester_weight, folder: keep(&dist)? })
}

/// Leave out of the programs what only a debugger reads: the names that wasm-bindgen gives its own functions, 10 kB.
fn strip(dist: &Path) -> Result<()> {
    for (name, program) in files(dist)?.into_iter().filter(|(name, _)| name.ends_with(".wasm")) {
        let stripped = without_custom_sections(&program).with_context(|| format!("reading {name}"))?;
        fs::write(dist.join(&name), stripped).with_context(|| format!("writing {name}"))?;
    }
    Ok(())
}

/// A program without its custom sections (WebAssembly 2.0, sections 5.5.2 and 5.5.3).
fn without_custom_sections(program: &[u8]) -> Result<Vec<u8>> {
    /// The magic number and the version.
    const HEADER: usize = 8;
    const CUSTOM: u8 = 0;
    let mut kept = program.get(..HEADER).context("too short for a program")?.to_vec();
    let mut rest = &program[HEADER..];
    while let Some((id, sized)) = rest.split_first() {
        // The size in seven bits a byte, the lowest first, and the highest bit of all bytes but the last is set.
        let digits = 1 + sized.iter().take_while(|byte| **byte >= 0x80).count();
        let size = sized.iter().take(digits).rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        let section = rest.get(..1 + digits + size).context("a section goes beyond the end")?;
        if *id != CUSTOM {
            kept.extend_from_slice(section);
        }
        rest = &rest[section.len()..];
    }
    Ok(kept)
}

/// Print what each file costs, and return what the chat page and what the connection tester loads.
fn weigh(dist: &Path) -> Result<(usize, usize)> {
    println!("\n  {:<48} {:>9} {:>9}", "the page", "bytes", "brotli");
    let (mut page, mut tester) = (0, 0);
    for (name, content) in files(dist)? {
        let compressed = compressed_size(&content)?;
        println!("  {name:<48} {:>9} {compressed:>9}", content.len());
        page += if name.starts_with(TESTER_FILES) { 0 } else { compressed };
        tester += if name.starts_with(PAGE_FILES) { 0 } else { compressed };
    }
    println!("  {:<48} {:>9} {page:>9}  of {LIMIT} allowed", "what the chat page loads", "");
    println!(
        "  {:<48} {:>9} {tester:>9}  of {TESTER_LIMIT} allowed\n",
        "what the connection tester loads", ""
    );
    Ok((page, tester))
}

/// Mirror the page into `target/page`, untouched when nothing changed.
///
/// Trunk writes every file anew, and the server would be built anew with each.
fn keep(dist: &Path) -> Result<PathBuf> {
    let kept = project::target().join("page");
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
    use super::without_custom_sections;

    #[test]
    fn only_custom_sections_are_left_out() {
        let header = b"\0asm\x01\0\0\0";
        let types = [1, 0x84, 0, 1, 0x60, 0, 0];
        let names = [0, 5, 4, b'n', b'a', b'm', b'e'];
        let program = [&header[..], &names, &types, &names].concat();
        assert_eq!(without_custom_sections(&program).unwrap(), [&header[..], &types].concat());
        assert!(without_custom_sections(&program[..program.len() - 1]).is_err());
        assert!(without_custom_sections(b"\0asm").is_err());
    }
}
