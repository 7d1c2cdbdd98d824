//! The settings: options, environment variables and `.env`. The only file that reads the environment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use causerie_protocol::accounts::Registration;
use causerie_protocol::{Role, limits};
use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use url::Url;

mod account;
mod backup;
mod database;
mod doctor;
mod env_file;
mod migrate_db;
mod operation;
pub mod reference;
mod reports;

pub use account::{AccountCommand, AccountOptions};
pub use backup::{Backup, Database, Restore};
use database::database;
pub use database::is_postgres;
pub use doctor::{Doctor, Lang};
pub use env_file::read_env_file;
pub use migrate_db::MigrateDb;
pub use operation::{ForwardedHeader, Limits, Operation, Timeouts, TlsFiles};
pub use reports::{ReportsCommand, ReportsOptions};

/// What the server needs to know to run, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database: `sqlite:PATH`, where the file is made when it is not there, or a `postgres://` URL.
    pub database_url: String,
    /// Where the server listens, for the sentence that a second one over the same SQLite file ends with.
    pub address: Option<SocketAddr>,
    /// Where Redis is, when several servers share the Postgres database.
    pub redis_url: Option<String>,
    /// The certificate of the authority that signed Redis' own, when it is none that the system trusts.
    pub redis_ca: Option<PathBuf>,
    /// How presence is kept.
    pub presence: Presence,
    /// Origins of pages that may use the API and the sockets besides the server's own, as `https://chat.example.org`.
    pub allowed_origins: Vec<String>,
    /// The folder of the site that everything is in, as `/chat`; empty at its top.
    pub base_path: String,
    /// Whether to make the demo accounts.
    pub demo: bool,
    /// Who may make an account.
    pub registration: Registration,
    /// Whom a second factor is asked of.
    pub require_2fa: Require2fa,
    /// What becomes of the messages of an account that is deleted.
    pub deleted_messages: DeletedMessages,
    /// How people who share no chat come to one.
    pub new_chats: NewChats,
    /// Who makes invitations.
    pub who_invites: WhoInvites,
    /// For how long after it was sent a message may be edited; `None`: for ever.
    pub edit_for: Option<Duration>,
    /// The list of words that messages may not have in them, and what becomes of one with such a word.
    pub words: Option<(PathBuf, WordsAction)>,
    /// The server that takes mails, if links to set a new password are sent.
    pub smtp: Option<Smtp>,
    /// Where people reach the page, without a slash at its end, for links that are printed and sent.
    pub public_url: Option<String>,
    /// Whether chats and events have e-mail addresses in them, for clients of the old system.
    pub legacy_email: bool,
    /// The time between two pings of a socket; tests shorten it.
    pub heartbeat: Duration,
    /// How much there may be of what strangers bring, and how fast it may come.
    pub limits: Limits,
    /// How long a client may take.
    pub timeouts: Timeouts,
    /// The header in which trusted proxies name the client.
    pub forwarded_header: ForwardedHeader,
    /// Proxies that are believed when they say for whom they speak.
    pub trusted_proxies: Vec<IpNet>,
    /// What `/metrics` asks for.
    pub metrics_token: Option<String>,
    /// What counts as a slow operation on the database.
    pub slow_query: Duration,
    /// The certificate and its key, when the server speaks TLS itself.
    pub tls: Option<TlsFiles>,
}

impl Config {
    /// Defaults over a SQLite file.
    #[must_use]
    pub fn new(database: &Path) -> Self {
        Self {
            database_url: format!("sqlite:{}", database.display()),
            address: None,
            redis_url: None,
            redis_ca: None,
            presence: Presence::default(),
            allowed_origins: Vec::new(),
            base_path: String::new(),
            demo: false,
            registration: Registration::Invited,
            require_2fa: Require2fa::None,
            deleted_messages: DeletedMessages::Keep,
            new_chats: NewChats::Direct,
            who_invites: WhoInvites::Moderators,
            edit_for: None,
            words: None,
            smtp: None,
            public_url: None,
            legacy_email: false,
            heartbeat: HEARTBEAT,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            forwarded_header: ForwardedHeader::default(),
            trusted_proxies: operation::loopback(),
            metrics_token: None,
            slow_query: Duration::from_millis(operation::SLOW_QUERY_MS),
            tls: None,
        }
    }
}

