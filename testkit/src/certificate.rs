//! A self-signed certificate for tests; the browsers of the tests are told to accept it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes `certificate.pem` and `key.pem` for this machine into a folder.
pub fn write_certificate(folder: &Path) -> Result<()> {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).context("making a certificate")?;
    fs::write(folder.join("certificate.pem"), made.cert.pem())?;
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(())
}
