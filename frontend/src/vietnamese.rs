//! The page's program in Vietnamese.

fn main() {
    causerie_frontend::start();
}
