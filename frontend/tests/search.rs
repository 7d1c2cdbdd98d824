//! What the list's search finds, by the browser's own tables of letters.

use causerie_frontend::browser::search_key;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn finds(query: &str, text: &str) -> bool {
    search_key(text).contains(&search_key(query))
}

#[wasm_bindgen_test]
fn a_name_is_found_without_its_accents_whatever_its_form_and_case() {
    for (query, name) in [
        ("nguyen", "Nguyễn Văn An"),
        ("NGUYEN VAN", "Nguye\u{302}\u{303}n Va\u{306}n An"),
        ("nguyễn", "Nguye\u{302}\u{303}n"),
        ("nguye\u{302}\u{303}n", "NGUYỄN"),
        ("duc", "Đức"),
        ("đức", "ĐỨC"),
        ("đuc", "Duc"),
        ("istanbul", "İSTANBUL"),
        ("ISTANBUL", "istanbul"),
        ("isik", "IŞIK"),
        ("ışık", "Isik"),
        ("strasse", "Straße"),
        ("STRAẞE", "strasse"),
        ("malmo", "Malmö"),
        ("lodz", "Łódź"),
        ("soren", "Søren"),
        ("aegir", "Ægir"),
        ("ΟΔΟΣ", "οδός"),
        ("иогурт", "Йогурт"),
        ("محمد", "مُحَمَّد"),
        ("שלום", "שָׁלוֹם"),
        ("anna", "Ａｎｎａ"),
        ("fi", "ﬁn"),
        ("anna", "An\u{200b}na"),
        ("an na", "An\u{a0}Na"),
        ("한", "한"),
    ] {
        assert!(finds(query, name), "{query:?} in {name:?}");
    }
}

#[wasm_bindgen_test]
fn other_letters_are_not_found() {
    for (query, name) in [("nguyen", "Nguyet"), ("が", "かく"), ("ที่", "ทำ"), ("कि", "कु"), ("b", "a")]
    {
        assert!(!finds(query, name), "{query:?} in {name:?}");
    }
}
