//! `causerie doctor`: for each cause, a real one, and the finding that names it and no other; and what it recommends helps.

mod address;
mod looked;
mod people;
mod proxies;
mod set_up;
mod silent;
mod state;
mod told;
