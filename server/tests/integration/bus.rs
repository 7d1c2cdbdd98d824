//! The bus's contract, in memory and over Redis.

mod promises;
#[cfg(feature = "test-services")]
mod redis;
mod suite;
mod world;

mod in_memory {
    use std::sync::Arc;

    use causerie_server::bus::MemoryBus;
    use causerie_server::hub::Hub;

    use super::suite::{at_once, contract};
    use super::world::World;

    async fn one_node() -> World {
        let hub = Hub::new();
        let bus = Arc::new(MemoryBus::new(hub.clone()));
        World::new(bus, &hub, &hub, ())
    }

    contract!(one_node);
    at_once!(one_node);
}
