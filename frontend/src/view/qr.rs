//! A text as a QR code, drawn as one path.

use std::fmt::Write;

use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

/// The light border that a reader needs around the code, in modules (ISO/IEC 18004, section 9.1).
const QUIET: i32 = 4;

/// Nothing when the text is too long for a code; `label` says what it is.
pub fn qr(text: &str, label: &'static str) -> AnyView {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return ().into_any() };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in 0..size {
            if code.get_module(x, y) {
                let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
    }
    let whole = size + 2 * QUIET;
    view! {
        <svg class="qr" viewBox=format!("0 0 {whole} {whole}") role="img" aria-label=label>
            <path d=path />
        </svg>
    }
    .into_any()
}