impl Config {
    /// Where people reach the page, without a slash at its end: as it is set, or at the address that the server listens on.
    #[must_use]
    pub fn page(&self) -> Option<String> {
        let here = || {
            let address = self.address?;
            let scheme = if self.tls.is_some() { "https" } else { "http" };
            // On this machine, where it listens everywhere.
            let ip = match address.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                ip => ip,
            };
            Some(format!("{scheme}://{}{}", SocketAddr::new(ip, address.port()), self.base_path))
        };
        self.public_url.clone().or_else(here)
    }
}

/// How mails are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// With the password, so it is nothing for a log.
    pub url: String,
    /// The sender.
    pub from: String,
}

/// How presence is kept; tests shorten it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// How long somebody without a socket still counts as online, so that a reload is not seen by others.
    pub grace: Duration,
    /// The pause between two renewals of a node's lease, which is three of them long: then the people of a dead node are offline.
    pub beat: Duration,
}

impl Default for Presence {
    fn default() -> Self {
        Self { grace: Duration::from_secs(15), beat: Duration::from_secs(5) }
    }
}

/// The time between two pings of a socket.
const HEARTBEAT: Duration = Duration::from_secs(limits::HEARTBEAT_SECONDS);

/// A setting that can't be used: one sentence that names it and the remedy, and never its secret parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Causerie: a self-hosted chat, from the database to the browser, in one program.
#[derive(Debug, Parser)]
#[command(name = "causerie", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API, the sockets and the page.
    ///
    /// Every option is an environment variable too, and a file `.env` in the current folder is read.
    /// An option wins over a variable, a variable over `.env`.
    Serve(Box<Serve>),
    /// Move an installation to another database, for example from a SQLite file to Postgres.
    ///
    /// Stop the server first. Everything moves: accounts, sign-ins, chats, messages with their ids, read positions;
    /// people stay signed in and their pages resume where they were. All of it is written in one transaction, read
    /// back and compared, so a run that is broken off leaves the target empty and can be repeated.
    MigrateDb(MigrateDb),
    /// Back a SQLite database up to a new file, also while a server serves it.
    ///
    /// The backup is one state of the database, written beside, verified, and only then given its name.
    /// Put it back with `causerie restore`. For Postgres, `docs/CONFIGURATION.md` says what to do with `pg_dump`.
    Backup(Backup),
    /// Put a backup in the place of a SQLite database, and keep the one that was there.
    ///
    /// Stop the server first. The backup is copied, verified, and renamed over the database in one step. It gets a new
    /// epoch, so that no page resumes into a history that is not its own: every page loads its chats afresh.
    Restore(Restore),
    /// Let every page load its chats afresh, after a database was put back by other means than `causerie restore`.
    ///
    /// Stop every server first. For example after `pg_restore`, or after a machine went back to a snapshot.
    RenewEpoch(Database),
    /// Look after accounts: list and make them, change roles, suspend, reset passwords, delete.
    ///
    /// It works beside a running server, also over a SQLite file, and the server follows within two seconds.
    /// Every change is noted in the audit log as done by nobody, since the command line has no account.
    Account(AccountOptions),
    /// Look after what people reported: list, read and close reports.
    ///
    /// It works beside a running server, as `causerie account` does, and shows no more of a chat than a report copied.
    Reports(ReportsOptions),
    /// Find out why a connection fails, or check the set-up in this folder.
    ///
    /// It tries one thing after the other, stops at the first that is wrong, names it, and says what to do.
    /// The exit code is 0 when all is well, 1 when something is wrong, and 2 when it could not look.
    Doctor(Doctor),
}

