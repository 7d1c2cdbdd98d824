//! Where Redis is: one server, or the primary that Sentinel names just now.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError,
    ServerErrorKind, TlsCertificates, TlsMode,
};
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::Url;

use super::RedisUnusable;

/// How long Redis may take to answer before the connection counts as dead.
const ANSWER: Duration = Duration::from_secs(3);
/// The port of a Sentinel that is named without one.
const SENTINEL_PORT: u16 = 26_379;

const SHAPES: &str = "write redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// for TLS, or redis-sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/PRIMARY/DATABASE";

/// Gives connections; clones share it.
#[derive(Clone)]
pub(super) struct Connector {
    topology: Topology,
    /// For sentences; without user and password.
    place: String,
}

#[derive(Clone)]
enum Topology {
    One(Box<Client>),
    Sentinel(Arc<Mutex<SentinelClient>>),
}

impl Connector {
    /// Reads a URL, and the file with the authority's certificate if one is named.
    pub(super) fn new(url: &str, authority: Option<&PathBuf>) -> Result<Self, RedisUnusable> {
        let scheme = url.split(':').next().unwrap_or_default();
        if scheme.contains("cluster") {
            return Err(RedisUnusable(
                "REDIS_URL names a Redis Cluster, which is not supported: pub/sub gains nothing from it; name one of its servers with redis://, or use Sentinel for failover".to_owned(),
            ));
        }
        let authority = authority.map(|path| {
            let read = fs::read(path);
            let root_cert = read.map_err(|error| {
                RedisUnusable(format!(
                    "the file {} that REDIS_CA names can't be read ({error}): correct it",
                    path.display()
                ))
            })?;
            Ok(TlsCertificates { client_tls: None, root_cert: Some(root_cert) })
        });
        let authority = authority.transpose()?;
        match scheme {
            "redis-sentinel" => sentinel(url, None),
            "rediss-sentinel" => sentinel(url, Some(authority)),
            _ => one(url, authority),
        }
    }

    /// A client for whichever server is the right one now.
    async fn client(&self) -> Result<Client, RedisError> {
        match &self.topology {
            Topology::One(client) => Ok(Client::clone(client)),
            Topology::Sentinel(sentinel) => sentinel.lock().await.async_get_client().await,
        }
    }

    pub(super) async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        let client = with_timeout(self.client()).await?;
        client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// A connection that listens.
    pub(super) async fn listen(&self) -> Result<PubSub, RedisError> {
        let client = with_timeout(self.client()).await?;
        with_timeout(client.get_async_pubsub()).await
    }

    /// Connects once and does what a node needs to be allowed to do.
    pub(super) async fn check(&self) -> Result<(), RedisUnusable> {
        let check = async {
            let mut connection = self.connect().await?;
            redis::pipe()
                .set_options(CHECK, 1, redis::SetOptions::default().with_expiration(redis::SetExpiry::PX(1)))
                .publish(CHECK, "")
                .exec_async(&mut connection)
                .await?;
            let mut listener = self.listen().await?;
            with_timeout(listener.subscribe(CHECK)).await
        };
        check.await.map_err(|error: RedisError| self.unusable(&error))
    }

    fn unusable(&self, error: &RedisError) -> RedisUnusable {
        let place = &self.place;
        // An error of a pipeline has the codes of its commands in its text alone.
        let text = error.to_string();
        let is_denied = text.contains("NOAUTH") || text.contains("WRONGPASS");
        RedisUnusable(match error.kind() {
            ErrorKind::AuthenticationFailed => {
                format!("Redis at {place} refuses the user or the password: correct them in REDIS_URL")
            }
            _ if is_denied => {
                format!("Redis at {place} refuses the user or the password: correct them in REDIS_URL")
            }
            ErrorKind::Server(ServerErrorKind::NoPerm) => format!(
                "Redis at {place} does not let this user do what a node needs: allow it the keys and channels causerie:* and the commands of strings, sets and pub/sub, or correct REDIS_URL"
            ),
            ErrorKind::MasterNameNotFoundBySentinel => format!(
                "Sentinel at {place} knows no primary of that name, or none that answers: correct the name in REDIS_URL, or start it"
            ),
            ErrorKind::InvalidClientConfig => {
                format!("REDIS_URL asks for something that this build does not have ({error}): correct it")
            }
            _ if error.to_string().contains("database") || error.to_string().contains("DB index") => {
                format!("Redis at {place} has no database of that number: correct REDIS_URL")
            }
            _ if error.to_string().contains("certificate") => format!(
                "Redis at {place} shows a certificate that is not trusted: name the file of its authority in REDIS_CA, or correct the host in REDIS_URL"
            ),
            _ => format!(
                "Redis does not answer at {place}: start it, correct REDIS_URL, or unset USE_REDIS to run one server"
            ),
        })
    }
}

