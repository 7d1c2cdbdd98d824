//! Writes `docs/TROUBLESHOOTING.md`, and the same in the other languages.

use causerie_protocol::{Language, troubleshooting};

fn main() -> std::io::Result<()> {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/");
    for language in Language::ALL {
        let name = match language {
            Language::English => "TROUBLESHOOTING.md".to_owned(),
            other => format!("TROUBLESHOOTING.{}.md", other.tag()),
        };
        std::fs::write(format!("{docs}{name}"), troubleshooting::markdown(*language))?;
    }
    Ok(())
}