/// The options of `causerie serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The address to listen on.
    ///
    /// 127.0.0.1 can be reached from this machine only; 0.0.0.0 from everywhere: put a proxy that speaks TLS before it.
    #[arg(short, long, env = "CAUSERIE_BIND", value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    pub bind: IpAddr,
    /// The port to listen on; 0 takes one that is free.
    #[arg(short, long, env = "CAUSERIE_PORT", default_value_t = 8000)]
    pub port: u16,
    /// Where the accounts and messages are: `sqlite:PATH`, made when it is not there, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    ///
    /// `postgres:///DATABASE?host=/var/run/postgresql` uses a Unix socket.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", default_value = DEFAULT_DATABASE, hide_env_values = true)]
    pub database_url: String,
    /// The origin of a page elsewhere that may use the API and the sockets, such as `https://chat.example.org`.
    ///
    /// May be given several times; in the variable, separate them by commas. The server's own page needs none.
    #[arg(
        long = "allow-origin",
        env = "CAUSERIE_ALLOWED_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub allowed_origins: Vec<String>,
    /// The folder of a site that Causerie is in: `/chat/` when people go to `https://example.org/chat/`.
    ///
    /// A proxy may take this path away before it passes a request on, or leave it; both work.
    #[arg(long, env = "CAUSERIE_BASE_PATH", value_name = "PATH", default_value = "/")]
    pub base_path: String,
    /// Make two accounts and a chat to try, once, and print how to sign in; on loopback addresses only.
    #[arg(long, env = "CAUSERIE_DEMO", value_parser = FalseyValueParser::new())]
    pub demo: bool,
    /// Who may make an account: everybody, who has an invitation, or nobody (`causerie account create` makes them).
    ///
    /// `invited` when nothing is said, and `open` with `--demo`. Until there is an owner, each start prints a link by which somebody becomes it.
    #[arg(long, env = "CAUSERIE_REGISTRATION", value_name = "WHO", value_enum)]
    pub registration: Option<RegistrationMode>,
    /// Who needs a second factor, a code besides the password: nobody, the owners, the moderators and owners, or everybody.
    ///
    /// Whoever needs one and has none can sign in only to set it up. Everybody may have one.
    #[arg(long = "require-2fa", env = "CAUSERIE_REQUIRE_2FA", value_name = "WHO", value_enum, default_value_t = Require2fa::None)]
    pub require_2fa: Require2fa,
    /// What becomes of the messages of an account that is deleted: they stay as those of a deleted account, or are erased as their sender would delete them.
    #[arg(long, env = "CAUSERIE_DELETED_MESSAGES", value_name = "WHAT", value_enum, default_value_t = DeletedMessages::Keep)]
    pub deleted_messages: DeletedMessages,
    /// How somebody comes to a chat of two with a person they share no chat with.
    ///
    /// `direct` is for a team: who knows an address writes to it. `requests` is for an app of strangers: the other person accepts first, and until then sees the first messages apart from the chats, and is not seen. Groups then take only people that who adds them shares a chat with. Where mail is set up, a stranger's address is always asked, see "People who do not know each other" below.
    #[arg(long, env = "CAUSERIE_NEW_CHATS", value_name = "HOW", value_enum, default_value_t = NewChats::Direct)]
    pub new_chats: NewChats,
    /// Who makes invitations: the moderators and owners of the installation, or its members too.
    ///
    /// Members then invite into groups of which they are a moderator or the owner, and whoever starts a chat with an address that has no account has an invitation sent to it, where mail is set up. With `--registration open` members invite in any case.
    #[arg(long, env = "CAUSERIE_WHO_INVITES", value_name = "WHO", value_enum, default_value_t = WhoInvites::Moderators)]
    pub who_invites: WhoInvites,
    /// For how long after it was sent a message may be edited by its sender: a number with `s`, `m`, `h` or `d`, such as `15m`, and `0` for without a limit.
    ///
    /// After that the sender may still delete it. What a message said before its edits is kept for its sender and the moderators of its group until it is deleted. Give every node the same.
    #[arg(long, env = "CAUSERIE_EDIT_FOR", value_name = "DURATION", default_value = "0", value_parser = duration)]
    pub edit_for: Duration,
    /// A file of words and phrases that messages may not have in them, one a line, in UTF-8; it is read at the start.
    ///
    /// Case, marks and forms of a letter make no difference, nor does what shows nothing. Words are found whole; in scripts without spaces between words, such as Chinese, anywhere. Give every node the same list.
    #[arg(long, env = "CAUSERIE_WORDS", value_name = "FILE")]
    pub words: Option<PathBuf>,
    /// What becomes of a message with a word of `--words`: its letters are masked before it is stored, or its sender is told that it is not allowed.
    #[arg(long, env = "CAUSERIE_WORDS_ACTION", value_name = "WHAT", value_enum, default_value_t = WordsAction::Mask)]
    pub words_action: WordsAction,
    /// Where people reach the page, such as `https://chat.example.org/chat/`: the links that the server prints and sends begin with it.
    ///
    /// Without it they begin with the address that it listens on.
    #[arg(long, env = "CAUSERIE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// The server that takes mails, such as `smtps://USER:PASSWORD@HOST` or `smtp://HOST:587?tls=required`: then people ask for a link to set a new password by themselves. Needs `--mail-from` and `--public-url`.
    #[arg(long, env = "CAUSERIE_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// The sender of mails, such as `Causerie <chat@example.org>`.
    #[arg(long, env = "CAUSERIE_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Show everybody the e-mail addresses of the people they share a chat with, as the old system did, for its clients that need the field `email`.
    ///
    /// Without it nobody sees another person's address; Causerie's own page does not need it.
    #[arg(long, env = "CAUSERIE_LEGACY_EMAIL", value_parser = FalseyValueParser::new())]
    pub legacy_email: bool,
    /// Log more: once for debugging, twice for everything; in the variable, a number.
    #[arg(short, long, env = "CAUSERIE_VERBOSE", action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How log lines look; they go to standard error.
    #[arg(long, env = "CAUSERIE_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Connect several servers that share a Postgres database through Redis.
    #[arg(long, env = "USE_REDIS", value_parser = FalseyValueParser::new())]
    pub use_redis: bool,
    /// Where Redis is: `redis://USER:PASSWORD@HOST:PORT/DATABASE`, with `rediss://` over TLS; read only with `--use-redis`.
    ///
    /// Or who knows: `redis-sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/PRIMARY/DATABASE` names Sentinels and asks them, again after every loss, for the primary of that name; user and password are Redis' own. `rediss-sentinel://` is the same over TLS. A Redis Cluster is not supported.
    #[arg(long, env = "REDIS_URL", value_name = "URL", default_value = DEFAULT_REDIS, hide_env_values = true)]
    pub redis_url: String,
    /// A file with the certificate, as PEM, of the authority that signed Redis' own, when it is none that the system trusts.
    #[arg(long, env = "REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,
    /// Limits, proxies, TLS, metrics.
    #[command(flatten)]
    pub operation: Operation,
}

