//! Accounts and sign-ins.

use causerie_protocol::rest::UserRef;
use causerie_protocol::{TokenId, UserId};
use causerie_server::clock::UnixMicros;
use causerie_server::hub::Ending;

use super::world::World;

pub async fn an_address_is_taken_whatever_its_case(world: World) {
    let again = world.store.create_user("ALICE@Example.org", "Other", "hash").await.unwrap();
    assert_eq!(again, None);
    let (user, hash) = world.store.account("Alice@EXAMPLE.org").await.unwrap().unwrap();
    assert_eq!((user.id, hash.as_str()), (world.alice, "hash"));
    assert_eq!(world.store.account("nobody@example.org").await.unwrap(), None);
}

pub async fn an_address_is_one_account_in_every_spelling(world: World) {
    for (registered, others) in [
        ("Élan@example.org", ["élan@example.org", "E\u{301}LAN@EXAMPLE.ORG", "e\u{301}lan@example.org"]),
        ("INFO@example.org", ["info@example.org", "Info@Example.Org", "iNFO@EXAMPLE.ORG"]),
        (
            "nguye\u{302}\u{303}n@example.org",
            ["nguyễn@example.org", "NGUYỄN@example.org", "Nguye\u{302}\u{303}n@example.org"],
        ),
        ("straße@example.org", ["STRASSE@example.org", "STRA\u{1e9e}E@example.org", "Strasse@example.org"]),
    ] {
        let made = world.store.create_user(registered, "One", "hash").await.unwrap().unwrap();
        for spelling in others {
            assert_eq!(world.store.create_user(spelling, "Two", "hash").await.unwrap(), None, "{spelling}");
            let (found, _) = world.store.account(spelling).await.unwrap().unwrap();
            assert_eq!((found.id, found.email.as_str()), (made.id, registered), "{spelling}");
            let found = world.store.find_user(&UserRef::Email(spelling.into())).await.unwrap().unwrap();
            assert_eq!(found.id, made.id, "{spelling}");
        }
    }
    // A dotless ı is another letter than i, in every place.
    let other = world.store.create_user("ınfo@example.org", "Other", "hash").await.unwrap();
    assert!(other.is_some(), "it is another address");
}

pub async fn a_password_hash_is_replaced_while_it_is_the_old_one(world: World) {
    let store = &world.store;
    assert!(store.replace_password_hash(world.alice, "hash", "new").await.unwrap());
    assert!(!store.replace_password_hash(world.alice, "hash", "late").await.unwrap());
    let hash = async |email| store.account(email).await.unwrap().unwrap().1;
    assert_eq!(hash("alice@example.org").await, "new");
    assert_eq!(hash("bob@example.org").await, "hash");
}

pub async fn people_are_found_by_id_and_by_address(world: World) {
    let by_id = world.store.find_user(&UserRef::Id(world.bob)).await.unwrap().unwrap();
    let by_address = world.store.find_user(&UserRef::Email("BOB@example.org".into())).await.unwrap().unwrap();
    assert_eq!(by_id, by_address);
    assert_eq!(by_id.name, "bob");
    assert_eq!(world.store.find_user(&UserRef::Id(UserId(999))).await.unwrap(), None);
}

pub async fn a_token_is_found_by_its_digest_until_it_is_revoked(world: World) {
    let id = world.store.create_token(world.alice, [7; 32], UnixMicros(1), UnixMicros(2_000)).await.unwrap();
    let record = world.store.token([7; 32]).await.unwrap().unwrap();
    assert_eq!(
        (record.id, record.user.id, record.expires_at, record.revoked),
        (id, world.alice, UnixMicros(2_000), false)
    );
    assert_eq!(world.store.token([8; 32]).await.unwrap(), None);
    assert!(!world.store.revoke_token(world.bob, id).await.unwrap(), "somebody else's sign-in");
    assert!(world.store.revoke_token(world.alice, id).await.unwrap());
    assert!(!world.store.revoke_token(world.alice, id).await.unwrap(), "revoked already");
    assert!(world.store.token([7; 32]).await.unwrap().unwrap().revoked);
    let good =
        world.store.create_token(world.alice, [9; 32], UnixMicros(1), UnixMicros(2_000)).await.unwrap();
    assert_eq!(world.store.revoked(&[good, id, TokenId(999)]).await.unwrap(), [(id, Ending::Revoked)]);
}

pub async fn only_good_sign_ins_are_listed(world: World) {
    let expired =
        world.store.create_token(world.alice, [1; 32], UnixMicros(1), UnixMicros(100)).await.unwrap();
    let good =
        world.store.create_token(world.alice, [2; 32], UnixMicros(2), UnixMicros(1_000)).await.unwrap();
    let revoked =
        world.store.create_token(world.alice, [3; 32], UnixMicros(3), UnixMicros(1_000)).await.unwrap();
    world.store.create_token(world.bob, [4; 32], UnixMicros(4), UnixMicros(1_000)).await.unwrap();
    world.store.revoke_token(world.alice, revoked).await.unwrap();
    let listed = world.store.tokens_of(world.alice, UnixMicros(500)).await.unwrap();
    assert_eq!(listed.iter().map(|token| token.id).collect::<Vec<_>>(), [good]);
    let earlier = world.store.tokens_of(world.alice, UnixMicros(50)).await.unwrap();
    assert_eq!(earlier.iter().map(|token| token.id).collect::<Vec<_>>(), [good, expired]);
}
