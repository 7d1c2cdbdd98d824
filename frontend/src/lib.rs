//! Causerie's page: Leptos components over the client's state, and the browser's interfaces around it.
//!
//! `socket → app → view`, and everything that a person does goes back through one function, [`app::App::dispatch`].
//! The page's logic is in `causerie-client`; this crate has only the code that needs a browser.
//!
//! Reading order:
//!
//! 1. [`socket`], [`api`] and [`storage`]: the socket, the errors of the HTTP API, and what is stored, over the browser's
//!    own in `causerie-web`.
//! 2. [`browser`], [`route`], [`time`] and [`language`]: other interfaces of the browser.
//! 3. [`app`]: the state, its one way in, and the effects carried out.
//! 4. [`view`]: the components.

pub mod api;
pub mod app;
pub mod browser;
pub mod keys;
pub mod language;
pub mod route;
pub mod socket;
pub mod storage;
pub mod time;
pub mod view;

/// Starts the page in place of the skeleton in `index.html`.
pub fn start(parts: view::parts::Parts) {
    causerie_web::window::remove_skeleton();
    leptos::mount::mount_to_body(move || view::Page(view::PageProps { parts }));
}

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
