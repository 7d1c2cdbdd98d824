//! The settings of a server that many people use: limits, the proxies before it, TLS, metrics.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use causerie_protocol::limits;
use clap::{Args, ValueEnum};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{ConfigError, fail};

/// What counts as a slow operation on the database, in milliseconds.
pub(super) const SLOW_QUERY_MS: u64 = 500;

/// How much there may be of what strangers bring, and how fast it may come. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sockets of this server.
    pub sockets: u32,
    /// Sockets of one person on this server.
    pub sockets_per_user: u32,
    /// Sockets of one client's address on this server.
    pub sockets_per_address: u32,
    /// Handshakes a second.
    pub connects_per_second: u32,
    /// Handshakes a second of one client's address.
    pub connects_per_second_per_address: u32,
    /// Frames a second of one socket.
    pub frames_per_second: u32,
    /// Frames a second of one person's sockets together.
    pub frames_per_second_per_user: u32,
    /// Tries to sign in a minute of one client's address.
    pub sign_ins_per_minute_per_address: u32,
    /// Registrations a minute of one client's address.
    pub registrations_per_minute_per_address: u32,
    /// Messages a minute of one person.
    pub messages_per_minute_per_user: u32,
    /// Addresses of strangers that one person tries in an hour.
    pub addresses_per_hour_per_user: u32,
    /// The same from one client's address.
    pub addresses_per_hour_per_address: u32,
    /// Chats of two with strangers that one person starts in a day.
    pub new_chats_per_day_per_user: u32,
    /// Invitations that one person makes in a day.
    pub invitations_per_day_per_user: u32,
    /// Messages that one person reports in a day.
    pub reports_per_day_per_user: u32,
    /// Connections of all kinds; 0 is as many as the system's limit of open files leaves room for.
    pub connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sockets: 50_000,
            sockets_per_user: 100,
            sockets_per_address: 5_000,
            connects_per_second: 5_000,
            connects_per_second_per_address: 200,
            frames_per_second: limits::FRAMES_PER_SECOND,
            frames_per_second_per_user: limits::FRAMES_PER_SECOND_PER_USER,
            sign_ins_per_minute_per_address: 300,
            registrations_per_minute_per_address: 60,
            messages_per_minute_per_user: limits::MESSAGES_PER_MINUTE,
            addresses_per_hour_per_user: limits::ADDRESSES_PER_HOUR,
            addresses_per_hour_per_address: limits::ADDRESSES_PER_HOUR_PER_NETWORK,
            new_chats_per_day_per_user: limits::NEW_CHATS_PER_DAY,
            invitations_per_day_per_user: limits::INVITATIONS_PER_DAY,
            reports_per_day_per_user: limits::REPORTS_PER_DAY,
            connections: 0,
        }
    }
}

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the head of a request, from the connection's beginning or its first byte on.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// Between two requests of one connection, and between two bytes of an answer that are taken.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { head: Duration::from_secs(15), body: Duration::from_secs(30), idle: Duration::from_secs(180) }
    }
}

/// The header in which trusted proxies name the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`; where that is missing, `Forwarded`.
    #[default]
    Auto,
    /// `X-Forwarded-For` and no other.
    XForwardedFor,
    /// `Forwarded` (RFC 7239) and no other.
    Forwarded,
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that lead up to it, as PEM.
    pub cert: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

