//! Accounts and sign-ins.

use causerie_protocol::event::User;
use causerie_protocol::rest::UserRef;
use causerie_protocol::{Event, ServerFrame, TokenId, UserId};
use causerie_server::clock::UnixMicros;
use causerie_server::hub::Ending;
use causerie_server::store::Change;

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
            assert_eq!((found.id, found.email.as_deref()), (made.id, Some(registered)), "{spelling}");
            let found = world.store.reachable_user(world.alice, &UserRef::Email(spelling.into())).await;
            assert_eq!(found.unwrap(), Some(made.id), "{spelling}");
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

pub async fn people_are_reached_by_address_and_by_id_only_by_those_who_share_a_chat(world: World) {
    let reach =
        async |user: UserId, wanted: UserRef| world.store.reachable_user(user, &wanted).await.unwrap();
    let by_address = async |user| reach(user, UserRef::Email("BOB@example.org".into())).await;
    assert_eq!(by_address(world.carol).await, Some(world.bob));
    for nobody in [world.bob, UserId(999)] {
        assert_eq!(reach(world.alice, UserRef::Id(nobody)).await, None);
    }
    let group = world.group().await;
    assert_eq!(reach(world.alice, UserRef::Id(world.bob)).await, Some(world.bob));
    assert_eq!(reach(world.alice, UserRef::Id(world.alice)).await, Some(world.alice));
    assert_eq!(reach(world.carol, UserRef::Id(world.bob)).await, None);
    world.event(group, world.bob, Change::Leave).await;
    assert_eq!(reach(world.alice, UserRef::Id(world.bob)).await, None);
    assert_eq!(by_address(world.alice).await, Some(world.bob));
}

pub async fn nobody_sees_the_address_of_others(world: World) {
    let group = world.group().await;
    let said = world.say(group, world.bob, "Hello").await;
    let joined = world.event(group, world.alice, Change::Join { user: world.carol }).await;
    assert_eq!(said.sender.email, None);
    let store = &world.store;
    let seen = serde_json::to_string(&(
        joined_user(&joined),
        world.seen_by(world.alice, group).await,
        store.chats(world.alice, None, 10).await.unwrap(),
        store.messages(world.alice, group, None, 10).await.unwrap(),
        store.message(world.alice, said.id).await.unwrap(),
    ));
    let log: Vec<String> =
        world.log(group, 0).await.into_iter().map(|event| ServerFrame::Event(event).encode()).collect();
    for seen in log.iter().chain([&seen.unwrap()]) {
        assert!(!seen.contains("example.org") && !seen.contains("email"), "{seen}");
    }
    // One's own is in the sign-in.
    store
        .create_token(world.alice, "hash", [7; 32], UnixMicros(1), UnixMicros(2_000))
        .await
        .unwrap()
        .unwrap();
    let own = store.token([7; 32]).await.unwrap().unwrap().user;
    assert_eq!(own.email.as_deref(), Some("alice@example.org"));
}

fn joined_user(event: &Event) -> &User {
    let Event::Joined(joined) = event else { panic!("{event:?}") };
    &joined.user
}

pub async fn a_token_is_found_by_its_digest_until_it_is_revoked(world: World) {
    let id = world
        .store
        .create_token(world.alice, "hash", [7; 32], UnixMicros(1), UnixMicros(2_000))
        .await
        .unwrap()
        .unwrap();
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
    let good = world
        .store
        .create_token(world.alice, "hash", [9; 32], UnixMicros(1), UnixMicros(2_000))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(world.store.revoked(&[good, id, TokenId(999)]).await.unwrap(), [(id, Ending::Revoked)]);
}

pub async fn only_good_sign_ins_are_listed(world: World) {
    let expired = world
        .store
        .create_token(world.alice, "hash", [1; 32], UnixMicros(1), UnixMicros(100))
        .await
        .unwrap()
        .unwrap();
    let good = world
        .store
        .create_token(world.alice, "hash", [2; 32], UnixMicros(2), UnixMicros(1_000))
        .await
        .unwrap()
        .unwrap();
    let revoked = world
        .store
        .create_token(world.alice, "hash", [3; 32], UnixMicros(3), UnixMicros(1_000))
        .await
        .unwrap()
        .unwrap();
    world
        .store
        .create_token(world.bob, "hash", [4; 32], UnixMicros(4), UnixMicros(1_000))
        .await
        .unwrap()
        .unwrap();
    world.store.revoke_token(world.alice, revoked).await.unwrap();
    let listed = world.store.tokens_of(world.alice, UnixMicros(500)).await.unwrap();
    assert_eq!(listed.iter().map(|token| token.id).collect::<Vec<_>>(), [good]);
    let earlier = world.store.tokens_of(world.alice, UnixMicros(50)).await.unwrap();
    assert_eq!(earlier.iter().map(|token| token.id).collect::<Vec<_>>(), [good, expired]);
}
