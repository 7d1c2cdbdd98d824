//! The tester's program.

fn main() {
    #[cfg(target_arch = "wasm32")]
    causerie_tester::start();
}