/// The options of `causerie serve` for operation.
#[derive(Debug, Args)]
pub struct Operation {
    /// Most sockets of this server; a handshake above that gets 503. Each takes some 8 kB and one open file. 0 is no limit.
    #[arg(long, env = "CAUSERIE_MAX_SOCKETS", value_name = "COUNT", default_value_t = Limits::default().sockets)]
    pub max_sockets: u32,
    /// Most sockets of one person on this server; one more is closed with 4109. 0 is no limit.
    #[arg(
        long,
        env = "CAUSERIE_MAX_SOCKETS_PER_USER",
        value_name = "COUNT",
        default_value_t = Limits::default().sockets_per_user
    )]
    pub max_sockets_per_user: u32,
    /// Most sockets of one client's address on this server; a handshake above that gets 503. 0 is no limit.
    ///
    /// An IPv6 address counts with all of its /64 network.
    #[arg(
        long,
        env = "CAUSERIE_MAX_SOCKETS_PER_ADDRESS",
        value_name = "COUNT",
        default_value_t = Limits::default().sockets_per_address
    )]
    pub max_sockets_per_address: u32,
    /// Rate limit: most handshakes a second, of which one second's worth may come at once; one more gets 503. 0 is no limit.
    #[arg(
        long,
        env = "CAUSERIE_MAX_CONNECTS_PER_SECOND",
        value_name = "COUNT",
        default_value_t = Limits::default().connects_per_second
    )]
    pub max_connects_per_second: u32,
    /// As `--max-connects-per-second`, for one client's address.
    #[arg(
        long,
        env = "CAUSERIE_MAX_CONNECTS_PER_SECOND_PER_ADDRESS",
        value_name = "COUNT",
        default_value_t = Limits::default().connects_per_second_per_address
    )]
    pub max_connects_per_second_per_address: u32,
    /// Rate limit: most frames a second of one socket, of which five seconds' worth may come at once. 0 is no limit.
    ///
    /// A socket that sends faster is read more slowly, and closed with 4108 when it goes on for five seconds.
    /// A message that is sent again with its `client_id` counts once.
    #[arg(
        long,
        env = "CAUSERIE_MAX_FRAMES_PER_SECOND",
        value_name = "COUNT",
        default_value_t = Limits::default().frames_per_second
    )]
    pub max_frames_per_second: u32,
    /// As `--max-frames-per-second`, for all sockets of one person together; changes over REST count too and get 429 beyond it.
    #[arg(
        long,
        env = "CAUSERIE_MAX_FRAMES_PER_SECOND_PER_USER",
        value_name = "COUNT",
        default_value_t = Limits::default().frames_per_second_per_user
    )]
    pub max_frames_per_second_per_user: u32,
    /// Rate limit: most tries to sign in a minute of one client's address; one more gets 429. 0 is no limit.
    ///
    /// An IPv6 address counts with all of its /64 network. See "Guessing passwords" below.
    #[arg(
        long,
        env = "CAUSERIE_MAX_SIGN_INS_PER_MINUTE_PER_ADDRESS",
        value_name = "COUNT",
        default_value_t = Limits::default().sign_ins_per_minute_per_address
    )]
    pub max_sign_ins_per_minute_per_address: u32,
    /// Rate limit: most registrations a minute of one client's address; one more gets 429. 0 is no limit.
    #[arg(
        long,
        env = "CAUSERIE_MAX_REGISTRATIONS_PER_MINUTE_PER_ADDRESS",
        value_name = "COUNT",
        default_value_t = Limits::default().registrations_per_minute_per_address
    )]
    pub max_registrations_per_minute_per_address: u32,
    /// Rate limit: most messages a minute of one person on this server, of which a minute's worth may come at once. 0 is no limit.
    ///
    /// One more is refused with the time to wait, and the page then sends it by itself. A message that is sent again with its `client_id` counts once. An app of strangers sets for example 60; where programs write, set what they need.
    #[arg(
        long,
        env = "CAUSERIE_MAX_MESSAGES_PER_MINUTE_PER_USER",
        value_name = "COUNT",
        default_value_t = Limits::default().messages_per_minute_per_user
    )]
    pub max_messages_per_minute_per_user: u32,
    /// Rate limit: most e-mail addresses of people one shares no chat with that one person tries in an hour, to start a chat or to add somebody to a group; one more gets 429. 0 is no limit.
    ///
    /// The answer tells whether an address has an account that one may write to, so this bounds how many somebody can find out.
    #[arg(
        long,
        env = "CAUSERIE_MAX_ADDRESSES_PER_HOUR_PER_USER",
        value_name = "COUNT",
        default_value_t = Limits::default().addresses_per_hour_per_user
    )]
    pub max_addresses_per_hour_per_user: u32,
    /// As `--max-addresses-per-hour-per-user`, for one client's address; registrations whose address has an account already count too.
    ///
    /// An IPv6 address counts with all of its /64 network.
    #[arg(
        long,
        env = "CAUSERIE_MAX_ADDRESSES_PER_HOUR_PER_ADDRESS",
        value_name = "COUNT",
        default_value_t = Limits::default().addresses_per_hour_per_address
    )]
    pub max_addresses_per_hour_per_address: u32,
    /// Rate limit: most chats of two that one person starts in a day with people they share no chat with; one more gets 429. 0 is no limit.
    #[arg(
        long,
        env = "CAUSERIE_MAX_NEW_CHATS_PER_DAY_PER_USER",
        value_name = "COUNT",
        default_value_t = Limits::default().new_chats_per_day_per_user
    )]
    pub max_new_chats_per_day_per_user: u32,
    /// Rate limit: most invitations that one person makes in a day; one more gets 429. 0 is no limit.
    #[arg(
        long,
        env = "CAUSERIE_MAX_INVITATIONS_PER_DAY_PER_USER",
        value_name = "COUNT",
        default_value_t = Limits::default().invitations_per_day_per_user
    )]
    pub max_invitations_per_day_per_user: u32,
    /// Rate limit: most messages that one person reports to the moderators in a day; one more gets 429. 0 is no limit.
    #[arg(
        long,
        env = "CAUSERIE_MAX_REPORTS_PER_DAY_PER_USER",
        value_name = "COUNT",
        default_value_t = Limits::default().reports_per_day_per_user
    )]
    pub max_reports_per_day_per_user: u32,
    /// Most connections of all kinds, sockets included. 0 is as many as the system's limit of open files leaves room for.
    ///
    /// One more takes the place of the connection that has waited for its client longest; where none waits it gets 503, and only `/healthz`, `/readyz` and `/metrics` are answered.
    #[arg(
        long,
        env = "CAUSERIE_MAX_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = Limits::default().connections
    )]
    pub max_connections: u32,
    /// How long a client may take to send the head of a request, TLS included; then the connection is closed.
    #[arg(
        long,
        env = "CAUSERIE_HEAD_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = Timeouts::default().head.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=3_600)
    )]
    pub head_timeout: u64,
    /// How long a client may take to send the body of a request; then it gets 408.
    #[arg(
        long,
        env = "CAUSERIE_BODY_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = Timeouts::default().body.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=3_600)
    )]
    pub body_timeout: u64,
    /// How long a connection is kept without a request, or while its client takes nothing of an answer; sockets have their heartbeat instead.
    ///
    /// Longer than proxies keep theirs, which is a minute or two, or they may send a request into one that is being closed.
    #[arg(
        long,
        env = "CAUSERIE_IDLE_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = Timeouts::default().idle.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub idle_timeout: u64,
    /// The header in which trusted proxies name the client; `auto` reads `Forwarded` only where `X-Forwarded-For` is missing.
    ///
    /// Behind proxies that write `Forwarded` alone choose that one, or clients can name themselves in the other.
    #[arg(
        long,
        env = "CAUSERIE_FORWARDED_HEADER",
        value_name = "HEADER",
        value_enum,
        default_value_t = ForwardedHeader::default()
    )]
    pub forwarded_header: ForwardedHeader,
    /// The address or network of a proxy whose `X-Forwarded-For` or `Forwarded` is believed, such as `10.0.0.0/8`.
    ///
    /// May be given several times; in the variable, separate them by commas. Limits per address are for the client that the proxy names.
    #[arg(
        long = "trusted-proxy",
        env = "CAUSERIE_TRUSTED_PROXIES",
        value_name = "NETWORK",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1/128"
    )]
    pub trusted_proxies: Vec<String>,
    /// What `/metrics` asks for, as `Authorization: Bearer TOKEN`; without it, everybody who reaches the port may read them.
    #[arg(long, env = "CAUSERIE_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
    /// Log each operation on the database that takes as many milliseconds or more.
    #[arg(long, env = "CAUSERIE_SLOW_QUERY_MS", value_name = "MILLISECONDS", default_value_t = SLOW_QUERY_MS)]
    pub slow_query_ms: u64,
    /// Speak TLS with the certificate in this file: PEM, followed by those that lead up to it. Needs `--tls-key`.
    ///
    /// Both files are read again on SIGHUP.
    #[arg(long, env = "CAUSERIE_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key: PEM. Needs `--tls-cert`.
    #[arg(long, env = "CAUSERIE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

