//! A way to a server that can be blocked: what is open there hangs from then on, as behind a machine that is paused.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Dropped, it takes nobody any more.
pub struct Way {
    /// Where it begins.
    pub address: SocketAddr,
    blocked: watch::Sender<()>,
}

impl Way {
    /// A way to a server; `to` is its host and port.
    pub async fn open(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let blocked = watch::Sender::new(());
        let watched = blocked.subscribe();
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let (to, mut watched) = (to.clone(), watched.clone());
                watched.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(to).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        Ok(()) = watched.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { address, blocked }
    }

    /// Nothing of what is open gets through any more; what comes later does.
    pub fn block(&self) {
        self.blocked.send_replace(());
    }
}
