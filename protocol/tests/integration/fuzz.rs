//! What strangers may send: mutations of a corpus through the parsers of frames and handshakes.
//!
//! A stable stand-in for a coverage-guided fuzzer: thousands of mutated inputs a run, a failing one shrunk by proptest.
//! `PROPTEST_CASES=1000000 cargo test -p causerie-protocol --test integration fuzz` looks longer.

use causerie_protocol::{ClientFrame, ServerFrame, handshake, limits};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::examples::server_frames;

const CLIENT_FRAMES: &str = include_str!("../corpus/client_frames.txt");
const HANDSHAKES: &str = include_str!("../corpus/handshakes.txt");

/// One change of a text, at a place that is chosen relative to its length.
#[derive(Clone, Debug)]
enum Mutation {
    Delete(Index, usize),
    Insert(Index, String),
    Repeat(Index, usize),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let pieces = select(vec![
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "0",
        "-1",
        "1e999",
        "null",
        "true",
        " ",
        "\u{0}",
        "\u{202e}",
        "\\ud800",
        "\"type\":\"message\"",
        "\"client_id\":\"\"",
        "\"chat_id\":\"1\"",
        "Bearer",
        "causerie.v1",
        "é",
    ]);
    prop_oneof![
        (any::<Index>(), 1..8_usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        (any::<Index>(), pieces).prop_map(|(at, piece)| Mutation::Insert(at, piece.to_owned())),
        (any::<Index>(), "\\PC{0,6}").prop_map(|(at, text)| Mutation::Insert(at, text)),
        (any::<Index>(), 2..200_usize).prop_map(|(at, times)| Mutation::Repeat(at, times)),
        any::<Index>().prop_map(Mutation::Truncate),
    ]
}

fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let place = |at: &Index, length: usize| at.index(length + 1);
        let length = characters.len();
        match mutation {
            Mutation::Delete(at, count) => {
                let from = place(at, length);
                characters.drain(from..(from + count).min(length));
            }
            Mutation::Insert(at, piece) => {
                let from = place(at, length);
                characters.splice(from..from, piece.chars());
            }
            Mutation::Repeat(at, times) => {
                let from = place(at, length);
                if let Some(&character) = characters.get(from) {
                    characters.splice(from..from, std::iter::repeat_n(character, *times));
                }
            }
            Mutation::Truncate(at) => characters.truncate(place(at, length)),
        }
    }
    characters.into_iter().collect()
}

/// A line of the corpus, changed a few times or not at all.
fn mutated(corpus: Vec<String>) -> impl Strategy<Value = String> {
    (select(corpus), vec(mutation(), 0..6)).prop_map(|(text, mutations)| mutate(&text, &mutations))
}

fn lines(corpus: &str) -> Vec<String> {
    corpus.lines().map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_clients_frame_is_taken_or_refused_with_a_reason(text in mutated(lines(CLIENT_FRAMES))) {
        match ClientFrame::decode(&text) {
            Ok(frame) => {
                // What was understood can be said again and means the same.
                prop_assert_eq!(ClientFrame::decode(&frame.encode()).unwrap(), frame);
            }
            Err(error) => {
                prop_assert!(error.detail.ends_with('.'), "{}", error.detail);
                prop_assert!(error.detail.len() < 200, "{}", error.detail);
                prop_assert!(!error.detail.contains("Hello"), "an error repeats a text: {}", error.detail);
            }
        }
    }

    #[test]
    fn a_servers_frame_is_understood_carried_on_or_refused(
        text in mutated(server_frames().iter().map(|(frame, _)| frame.encode()).collect())
    ) {
        if let Ok(frame) = ServerFrame::decode(&text) {
            match (ServerFrame::decode(&frame.encode()).unwrap(), frame) {
                // An event whose envelope makes no sense is carried on as unknown, and keeps its place in the log.
                (ServerFrame::Event(again), ServerFrame::Event(event)) => {
                    prop_assert_eq!((again.chat_id(), again.seq()), (event.chat_id(), event.seq()));
                }
                // A number too long for 64 bits is read as the nearest of floating point, give or take its last bit.
                (ServerFrame::Unknown(again), ServerFrame::Unknown(frame)) => {
                    prop_assert_eq!(again.get("type"), frame.get("type"));
                }
                (again, frame) => prop_assert_eq!(again, frame),
            }
        }
    }

    #[test]
    fn a_handshake_echoes_only_what_was_offered_and_never_a_token(header in mutated(lines(HANDSHAKES))) {
        let offer = handshake::parse(&header);
        if let Some(echo) = offer.echo {
            prop_assert!(header.split(',').any(|value| value.trim() == echo));
            prop_assert!(echo == handshake::BEARER || echo == handshake::VERSIONED);
        }
        match offer.token {
            Ok(token) => {
                prop_assert!(handshake::is_token(token));
                prop_assert!(offer.echo.is_some(), "a browser drops a socket that echoes nothing");
            }
            Err(error) => {
                let reason = error.to_string();
                prop_assert!(reason.len() <= limits::CLOSE_REASON_BYTES);
            }
        }
    }
}