impl Operation {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            sockets: self.max_sockets,
            sockets_per_user: self.max_sockets_per_user,
            sockets_per_address: self.max_sockets_per_address,
            connects_per_second: self.max_connects_per_second,
            connects_per_second_per_address: self.max_connects_per_second_per_address,
            frames_per_second: self.max_frames_per_second,
            frames_per_second_per_user: self.max_frames_per_second_per_user,
            sign_ins_per_minute_per_address: self.max_sign_ins_per_minute_per_address,
            registrations_per_minute_per_address: self.max_registrations_per_minute_per_address,
            messages_per_minute_per_user: self.max_messages_per_minute_per_user,
            addresses_per_hour_per_user: self.max_addresses_per_hour_per_user,
            addresses_per_hour_per_address: self.max_addresses_per_hour_per_address,
            new_chats_per_day_per_user: self.max_new_chats_per_day_per_user,
            invitations_per_day_per_user: self.max_invitations_per_day_per_user,
            reports_per_day_per_user: self.max_reports_per_day_per_user,
            connections: self.max_connections,
        }
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        Timeouts {
            head: Duration::from_secs(self.head_timeout),
            body: Duration::from_secs(self.body_timeout),
            idle: Duration::from_secs(self.idle_timeout),
        }
    }

    pub(super) fn trusted_proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let given = self.trusted_proxies.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        given
            .map(|text| {
                text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
                    ConfigError(
                        "CAUSERIE_TRUSTED_PROXIES (--trusted-proxy) holds something that is no address or network: write for example 10.0.0.7 or 10.0.0.0/8"
                            .to_owned(),
                    )
                })
            })
            .collect()
    }

    pub(super) fn metrics_token(&self) -> Result<Option<String>, ConfigError> {
        // An empty variable is how `.env` files say "unset".
        let Some(token) = self.metrics_token.as_deref().map(str::trim).filter(|token| !token.is_empty())
        else {
            return Ok(None);
        };
        if token.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return fail(
                "CAUSERIE_METRICS_TOKEN (--metrics-token) holds a space or something that is not ASCII, which no header can carry as a token: choose another",
            );
        }
        Ok(Some(token.to_owned()))
    }

    pub(super) fn slow_query(&self) -> Duration {
        Duration::from_millis(self.slow_query_ms)
    }

    pub(super) fn tls(&self) -> Result<Option<TlsFiles>, ConfigError> {
        let given = |file: &Option<PathBuf>| file.clone().filter(|file| !file.as_os_str().is_empty());
        match (given(&self.tls_cert), given(&self.tls_key)) {
            (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
            (None, None) => Ok(None),
            (Some(_), None) => {
                fail("--tls-cert needs the key too: name its file with --tls-key or CAUSERIE_TLS_KEY")
            }
            (None, Some(_)) => fail(
                "--tls-key needs the certificate too: name its file with --tls-cert or CAUSERIE_TLS_CERT",
            ),
        }
    }
}

/// Every loopback address: who speaks from there is a program of this machine.
pub(super) fn loopback() -> Vec<IpNet> {
    vec![
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
    ]
}
