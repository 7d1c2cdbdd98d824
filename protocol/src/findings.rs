//! Findings: what can be wrong with a connection or an installation, one name for each cause.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::words::{Explanation, Language, english, vietnamese};

macro_rules! findings {
    ($($(#[doc = $doc:literal])+ $name:ident = $wire:literal, [$(($key:literal, $example:literal)),*];)+) => {
        /// What the doctor found: one cause, or that all is well.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Finding {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Finding {
            /// Every finding, in the order in which the doctor looks for them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name for programs, as in the JSON report.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $wire,)+
                }
            }

            /// The finding with this name.
            #[must_use]
            pub fn from_wire(name: &str) -> Option<Self> {
                match name {
                    $($wire => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// The placeholders of its explanation, each with an example.
            #[must_use]
            pub fn details(self) -> &'static [(&'static str, &'static str)] {
                match self {
                    $(Self::$name => &[$(($key, $example)),*],)+
                }
            }
        }
    };
}

findings! {
    /// Nothing is wrong.
    AllWell = "all_well", [];
    /// A setting of the server can't be used.
    SettingUnusable = "setting_unusable", [("reason", "DATABASE_URL is not a URL: write sqlite:PATH")];
    /// The folder of the database can't be written to.
    FolderNotWritable = "folder_not_writable", [("folder", "/var/lib/causerie")];
    /// The program could not use the database at start.
    DatabaseUnusable = "database_unusable", [("reason", "the database that DATABASE_URL names can't be reached")];
    /// The program could not use Redis at start.
    RedisUnusable = "redis_unusable", [("reason", "Redis can't be reached")];
    /// Another program has the port.
    PortTaken = "port_taken", [("port", "8000")];
    /// The system lets the program open too few files for the sockets that it may serve.
    TooFewFiles = "too_few_files", [("limit", "1024"), ("needed", "8192")];
    /// The address is invalid, or not one that a socket can have.
    AddressWrong = "address_wrong", [];
    /// There is a token in the address.
    TokenInAddress = "token_in_address", [];
    /// The page is on https and the socket is not.
    MixedContent = "mixed_content", [("host", "chat.example.org")];
    /// The device has no network.
    PageOffline = "page_offline", [];
    /// No address belongs to the name.
    NameNotFound = "name_not_found", [("host", "chat.example.org")];
    /// The machine answers that nothing listens on the port.
    NothingListens = "nothing_listens", [("host", "chat.example.org"), ("port", "8000")];
    /// Nothing answers at all, in time.
    NoAnswer = "no_answer", [("host", "chat.example.org"), ("port", "8000")];
    /// There is no connection, and a browser does not say why.
    Unreachable = "unreachable", [("host", "chat.example.org"), ("url", "https://chat.example.org/")];
    /// The server's TLS certificate was not accepted.
    CertificateRefused = "certificate_refused", [("host", "chat.example.org")];
    /// The address says https and the port speaks plain http.
    TlsNotSpoken = "tls_not_spoken", [("host", "chat.example.org"), ("port", "8000")];
    /// The address redirects to another one, which sockets do not follow.
    Redirected = "redirected", [("to", "https://chat.example.org")];
    /// A proxy answers, and Causerie behind it does not.
    BadGateway = "bad_gateway", [("status", "502")];
    /// Django's development server answers, which has no sockets.
    DjangoRunserver = "django_runserver", [];
    /// Another program than Causerie responds.
    NotCauserie = "not_causerie", [];
    /// This program or page and the server have incompatible versions.
    VersionsDiffer = "versions_differ", [("ours", "0.1.0"), ("theirs", "0.2.0")];
    /// The server drains.
    Draining = "draining", [];
    /// The server does not reach its database.
    DatabaseUnreachable = "database_unreachable", [];
    /// The server does not reach Redis.
    RedisUnreachable = "redis_unreachable", [];
    /// Other servers use the same database, and no bus connects them with this one.
    NodesUnheard = "nodes_unheard", [];
    /// A proxy forwards another host than the browser requested, so that the page looks like a foreign one.
    ProxyChangesHost = "proxy_changes_host", [("host", "chat.example.org"), ("seen", "127.0.0.1:8000"), ("origin", "https://chat.example.org")];
    /// The page's origin is not one that may open sockets.
    OriginNotAllowed = "origin_not_allowed", [("origin", "https://chat.example.org")];
    /// As many sockets are open as the server takes.
    Full = "full", [];
    /// Too many connections or requests in too short a time.
    TooOften = "too_often", [];
    /// A proxy forwards the handshake without its upgrade.
    ProxyDropsUpgrade = "proxy_drops_upgrade", [];
    /// A proxy drops the offered subprotocols.
    ProxyDropsSubprotocol = "proxy_drops_subprotocol", [];
    /// The handshake does not reach the server, or its response gets lost.
    SocketBlocked = "socket_blocked", [];
    /// The socket opens, and no frame comes.
    SocketSilent = "socket_silent", [];
    /// There is no token.
    NoToken = "no_token", [];
    /// The token does not have the form of one.
    TokenMalformed = "token_malformed", [];
    /// The server never issued this token.
    TokenUnknown = "token_unknown", [];
    /// The token has expired.
    TokenExpired = "token_expired", [];
    /// The token was revoked.
    TokenRevoked = "token_revoked", [];
    /// The chat does not exist, or not for this person.
    ChatNotFound = "chat_not_found", [("chat", "42")];
    /// The server closed the socket with another code.
    ClosedByServer = "closed_by_server", [("code", "4202"), ("what", "The connection had gone quiet and starts again.")];
    /// The clocks of the device and the server are far apart.
    ClockSkew = "clock_skew", [("seconds", "120")];
    /// Round trips are slow.
    SlowRoundTrip = "slow_round_trip", [("milliseconds", "900")];
    /// A proxy ends connections on which nothing is sent for a while.
    ProxyCutsIdle = "proxy_cuts_idle", [("seconds", "3"), ("heartbeat", "25")];
    /// Something failed, and no check gives the cause.
    Unexplained = "unexplained", [];
}

impl Finding {
    /// The explanation for a person. [`Finding::details`] has the names of its placeholders, and
    /// [`Explanation::fill`] replaces them.
    #[must_use]
    pub fn explanation(self, language: Language) -> Explanation {
        match language {
            Language::English => english::finding(self),
            Language::Vietnamese => vietnamese::finding(self),
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_well(self) -> bool {
        self == Self::AllWell
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Finding {
    /// A name that this version does not know is [`Finding::Unexplained`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(Self::from_wire(&name).unwrap_or(Self::Unexplained))
    }
}
