//! Several pages, one server and a bad network against a simple list: what was acknowledged is there, once, in order.
//!
//! Each run is a list of small steps that proptest draws and, when one fails, shortens.
//! `PROPTEST_CASES=5000 cargo test -p causerie-client --test model` looks longer.

#[path = "model/check.rs"]
mod check;
#[path = "model/server.rs"]
mod server;
#[path = "model/world.rs"]
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use server::{CHATS, Fault};
use world::{Step, World};

/// Seconds within which everything must have settled once the faults end: a silent socket counts as dead after 60.
const PATIENCE: usize = 180;

fn step() -> impl Strategy<Value = Step> {
    let page = || 0..3_usize;
    let chat = || prop_oneof![3 => Just(0_usize), 1 => Just(1_usize)];
    prop_oneof![
        10 => (page(), chat()).prop_map(|(page, chat)| Step::Send { page, chat }),
        14 => (page(), 1..6_usize).prop_map(|(page, count)| Step::Up { page, count }),
        16 => (page(), 1..8_usize).prop_map(|(page, count)| Step::Down { page, count }),
        8 => page().prop_map(|page| Step::Answer { page }),
        8 => (page(), prop::bool::weighted(0.1)).prop_map(|(page, fails)| Step::Arrive { page, fails }),
        6 => prop_oneof![Just(100), Just(1_000), Just(3_500), Just(12_000), Just(65_000)]
            .prop_map(|ms| Step::Pass { ms }),
        3 => (page(), chat()).prop_map(|(page, chat)| Step::Open { page, chat }),
        2 => page().prop_map(|page| Step::Older { page }),
        2 => page().prop_map(|page| Step::Seen { page }),
        2 => page().prop_map(|page| Step::Retry { page }),
        1 => page().prop_map(|page| Step::Delete { page }),
        2 => page().prop_map(|page| Step::Reload { page }),
        4 => (chat(), 0..10_usize, any::<bool>())
            .prop_map(|(chat, nth, delete)| Step::Change { chat, nth, delete }),
        1 => chat().prop_map(|chat| Step::Unknown { chat }),
        4 => (page(), 0..6_usize).prop_map(|(page, nth)| Step::Lose { page, nth }),
        3 => (page(), 0..6_usize).prop_map(|(page, nth)| Step::Swap { page, nth }),
        4 => (page(), prop::bool::weighted(0.7)).prop_map(|(page, told)| Step::Cut { page, told }),
        3 => Just(Step::Late),
        2 => any::<bool>().prop_map(|away| Step::Restart { away }),
        1 => Just(Step::NewEpoch),
        2 => (0..4_u32).prop_map(|count| Step::Busy { count }),
        1 => (0..3_u32).prop_map(|count| Step::Refuse { count }),
        1 => (page(), any::<bool>()).prop_map(|(page, back)| Step::SignOut { page, back }),
        2 => (page(), any::<bool>()).prop_map(|(page, online)| Step::Network { page, online }),
        1 => page().prop_map(|page| Step::Woke { page }),
        1 => Just(Step::Ping),
    ]
}

fn steps() -> impl Strategy<Value = (u64, Vec<Step>)> {
    (any::<u64>(), prop::collection::vec(step(), 1..160))
}

/// Runs the steps, ends the faults, waits, and reads off the result.
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
    let mut result = Ok(());
    for round in 0..PATIENCE {
        world.calm(round);
        check::always(&world).map_err(|what| format!("{what}, while settling"))?;
        result = settled(&mut world);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn settled(world: &mut World) -> Result<(), String> {
    for chat in CHATS {
        world.look_at_all_of(chat);
        check::finally(world, chat)?;
    }
    Ok(())
}

#[test]
fn what_was_acknowledged_is_there_once_and_in_order() {
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
        (Fault::NewNameForRepeat, &["I3"]),
        (Fault::ForgetsTooEarly, &["I9"]),
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
