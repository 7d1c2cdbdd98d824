//! Icons; the element that uses one has the accessible name.

use leptos::prelude::*;

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)+) => {
        $(
            $(#[$doc])*
            pub fn $name() -> AnyView {
                view! { <svg viewBox="0 0 24 24" aria-hidden="true"><path d=$path /></svg> }.into_any()
            }
        )+
    };
}

icons! {
    plus = "M12 5v14M5 12h14";
    back = "m15 5-7 7 7 7";
    more = "M12 6h.01M12 12h.01M12 18h.01";
    cross = "M6 6l12 12M18 6 6 18";
    plane = "M3.4 20.4 21 12 3.4 3.6 3 10l11 2-11 2z";
    smile = "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM8.5 14.5a4 4 0 0 0 7 0M9 9.5h.01M15 9.5h.01";
    pin = "M9 3h6l-1 6 4 4H6l4-4zM12 13v8";
    muted = "M6 16h12l-2-3V9a4 4 0 0 0-7-2.6M8 9v4l-2 3M10.5 19a1.5 1.5 0 0 0 3 0M4 4l16 16";
    plain = "M6 6h12M12 6v13";
    lens = "m20 20-4.5-4.5M17.5 10.5a7 7 0 1 1-14 0 7 7 0 0 1 14 0z";
    gear = "M15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1";
}
