//! The doctor over real sockets: what the server tells of itself, and every cause as the terminal finds it.

mod told;
