//! Builds the page for development without Trunk, so that Trunk itself need not be compiled to run Causerie.
//!
//! It reads the same files as Trunk: the links of `index.html`, and the loader in `Trunk.toml`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{self, cargo};
use crate::project;

const TARGET: &str = "wasm32-unknown-unknown";

/// A link of the document that Trunk would replace, `<link data-trunk …>`.
#[derive(Debug)]
struct Link<'a> {
    /// The whole tag.
    tag: &'a str,
}

impl<'a> Link<'a> {
    fn attribute(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.tag.split_once(&format!(" {name}=\""))?;
        value.split_once('"').map(|(value, _)| value)
    }

    fn required(&self, name: &str) -> Result<&'a str> {
        self.attribute(name).with_context(|| format!("index.html: {} has no {name}", self.tag))
    }

    /// Builds or copies the file into `dist`; returns the HTML that replaces the link.
    fn build(&self, dist: &Path) -> Result<String> {
        match self.required("rel")? {
            "rust" => self.program(dist),
            "css" => Ok(format!("<link rel=\"stylesheet\" href=\"./{}\">", self.copy(dist)?)),
            "icon" => {
                let kind = self.required("type")?;
                Ok(format!("<link rel=\"icon\" type=\"{kind}\" href=\"./{}\">", self.copy(dist)?))
            }
            other => bail!("index.html: the quick build knows no rel=\"{other}\""),
        }
    }

    fn program(&self, dist: &Path) -> Result<String> {
        let (name, profile) = (self.required("data-bin")?, self.required("data-cargo-profile-dev")?);
        let manifest = self.required("href")?;
        let features = self.attribute("data-cargo-features").unwrap_or_default();
        process::run(&mut cargo(&format!(
            "build --target {TARGET} --manifest-path {manifest} --bin {name} --profile {profile} --features={features}"
        ))?)
        .with_context(|| format!("building {name}"))?;
        let wasm = project::target().join(TARGET).join(profile).join(name).with_extension("wasm");
        let mut bindgen = Bindgen::new();
        bindgen.input_path(&wasm).typescript(false).web(true)?;
        bindgen.generate(dist).with_context(|| format!("generating the script of {name}"))?;
        // The loader starts these programs, which Trunk calls workers, so the document needs no script for them.
        if self.attribute("data-type").is_some() {
            return Ok(String::new());
        }
        let loader = loader(&fs::read_to_string(project::root().join("Trunk.toml"))?)?;
        Ok(loader
            .replace("{base}", "./")
            .replace("{js}", &format!("{name}.js"))
            .replace("{wasm}", &format!("{name}_bg.wasm")))
    }

    fn copy(&self, dist: &Path) -> Result<&'a str> {
        let file = self.required("href")?;
        let (_, name) = file.rsplit_once('/').unwrap_or_default();
        fs::copy(project::root().join(file), dist.join(name)).with_context(|| format!("copying {file}"))?;
        Ok(name)
    }
}

/// Empties `dist` and builds the page into it.
///
/// # Errors
/// When a program does not compile, or the document has a link that only Trunk supports.
pub fn build(dist: &Path) -> Result<()> {
    if dist.exists() {
        fs::remove_dir_all(dist).with_context(|| format!("emptying {}", dist.display()))?;
    }
    fs::create_dir_all(dist).with_context(|| format!("making {}", dist.display()))?;
    let document = fs::read_to_string(project::root().join("index.html")).context("reading index.html")?;
    let mut html = document.clone();
    for tag in tags(&document) {
        html = html.replacen(tag, &Link { tag }.build(dist)?, 1);
    }
    fs::write(dist.join("index.html"), html).context("writing index.html")
}

/// The tags of the document that Trunk would replace.
fn tags(document: &str) -> impl Iterator<Item = &str> {
    document.match_indices("<link data-trunk").filter_map(|(at, _)| {
        let tag = &document[at..];
        tag.find('>').map(|end| &tag[..=end])
    })
}

/// The script that loads the programs, from Trunk's configuration.
fn loader(configuration: &str) -> Result<String> {
    let table: toml::Table = configuration.parse().context("reading Trunk.toml")?;
    let loader = table.get("build").and_then(|build| build.get("pattern_script")?.as_str());
    loader.map(str::to_owned).context("Trunk.toml has no build.pattern_script")
}

#[cfg(test)]
mod tests {
    use super::{Link, loader, tags};

    #[test]
    fn links_are_read_with_their_attributes() {
        let document = "<head>\n<link data-trunk rel=\"rust\" data-bin=\"page\">\n<link rel=\"icon\">\n\
                        <link data-trunk rel=\"css\" href=\"a/b.css\"></head>";
        let links: Vec<_> = tags(document).map(|tag| Link { tag }).collect();
        let [program, style] = &links[..] else { panic!("{links:?}") };
        assert_eq!(program.attribute("data-bin"), Some("page"));
        assert_eq!(program.attribute("href"), None);
        assert_eq!(style.attribute("href"), Some("a/b.css"));
    }

    #[test]
    fn a_configuration_without_a_loader_is_refused() {
        assert_eq!(loader("[build]\npattern_script = \"<script>\"").unwrap(), "<script>");
        assert!(loader("[build]").is_err());
    }
}
