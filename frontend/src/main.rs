//! The page's program.

fn main() {
    causerie_frontend::start();
}
