//! The bus's contract over Redis, here and on another node, and what it does when Redis or a node is gone.

mod losses;
mod node;

mod here {
    use causerie_testkit::Redis;

    use super::node::Node;
    use crate::bus::suite::{at_once, contract};
    use crate::bus::world::World;

    async fn publishing_node() -> World {
        let redis = Redis::start().await.unwrap();
        let node = Node::start(&redis.url()).await;
        let (bus, hub) = (node.bus.clone(), node.hub.clone());
        World::new(bus, &hub, &hub, (node, redis))
    }

    contract!(publishing_node);
    at_once!(publishing_node);
}

mod elsewhere {
    use causerie_testkit::Redis;

    use super::node::Node;
    use crate::bus::suite::contract;
    use crate::bus::world::World;

    async fn another_node() -> World {
        let redis = Redis::start().await.unwrap();
        let (near, far) = (Node::start(&redis.url()).await, Node::start(&redis.url()).await);
        let (bus, publishes, listens) = (near.bus.clone(), near.hub.clone(), far.hub.clone());
        World::new(bus, &publishes, &listens, (near, far, redis))
    }

    contract!(another_node);
}
