//! Makes a program smaller to download without a change in behaviour.
//!
//! wasm-bindgen imports every function of the browser by a name with a hash, which is in the program and in its script.
//! Hashes do not compress: two hundred of them are 6 kB of a visit. So the imports are renamed to short names in both.
//! Custom sections, which only debuggers read, are removed.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::Range;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ImportSection, Module, RawSection};
use wasmparser::{ImportSectionReader, Parser, Payload};

/// Shortens a program and the script that loads it, with the same names in both.
pub fn shorten(program: &[u8], script: &str) -> Result<(Vec<u8>, String)> {
    let mut names = HashMap::new();
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(program) {
        match payload.context("reading a program")? {
            Payload::ImportSection(section) => {
                module.section(&rename(section, script, &mut names)?);
            }
            Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = &program[usize::try_from(range.start)?..usize::try_from(range.end)?];
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok((module.finish(), rewrite(script, &names)))
}

/// Renames the imports and adds the new names to `names`. An import that the script does not name keeps its name.
fn rename<'a>(
    section: ImportSectionReader<'a>,
    script: &str,
    names: &mut HashMap<&'a str, String>,
) -> Result<ImportSection> {
    let known: HashSet<&str> = identifiers(script).map(|range| &script[range]).collect();
    let mut imports = ImportSection::new();
    for import in section.into_imports() {
        let import = import.context("reading an import")?;
        let ty = RoundtripReencoder.entity_type(import.ty).context("an import's type")?;
        let name = if known.contains(import.name) {
            let next = short(names.len());
            names.entry(import.name).or_insert(next)
        } else {
            import.name
        };
        imports.import(import.module, name, ty);
    }
    Ok(imports)
}

/// Replaces the names in the script.
fn rewrite(script: &str, names: &HashMap<&str, String>) -> String {
    let mut written = String::with_capacity(script.len());
    let mut end = 0;
    for range in identifiers(script) {
        if let Some(name) = names.get(&script[range.clone()]) {
            written.push_str(&script[end..range.start]);
            written.push_str(name);
            end = range.end;
        }
    }
    written.push_str(&script[end..]);
    written
}

/// The ranges of all identifiers and keywords in a script.
fn identifiers(script: &str) -> impl Iterator<Item = Range<usize>> {
    let belongs = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + script[from..].find(belongs)?;
        let length = script[start..].find(|letter| !belongs(letter)).unwrap_or(script.len() - start);
        from = start + length;
        Some(start..from)
    })
}

/// The short name with this number: `$a` to `$z`, then `$ba` and so on. With the `$` it is never a keyword.
fn short(mut number: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'a' + u8::try_from(number % 26).unwrap_or_default()));
        number /= 26;
        if number == 0 {
            break;
        }
    }
    let mut name = String::from("$");
    for letter in letters.iter().rev() {
        let _ = write!(name, "{letter}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        CodeSection, CustomSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
        TypeSection,
    };

    const LONG: &str = "__wbg_fetch_8d9b732df7467c44";
    const OTHER: &str = "elsewhere";

    fn program() -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        for name in [LONG, OTHER] {
            imports.import("./page_bg.js", name, EntityType::Function(0));
        }
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut exports = ExportSection::new();
        exports.export("main", ExportKind::Func, 2);
        let mut code = CodeSection::new();
        let mut body = Function::new([]);
        body.instructions().call(0).call(1).end();
        code.function(&body);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&exports).section(&code);
        module.section(&CustomSection { name: "producers".into(), data: b"nobody asks".into() });
        module.finish()
    }

    fn imports(program: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(program) {
            if let Payload::ImportSection(section) = payload.unwrap() {
                names.extend(section.into_imports().map(|import| import.unwrap().name.to_owned()));
            }
        }
        names
    }

    #[test]
    fn the_program_and_its_script_agree_on_the_short_names() {
        let script = format!("let imports={{{LONG}:()=>fetch(),{LONG}0:1}};wasm.{LONG}()");
        let (shorter, written) = shorten(&program(), &script).unwrap();
        assert_eq!(imports(&shorter), ["$a", OTHER]);
        assert_eq!(written, format!("let imports={{$a:()=>fetch(),{LONG}0:1}};wasm.$a()"));
    }

    #[test]
    fn a_program_whose_script_names_no_import_only_loses_its_custom_sections() {
        let program = program();
        let (same, script) = shorten(&program, "no name of an import").unwrap();
        assert_eq!(script, "no name of an import");
        assert!(program.starts_with(&same) && program.len() > same.len());
        assert!(shorten(b"<!doctype html>", "").is_err());
    }

    #[test]
    fn no_two_names_are_the_same() {
        let names: HashSet<_> = (0..1_000).map(short).collect();
        assert_eq!(names.len(), 1_000);
        assert_eq!([short(0), short(25), short(26)], ["$a", "$z", "$ba"]);
    }
}
