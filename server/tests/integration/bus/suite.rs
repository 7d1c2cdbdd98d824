//! The suite: one test a promise of the contract, the same on every bus.

/// Makes the tests, each in a fresh world that `open` gives.
macro_rules! contract {
    ($open:path) => {
        $crate::bus::suite::contract! {
            $open:
            an_event_reaches_who_follows_its_chat_once,
            what_one_publishes_in_a_chat_keeps_its_order,
            who_follows_another_chat_hears_nothing,
            a_notice_spares_the_person_who_caused_it,
            people_hear_of_a_chat_that_they_are_in_now,
            who_leaves_hears_no_more_of_the_chat,
            a_deleted_chat_ends_for_everybody,
            a_revoked_sign_in_is_closed_and_no_other,
            acquaintances_hear_who_comes_and_goes,
            it_says_that_it_can_be_heard,
        }
    };
    ($open:path: $($promise:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                $crate::bus::promises::$promise($open().await).await;
            }
        )+
    };
}
pub(super) use contract;

/// Makes the tests of what holds on the publishing node alone: it is done when `publish` returns.
macro_rules! at_once {
    ($open:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn what_ends_something_has_ended_it_here_when_publish_returns() {
            use causerie_protocol::{ChatId, TokenId};
            use causerie_server::bus::Envelope;
            use $crate::bus::world::{ALICE, BOB};

            let world = $open().await;
            let (left, deleted) = (world.socket(ALICE), world.socket(BOB));
            world.publish(Envelope::Left { chat: ChatId(1), user: ALICE }).await;
            assert!(left.has_signal());
            world.publish(Envelope::ChatDeleted { chat: ChatId(1), users: vec![BOB] }).await;
            assert!(deleted.has_signal());
            let revoked = world.socket(ALICE);
            world.publish(Envelope::TokenRevoked { token: TokenId(ALICE.0) }).await;
            assert!(revoked.has_signal());
        }
    };
}
pub(super) use at_once;
