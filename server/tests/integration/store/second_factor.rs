//! Second factors.

use causerie_protocol::UserId;
use causerie_protocol::rest::UserRef;
use causerie_server::clock::UnixMicros;
use causerie_server::second_factor::{Judgement, recovery_codes};
use causerie_server::store::{AccountChange, Actor, LinkTo, NewLink};

use super::world::World;

/// The secret and two codes of RFC 6238, appendix B, and the times that they are of.
const SECRET: &[u8] = b"12345678901234567890";
const FIRST: (&str, UnixMicros) = ("081804", UnixMicros(1_111_111_109_000_000));
const LATER: (&str, UnixMicros) = ("005924", UnixMicros(1_234_567_890_000_000));

impl World {
    async fn set_up_factor(&self, user: UserId) {
        assert!(self.store.begin_second_factor(user, SECRET).await.unwrap());
        let judged = self.store.confirm_second_factor(user, FIRST.0, &[], FIRST.1).await.unwrap();
        assert_eq!(judged, Some(Judgement::Right));
    }

    async fn code(&self, user: UserId, code: &str) -> Option<Judgement> {
        self.store.use_code(user, code, LATER.1).await.unwrap()
    }

    async fn recovery_codes_of(&self, user: UserId) -> Option<i64> {
        self.store.person(&UserRef::Id(user)).await.unwrap().unwrap().recovery_codes
    }

    /// Wrong codes until no other is looked at.
    async fn block(&self, user: UserId) {
        while self.code(user, "000000").await == Some(Judgement::Wrong) {}
        assert!(matches!(self.code(user, LATER.0).await, Some(Judgement::Blocked { .. })));
    }
}

pub async fn a_code_is_judged_once_whoever_asks_at_the_same_time(world: World) {
    world.set_up_factor(world.bob).await;
    let (one, other) = tokio::join!(world.code(world.bob, LATER.0), world.code(world.bob, LATER.0));
    let mut judged = [one, other];
    judged.sort_by_key(|judged| *judged != Some(Judgement::Right));
    assert_eq!(judged, [Some(Judgement::Right), Some(Judgement::Wrong)]);
    // A recovery code too.
    let (codes, digests) = recovery_codes(&[[1; 10], [2; 10]]);
    assert!(world.store.set_recovery_codes(world.bob, &digests).await.unwrap());
    let (one, other) = tokio::join!(world.code(world.bob, &codes[0]), world.code(world.bob, &codes[0]));
    assert_eq!([one, other].iter().filter(|judged| **judged == Some(Judgement::Right)).count(), 1);
    assert_eq!(world.recovery_codes_of(world.bob).await, Some(1));
    assert_eq!(world.code(world.alice, &codes[1]).await, None, "of somebody else");
}

pub async fn a_second_factor_is_set_up_by_a_code_of_it_and_not_replaced(world: World) {
    let store = &world.store;
    let confirm = async |code| store.confirm_second_factor(world.bob, code, &[7; 32], FIRST.1).await.unwrap();
    assert_eq!(confirm(FIRST.0).await, None, "none was begun");
    assert!(store.begin_second_factor(world.bob, b"another secret of 20").await.unwrap());
    assert!(store.begin_second_factor(world.bob, SECRET).await.unwrap());
    assert!(!store.begin_second_factor(UserId(999), SECRET).await.unwrap());
    assert_eq!(confirm("000000").await, Some(Judgement::Wrong));
    assert!(!store.has_second_factor(world.bob).await.unwrap());
    assert_eq!(world.code(world.bob, LATER.0).await, None, "it is asked for nowhere");
    assert_eq!(confirm(FIRST.0).await, Some(Judgement::Right));
    assert!(store.has_second_factor(world.bob).await.unwrap());
    assert_eq!(world.recovery_codes_of(world.bob).await, Some(1));
    assert_eq!(confirm(LATER.0).await, None, "it is set up");
    assert!(!store.begin_second_factor(world.bob, b"another secret of 20").await.unwrap());
    assert_eq!(world.code(world.bob, LATER.0).await, Some(Judgement::Right));
    store.create_token(world.bob, "hash", [7; 32], UnixMicros(1), UnixMicros(2)).await.unwrap().unwrap();
    assert!(store.token([7; 32]).await.unwrap().unwrap().has_second_factor);
}

pub async fn another_password_forgets_what_was_guessed(world: World) {
    world.set_up_factor(world.bob).await;
    world.block(world.bob).await;
    let change = AccountChange::Password { hash: "other".into(), except: None };
    world.store.change_account(Actor::User(world.bob), world.bob, change).await.unwrap().unwrap();
    assert_eq!(world.code(world.bob, LATER.0).await, Some(Judgement::Right));
    world.block(world.bob).await;
    let ends_at = UnixMicros(4_102_444_800_000_000);
    let link = NewLink { digest: [1; 32], to: LinkTo::Reset { user: world.bob, mailed_to: None }, ends_at };
    world.store.create_link(Actor::Operator, link).await.unwrap().unwrap();
    world.store.reset_password([1; 32], "new").await.unwrap().unwrap();
    assert_eq!(world.code(world.bob, "000000").await, Some(Judgement::Wrong), "looked at again");
}

pub async fn it_goes_with_the_account_and_by_command(world: World) {
    let remove = async |user| {
        let change = AccountChange::RemoveSecondFactor;
        world.store.change_account(Actor::Operator, user, change).await.unwrap().unwrap().account
    };
    world.set_up_factor(world.bob).await;
    assert_eq!(world.recovery_codes_of(world.bob).await, Some(0));
    assert_eq!(remove(world.bob).await.recovery_codes, None);
    assert!(!world.store.has_second_factor(world.bob).await.unwrap());
    remove(world.bob).await;
    world.set_up_factor(world.bob).await;
    world
        .store
        .change_account(Actor::Operator, world.bob, AccountChange::Delete { erase: false })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(world.code(world.bob, LATER.0).await, None);
}
