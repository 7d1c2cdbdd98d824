//! The connection tester at `/chat-ws-test/`: every frame of a socket, and the doctor; a program of its own, so that the
//! chat page need not load it.
//!
//! Reading order:
//!
//! 1. [`limits`], [`texts`]: the bounds and the texts.
//! 2. [`frame`] and [`record`], with [`filter`] and [`window`]: what happened, and which part of it is drawn.
//! 3. [`rate`] and [`round_trip`]: the figures. [`conversation`]: the conversation.
//! 4. [`handshake`], [`share_link`], [`template`], [`pretty_json`]: what is shown, copied and sent.
//! 5. For a browser only: `socket`, `browser`, `probe` (the edge), `pane` (one connection), `view`.
//!
//! What is decided builds natively and is tested there.

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
pub mod texts;
pub mod window;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod pane;
#[cfg(target_arch = "wasm32")]
mod probe;
#[cfg(target_arch = "wasm32")]
mod socket;
#[cfg(target_arch = "wasm32")]
mod view;

/// Starts the tester: takes the place of what `index.html` shows until then.
#[cfg(target_arch = "wasm32")]
pub fn start() {
    browser::adopt_style(include_str!("../styles/tester.css"));
    browser::remove_skeleton();
    leptos::mount::mount_to_body(view::Tester);
}
