//! `docs/CONFIGURATION.md`, made from the options' definitions.

use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory};

use super::Cli;

const HEAD: &str = "\
<!-- Made from the options by `cargo run -p causerie-server --example configuration`; a test holds it current. -->
# Configuration

Every option of `causerie serve` is an environment variable too, and a file `.env` in the current folder is read.
An option wins over a variable, a variable over `.env`, and `.env` over the default.
A setting that can't be used ends the program with one sentence that names it and the remedy.

";

const FOOT: &str = "
A flag's variable is on unless it is empty, `0`, `false`, `no` or `off`.

## Start and end

The server prints `listening on http://ADDRESS:PORT` to standard output as soon as it serves; its log goes to standard error.
SIGINT and SIGTERM end it in order: new sockets are refused, the others are told to come back, what was taken is stored, and it exits with 0.
A second signal ends it at once.

## Moving to another database

`causerie migrate-db` moves an installation, for example from a SQLite file to Postgres, and in the other direction too.
Stop the server first; the command refuses databases that are in use.

";

const MOVED: &str = "
Accounts, sign-ins, chats, messages with their ids and positions, and read positions move, so that people stay signed in and their pages resume where they were.
All of it is written in one transaction, read back row by row and compared, and only then committed: a run that is broken off leaves the target empty, and can be repeated.
A target that holds another installation is refused; one that holds this installation already is compared and left as it is.
Postgres can't hold the character U+0000 in titles; there it becomes U+FFFD.
";

/// The page, as Markdown.
#[must_use]
pub fn markdown() -> String {
    let command = Cli::command();
    [HEAD, &table(&command, "serve"), FOOT, &table(&command, "migrate-db"), MOVED].concat()
}

/// The options of a command, as a table.
fn table(command: &Command, name: &str) -> String {
    let options = command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
    let head = "| option | variable | default | what it is |\n|---|---|---|---|\n";
    [head.to_owned()].into_iter().chain(options.filter_map(row)).collect()
}

/// `None` for what has no variable, which is `--help` and `--version`.
fn row(arg: &Arg) -> Option<String> {
    let variable = arg.get_env()?.to_string_lossy().into_owned();
    let short = arg.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let long = arg.get_long()?;
    let is_flag = !arg.get_action().takes_values();
    let values = arg.get_possible_values();
    let value = if is_flag {
        String::new()
    } else if values.is_empty() {
        let names = arg.get_value_names().unwrap_or_default();
        format!(" {}", names.first().map_or("VALUE", |name| name.as_str()))
    } else {
        format!(" {}", values.iter().map(PossibleValue::get_name).collect::<Vec<_>>().join("\\|"))
    };
    let default = match arg.get_default_values() {
        [value] if !is_flag => format!("`{}`", value.to_string_lossy()),
        _ => "–".to_owned(),
    };
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("| {short}`--{long}{value}` | `{variable}` | {default} | {help} |\n"))
}
