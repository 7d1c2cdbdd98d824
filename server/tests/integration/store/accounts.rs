//! Accounts and sign-ins.

use causerie_protocol::event::User;
use causerie_protocol::rest::UserRef;
use causerie_protocol::{Event, ServerFrame, TokenId, UserId, limits};
use causerie_server::clock::UnixMicros;
use causerie_server::hub::Ending;
use causerie_server::store::{AccountChange, Actor, Change};

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
        .unwrap()
        .id;
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
        .unwrap()
        .id;
    assert_eq!(world.store.revoked(&[good, id, TokenId(999)]).await.unwrap(), [(id, Ending::Revoked)]);
}

pub async fn only_good_sign_ins_are_listed(world: World) {
    let expired = world
        .store
        .create_token(world.alice, "hash", [1; 32], UnixMicros(1), UnixMicros(100))
        .await
        .unwrap()
        .unwrap()
        .id;
    let good = world
        .store
        .create_token(world.alice, "hash", [2; 32], UnixMicros(2), UnixMicros(1_000))
        .await
        .unwrap()
        .unwrap()
        .id;
    let revoked = world
        .store
        .create_token(world.alice, "hash", [3; 32], UnixMicros(3), UnixMicros(1_000))
        .await
        .unwrap()
        .unwrap()
        .id;
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

pub async fn a_sign_in_is_stored_only_for_the_password_that_was_checked(world: World) {
    let (store, bob) = (&world.store, world.bob);
    let sign_in = async |hash: &str, digest: u8| {
        store.create_token(bob, hash, [digest; 32], UnixMicros(1), UnixMicros(2_000)).await.unwrap()
    };
    assert!(sign_in("hash", 1).await.is_some());
    assert_eq!(sign_in("the one before", 2).await, None);
    let change = |change| store.change_account(Actor::Operator, bob, change);
    change(AccountChange::Suspend).await.unwrap().unwrap();
    assert_eq!(sign_in("hash", 3).await, None);
    change(AccountChange::Restore).await.unwrap().unwrap();
    assert!(sign_in("hash", 4).await.is_some());
    change(AccountChange::Delete { erase: false }).await.unwrap().unwrap();
    assert_eq!(sign_in("", 5).await, None);
    // Nor does anybody find an account that is gone by the address that stands in its place.
    assert_eq!(store.account(&format!("deleted-{bob}")).await.unwrap(), None);
}

pub async fn of_too_many_sign_ins_the_oldest_end(world: World) {
    let mut ids = Vec::new();
    for number in 0..=limits::SIGN_INS {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        let new = world.store.create_token(world.bob, "hash", digest, UnixMicros(1), UnixMicros(2_000)).await;
        let new = new.unwrap().unwrap();
        let ended: &[TokenId] = if number < limits::SIGN_INS { &[] } else { &ids[..1] };
        assert_eq!(new.ended, ended, "{number}");
        ids.push(new.id);
    }
    assert_eq!(world.store.tokens_of(world.bob, UnixMicros(2)).await.unwrap().len(), limits::SIGN_INS);
}

pub async fn what_ended_long_ago_is_forgotten(world: World) {
    let (store, bob) = (&world.store, world.bob);
    let sign_in = async |digest: u8, created_at, expires_at| {
        let (from, to) = (UnixMicros(created_at), UnixMicros(expires_at));
        store.create_token(bob, "hash", [digest; 32], from, to).await.unwrap().unwrap().id
    };
    sign_in(1, 10, 50).await;
    let revoked = sign_in(2, 10, 900).await;
    sign_in(3, 10, 900).await;
    assert!(store.revoke_token(bob, revoked).await.unwrap());
    assert!(!store.forget_ended(UnixMicros(100)).await.unwrap(), "there were few");
    for (digest, is_there) in [(1, false), (2, false), (3, true)] {
        assert_eq!(store.token([digest; 32]).await.unwrap().is_some(), is_there, "{digest}");
    }
}
