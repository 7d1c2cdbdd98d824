//! Causerie's page: Leptos components over the client's state, and the browser at the edge.
//!
//! `socket → app → view`, and what a person does goes back through one function, [`app::App::dispatch`].
//! What the page decides is in `causerie-client`; here is only what needs a browser.
//!
//! Reading order:
//!
//! 1. [`socket`], [`api`] and [`storage`]: the three ways out of the page.
//! 2. [`browser`], [`route`], [`time`] and [`language`]: what else the browser knows.
//! 3. [`app`]: the state with its one way in, and its effects carried out.
//! 4. [`view`]: what a person sees.

pub mod api;
pub mod app;
pub mod browser;
pub mod language;
pub mod route;
pub mod socket;
pub mod storage;
pub mod time;
pub mod view;

/// Starts the page: takes the place of what `index.html` shows until then.
pub fn start() {
    if let Some(skeleton) = browser::document().get_element_by_id("skeleton") {
        skeleton.remove();
    }
    leptos::mount::mount_to_body(view::Page);
}

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
