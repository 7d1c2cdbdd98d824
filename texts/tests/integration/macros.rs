//! The macros put the text of the chosen language into the program.

use causerie_texts::say;

const VIETNAMESE: bool = cfg!(feature = "vietnamese");

#[test]
fn a_text_is_a_literal_in_the_language_of_the_program() {
    const SEND: &str = say!(Send);
    assert_eq!(SEND, if VIETNAMESE { "Gửi" } else { "Send" });
    assert_eq!(concat!(say!(Email), "!"), "E-mail!");
}

#[test]
fn placeholders_are_replaced_by_values() {
    let seconds = 3;
    let text = say!(ReconnectingIn, what = "Oh.", seconds = seconds);
    assert_eq!(text, if VIETNAMESE { "Oh. Kết nối lại sau 3 giây." } else { "Oh. Reconnecting in 3 s." });
}
