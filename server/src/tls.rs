//! TLS by the program itself: the certificate's files, checked at the start, and read again on SIGHUP.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error as RustlsError, InconsistentKeys, ServerConfig};

use crate::config::TlsFiles;

/// Why TLS can't be used; one sentence that names the setting and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsUnusable(String);

#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsUnusable> {
        let provider = Arc::new(ring::default_provider());
        let current = RwLock::new(Arc::new(read(&files, &provider)?));
        Ok(Arc::new(Self { files, provider, current }))
    }

    /// Reads the files again, for new connections; after an error the old certificate stays.
    pub fn reload(&self) -> Result<(), TlsUnusable> {
        let fresh = Arc::new(read(&self.files, &self.provider)?);
        *self.current.write() = fresh;
        Ok(())
    }

    /// The leaf certificate, for the doctor to pin.
    pub fn shown(&self) -> Option<CertificateDer<'static>> {
        self.current.read().cert.first().cloned()
    }

    /// TLS 1.2 and 1.3 with HTTP/1.1, which WebSockets need.
    pub fn acceptor(self: &Arc<Self>) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .expect("the provider speaks the versions that are the default")
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsUnusable> {
    let TlsFiles { cert, key } = files;
    let (cert_shown, key_shown) = (cert.display(), key.display());
    let fail = |sentence: String| Err(TlsUnusable(sentence));
    let chain = CertificateDer::pem_slice_iter(&bytes(cert, "--tls-cert")?).collect::<Result<Vec<_>, _>>();
    let chain = match chain {
        Ok(chain) if !chain.is_empty() => chain,
        _ => {
            return fail(format!(
                "{cert_shown} holds no certificate: name a PEM file with BEGIN CERTIFICATE in --tls-cert"
            ));
        }
    };
    let Ok(private) = PrivateKeyDer::from_pem_slice(&bytes(key, "--tls-key")?) else {
        return fail(format!(
            "{key_shown} holds no private key without a password: name a PEM file with BEGIN PRIVATE KEY in --tls-key"
        ));
    };
    CertifiedKey::from_der(chain, private, provider).or_else(|error| {
        fail(match error {
            RustlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => format!(
                "the key in {key_shown} is not that of the certificate in {cert_shown}: name files that belong together in --tls-key and --tls-cert"
            ),
            RustlsError::InvalidCertificate(_) => format!(
                "the certificate in {cert_shown} can't be read ({error}): name another file in --tls-cert"
            ),
            _ => format!("the key in {key_shown} can't be used ({error}): name another file in --tls-key"),
        })
    })
}

fn bytes(file: &Path, option: &str) -> Result<Vec<u8>, TlsUnusable> {
    fs::read(file).map_err(|error| {
        TlsUnusable(format!(
            "{} can't be read ({error}): correct {option}, or give the program the right to read the file",
            file.display()
        ))
    })
}