/// The database when no other is named.
const DEFAULT_DATABASE: &str = "sqlite:causerie.db";
/// Redis when no other is named.
const DEFAULT_REDIS: &str = "redis://127.0.0.1:6379/";

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RegistrationMode {
    /// Everybody who reaches the server.
    Open,
    /// Who has an invitation.
    Invited,
    /// Nobody.
    Closed,
}

/// Whom a second factor is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Require2fa {
    /// Nobody.
    None,
    /// The owners of the installation.
    Owners,
    /// Its moderators and owners.
    Moderators,
    /// Everybody, guests too.
    Everybody,
}

impl Require2fa {
    /// Whether somebody with this role needs one.
    #[must_use]
    pub fn applies_to(self, role: Role) -> bool {
        match self {
            Self::None => false,
            Self::Owners => role >= Role::Owner,
            Self::Moderators => role >= Role::Moderator,
            Self::Everybody => true,
        }
    }
}

/// What becomes of the messages of an account that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeletedMessages {
    /// They stay, as those of a deleted account.
    Keep,
    /// Their texts are erased.
    Erase,
}

impl DeletedMessages {
    #[must_use]
    pub fn are_erased(self) -> bool {
        self == Self::Erase
    }
}

/// How people who share no chat come to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NewChats {
    /// At once.
    Direct,
    /// The other person accepts first.
    Requests,
}

