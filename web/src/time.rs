//! The browser's clocks.

use js_sys::Function;
use wasm_bindgen::JsCast;

use crate::window::{property, window};

/// The time in milliseconds since 1970, with fractions, by the monotonic clock, which may stand still while the device sleeps
/// and does not change when the device's clock is set.
pub fn now() -> f64 {
    // `performance` is missing only in browsers that are older than WebAssembly.
    property(&window(), "performance").map_or_else(js_sys::Date::now, |performance| {
        let origin = property(&performance, "timeOrigin").and_then(|origin| origin.as_f64());
        let elapsed = property(&performance, "now")
            .and_then(|now| now.dyn_into::<Function>().ok())
            .and_then(|now| now.call0(&performance).ok())
            .and_then(|now| now.as_f64());
        origin.zip(elapsed).map_or_else(js_sys::Date::now, |(origin, elapsed)| origin + elapsed)
    })
}

/// The time in milliseconds since 1970 by the device's clock, which may be wrong and may be set.
pub fn wall_clock() -> f64 {
    js_sys::Date::now()
}
