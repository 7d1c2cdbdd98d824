//! Moving an installation between databases: what its people may rely on afterwards.

mod moved;
mod refused;
mod world;