/// Who makes invitations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WhoInvites {
    /// The moderators and owners of the installation.
    Moderators,
    /// Its members too.
    Members,
}

/// What becomes of a message with a word of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WordsAction {
    /// Its letters are replaced by `•`.
    Mask,
    /// The message is refused.
    Hold,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people; in colour on a terminal.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl Serve {
    /// Where to listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind, self.port)
    }

    /// The settings, checked.
    ///
    /// # Errors
    /// The first one that can't be used.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let database_url = database(&self.database_url)?;
        if self.use_redis && !is_postgres(&database_url) {
            return fail(
                "USE_REDIS is for several servers, which can't share a SQLite file: name a Postgres database in DATABASE_URL, or unset USE_REDIS (leave out --use-redis) to run one server",
            );
        }
        if self.demo && !self.bind.is_loopback() {
            return fail(format!(
                "--demo makes accounts whose password everybody knows, so it does not go with --bind {}: leave one of them out",
                self.bind
            ));
        }
        Ok(Config {
            database_url,
            address: None,
            redis_url: self.use_redis.then(|| self.redis_url.trim().to_owned()),
            redis_ca: self.redis_ca.clone().filter(|path| !path.as_os_str().is_empty()),
            presence: Presence::default(),
            allowed_origins: origins(&self.allowed_origins)?,
            base_path: base_path(&self.base_path)?,
            demo: self.demo,
            registration: match (self.registration, self.demo) {
                (Some(RegistrationMode::Open), _) | (None, true) => Registration::Open,
                (Some(RegistrationMode::Invited), _) | (None, false) => Registration::Invited,
                (Some(RegistrationMode::Closed), _) => Registration::Closed,
            },
            require_2fa: self.require_2fa,
            deleted_messages: self.deleted_messages,
            new_chats: self.new_chats,
            who_invites: self.who_invites,
            edit_for: Some(self.edit_for).filter(|limit| !limit.is_zero()),
            words: self
                .words
                .clone()
                .filter(|path| !path.as_os_str().is_empty())
                .map(|path| (path, self.words_action)),
            smtp: self.smtp()?,
            public_url: self.public_url.as_deref().map(public_url).transpose()?.flatten(),
            legacy_email: self.legacy_email,
            heartbeat: HEARTBEAT,
            limits: self.operation.limits(),
            timeouts: self.operation.timeouts(),
            forwarded_header: self.operation.forwarded_header,
            trusted_proxies: self.operation.trusted_proxies()?,
            metrics_token: self.operation.metrics_token()?,
            slow_query: self.operation.slow_query(),
            tls: self.operation.tls()?,
        })
    }
}

impl Serve {
    /// An empty variable is how `.env` files say "unset".
    fn smtp(&self) -> Result<Option<Smtp>, ConfigError> {
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let Some(url) = given(&self.smtp_url) else { return Ok(None) };
        let Some(from) = given(&self.mail_from) else {
            return fail(
                "--smtp-url needs a sender too: name it with --mail-from or CAUSERIE_MAIL_FROM, for example Causerie <chat@example.org>",
            );
        };
        if given(&self.public_url).is_none() {
            return fail(
                "--smtp-url needs to know where people reach the page: name it with --public-url or CAUSERIE_PUBLIC_URL, for example https://chat.example.org",
            );
        }
        Ok(Some(Smtp { url, from }))
    }
}

