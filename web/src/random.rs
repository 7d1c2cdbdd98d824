//! Random numbers and ids.

use crate::window::window;

/// A random number in 0..1.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// A new UUID of version 7 (RFC 9562, section 5.7): the time in milliseconds, then random bits.
///
/// With the time in front, the ids of one sender are neighbours in the server's index, however long the log is: a random
/// one is stored anywhere in it, and each makes another page of the database be read and written.
/// `crypto.randomUUID` makes only random ones, and exists on secure origins only.
pub fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    let filled =
        window().crypto().is_ok_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !filled {
        bytes.fill_with(|| (random() * 256.0) as u8);
    }
    bytes[..6].copy_from_slice(&(js_sys::Date::now() as u64).to_be_bytes()[2..]);
    bytes[6] = bytes[6] & 0x0f | 0x70;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}
