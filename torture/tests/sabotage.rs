//! Sabotage.

fn main() {}
