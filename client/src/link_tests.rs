//! Every close code in every state, and the times at which the machine acts.

use super::*;

const NOW: Millis = 1_000_000;

fn online() -> Link {
    let mut link = Link::new();
    assert_eq!(link.signed_in(NOW), [LinkAction::Connect(Connection(1))]);
    link.welcomed(NOW, 25);
    link
}

fn is_connect(actions: &[LinkAction]) -> bool {
    matches!(actions, [LinkAction::Connect(_)])
}

/// What the machine does, as one word, so that a table can hold it.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    Stopped,
    SignIn,
    Connecting,
    Waits(Millis),
}

fn close(mut link: Link, code: CloseCode, at: Millis) -> Then {
    let actions = link.closed(at, 1.0, code, "");
    match link.state() {
        LinkState::Stopped { after } => {
            assert!(actions.is_empty() && link.deadline().is_none() && after.code == code);
            Then::Stopped
        }
        LinkState::SignedOut { reason: Some(_) } => {
            assert!(matches!(&actions[..], [LinkAction::AskSignIn(_)]) && link.deadline().is_none());
            Then::SignIn
        }
        LinkState::Connecting { after: Some(_) } => {
            assert!(is_connect(&actions));
            Then::Connecting
        }
        LinkState::Waiting { until, .. } => {
            assert!(actions.is_empty());
            assert!(is_connect(&link.clone_for_test().tick(*until, 0.5)));
            Then::Waits(until - at)
        }
        other => panic!("{code}: {other:?}"),
    }
}

impl Link {
    fn clone_for_test(&self) -> Self {
        Self { state: self.state.clone(), ..*self }
    }
}

#[test]
fn every_close_code_in_every_state() {
    use CloseCode as C;
    use Then::{Connecting, SignIn, Stopped, Waits};
    // From an online link without failures before · while connecting · after one failure.
    let table = [
        (C::Normal, Stopped, Stopped, Stopped),
        (C::GoingAway, Waits(JITTER_MS), Waits(JITTER_MS), Waits(1_000)),
        (C::UnsupportedData, Waits(500), Waits(500), Waits(1_000)),
        (C::Abnormal, Waits(500), Waits(500), Waits(1_000)),
        (C::InvalidPayload, Waits(500), Waits(500), Waits(1_000)),
        (C::MessageTooBig, Connecting, Connecting, Waits(1_000)),
        (C::InternalError, Waits(500), Waits(500), Waits(1_000)),
        (C::ServiceRestart, Waits(JITTER_MS), Waits(JITTER_MS), Waits(1_000)),
        (C::TryAgainLater, Waits(500), Waits(500), Waits(1_000)),
        (C::Unauthorized, SignIn, SignIn, SignIn),
        (C::BrokenClient, Stopped, Stopped, Stopped),
        (C::NotParticipant, Stopped, Stopped, Stopped),
        (C::Replaced, Stopped, Stopped, Stopped),
        (C::VersionMismatch, Stopped, Stopped, Stopped),
        (C::RateLimited, Waits(500), Waits(500), Waits(1_000)),
        (C::TooManySockets, Waits(500), Waits(500), Waits(1_000)),
        (C::FellBehind, Connecting, Connecting, Waits(1_000)),
        (C::NoHeartbeat, Connecting, Connecting, Waits(1_000)),
        (C::Other(3_000), Waits(500), Waits(500), Waits(1_000)),
        (C::Other(4_050), Stopped, Stopped, Stopped),
        (C::Other(4_150), Waits(500), Waits(500), Waits(1_000)),
        (C::Other(4_250), Connecting, Connecting, Waits(1_000)),
        (C::Other(4_999), Waits(500), Waits(500), Waits(1_000)),
    ];
    for &code in CloseCode::ALL {
        assert!(table.iter().any(|(listed, ..)| *listed == code), "{code} is not in the table");
    }
    for (code, from_online, from_connecting, after_a_failure) in table {
        assert_eq!(close(online(), code, NOW + 1), from_online, "{code}, online");
        let mut connecting = Link::new();
        connecting.signed_in(NOW);
        assert_eq!(close(connecting, code, NOW + 1), from_connecting, "{code}, connecting");
        let mut failed = online();
        failed.closed(NOW, 0.0, CloseCode::Abnormal, "");
        assert_eq!(close(failed, code, NOW + 1), after_a_failure, "{code}, after a failure");
    }
}

#[test]
fn an_offline_device_waits_for_its_network_but_stays_stopped_when_it_was() {
    for &code in CloseCode::ALL {
        let mut link = online();
        link.network(NOW, false);
        link.closed(NOW, 0.5, code, "");
        let acts = is_connect(&link.network(NOW + 1, true));
        let by_itself = !matches!(code.policy(), Policy::StayClosed | Policy::SignIn);
        assert_eq!(acts, by_itself, "{code}");
    }
}

