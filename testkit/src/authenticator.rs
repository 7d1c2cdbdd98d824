//! An authenticator app: makes the codes of a second factor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use totp_rs::{Builder, Secret, Totp};

/// Seconds of a time step (RFC 6238).
const STEP: u64 = 30;

/// An app that knows one secret.
///
/// A server takes each code once, and the next one a step early: so the app shows two codes without a wait.
#[derive(Debug)]
pub struct Authenticator {
    totp: Totp,
    /// The step of the last code that was shown.
    shown: AtomicU64,
}

impl Authenticator {
    /// The app with the secret as a person types it.
    pub fn new(secret: &str) -> Result<Self> {
        let secret = Secret::try_from_base32(secret.replace(' ', "")).ok().context("the secret is base32")?;
        Ok(Self { totp: Builder::new().with_secret(secret).build()?, shown: AtomicU64::new(0) })
    }

    /// A code that was not shown before and that a server takes now.
    ///
    /// # Errors
    /// The third one within thirty seconds.
    pub fn code(&self) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / STEP;
        let step = now.max(self.shown.load(Ordering::Relaxed) + 1);
        ensure!(
            step <= now + 1,
            "two codes were shown already: no further one is taken before the next step"
        );
        self.shown.store(step, Ordering::Relaxed);
        Ok(self.totp.generate(step * STEP).to_string())
    }

    /// A code of long ago.
    #[must_use]
    pub fn old_code(&self) -> String {
        self.totp.generate(1_000_000_000).to_string()
    }
}
