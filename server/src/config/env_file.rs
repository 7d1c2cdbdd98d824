//! `.env`: variables in a file beside which the program is started.

use std::fs;
use std::io;
use std::path::Path;

use super::{ConfigError, fail};

/// Reads a `.env` file into the environment, where what is set already stays; no file is no error.
///
/// Call it before any thread is started: the environment is not made for changes by several.
///
/// # Errors
/// When the file can't be read or a line makes no sense; the line's number is told, not its content.
pub fn read_env_file(path: &Path) -> Result<(), ConfigError> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return fail(format!("{shown} can't be read ({error}): mend it or remove it"));
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    for item in dotenvy::from_read_iter(text.as_bytes()) {
        match item {
            Ok(_) => {}
            Err(dotenvy::Error::LineParse(bad, _)) => {
                let first = bad.lines().next().unwrap_or_default();
                let place = match text.lines().position(|line| line.trim() == first.trim()) {
                    Some(index) => format!("line {} of {shown}", index + 1),
                    None => shown.to_string(),
                };
                return fail(format!("{place} makes no sense: write NAME=value, or # before a comment"));
            }
            Err(error) => return fail(format!("{shown} can't be read ({error}): mend it or remove it")),
        }
    }
    let loaded = dotenvy::from_read(text.as_bytes());
    loaded.map_err(|error| ConfigError(format!("{shown} can't be read ({error}): mend it or remove it")))
}