/// A channel and a key of the preflight check, without subscribers.
const CHECK: &str = "causerie:check";

fn not_a_url() -> RedisUnusable {
    RedisUnusable(format!("REDIS_URL is not a Redis URL: {SHAPES}"))
}

fn one(url: &str, authority: Option<TlsCertificates>) -> Result<Connector, RedisUnusable> {
    let info = url.into_connection_info().map_err(|_| not_a_url())?;
    let place = info.addr().to_string();
    let client = match authority {
        Some(authority) if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) => {
            Client::build_with_tls(info, authority)
        }
        _ => Client::open(info),
    };
    let client = client.map_err(|_| {
        RedisUnusable(
            "the file that REDIS_CA names holds no certificate in PEM, or REDIS_URL asks for something that this build does not have: correct them".to_owned(),
        )
    })?;
    Ok(Connector { topology: Topology::One(Box::new(client)), place })
}

/// `tls` is there when both Sentinel and Redis speak TLS.
fn sentinel(url: &str, tls: Option<Option<TlsCertificates>>) -> Result<Connector, RedisUnusable> {
    let (_, rest) = url.split_once("://").ok_or_else(not_a_url)?;
    let (authority, path) = rest.split_once('/').ok_or_else(not_a_url)?;
    let (credentials, hosts) = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => (credentials, hosts),
        None => ("", authority),
    };
    // The parts are those of any URL, once each host stands alone.
    let part = |text: &str| Url::parse(text).map_err(|_| not_a_url());
    let mut addresses = Vec::new();
    for host in hosts.split(',') {
        let url = part(&format!("redis://{host}"))?;
        let port = url.port().unwrap_or(SENTINEL_PORT);
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(not_a_url)?.to_owned();
        addresses.push(match &tls {
            Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            None => ConnectionAddr::Tcp(host, port),
        });
    }
    let mut names = path.split('/');
    let primary = names.next().filter(|name| !name.is_empty()).ok_or_else(not_a_url)?;
    let database: i64 = match names.next().filter(|text| !text.is_empty()) {
        Some(text) => text.parse().map_err(|_| not_a_url())?,
        None => 0,
    };
    let info = part(&format!(
        "redis://{credentials}{}host/{database}",
        if credentials.is_empty() { "" } else { "@" }
    ))?
    .into_connection_info()
    .map_err(|_| not_a_url())?;
    let failed = |_| not_a_url();
    let mut builder =
        SentinelClientBuilder::new(addresses, primary, SentinelServerType::Master).map_err(failed)?;
    builder = builder.set_client_to_redis_db(database);
    if let Some(user) = info.redis_settings().username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = info.redis_settings().password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(authority) = tls {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
        if let Some(authority) = authority {
            builder = builder
                .set_client_to_redis_certificates(authority.clone())
                .set_client_to_sentinel_certificates(authority);
        }
    }
    let sentinel = builder.build().map_err(failed)?;
    Ok(Connector { topology: Topology::Sentinel(Arc::new(Mutex::new(sentinel))), place: hosts.to_owned() })
}

/// A Redis that does not answer is as good as gone.
pub(super) async fn with_timeout<T>(
    answer: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(url: &str) -> String {
        match Connector::new(url, None) {
            Ok(source) => source.place,
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn every_shape_of_url_is_read_and_the_password_is_not_shown() {
        for (url, place) in [
            ("redis://127.0.0.1:6379/", "127.0.0.1:6379"),
            ("redis://u:sesame@h:1/2", "h:1"),
            ("rediss://:sesame@h/", "h:6379"),
            ("redis-sentinel://a:1,b/primary", "a:1,b"),
            ("redis-sentinel://u:sesame@a:1,[::1]:2/primary/3", "a:1,[::1]:2"),
            ("rediss-sentinel://:sesame@a/primary", "a"),
        ] {
            assert_eq!(sentence(url), place, "{url}");
        }
    }

    #[tokio::test]
    async fn what_is_no_url_of_redis_is_refused_without_repeating_it() {
        for url in [
            "127.0.0.1:6379",
            "http://sesame/",
            "redis://h:sesame/",
            "redis-sentinel://sesame",
            "redis-sentinel:///sesame",
            "redis-sentinel://h/sesame/x",
            "redis-sentinel://h:x/sesame",
            "redis-cluster://u:sesame@h:1",
            "redis+cluster://u:sesame@h:1",
        ] {
            let sentence = sentence(url);
            assert!(sentence.contains("REDIS_URL") && !sentence.contains("sesame"), "{url}: {sentence}");
        }
    }
}
