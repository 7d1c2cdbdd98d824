//! Splits a program into a main part, which every visit loads, and parts that are loaded on demand.
//!
//! A program can only be split between the compiler and wasm-bindgen, and Trunk calls one right after the other.
//! So Trunk finds xtask under the name of wasm-bindgen: it splits the compiled program, and calls the real wasm-bindgen
//! with the main part.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow, bail};

use crate::project;

/// The file name under which Trunk looks for wasm-bindgen.
const NAME: &str = "wasm-bindgen";
/// The environment variable that tells the stand-in the path of the real wasm-bindgen.
const REAL: &str = "CAUSERIE_WASM_BINDGEN";
/// The environment variable with the folder in which each program's parts get their own folder.
const FOLDER: &str = "CAUSERIE_PAGE_PARTS";

/// The script that loads a program's parts, by the name under which the program imports it.
const LOADER: &str = "./parts.js";
/// The code before and after the name of a part, by which the splitter's script fetches it.
const FETCH: (&str, &str) = ("fetch(new URL(", ", import.meta.url))");
/// The code by which it compiles and instantiates a part.
const INSTANTIATE: &str = "WebAssembly.instantiateStreaming(src, imports)";
/// The code that replaces both: it has a timeout, ignores the content type, which a proxy may have changed, and retries
/// once. The retry bypasses the browser's cache, in which a damaged file would stay for a year.
const LOAD_PART: &str = "const loadPart = async name => {
const url = new URL(name, import.meta.url);
const load = async cache => {
const answer = await fetch(url, { cache, signal: AbortSignal.timeout(20000) });
if (!answer.ok) throw Error(`${url}: ${answer.status}`);
return WebAssembly.compile(await answer.arrayBuffer());
};
try { return await load('default'); } catch (_) {
await new Promise(done => setTimeout(done, 2000));
return load('reload');
}
};
";

/// Lets a release build by `trunk` split its programs, and returns the folder that the parts are written to.
///
/// # Errors
/// When a file can't be written.
pub fn prepare(trunk: &mut Command) -> Result<PathBuf> {
    let work = project::target().join("page-parts");
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("emptying {}", work.display()))?;
    }
    let stand_in = work.join("bin");
    fs::create_dir_all(&stand_in).with_context(|| format!("making {}", stand_in.display()))?;
    let this = env::current_exe().context("looking for this program")?;
    fs::copy(&this, stand_in.join(NAME)).with_context(|| format!("copying {}", this.display()))?;
    let path = project::path()?;
    let all = std::iter::once(stand_in).chain(env::split_paths(&path));
    trunk.env("PATH", env::join_paths(all).context("a path that PATH can't carry")?);
    let real = which::which_in(NAME, Some(&path), project::root()).context("looking for wasm-bindgen")?;
    trunk.env(REAL, real).env(FOLDER, &work);
    // Cargo adds these flags to those in .cargo/config.toml.
    trunk.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg=split -Clink-arg=--emit-relocs");
    Ok(work)
}

/// Whether this program was called as wasm-bindgen.
#[must_use]
pub fn is_stand_in() -> bool {
    env::args_os().next().is_some_and(|name| Path::new(&name).file_stem().is_some_and(|name| name == NAME))
}

