//! The connection tester at `/chat-ws-test/`: it shows every frame of a socket and runs the doctor. It is a program of
//! its own, so that the chat page need not load it.
//!
//! Reading order:
//!
//! 1. [`limits`]: the bounds.
//! 2. [`frame`] and [`record`], with [`filter`] and [`window`]: the record of frames, and which part of it is drawn.
//! 3. [`rate`] and [`round_trip`]: the figures. [`conversation`]: the messages of a chat.
//! 4. [`handshake`], [`share_link`], [`template`], [`pretty_json`]: texts that are shown, copied and sent.
//! 5. For WebAssembly only: `browser` and `probe` (the browser's interfaces), `pane` (one connection),
//!    `view`.
//!
//! The first four groups build natively and are tested natively.

pub mod conversation;
pub mod filter;
pub mod frame;
pub mod handshake;
pub mod limits;
pub mod pretty_json;
pub mod rate;
pub mod record;
pub mod round_trip;
pub mod share_link;
pub mod template;
pub mod window;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod pane;
#[cfg(target_arch = "wasm32")]
mod probe;
#[cfg(target_arch = "wasm32")]
mod view;

/// Starts the tester in place of the skeleton in `index.html`.
#[cfg(target_arch = "wasm32")]
pub fn start() {
    browser::adopt_style(include_str!("../styles/tester.css"));
    causerie_web::window::remove_skeleton();
    leptos::mount::mount_to_body(view::Tester);
}