fn fail<T>(sentence: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError(sentence.into()))
}

/// An address, where `localhost` is one too.
fn address(text: &str) -> Result<IpAddr, String> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.parse().map_err(|_| "give an IP address, such as 127.0.0.1 or ::1".to_owned())
}

/// A number of seconds, minutes, hours or days; 0 needs no unit.
fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let number = number.parse().ok();
    let seconds = number.and_then(|number: u64| match unit {
        "" if number == 0 => Some(0),
        "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(60 * 60),
        "d" => number.checked_mul(24 * 60 * 60),
        _ => None,
    });
    seconds.filter(|seconds| *seconds <= LONGEST_DURATION).map(Duration::from_secs).ok_or_else(|| {
        "give a number with s, m, h or d, at most a hundred years, such as 15m, or 0".to_owned()
    })
}

/// Seconds; beyond a century a limit is none.
const LONGEST_DURATION: u64 = 100 * 366 * 24 * 60 * 60;

/// Origins as browsers write them.
fn origins(given: &[String]) -> Result<Vec<String>, ConfigError> {
    let given = given.iter().map(|origin| origin.trim()).filter(|origin| !origin.is_empty());
    given
        .map(|text| {
            let url = Url::parse(text).ok().filter(|url| {
                let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
                matches!(url.scheme(), "http" | "https") && bare && url.username().is_empty()
            });
            url.map(|url| url.origin().ascii_serialization()).ok_or_else(|| {
                ConfigError(
                    "CAUSERIE_ALLOWED_ORIGINS (--allow-origin) holds something that is not an origin: write a scheme and a host without a path, for example https://chat.example.org"
                        .to_owned(),
                )
            })
        })
        .collect()
}

/// The beginning of links; an empty variable is how `.env` files say "unset".
fn public_url(given: &str) -> Result<Option<String>, ConfigError> {
    let given = given.trim();
    if given.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(given).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
    });
    match url.filter(|url| url.username().is_empty() && url.password().is_none()) {
        Some(url) => Ok(Some(url.as_str().trim_end_matches('/').to_owned())),
        None => fail(
            "CAUSERIE_PUBLIC_URL (--public-url) is not the address of a page: write a scheme, a host and the folder if there is one, for example https://chat.example.org/chat/",
        ),
    }
}

/// Addresses of Causerie begin with these, so a folder that does would hide them when a proxy takes its path away.
const OWN: [&str; 6] = ["api", "ws", "healthz", "readyz", "metrics", "chat-ws-test"];
/// Characters of the folder's path.
const BASE_PATH_CHARS: usize = 200;

/// The folder's path with a slash before each part and none at the end.
fn base_path(given: &str) -> Result<String, ConfigError> {
    let parts = given.trim().trim_matches('/');
    if parts.is_empty() {
        return Ok(String::new());
    }
    let is_part = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !part.is_empty() && !part.bytes().all(|byte| byte == b'.') && part.bytes().all(is_plain)
    };
    if parts.len() > BASE_PATH_CHARS || !parts.split('/').all(is_part) {
        return fail(
            "CAUSERIE_BASE_PATH (--base-path) is not a path: write the part after the host, in letters, digits and -._~, for example /chat/",
        );
    }
    let first = parts.split('/').next().unwrap_or_default();
    if OWN.contains(&first) {
        return fail(format!(
            "CAUSERIE_BASE_PATH (--base-path) begins with /{first}, which is an address of Causerie itself: choose another folder, for example /chat/"
        ));
    }
    Ok(format!("/{parts}"))
}

/// What clap says, cut to its first sentence.
pub fn first_sentence(error: &clap::Error) -> String {
    let text = error.render().to_string();
    // A list, as of what is missing, stands in the lines below.
    let lines: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let sentence = match lines.split_first() {
        Some((first, _)) if !first.ends_with(':') => (*first).to_owned(),
        _ => lines.join(" "),
    };
    sentence.strip_prefix("error: ").unwrap_or(&sentence).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
