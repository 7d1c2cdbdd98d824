//! The page's program.

mod parts;

fn main() {
    causerie_frontend::start(parts::PARTS);
}
