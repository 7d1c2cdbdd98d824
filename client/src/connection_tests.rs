//! Every close code in every state, and the times at which the machine acts.

use super::*;

const NOW: Millis = 1_000_000;

fn online() -> Connection {
    let mut connection = Connection::new();
    assert_eq!(connection.signed_in(NOW), [ConnectionAction::Connect(ConnectionId(1))]);
    connection.welcomed(NOW, 25);
    connection
}

fn is_connect(actions: &[ConnectionAction]) -> bool {
    matches!(actions, [ConnectionAction::Connect(_)])
}

/// What the machine does, as one word, so that a table can hold it.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    Stopped,
    SignIn,
    Connecting,
    Waits(Millis),
}

fn close(mut connection: Connection, code: CloseCode, at: Millis) -> Then {
    let actions = connection.closed(at, 1.0, code, "");
    match connection.state() {
        ConnectionState::Stopped { after } => {
            assert!(actions.is_empty() && connection.deadline().is_none() && after.code == code);
            Then::Stopped
        }
        ConnectionState::SignedOut { reason: Some(_) } => {
            assert!(
                matches!(&actions[..], [ConnectionAction::AskSignIn(_)]) && connection.deadline().is_none()
            );
            Then::SignIn
        }
        ConnectionState::Connecting { after: Some(_) } => {
            assert!(is_connect(&actions));
            Then::Connecting
        }
        ConnectionState::Waiting { until, .. } => {
            assert!(actions.is_empty());
            assert!(is_connect(&connection.clone_for_test().tick(*until, 0.5)));
            Then::Waits(until - at)
        }
        other => panic!("{code}: {other:?}"),
    }
}

impl Connection {
    fn clone_for_test(&self) -> Self {
        Self { state: self.state.clone(), ..*self }
    }
}

#[test]
fn every_close_code_in_every_state() {
    use CloseCode as C;
    use Then::{Connecting, SignIn, Stopped, Waits};
    // From an online connection without failures before · while connecting · after one failure.
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
        (C::Suspended, Stopped, Stopped, Stopped),
        (C::SecondFactorRequired, Stopped, Stopped, Stopped),
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
        let mut connecting = Connection::new();
        connecting.signed_in(NOW);
        assert_eq!(close(connecting, code, NOW + 1), from_connecting, "{code}, connecting");
        let mut failed = online();
        failed.closed(NOW, 0.0, CloseCode::Abnormal, "");
        assert_eq!(close(failed, code, NOW + 1), after_a_failure, "{code}, after a failure");
    }
}

#[test]
fn an_offline_device_waits_for_its_network_unless_the_close_code_stops_it() {
    for &code in CloseCode::ALL {
        let mut connection = online();
        connection.network(NOW, false);
        connection.closed(NOW, 0.5, code, "");
        let connects = is_connect(&connection.network(NOW + 1, true));
        let by_itself = !matches!(code.policy(), Policy::StayClosed | Policy::SignIn);
        assert_eq!(connects, by_itself, "{code}");
    }
}

#[test]
fn the_backoff_starts_again_only_after_a_stable_connection() {
    for (lasted, wait) in [(STABLE_MS - 1, 1_000), (STABLE_MS, 500)] {
        let mut connection = online();
        connection.closed(NOW, 0.0, CloseCode::Abnormal, "");
        connection.welcomed(NOW, 25);
        assert_eq!(close(connection, CloseCode::Abnormal, NOW + lasted), Then::Waits(wait));
    }
}

#[test]
fn the_next_attempt_comes_after_the_wait_that_a_go_away_asks_for() {
    let mut connection = online();
    connection.going_away(4_000);
    assert_eq!(close(connection, CloseCode::ServiceRestart, NOW), Then::Waits(4_000 + JITTER_MS));
    let mut connection = online();
    connection.going_away(4_000);
    connection.closed(NOW, 0.0, CloseCode::Abnormal, "");
    assert_eq!(connection.deadline(), Some(NOW + 4_000));
}