#[test]
fn failures_are_forgotten_only_after_a_stable_while() {
    for (lasted, wait) in [(STABLE_MS - 1, 1_000), (STABLE_MS, 500)] {
        let mut link = online();
        link.closed(NOW, 0.0, CloseCode::Abnormal, "");
        link.welcomed(NOW, 25);
        assert_eq!(close(link, CloseCode::Abnormal, NOW + lasted), Then::Waits(wait));
    }
}

#[test]
fn a_server_that_says_when_it_is_back_is_left_alone_until_then() {
    let mut link = online();
    link.going_away(4_000);
    assert_eq!(close(link, CloseCode::ServiceRestart, NOW), Then::Waits(4_000 + JITTER_MS));
    let mut link = online();
    link.going_away(4_000);
    link.closed(NOW, 0.0, CloseCode::Abnormal, "");
    assert_eq!(link.deadline(), Some(NOW + 4_000));
}

#[test]
fn a_socket_that_never_welcomes_is_given_up() {
    let mut link = Link::new();
    link.signed_in(NOW);
    assert_eq!(link.tick(NOW + WELCOME_MS - 1, 1.0), []);
    assert_eq!(link.tick(NOW + WELCOME_MS, 1.0), [LinkAction::Disconnect(Connection(1))]);
    assert!(matches!(link.state(), LinkState::Waiting { after, .. } if after.code == CloseCode::Abnormal));
    assert!(!link.is_current(Connection(1)));
}

#[test]
fn a_silent_socket_is_replaced_after_two_heartbeats() {
    let mut link = online();
    let limit = 2 * 25_000 + SILENCE_SLACK_MS;
    link.heard(NOW + 10);
    assert_eq!(link.tick(NOW + limit, 0.5), []);
    assert_eq!(
        link.tick(NOW + 10 + limit, 0.5),
        [LinkAction::Disconnect(Connection(1)), LinkAction::Connect(Connection(2))]
    );
}

#[test]
fn a_page_that_wakes_asks_an_old_socket_and_replaces_a_dead_one() {
    let mut link = online();
    assert_eq!(link.woke(NOW + PROBE_MS), [], "it was heard a moment ago");
    assert_eq!(link.woke(NOW + PROBE_MS + 1), [LinkAction::Probe]);
    assert_eq!(link.woke(NOW + PROBE_MS + 2), [], "one question is enough");
    let dead = NOW + 2 * PROBE_MS + 1;
    assert_eq!(link.deadline(), Some(dead));
    let mut alive = link.clone_for_test();
    alive.heard(dead - 1);
    assert_eq!(alive.tick(dead, 0.5), []);
    assert_eq!(
        link.tick(dead, 0.5),
        [LinkAction::Disconnect(Connection(1)), LinkAction::Connect(Connection(2))]
    );
}

#[test]
fn waiting_ends_early_when_the_page_wakes_the_network_comes_or_the_person_asks() {
    let acts: [fn(&mut Link) -> Vec<LinkAction>; 3] =
        [|link| link.woke(NOW), |link| link.network(NOW, true), |link| link.try_now(NOW)];
    for act in acts {
        let mut link = online();
        link.closed(NOW, 1.0, CloseCode::Abnormal, "");
        assert!(is_connect(&act(&mut link)));
        assert_eq!(act(&mut link), [], "it connects already");
    }
}

#[test]
fn only_the_person_starts_a_stopped_link() {
    let mut link = online();
    link.closed(NOW, 0.5, CloseCode::Replaced, "");
    assert_eq!(link.woke(NOW), []);
    assert_eq!(link.network(NOW, true), []);
    assert_eq!(link.tick(NOW + 1_000_000, 0.5), []);
    assert!(is_connect(&link.try_now(NOW)));
}

#[test]
fn a_network_that_goes_is_doubted_while_the_socket_speaks() {
    let mut link = online();
    assert_eq!(link.network(NOW, false), [LinkAction::Probe]);
    assert_eq!(*link.state(), LinkState::Online);
    assert_eq!(link.tick(NOW + PROBE_MS, 0.5), [LinkAction::Disconnect(Connection(1))]);
    assert_eq!((link.state(), link.deadline()), (&LinkState::Offline, None));
    assert!(is_connect(&link.try_now(NOW)));
}

#[test]
fn a_token_that_died_asks_with_the_servers_reason_and_signing_in_goes_on() {
    let mut link = online();
    let actions = link.closed(NOW, 0.5, CloseCode::Unauthorized, "the token expired");
    assert_eq!(actions, [LinkAction::AskSignIn("the token expired".into())]);
    assert_eq!(link.try_now(NOW), []);
    assert!(is_connect(&link.signed_in(NOW)));
    assert_eq!(link.signed_out(), [LinkAction::Disconnect(Connection(2))]);
    assert_eq!(*link.state(), LinkState::SignedOut { reason: None });
}
