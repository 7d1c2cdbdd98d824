//! A connection to the server's machine, with TLS where the address says so.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use causerie_doctor::{Reached, Target};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, Error as TlsError, RootCertStore, WantsVerifier};

/// How long each of a name's addresses may take before the next one is tried, while there is a next one.
const NEXT: Duration = Duration::from_secs(3);

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Connects, and trusts the authorities that the system trusts.
pub(super) async fn connect(target: &Target, patience: Duration) -> Result<Box<dyn Stream>, Reached> {
    connect_with(target, patience, system).await
}

/// Connects, with a TLS configuration of the caller's.
pub(super) async fn connect_with(
    target: &Target,
    patience: Duration,
    trust: impl FnOnce() -> ClientConfig,
) -> Result<Box<dyn Stream>, Reached> {
    let addresses = resolve(target, patience).await.map_err(|_| Reached::NameNotFound)?;
    let stream = dial(&addresses, patience).await.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => Reached::Refused,
        _ => Reached::TimedOut,
    })?;
    // A frame is small, and its time is what is measured.
    let _ = stream.set_nodelay(true);
    if !target.is_secure() {
        return Ok(Box::new(stream));
    }
    let name =
        ServerName::try_from(strip_brackets(target.host()).to_owned()).map_err(|_| Reached::NameNotFound)?;
    let mut config = trust();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    match timeout(patience, TlsConnector::from(Arc::new(config)).connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(Reached::TimedOut),
    }
}

/// Whether this machine has a network at all: without sending anything, the system is asked for a way to the server,
/// or, when its name has no address, to networks that exist in examples only (RFC 5737, RFC 3849).
pub(super) async fn is_online(target: &Target, patience: Duration) -> bool {
    let examples =
        [Ipv4Addr::new(192, 0, 2, 1).into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()];
    let addresses = match resolve(target, patience).await {
        Ok(addresses) => addresses,
        Err(_) => examples.map(|ip| SocketAddr::new(ip, target.port())).to_vec(),
    };
    for address in addresses {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        if let Ok(socket) = UdpSocket::bind(any).await
            && socket.connect(address).await.is_ok()
        {
            return true;
        }
    }
    false
}

async fn resolve(target: &Target, patience: Duration) -> io::Result<Vec<SocketAddr>> {
    let lookup = lookup_host((strip_brackets(target.host()), target.port()));
    let found: Vec<_> = timeout(patience, lookup).await??.collect();
    if found.is_empty() { Err(ErrorKind::NotFound.into()) } else { Ok(found) }
}

/// The first of the addresses that connects; else the most telling error: a refusal rather than a timeout.
async fn dial(addresses: &[SocketAddr], patience: Duration) -> io::Result<TcpStream> {
    let end = Instant::now() + patience;
    let mut told = io::Error::from(ErrorKind::TimedOut);
    for (index, address) in addresses.iter().enumerate() {
        let is_last = index + 1 == addresses.len();
        let limit = if is_last { end } else { end.min(Instant::now() + NEXT) };
        match timeout_at(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) if told.kind() != ErrorKind::ConnectionRefused => told = error,
            Ok(Err(_)) | Err(_) => {}
        }
    }
    Err(told)
}

/// An IPv6 address without its brackets.
fn strip_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The authorities that the system trusts; where it has no such list, as in a small container, Mozilla's.
fn system() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    tls(Arc::new(ring::default_provider())).with_root_certificates(roots).with_no_client_auth()
}

pub(super) fn tls(provider: Arc<CryptoProvider>) -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider speaks the versions that are the default")
}

fn refused(error: &io::Error) -> Reached {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match tls {
        Some(TlsError::InvalidCertificate(why)) => Reached::CertificateRefused(format!("{why}")),
        // Whatever it answered, or if it hung up: it was not TLS.
        _ => Reached::TlsNotSpoken,
    }
}
