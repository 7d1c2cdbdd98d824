//! Puts the built page into the program: compresses each file and writes the table that `page.rs` includes.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use sha2::{Digest, Sha256};

/// The folder that `trunk` wrote.
const PAGE_DIR: &str = "CAUSERIE_PAGE_DIR";
/// Cargo's level of optimisation: a program that is not optimised is for work on it, and nobody downloads its page.
const OPT_LEVEL: &str = "OPT_LEVEL";
/// The document's `<base>`, as `page.rs` looks for it.
const BASE: &str = "<base href=\"/\">";
/// What is served when there is none: it says how to build one.
const MISSING: &str = "src/page/missing.html";

/// Each file's path and content.
type Files = Vec<(String, Vec<u8>)>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={PAGE_DIR}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={MISSING}");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = match env::var(PAGE_DIR) {
        Ok(folder) if !folder.is_empty() => {
            println!("cargo::rerun-if-changed={folder}");
            list(Path::new(&folder), "")?
        }
        _ => vec![("index.html".to_owned(), fs::read(MISSING)?)],
    };
    for (path, content) in &mut files {
        if path == "index.html" {
            let html = mark_base(&String::from_utf8_lossy(content));
            *content = html.ok_or_else(|| format!("{PAGE_DIR}: index.html has no <base>"))?.into_bytes();
        }
    }
    files.sort();
    let quality = if env::var(OPT_LEVEL)? == "0" { 4 } else { 11 };
    let mut table = String::new();
    for (index, (path, content)) in files.iter().enumerate() {
        let packed = compress(content, quality)?;
        let compressed = packed.len() < content.len();
        let stored = out.join(format!("page-{index}"));
        fs::write(&stored, if compressed { &packed } else { content })?;
        writeln!(
            table,
            "    Embedded {{ path: {path:?}, content_type: {:?}, hash: {:?}, compressed: {compressed}, content: include_bytes!({stored:?}) }},",
            content_type(path),
            hex(&Sha256::digest(content)[..8]),
        )?;
    }
    let count = files.len();
    fs::write(out.join("page.rs"), format!("static EMBEDDED: [Embedded; {count}] = [\n{table}];\n"))?;
    Ok(())
}

/// Every file under a folder, by its path with slashes.
fn list(folder: &Path, prefix: &str) -> Result<Files, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{PAGE_DIR}: {}: {error}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if path.is_dir() {
            files.extend(list(&path, &name)?);
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push((name, fs::read(&path)?));
        }
    }
    Ok(files)
}

/// Writes the document's `<base>` in one way, whatever the minifier made of it: the server puts its own path there.
fn mark_base(html: &str) -> Option<String> {
    let start = html.find("<base ")?;
    let end = start + html[start..].find('>')? + 1;
    Some([&html[..start], BASE, &html[end..]].concat())
}

fn compress(content: &[u8], quality: i32) -> Result<Vec<u8>, Box<dyn Error>> {
    let parameters = BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut packed, &parameters)?;
    Ok(packed)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
