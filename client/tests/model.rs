//! A property test of several pages, a model server and a bad network: acknowledged messages are in the log once and in
//! order, and every page shows them.
//!
//! Each run is a list of small steps that proptest generates and, when the run fails, shrinks.
//! `PROPTEST_CASES=5000 cargo test -p causerie-client --test model` tries more runs.

#[path = "model/check.rs"]
mod check;
#[path = "model/page.rs"]
mod page;
#[path = "model/server.rs"]
mod server;
#[path = "model/step.rs"]
mod step;
#[path = "model/world.rs"]
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use server::{CHATS, Fault};
use step::{Step, steps};
use world::World;

/// Seconds within which everything must have settled once the faults end: a silent socket counts as dead after 60.
const PATIENCE: usize = 180;

/// Runs the steps, ends the faults, waits until everything has arrived, and checks the invariants.
fn run(fault: Fault, seed: u64, steps: &[Step]) -> Result<(), String> {
    let mut world = World::new(fault, seed);
    if !seed.is_multiple_of(4) {
        // Most runs begin with pages that are online in a chat with a few messages.
        (0..6).for_each(|nth| world.step(&Step::Send { page: nth % 3, chat: 0 }));
        world.calm(1);
        (0..3).for_each(|page| world.step(&Step::Open { page, chat: 0 }));
        world.calm(1);
    }
    for step in steps {
        world.step(step);
        check::always(&world).map_err(|what| format!("{what}, after {step:?}"))?;
    }
    // The chats are opened one after the other, since a socket may not have a subscription for each.
    for chat in CHATS {
        let mut result = Ok(());
        for round in 0..PATIENCE {
            world.calm(round);
            check::always(&world).map_err(|what| format!("{what}, while settling"))?;
            world.look_at_all_of(chat);
            result = check::finally(&world, chat);
            if result.is_ok() {
                break;
            }
        }
        result?;
    }
    let mut result = Ok(());
    for round in 0..PATIENCE {
        result = check::order(&world);
        if result.is_ok() {
            break;
        }
        world.calm(round);
    }
    result
}

#[test]
fn acknowledged_messages_are_there_once_and_in_order() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let outcome =
        runner.run(&steps(), |(seed, steps)| run(Fault::None, seed, &steps).map_err(TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn each_deliberate_fault_is_caught_by_its_invariant() {
    for (fault, invariants) in [
        (Fault::NoDedup, &["I3"][..]),
        (Fault::AckWithoutCommit, &["I1"]),
        (Fault::HoleInReplay, &["I6"]),
        (Fault::ShowsOverHoles, &["I4"]),
        (Fault::NewNameForRepeat, &["I3", "I4"]),
        (Fault::ForgetsTooEarly, &["I9"]),
        (Fault::CopiesOriginals, &["I6"]),
    ] {
        let config =
            Config { failure_persistence: None, max_shrink_iters: 0, cases: 500, ..Config::default() };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let outcome =
            runner.run(&steps(), |(seed, steps)| run(fault, seed, &steps).map_err(TestCaseError::fail));
        let Err(TestError::Fail(reason, _)) = outcome else { panic!("{fault:?} was not caught") };
        let caught = invariants.iter().any(|invariant| reason.message().starts_with(invariant));
        assert!(caught, "{fault:?} was caught as {reason}");
    }
}

#[test]
fn a_late_copy_of_a_message_that_was_refused_changes_nothing() {
    let page = 0;
    let rounds = || {
        let round = [
            Step::Up { page, count: 5 },
            Step::Down { page, count: 8 },
            Step::Answer { page },
            Step::Arrive { page, fails: false },
        ];
        std::iter::repeat_n(round, 6).flatten()
    };
    let send = Step::Send { page, chat: 0 };
    // The frame waits at a paused node, while another node refuses the message and accepts the next.
    let mut steps = vec![send.clone(), Step::Cut { page, told: true }, Step::Down { page, count: 1 }];
    steps.extend([Step::Pass { ms: 12_000 }, Step::Refuse { count: 1 }]);
    steps.extend(rounds());
    steps.push(send);
    steps.extend(rounds());
    steps.push(Step::Late);
    assert_eq!(run(Fault::None, 1, &steps), Ok(()));
    let caught = run(Fault::ForgetsRefusals, 1, &steps).unwrap_err();
    assert!(caught.starts_with("I5"), "{caught}");
}

/// Runs that failed once, with the cause.
#[test]
fn inputs_that_once_failed_hold_the_invariants() {
    // A chat moved to the top of the list between the requests for two of its pages, and was on neither.
    let moved = [
        Step::Send { page: 0, chat: 0 },
        Step::Down { page: 0, count: 1 },
        Step::Restart { away: false },
        Step::Send { page: 1, chat: 2 },
        Step::Reload { page: 2 },
        Step::Reload { page: 0 },
        Step::Send { page: 0, chat: 1 },
        Step::Send { page: 1, chat: 1 },
        Step::Down { page: 2, count: 1 },
        Step::Send { page: 2, chat: 2 },
        Step::Down { page: 1, count: 1 },
        Step::Send { page: 1, chat: 0 },
        Step::Pass { ms: 12_000 },
        Step::Ping,
        Step::Reload { page: 0 },
        Step::Up { page: 0, count: 1 },
        Step::Send { page: 1, chat: 1 },
        Step::Send { page: 2, chat: 0 },
    ];
    assert_eq!(run(Fault::None, 7_221_156_845_549_987_932, &moved), Ok(()));
    // The reply to a `subscribe` crossed the `unsubscribe` that followed, so the chat seemed to be subscribed, and the
    // read position from the person's other device did not arrive.
    let read = [
        Step::Send { page: 0, chat: 1 },
        Step::Change { chat: 0, nth: 0, delete: false },
        Step::Open { page: 1, chat: 2 },
        Step::Restart { away: false },
        Step::Seen { page: 0 },
        Step::Down { page: 1, count: 1 },
        Step::Pass { ms: 1_000 },
    ];
    assert_eq!(run(Fault::None, 95_166_044_959_878_942, &read), Ok(()));
}
