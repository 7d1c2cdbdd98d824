//! The page's program in Vietnamese.

mod parts;

fn main() {
    causerie_frontend::start(parts::PARTS);
}