#[test]
fn a_socket_without_a_welcome_is_given_up_after_a_timeout() {
    let mut connection = Connection::new();
    connection.signed_in(NOW);
    assert_eq!(connection.tick(NOW + WELCOME_MS - 1, 1.0), []);
    assert_eq!(connection.tick(NOW + WELCOME_MS, 1.0), [ConnectionAction::Disconnect(ConnectionId(1))]);
    assert!(
        matches!(connection.state(), ConnectionState::Waiting { after, .. } if after.code == CloseCode::Abnormal)
    );
    assert!(!connection.is_current(ConnectionId(1)));
}

#[test]
fn a_silent_socket_is_replaced_after_two_heartbeats() {
    let mut connection = online();
    let limit = 2 * 25_000 + SILENCE_SLACK_MS;
    connection.on_activity(NOW + 10);
    assert_eq!(connection.tick(NOW + limit, 0.5), []);
    assert_eq!(
        connection.tick(NOW + 10 + limit, 0.5),
        [ConnectionAction::Disconnect(ConnectionId(1)), ConnectionAction::Connect(ConnectionId(2))]
    );
}

#[test]
fn a_page_that_wakes_probes_an_old_socket_and_replaces_a_dead_one() {
    let mut connection = online();
    assert_eq!(connection.wake(NOW + PROBE_MS), [], "it was heard a moment ago");
    assert_eq!(connection.wake(NOW + PROBE_MS + 1), [ConnectionAction::Probe]);
    assert_eq!(connection.wake(NOW + PROBE_MS + 2), [], "one question is enough");
    let dead = NOW + 2 * PROBE_MS + 1;
    assert_eq!(connection.deadline(), Some(dead));
    let mut alive = connection.clone_for_test();
    alive.on_activity(dead - 1);
    assert_eq!(alive.tick(dead, 0.5), []);
    assert_eq!(
        connection.tick(dead, 0.5),
        [ConnectionAction::Disconnect(ConnectionId(1)), ConnectionAction::Connect(ConnectionId(2))]
    );
}

#[test]
fn waiting_ends_early_when_the_page_wakes_the_network_comes_or_the_person_asks() {
    let acts: [fn(&mut Connection) -> Vec<ConnectionAction>; 3] = [
        |connection| connection.wake(NOW),
        |connection| connection.network(NOW, true),
        |connection| connection.try_now(NOW),
    ];
    for act in acts {
        let mut connection = online();
        connection.closed(NOW, 1.0, CloseCode::Abnormal, "");
        assert!(is_connect(&act(&mut connection)));
        assert_eq!(act(&mut connection), [], "it connects already");
    }
}

#[test]
fn only_the_person_starts_a_stopped_connection() {
    let mut connection = online();
    connection.closed(NOW, 0.5, CloseCode::Replaced, "");
    assert_eq!(connection.wake(NOW), []);
    assert_eq!(connection.network(NOW, true), []);
    assert_eq!(connection.tick(NOW + 1_000_000, 0.5), []);
    assert!(is_connect(&connection.try_now(NOW)));
}

#[test]
fn an_offline_event_probes_the_socket_before_it_counts() {
    let mut connection = online();
    assert_eq!(connection.network(NOW, false), [ConnectionAction::Probe]);
    assert_eq!(*connection.state(), ConnectionState::Online);
    assert_eq!(connection.tick(NOW + PROBE_MS, 0.5), [ConnectionAction::Disconnect(ConnectionId(1))]);
    assert_eq!((connection.state(), connection.deadline()), (&ConnectionState::Offline, None));
    assert!(is_connect(&connection.try_now(NOW)));
}

#[test]
fn an_invalid_token_asks_to_sign_in_with_the_servers_reason() {
    let mut connection = online();
    let actions = connection.closed(NOW, 0.5, CloseCode::Unauthorized, "the token expired");
    assert_eq!(actions, [ConnectionAction::AskSignIn("the token expired".into())]);
    assert_eq!(connection.try_now(NOW), []);
    assert!(is_connect(&connection.signed_in(NOW)));
    assert_eq!(connection.signed_out(), [ConnectionAction::Disconnect(ConnectionId(2))]);
    assert_eq!(*connection.state(), ConnectionState::SignedOut { reason: None });
}
