//! The bus's contract in memory.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[macro_use]
mod bus {
    pub mod promises;
    #[macro_use]
    pub mod suite;
    pub mod world;
}

mod in_memory {
    use std::sync::Arc;

    use causerie_server::bus::MemoryBus;
    use causerie_server::hub::Hub;

    use crate::bus::world::World;

    async fn one_node() -> World {
        let hub = Hub::new();
        let bus = Arc::new(MemoryBus::new(hub.clone()));
        World::new(bus, &hub, &hub, ())
    }

    contract!(one_node);
    at_once!(one_node);
}
