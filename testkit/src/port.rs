//! A reserved port for a program that can't listen on port 0 and report which port it got.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use rustix::process::geteuid;

/// Below the ephemeral ports, which the system gives to programs that bind port 0.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A free port of loopback that no other test takes as long as the value lives.
#[derive(Debug)]
pub struct ReservedPort {
    number: u16,
    /// A locked file: tests of other processes take another port.
    _lock: File,
}

impl ReservedPort {
    /// Takes a port.
    pub fn new() -> Result<Self> {
        let folder = env::temp_dir().join(format!("causerie-ports-{}", geteuid().as_raw()));
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        // Each process begins its search at another port.
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
    fn a_reserved_port_is_not_given_out_again() {
        let ports: Vec<_> = (0..20).map(|_| ReservedPort::new().unwrap()).collect();
        let mut numbers: Vec<_> = ports.iter().map(ReservedPort::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ports.len());
    }
}
