//! The program `causerie`.

fn main() {}
