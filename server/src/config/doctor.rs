//! The options of `causerie doctor`.

use std::path::PathBuf;
use std::time::Duration;

use causerie_protocol::ChatId;
use causerie_texts::Language;
use clap::{Args, Parser, ValueEnum};

use super::{Cli, Command, ConfigError, Serve, first_sentence};

/// The variables that name a person's language, the first that is set and not empty counts (POSIX, XBD section 8.2).
const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The options of `causerie doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The server's address, such as `https://chat.example.org` or `ws://127.0.0.1:8000/ws/chats/1/`.
    ///
    /// Without one, the set-up in this folder is checked: settings, database, Redis, port, limit of open files.
    pub url: Option<String>,
    /// A file that holds a token, or `-` for standard input; signing in gives one, and the page's tester shows its own.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub token_file: Option<PathBuf>,
    /// The number of a chat to open; an address such as `/ws/chats/1/` names one too.
    #[arg(long, value_name = "NUMBER", requires = "url")]
    pub chat: Option<ChatId>,
    /// Look as a page of this origin would, such as `https://www.example.org`.
    #[arg(long, value_name = "ORIGIN", requires = "url")]
    pub origin: Option<String>,
    /// Leave out the last check, which holds a quiet connection for up to a minute.
    #[arg(long, requires = "url")]
    pub quick: bool,
    /// How long anything may take to answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub timeout: u64,
    /// Print the report as JSON instead, for programs.
    #[arg(long)]
    pub json: bool,
    /// The language of the report; without it the one that LC_ALL, LC_MESSAGES or LANG names.
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    pub lang: Option<Lang>,
    /// Options of `causerie serve` to check the set-up with, after `--`.
    #[arg(last = true, value_name = "OPTION", conflicts_with = "url")]
    pub serve: Vec<String>,
}

/// A language by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// Tiếng Việt.
    Vi,
}

impl Doctor {
    /// How long anything may take to answer.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// The language of the report.
    #[must_use]
    pub fn language(&self) -> Language {
        match self.lang {
            Some(Lang::En) => Language::English,
            Some(Lang::Vi) => Language::Vietnamese,
            None => {
                let values = LOCALE.into_iter().filter_map(|name| std::env::var(name).ok());
                let locale = values.into_iter().find(|value| !value.is_empty());
                locale.and_then(|locale| Language::from_tag(&locale)).unwrap_or_default()
            }
        }
    }

    /// The options with which `causerie serve` would start here.
    ///
    /// # Errors
    /// A sentence that names the first that can't be read.
    pub fn serve(&self) -> Result<Serve, ConfigError> {
        let words = ["causerie", "serve"].into_iter().chain(self.serve.iter().map(String::as_str));
        match Cli::try_parse_from(words) {
            Ok(Cli { command: Command::Serve(serve) }) => Ok(*serve),
            Ok(_) => Err(ConfigError("after `--` stand options of `causerie serve` only".to_owned())),
            Err(error) => Err(ConfigError(first_sentence(&error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doctor(words: &[&str]) -> Result<Doctor, clap::Error> {
        let words = ["causerie", "doctor"].iter().chain(words);
        match Cli::try_parse_from(words)?.command {
            Command::Doctor(doctor) => Ok(doctor),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_asks_a_server_needs_its_address() {
        for words in [&["--token-file", "a"][..], &["--chat", "1"], &["--origin", "http://a"], &["--quick"]] {
            assert!(doctor(words).is_err(), "{words:?}");
        }
        let given = doctor(&["http://127.0.0.1:8000", "--chat", "7", "--lang", "vi"]).unwrap();
        assert_eq!((given.chat, given.language()), (Some(ChatId(7)), Language::Vietnamese));
    }

    #[test]
    fn the_set_up_is_checked_with_options_of_the_server() {
        let given = doctor(&["--", "--port", "9000", "--bind", "::1"]).unwrap();
        let serve = given.serve().unwrap();
        assert_eq!(serve.address().to_string(), "[::1]:9000");
        let bad = doctor(&["--", "--port", "many"]).unwrap().serve().unwrap_err().to_string();
        assert!(bad.contains("--port"), "{bad}");
        assert!(doctor(&["http://h", "--", "--port", "1"]).is_err());
    }
}