/// Splits the program in the arguments, and calls the real wasm-bindgen with its main part.
#[must_use]
pub fn stand_in() -> ExitCode {
    match call_wasm_bindgen() {
        Ok(code) => code,
        Err(error) => {
            println!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn call_wasm_bindgen() -> Result<ExitCode> {
    let real = env::var_os(REAL).with_context(|| format!("{REAL} is not set"))?;
    let mut arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let program = arguments
        .iter_mut()
        .find(|argument| Path::new(argument).extension().is_some_and(|end| end == "wasm"));
    if let Some(program) = program {
        let folder = env::var_os(FOLDER).with_context(|| format!("{FOLDER} is not set"))?;
        if let Some(main) = split(Path::new(program), Path::new(&folder))? {
            *program = main.into_os_string();
            // The parts import these exports from the main part.
            arguments.push("--keep-lld-exports".into());
        }
    }
    let status = Command::new(real).args(arguments).status().context("starting wasm-bindgen")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Splits a program, and returns where its main part is; `None` when it has no parts.
fn split(program: &Path, folder: &Path) -> Result<Option<PathBuf>> {
    let name = program.file_stem().and_then(|name| name.to_str()).context("a program without a name")?;
    let wasm = fs::read(program).with_context(|| format!("reading {}", program.display()))?;
    let parts = folder.join(name);
    let main = parts.join(format!("{name}.wasm"));
    let mut options = wasm_split_cli_support::Options::new(&wasm);
    options.output_dir = &parts;
    options.main_out_path = &main;
    options.link_name = LOADER;
    let split = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("splitting {}: {error:#}", program.display()))?;
    if split.split_modules.is_empty() {
        fs::remove_dir_all(&parts).with_context(|| format!("removing {}", parts.display()))?;
        return Ok(None);
    }
    Ok(Some(main))
}

/// The parts of a program; empty when it was not split.
#[derive(Debug, Default)]
pub struct Parts {
    /// The script that loads them.
    pub loader: String,
    /// The name of each file, as in the script, and its content.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Parts {
    pub fn read(folder: &Path, program: &str) -> Result<Self> {
        let folder = folder.join(program);
        if !folder.exists() {
            return Ok(Self::default());
        }
        let loader =
            fs::read_to_string(folder.join(LOADER)).context("reading the script that loads the parts")?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if loader.contains(&format!("\"./{name}\"")) {
                files.push((name, fs::read(&path).with_context(|| format!("reading {}", path.display()))?));
            }
        }
        files.sort();
        if files.is_empty() {
            bail!("{program} was split into no parts");
        }
        Ok(Self { loader, files })
    }
}

/// Puts the `loader` into the program's script, which would import it. That saves a request, and a damaged loader can't
/// stay in the cache beside an intact script.
///
/// # Errors
/// When the code of one of the two is not what wasm-bindgen or the splitter generates today.
pub fn with_loader(script: &str, loader: &str) -> Result<String> {
    let (mut script, mut names) = (script.to_owned(), Vec::new());
    let from = [format!("from\"{LOADER}\""), format!("from \"{LOADER}\"")];
    while let Some((at, from)) = from.iter().find_map(|from| Some((script.find(from)?, from))) {
        let start = script[..at].rfind("import").context("an import without its word")?;
        let name = script[start..at].trim_start_matches("import").trim().trim_start_matches('*').trim();
        names.push(name.strip_prefix("as ").context("an import of single names")?.trim().to_owned());
        let end = at + from.len();
        let end = end + usize::from(script[end..].starts_with(';'));
        script.replace_range(start..end, "");
    }
    let [first, others @ ..] = &names[..] else { bail!("the script does not import {LOADER}") };
    // The loader is now in the script that has `initSync`, so it need not import it.
    let import = loader.lines().find(|line| line.starts_with("import { initSync }"));
    let import = import.context("the loader does not import initSync")?;
    let exported: Vec<_> =
        loader.lines().filter_map(|line| line.strip_prefix("export const ")?.split(' ').next()).collect();
    let body = loader.replacen(import, "", 1).replace("export const ", "const ");
    let (body, parts) = load_by_hand(&body);
    if parts == 0 || body.contains("fetch(") || body.contains("Streaming") {
        bail!("the loader does not load its parts as it did");
    }
    let others: String = others.iter().map(|name| format!(",{name}={first}")).collect();
    // A constant at the end is early enough: no function that uses it is called before the whole script has run.
    Ok(format!(
        "{script}\nconst {first}=(()=>{{{LOAD_PART}{body}\nreturn{{{}}}}})(){others};\n",
        exported.join(",")
    ))
}

/// Replaces the requests of the loader with calls of `loadPart`; returns how many there were.
fn load_by_hand(loader: &str) -> (String, usize) {
    let (mut rest, mut written, mut parts) = (loader, String::new(), 0);
    while let Some((before, after)) = rest.split_once(FETCH.0) {
        let Some((name, after)) = after.split_once(FETCH.1) else { break };
        written.push_str(before);
        written.push_str(&format!("loadPart({name})"));
        (rest, parts) = (after, parts + 1);
    }
    written.push_str(rest);
    (written.replace(INSTANTIATE, "WebAssembly.instantiate(await src, imports)"), parts)
}

#[cfg(test)]
mod tests {
    use super::{LOAD_PART, with_loader};

    const LOADER: &str = "import { initSync } from \"./main.js\";\n\nfunction makeLoad() {}\nexport const load_a = makeLoad(() => {\n    const src = fetch(new URL(\"./a.wasm\", import.meta.url));\n    return async (imports) => (WebAssembly.instantiateStreaming(src, imports));\n});\nexport const load_b = makeLoad();\n";

    #[test]
    fn the_loader_becomes_part_of_the_script_that_imports_it() {
        let joined = format!(
            "function initSync(){{}}export{{initSync}};\nconst e=(()=>{{{LOAD_PART}\n\nfunction makeLoad() {{}}\n\
            const load_a = makeLoad(() => {{\n    const src = loadPart(\"./a.wasm\");\n    \
            return async (imports) => (WebAssembly.instantiate(await src, imports));\n}});\n\
            const load_b = makeLoad();\n\nreturn{{load_a,load_b}}}})(),n=e;\n"
        );
        let minified = "import*as e from\"./parts.js\";import*as n from\"./parts.js\";function initSync(){}export{initSync};";
        assert_eq!(with_loader(minified, LOADER).unwrap(), joined);
        let plain = "import * as e from \"./parts.js\"import * as n from \"./parts.js\"function initSync(){}export{initSync};";
        assert_eq!(with_loader(plain, LOADER).unwrap(), joined);
    }

    #[test]
    fn scripts_of_an_unknown_form_are_refused() {
        assert!(with_loader("function initSync(){}", LOADER).is_err());
        assert!(with_loader("import*as e from\"./parts.js\";", "export const load = 1;").is_err());
        let other = LOADER.replace("new URL(", "find(");
        assert!(with_loader("import*as e from\"./parts.js\";", &other).is_err());
    }
}
