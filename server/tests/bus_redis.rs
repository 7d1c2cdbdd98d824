//! The bus's contract over Redis, here and on another node, and what it does when Redis or a node is gone.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[macro_use]
mod bus {
    pub mod promises;
    #[macro_use]
    pub mod suite;
    pub mod world;
}
#[path = "bus/losses.rs"]
mod losses;
#[path = "bus/node.rs"]
mod node;
#[path = "common/redis.rs"]
mod redis_server;

/// What the Redis of a test waits for.
mod server {
    pub use crate::bus::world::PATIENCE;
}

mod here {
    use crate::bus::world::World;
    use crate::node::Node;
    use crate::redis_server::Redis;

    async fn publishing_node() -> World {
        let redis = Redis::start().await;
        let node = Node::start(&redis.url()).await;
        let (bus, hub) = (node.bus.clone(), node.hub.clone());
        World::new(bus, &hub, &hub, (node, redis))
    }

    contract!(publishing_node);
    at_once!(publishing_node);
}

mod elsewhere {
    use crate::bus::world::World;
    use crate::node::Node;
    use crate::redis_server::Redis;

    async fn another_node() -> World {
        let redis = Redis::start().await;
        let (near, far) = (Node::start(&redis.url()).await, Node::start(&redis.url()).await);
        let (bus, publishes, listens) = (near.bus.clone(), near.hub.clone(), far.hub.clone());
        World::new(bus, &publishes, &listens, (near, far, redis))
    }

    contract!(another_node);
}
