//! A port for a program that can't choose one itself and tell it.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use rustix::process::geteuid;

/// Below the ports that the system gives to whoever asks for any.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A port of loopback that nobody listens on and no other test takes, as long as the value lives.
#[derive(Debug)]
pub struct ReservedPort {
    number: u16,
    /// Locked, so that tests of other processes take another one.
    _lock: File,
}

impl ReservedPort {
    /// Takes a port.
    pub fn new() -> Result<Self> {
        let folder = env::temp_dir().join(format!("causerie-ports-{}", geteuid().as_raw()));
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        // Not all begin at the same one.
        let first = u16::try_from(std::process::id() % u32::from(PORTS.end - PORTS.start))?;
        for step in 0..PORTS.end - PORTS.start {
            let number = PORTS.start + (first + step) % (PORTS.end - PORTS.start);
            let lock = File::create(folder.join(number.to_string()))?;
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        anyhow::bail!("no port between {} and {} is free", PORTS.start, PORTS.end)
    }

    /// The port.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The port on loopback.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}

#[cfg(test)]
mod tests {
    use super::ReservedPort;

    #[test]
    fn nobody_else_gets_a_port_as_long_as_it_is_reserved() {
        let ports: Vec<_> = (0..20).map(|_| ReservedPort::new().unwrap()).collect();
        let mut numbers: Vec<_> = ports.iter().map(ReservedPort::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ports.len());
    }
}
