//! The servers under torture: one with a SQLite file, or several nodes with one Postgres and one Redis.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use causerie_testkit::{Postgres, Redis, Stop, TcpProxy};

use crate::database;
use crate::log::Logs;
use crate::proxy::Balancer;
use crate::server::{self, Server};

/// The servers.
#[derive(Debug)]
pub struct Cluster {
    /// Each node is its own process.
    pub nodes: Vec<Server>,
    /// The services of several nodes; none for a single node.
    pub shared: Option<Shared>,
}

/// The services that all nodes share. Each node reaches both through its own proxies.
#[derive(Debug)]
pub struct Shared {
    /// The database.
    pub postgres: Postgres,
    /// The bus.
    pub redis: Redis,
    /// By node, its proxy to Postgres.
    pub to_postgres: Vec<TcpProxy>,
    /// By node, its proxy to Redis.
    pub to_redis: Vec<TcpProxy>,
}

impl Cluster {
    /// Starts this many nodes, and the shared services if there are several nodes.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(program: &Path, nodes: usize) -> Result<Self> {
        if nodes == 1 {
            let server = Server::start(program, None).await?;
            return Ok(Self { nodes: vec![server], shared: None });
        }
        let mut shared = Shared {
            postgres: Postgres::start().await?,
            redis: Redis::start().await?,
            to_postgres: Vec::new(),
            to_redis: Vec::new(),
        };
        let mut servers = Vec::new();
        for _ in 0..nodes {
            let to_postgres = TcpProxy::start(shared.postgres.address()).await?;
            let to_redis = TcpProxy::start(shared.redis.address()).await?;
            let both = server::Shared {
                database_url: Postgres::url_at(to_postgres.address()),
                redis_url: Redis::url_at(to_redis.address()),
            };
            servers.push(Server::start(program, Some(both)).await?);
            shared.to_postgres.push(to_postgres);
            shared.to_redis.push(to_redis);
        }
        Ok(Self { nodes: servers, shared: Some(shared) })
    }

    /// The addresses on which the nodes listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address()).collect()
    }

    /// A balancer over the nodes.
    ///
    /// # Errors
    /// When the balancer can't be set up.
    pub fn balancer(&self) -> Result<Balancer> {
        match self.addresses()[..] {
            [only] => Ok(Balancer::single(only)),
            ref several => Balancer::watching(several),
        }
    }

    /// Fails when a node ended by itself.
    ///
    /// # Errors
    /// With the end of its log.
    pub fn check(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Server::check)
    }

    /// How many sockets the nodes closed with a code, by their own logs.
    pub fn closed_with(&self, code: u16) -> usize {
        self.nodes.iter().map(|node| node.closed_with(code)).sum()
    }

    /// Shuts down all nodes in order, and reads the stored logs.
    ///
    /// # Errors
    /// When a node does not end in time and with code 0, or the database can't be read.
    pub async fn end(&mut self) -> Result<Logs> {
        for node in &mut self.nodes {
            node.terminate().await?;
        }
        match &mut self.shared {
            None => database::read_sqlite(&self.nodes[0].database()).await,
            Some(shared) => {
                let logs = database::read_postgres(&shared.postgres.url()).await?;
                shared.postgres.stop(Stop::Fast).await?;
                Ok(logs)
            }
        }
    }
}
