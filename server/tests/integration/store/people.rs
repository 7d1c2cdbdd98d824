//! Roles, suspension, invitations, and links to set a password.

use std::sync::atomic::{AtomicU8, Ordering};

use causerie_protocol::accounts::Registration;
use causerie_protocol::rest::{ChatRole, UserRef};
use causerie_protocol::{AuditId, ChatId, Event, InvitationId, Message, Role, UserId};
use causerie_server::clock::UnixMicros;
use causerie_server::hub::Ending;
use causerie_server::store::{
    AccountChange, AccountCreated, Actor, Appended, Change, Entry, LinkTo, NewAccount, NewLink, NotChanged,
    Refused,
};

use super::world::World;

/// Long ago.
const ONCE: UnixMicros = UnixMicros(1);
/// Far in the future.
const LATER: UnixMicros = UnixMicros(4_102_444_800_000_000);

impl World {
    async fn role_of(&self, user: UserId) -> Role {
        self.store.person(&UserRef::Id(user)).await.unwrap().unwrap().role
    }

    async fn change(&self, actor: Actor, target: UserId, change: AccountChange) -> Result<(), NotChanged> {
        self.store.change_account(actor, target, change).await.unwrap().map(drop)
    }

    /// Bob as a moderator, beside Alice, who is the owner as the first one.
    async fn with_moderator(self) -> Self {
        self.change(Actor::User(self.alice), self.bob, AccountChange::Role(Role::Moderator)).await.unwrap();
        self
    }

    async fn invite(&self, actor: Actor, digest: u8, role: Role, max_uses: i64) -> Result<(), NotChanged> {
        let to = LinkTo::Join { role, max_uses, chats: Vec::new(), by_members: false };
        self.store.create_link(actor, NewLink { digest: [digest; 32], to, ends_at: LATER }).await.unwrap()
    }

    async fn join(&self, email: &str, digest: u8) -> AccountCreated {
        let entry = Entry::Invitation([digest; 32]);
        let account = NewAccount { email, name: "New", password_hash: "hash", entry };
        self.store.create_account(account).await.unwrap()
    }
}

pub async fn the_first_who_registers_is_the_owner_and_nobody_after(world: World) {
    assert_eq!(world.role_of(world.alice).await, Role::Owner);
    assert_eq!(world.role_of(world.bob).await, Role::Member);
    assert_eq!(world.role_of(world.carol).await, Role::Member);
    assert!(world.store.ensure_owner().await.unwrap());
}

pub async fn an_installation_keeps_its_last_owner(world: World) {
    let alice = Actor::User(world.alice);
    for actor in [alice, Actor::Operator] {
        for change in [
            AccountChange::Role(Role::Moderator),
            AccountChange::Suspend,
            AccountChange::Delete { erase: false },
            AccountChange::DeleteAt(LATER),
        ] {
            assert_eq!(world.change(actor, world.alice, change).await, Err(NotChanged::LastOwner));
        }
    }
    // An owner who can't act is none.
    world.change(alice, world.bob, AccountChange::Role(Role::Owner)).await.unwrap();
    world.change(alice, world.bob, AccountChange::Suspend).await.unwrap();
    let demoted = world.change(alice, world.alice, AccountChange::Role(Role::Member)).await;
    assert_eq!(demoted, Err(NotChanged::LastOwner));
    world.change(alice, world.bob, AccountChange::Restore).await.unwrap();
    world.change(alice, world.alice, AccountChange::Role(Role::Member)).await.unwrap();
    assert_eq!(world.role_of(world.alice).await, Role::Member);
}

pub async fn two_owners_who_go_at_once_leave_one(world: World) {
    world.change(Actor::Operator, world.bob, AccountChange::Role(Role::Owner)).await.unwrap();
    let (one, other) = tokio::join!(
        world.change(Actor::User(world.alice), world.alice, AccountChange::Role(Role::Member)),
        world.change(Actor::User(world.bob), world.bob, AccountChange::Role(Role::Member)),
    );
    let mut outcomes = [one, other];
    outcomes.sort_by_key(Result::is_err);
    assert_eq!(outcomes, [Ok(()), Err(NotChanged::LastOwner)]);
}

pub async fn nobody_gives_or_takes_what_is_above_them(world: World) {
    let world = world.with_moderator().await;
    let bob = Actor::User(world.bob);
    for (target, change) in [
        (world.carol, AccountChange::Role(Role::Owner)),
        (world.bob, AccountChange::Role(Role::Owner)),
        (world.alice, AccountChange::Suspend),
        (world.alice, AccountChange::SignOut { except: None }),
    ] {
        assert_eq!(world.change(bob, target, change.clone()).await, Err(NotChanged::RoleAbove), "{change:?}");
    }
    let carol = Actor::User(world.carol);
    assert_eq!(world.change(carol, world.bob, AccountChange::Suspend).await, Err(NotChanged::RoleAbove));
    let nobody = world.change(bob, UserId(999), AccountChange::Suspend).await;
    assert_eq!(nobody, Err(NotChanged::NoSuchPerson));
    // Who was suspended a moment ago may nothing any more.
    world.change(Actor::User(world.alice), world.bob, AccountChange::Suspend).await.unwrap();
    assert_eq!(world.change(bob, world.carol, AccountChange::Suspend).await, Err(NotChanged::RoleAbove));
}

pub async fn who_is_suspended_is_signed_out_and_found_by_nobody(world: World) {
    let store = &world.store;
    let token = store.create_token(world.bob, "hash", [7; 32], ONCE, LATER).await.unwrap().unwrap().id;
    let suspended =
        store.change_account(Actor::Operator, world.bob, AccountChange::Suspend).await.unwrap().unwrap();
    assert_eq!(suspended.ended, [token]);
    assert!(suspended.account.suspended_at.is_some());
    assert_eq!(store.account("bob@example.org").await.unwrap(), None);
    for named in [UserRef::Id(world.bob), UserRef::Email("BOB@example.org".into())] {
        assert_eq!(store.reachable_user(world.alice, &named).await.unwrap(), None);
        assert!(store.person(&named).await.unwrap().is_some(), "who looks after people finds them");
    }
    let record = store.token([7; 32]).await.unwrap().unwrap();
    assert!(record.suspended && record.revoked);
    assert_eq!(store.revoked(&[token]).await.unwrap(), [(token, Ending::Suspended)]);
    world.change(Actor::Operator, world.bob, AccountChange::Restore).await.unwrap();
    assert!(store.account("bob@example.org").await.unwrap().is_some());
    assert!(store.token([7; 32]).await.unwrap().unwrap().revoked, "it stays ended");
}

pub async fn an_invitation_lets_in_as_many_as_it_says_and_no_longer(world: World) {
    let alice = Actor::User(world.alice);
    world.invite(alice, 1, Role::Guest, 2).await.unwrap();
    assert_eq!(world.store.invitation([1; 32], LATER).await.unwrap(), None, "it has ended then");
    let link = world.store.invitation([1; 32], ONCE).await.unwrap().unwrap();
    assert_eq!((link.role, link.invited_by.as_deref()), (Role::Guest, Some("alice")));
    for email in ["dan@example.org", "eve@example.org"] {
        let AccountCreated::New { user, role, invited_by, .. } = world.join(email, 1).await else {
            panic!("{email} may come")
        };
        assert_eq!((role, invited_by), (Role::Guest, Some(world.alice)));
        assert_eq!(world.role_of(user.id).await, Role::Guest);
    }
    assert_eq!(world.join("fay@example.org", 1).await, AccountCreated::LinkInvalid);
    assert_eq!(world.join("fay@example.org", 9).await, AccountCreated::LinkInvalid, "there is none");

    world.invite(alice, 2, Role::Member, 5).await.unwrap();
    let listed = world.store.invitations(InvitationId(i64::MAX), 10).await.unwrap();
    assert_eq!(listed.iter().map(|link| (link.uses, link.max_uses)).collect::<Vec<_>>(), [(0, 5), (2, 2)]);
    assert!(world.store.revoke_invitation(alice, listed[0].id).await.unwrap());
    assert!(!world.store.revoke_invitation(alice, listed[0].id).await.unwrap());
    assert_eq!(world.join("fay@example.org", 2).await, AccountCreated::LinkInvalid);
}

pub async fn an_invitation_is_used_only_by_an_account_that_is_made(world: World) {
    world.invite(Actor::User(world.alice), 1, Role::Member, 1).await.unwrap();
    assert_eq!(world.join("BOB@example.org", 1).await, AccountCreated::EmailTaken);
    assert!(matches!(world.join("dan@example.org", 1).await, AccountCreated::New { .. }));
}

pub async fn invitations_end_with_what_their_maker_may(world: World) {
    let world = world.with_moderator().await;
    let (alice, bob) = (Actor::User(world.alice), Actor::User(world.bob));
    assert_eq!(world.invite(bob, 1, Role::Owner, 1).await, Err(NotChanged::RoleAbove));
    let to = |chats| LinkTo::Join { role: Role::Member, max_uses: 1, chats, by_members: false };
    let group = world.group().await;
    let carols = world.new_chat(&[world.alice, world.carol], Some("Other")).await.0;
    for (digest, chat, made) in [
        (6, group, Err(NotChanged::RoleInGroup)),
        (3, carols, Err(NotChanged::NoSuchChat)),
        (4, ChatId(999), Err(NotChanged::NoSuchChat)),
    ] {
        let link = NewLink { digest: [digest; 32], to: to(vec![chat]), ends_at: LATER };
        assert_eq!(world.store.create_link(bob, link).await.unwrap(), made, "{chat}");
    }
    let moderates = Change::SetRole { user: world.bob, role: ChatRole::Moderator };
    world.event(group, world.alice, moderates).await;
    let link = NewLink { digest: [2; 32], to: to(vec![group]), ends_at: LATER };
    assert_eq!(world.store.create_link(bob, link).await.unwrap(), Ok(()));
    world.change(alice, world.bob, AccountChange::Role(Role::Member)).await.unwrap();
    assert_eq!(world.join("dan@example.org", 2).await, AccountCreated::LinkInvalid);
    // The server's own link to the owner's account is for an installation without one.
    let own = NewLink { digest: [5; 32], to: LinkTo::Own, ends_at: LATER };
    world.store.create_link(Actor::Operator, own).await.unwrap().unwrap();
    assert_eq!(world.join("dan@example.org", 5).await, AccountCreated::LinkInvalid);
}

pub async fn a_link_sets_a_password_once_and_ends_every_sign_in(world: World) {
    let store = &world.store;
    let token = store.create_token(world.bob, "hash", [7; 32], ONCE, LATER).await.unwrap().unwrap().id;
    let reset = async |digest: u8| {
        let link = NewLink {
            digest: [digest; 32],
            to: LinkTo::Reset { user: world.bob, mailed_to: None },
            ends_at: LATER,
        };
        store.create_link(Actor::Operator, link).await.unwrap().unwrap();
    };
    reset(1).await;
    reset(2).await;
    assert!(!store.can_reset([1; 32], ONCE).await.unwrap(), "a newer link is the end of an older one");
    assert!(!store.can_reset([2; 32], LATER).await.unwrap(), "it has ended then");
    assert!(store.can_reset([2; 32], ONCE).await.unwrap());
    assert!(store.can_reset([2; 32], ONCE).await.unwrap(), "to look uses nothing up");
    let (user, ended) = store.reset_password([2; 32], "new").await.unwrap().unwrap();
    assert_eq!((user.id, ended), (world.bob, vec![token]));
    assert_eq!(store.account("bob@example.org").await.unwrap().unwrap().1, "new");
    assert_eq!(store.reset_password([2; 32], "again").await.unwrap(), None);
    // It is no invitation, and an invitation is none of these.
    assert_eq!(store.invitation([2; 32], ONCE).await.unwrap(), None);
    world.invite(Actor::Operator, 3, Role::Member, 1).await.unwrap();
    assert_eq!(store.reset_password([3; 32], "new").await.unwrap(), None);
}

pub async fn an_address_is_changed_unless_it_is_anothers(world: World) {
    let bob = Actor::User(world.bob);
    let taken = world.change(bob, world.bob, AccountChange::Email("ALICE@example.org".into())).await;
    assert_eq!(taken, Err(NotChanged::EmailTaken));
    world.change(bob, world.bob, AccountChange::Email("Bob@Example.com".into())).await.unwrap();
    assert_eq!(world.store.account("bob@example.com").await.unwrap().unwrap().0.id, world.bob);
    assert_eq!(world.store.account("bob@example.org").await.unwrap(), None);
    // One's own address in another spelling is one's own.
    world.change(bob, world.bob, AccountChange::Email("BOB@example.com".into())).await.unwrap();
}

pub async fn a_deleted_account_leaves_its_messages_and_nothing_to_sign_in_to(world: World) {
    let chat = world.pair().await;
    world.say(chat, world.bob, "I was here").await;
    let store = &world.store;
    store.create_token(world.bob, "hash", [7; 32], ONCE, LATER).await.unwrap().unwrap();
    store
        .change_account(Actor::User(world.bob), world.bob, AccountChange::DeleteAt(UnixMicros(5)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.due_for_deletion(UnixMicros(4)).await.unwrap(), []);
    assert_eq!(store.due_for_deletion(UnixMicros(5)).await.unwrap(), [world.bob]);
    world.change(Actor::Operator, world.bob, AccountChange::Delete { erase: false }).await.unwrap();
    assert_eq!(store.due_for_deletion(UnixMicros(5)).await.unwrap(), []);
    assert_eq!(store.account("bob@example.org").await.unwrap(), None);
    assert_eq!(store.person(&UserRef::Id(world.bob)).await.unwrap(), None);
    assert_eq!(store.reachable_user(world.alice, &UserRef::Id(world.bob)).await.unwrap(), None);
    let messages = store.messages(world.alice, chat, None, 10).await.unwrap().unwrap();
    assert_eq!(
        (messages[0].content.as_str(), messages[0].sender.name.as_str()),
        ("I was here", "Deleted account")
    );
    assert_eq!(messages[0].sender.email, None);
    // The address is free again, and its next account is another.
    let again = store.create_user("bob@example.org", "Bob", "hash").await.unwrap().unwrap();
    assert_ne!(again.id, world.bob);
}

pub async fn an_address_is_given_by_the_link_that_was_sent_to_it(world: World) {
    let store = &world.store;
    let link = async |digest: u8, email: &str| {
        let to = LinkTo::Email { user: world.bob, email: email.to_owned() };
        let link = NewLink { digest: [digest; 32], to, ends_at: LATER };
        store.create_link(Actor::User(world.bob), link).await.unwrap().unwrap();
    };
    link(1, "one@example.org").await;
    link(2, "Two@example.org").await;
    assert_eq!(
        store.change_email_by_link([1; 32]).await.unwrap(),
        None,
        "a newer link is the end of an older one"
    );
    assert_eq!(store.reset_password([2; 32], "new").await.unwrap(), None, "it sets no password");
    let changed = store.change_email_by_link([2; 32]).await.unwrap();
    assert_eq!(changed, Some((world.bob, "bob@example.org".to_owned())));
    assert_eq!(store.account("two@example.org").await.unwrap().unwrap().0.id, world.bob);
    assert_eq!(store.change_email_by_link([2; 32]).await.unwrap(), None, "once");
    link(3, "three@example.org").await;
    store.create_user("THREE@example.org", "Three", "hash").await.unwrap().unwrap();
    assert_eq!(store.change_email_by_link([3; 32]).await.unwrap(), None, "it is another's by now");
    link(4, "four@example.org").await;
    let other = AccountChange::Password { hash: "other".into(), except: None };
    world.change(Actor::User(world.bob), world.bob, other).await.unwrap();
    assert_eq!(store.change_email_by_link([4; 32]).await.unwrap(), None, "another password is its end");
}

pub async fn the_messages_of_a_deleted_account_are_erased_where_that_is_wanted(world: World) {
    let store = &world.store;
    let (pair, group) = (world.pair().await, world.group().await);
    let said = [world.say(pair, world.bob, "One").await, world.say(group, world.bob, "Two").await];
    world.say(group, world.alice, "Mine").await;
    world.event(group, world.bob, Change::Leave).await;
    let erase = async |message: &Message| {
        world.append(message.chat_id, world.bob, Change::Erase { id: message.id }).await
    };
    assert_eq!(erase(&said[0]).await, Err(Refused::NoSuchChat), "the account is there");
    assert_eq!(store.to_erase(LATER).await.unwrap(), None);
    world.change(Actor::Operator, world.bob, AccountChange::Delete { erase: true }).await.unwrap();
    assert_eq!(store.to_erase(ONCE).await.unwrap(), None, "it was deleted later");
    let erasure = store.to_erase(LATER).await.unwrap().unwrap();
    let found: Vec<_> = said.iter().map(|message| (message.chat_id, message.id)).collect();
    assert_eq!((erasure.user, &erasure.messages, erasure.up_to), (world.bob, &found, None));
    for message in &said {
        assert!(matches!(erase(message).await, Ok(Appended::Event(Event::Deleted(_)))));
        assert_eq!(erase(message).await, Err(Refused::NoSuchMessage), "another node did it");
    }
    store.erased(&erasure).await.unwrap();
    assert_eq!(store.to_erase(LATER).await.unwrap(), None);
    assert_eq!(world.texts(pair).await, [""]);
    assert_eq!(world.texts(group).await, ["", "Mine"]);
    // The log goes on without a gap: what was said, and who left, and that it was erased.
    let seqs: Vec<u64> = world.log(group, 0).await.iter().map(|event| event.seq().0).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    let mine = world.log(group, 0).await[1].clone();
    let Event::Message(mine) = mine else { panic!("{mine:?}") };
    let of_others = world.append(group, world.bob, Change::Erase { id: mine.id }).await;
    assert!(of_others.is_err(), "{of_others:?}");
}

pub async fn the_audit_log_tells_who_did_what_to_whom(world: World) {
    let world = world.with_moderator().await;
    world.change(Actor::User(world.bob), world.carol, AccountChange::Suspend).await.unwrap();
    // What was refused changed nothing.
    world.change(Actor::User(world.bob), world.alice, AccountChange::Suspend).await.unwrap_err();
    let told = world.store.audit(None, AuditId(i64::MAX), 10).await.unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|entry| {
            (
                entry.actor_name.as_deref(),
                entry.action.as_str(),
                entry.target_name.as_deref(),
                entry.detail.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(Some("bob"), "suspended", Some("carol"), ""), (Some("alice"), "role", Some("bob"), "moderator"),]
    );
    for (of, count) in [(world.carol, 1), (world.bob, 2), (world.alice, 1)] {
        let told = world.store.audit(Some(of), AuditId(i64::MAX), 10).await.unwrap();
        assert_eq!(told.len(), count, "what was done by and to {of}");
    }
}

pub async fn an_invitation_brings_who_has_an_account_to_its_groups(world: World) {
    let (alice, bob) = (world.alice, world.bob);
    let (mine, other) = (world.group().await, world.new_chat(&[alice], Some("Other")).await.0);
    let to = LinkTo::Join { role: Role::Moderator, max_uses: 1, chats: vec![mine, other], by_members: false };
    let link = NewLink { digest: [7; 32], to, ends_at: LATER };
    world.store.create_link(Actor::User(alice), link).await.unwrap().unwrap();
    let of = async |user| world.store.use_invitation([7; 32], user, UnixMicros(2)).await.unwrap();
    // Who is in all of them uses nothing up.
    let inside = of(alice).await.unwrap();
    assert_eq!((inside.are_in, inside.to_join), (vec![mine, other], Vec::new()));
    let invited = of(bob).await.unwrap();
    assert_eq!((invited.are_in, invited.to_join, invited.by), (vec![mine], vec![other], Some(alice)));
    assert_eq!(world.role_of(bob).await, Role::Member, "it gives nobody a role who has one");
    assert_eq!(of(world.carol).await, None, "it was for one");
    assert_eq!(world.store.use_invitation([8; 32], bob, UnixMicros(2)).await.unwrap(), None);
}

pub async fn who_may_register_is_what_an_owner_decided_last(world: World) {
    let store = &world.store;
    assert_eq!(store.registration().await.unwrap(), None);
    let alice = Actor::User(world.alice);
    for decided in [Some(Registration::Open), Some(Registration::Closed), None] {
        store.set_registration(alice, decided).await.unwrap();
        assert_eq!(store.registration().await.unwrap(), decided);
    }
    let told = store.audit(None, AuditId(i64::MAX), 10).await.unwrap();
    let told: Vec<_> = told.iter().map(|entry| (entry.action.as_str(), entry.detail.as_str())).collect();
    assert_eq!(told, [("registration", ""), ("registration", "closed"), ("registration", "open")]);
}

pub async fn links_of_a_person_end_with_the_address_that_they_were_sent_to(world: World) {
    let (store, bob) = (&world.store, world.bob);
    let link = async |digest: u8, actor: Actor, mailed_to: Option<&str>| {
        let to = LinkTo::Reset { user: bob, mailed_to: mailed_to.map(str::to_owned) };
        store.create_link(actor, NewLink { digest: [digest; 32], to, ends_at: LATER }).await.unwrap()
    };
    let is_good = async |digest: u8| store.can_reset([digest; 32], ONCE).await.unwrap();
    // What anybody may ask for does not end what an owner made.
    link(1, Actor::Operator, None).await.unwrap();
    link(2, Actor::User(bob), Some("bob@example.org")).await.unwrap();
    assert!(is_good(1).await && is_good(2).await);
    let entries = store.audit(None, AuditId(i64::MAX), 9).await.unwrap();
    assert_eq!(
        entries.iter().filter(|entry| entry.action == "reset_link").count(),
        1,
        "a mail is nobody's deed"
    );
    world.change(Actor::User(bob), bob, AccountChange::Email("bob@elsewhere.example".into())).await.unwrap();
    assert!(!is_good(1).await && !is_good(2).await);
    // Nor is one made for an address that the account has no more.
    let late = link(3, Actor::User(bob), Some("bob@example.org")).await;
    assert_eq!(late, Err(NotChanged::NoSuchPerson));
}

pub async fn who_changes_their_own_account_does_it_by_a_sign_in_that_has_not_ended(world: World) {
    let (store, bob) = (&world.store, world.bob);
    let token = store.create_token(bob, "hash", [7; 32], ONCE, LATER).await.unwrap().unwrap().id;
    let own = Actor::Own { user: bob, token };
    world.change(own, bob, AccountChange::Name("Robert".into())).await.unwrap();
    // What is so already is nothing for the audit log.
    let entries = async || store.audit(None, AuditId(i64::MAX), 9).await.unwrap().len();
    let before = entries().await;
    world.change(own, bob, AccountChange::Keep).await.unwrap();
    world.change(own, bob, AccountChange::SignOut { except: Some(token) }).await.unwrap();
    assert_eq!(entries().await, before);
    assert!(store.revoke_token(bob, token).await.unwrap());
    let late = world.change(own, bob, AccountChange::Email("thief@example.org".into())).await;
    assert_eq!(late.unwrap_err(), NotChanged::SignedOut);
}

pub async fn who_is_no_moderator_any_more_makes_no_invitation(world: World) {
    world.change(Actor::User(world.alice), world.bob, AccountChange::Role(Role::Moderator)).await.unwrap();
    world.invite(Actor::User(world.bob), 1, Role::Member, 1).await.unwrap();
    world.change(Actor::User(world.alice), world.bob, AccountChange::Suspend).await.unwrap();
    let late = world.invite(Actor::User(world.bob), 2, Role::Guest, 1).await;
    assert_eq!(late, Err(NotChanged::RoleAbove));
}

pub async fn a_mailed_invitation_is_to_a_chat_with_its_maker_and_an_address_gets_one_a_day(world: World) {
    let (store, alice, bob) = (&world.store, world.alice, world.bob);
    let invite = async |maker: UserId, digest: u8, email: &str| {
        let to = LinkTo::Meet { email: email.to_owned(), by_members: true };
        let link = NewLink { digest: [digest; 32], to, ends_at: LATER };
        store.create_link(Actor::User(maker), link).await.unwrap()
    };
    invite(bob, 1, "dan@example.org").await.unwrap();
    assert_eq!(invite(bob, 2, "dan@example.org").await, Err(NotChanged::InvitedBefore));
    assert_eq!(invite(alice, 3, "dan@example.org").await, Err(NotChanged::InvitedBefore));
    invite(alice, 4, "eve@example.org").await.unwrap();
    // Whatever address is given by who reads it.
    let AccountCreated::New { role, invited_by, chats, meets_inviter, .. } =
        world.join("dan@elsewhere.example", 1).await
    else {
        panic!("Dan may come")
    };
    assert_eq!((role, invited_by, chats, meets_inviter), (Role::Member, Some(bob), Vec::new(), true));
    assert_eq!(world.join("fay@example.org", 1).await, AccountCreated::LinkInvalid, "it was for one");

    // Somebody who has an account gets a chat with the maker by it, unless they have one.
    let of =
        async |user| store.use_invitation([4; 32], user, ONCE).await.unwrap().map(|invited| invited.meets);
    world.pair().await;
    assert_eq!(of(alice).await, Some(false), "nobody meets themself");
    assert_eq!(of(bob).await, Some(false));
    assert_eq!(of(world.carol).await, Some(true));
    assert_eq!(of(world.carol).await, None, "it is used up");
}

pub async fn members_invite_where_they_may_and_into_their_groups(world: World) {
    let (store, bob) = (&world.store, world.bob);
    let group = world.group().await;
    let own = world.new_chat(&[bob], Some("Own")).await.0;
    let invite = async |role: Role, chats: Vec<ChatId>, by_members: bool| {
        static DIGESTS: AtomicU8 = AtomicU8::new(10);
        let digest = [DIGESTS.fetch_add(1, Ordering::Relaxed); 32];
        let to = LinkTo::Join { role, max_uses: 1, chats, by_members };
        store.create_link(Actor::User(bob), NewLink { digest, to, ends_at: LATER }).await.unwrap()
    };
    assert_eq!(invite(Role::Member, vec![own], true).await, Ok(()));
    assert_eq!(invite(Role::Guest, vec![own], true).await, Ok(()));
    for (role, chats, by_members, refused) in [
        (Role::Member, vec![own], false, NotChanged::RoleAbove),
        (Role::Moderator, vec![own], true, NotChanged::RoleAbove),
        (Role::Member, vec![], true, NotChanged::RoleAbove),
        (Role::Member, vec![own, group], true, NotChanged::RoleInGroup),
        (Role::Member, vec![own, ChatId(999)], true, NotChanged::NoSuchChat),
    ] {
        assert_eq!(invite(role, chats.clone(), by_members).await, Err(refused), "{role} {chats:?}");
    }
    let meet = LinkTo::Meet { email: "dan@example.org".into(), by_members: false };
    let link = NewLink { digest: [9; 32], to: meet, ends_at: LATER };
    assert_eq!(store.create_link(Actor::User(bob), link).await.unwrap(), Err(NotChanged::RoleAbove));
    world.change(Actor::Operator, bob, AccountChange::Role(Role::Guest)).await.unwrap();
    assert_eq!(invite(Role::Guest, vec![own], true).await, Err(NotChanged::RoleAbove));
}

pub async fn a_link_to_finish_a_registration_makes_one_account_of_its_address(world: World) {
    let store = &world.store;
    let begin = async |digest: u8, invitation: Option<u8>| {
        let invitation = invitation.map(|digest| [digest; 32]);
        let to = LinkTo::Register { email: "dan@example.org".to_owned(), invitation };
        store
            .create_link(Actor::Operator, NewLink { digest: [digest; 32], to, ends_at: LATER })
            .await
            .unwrap()
    };
    begin(1, None).await.unwrap();
    let link = store.invitation([1; 32], ONCE).await.unwrap().unwrap();
    assert_eq!((link.mailed_to.as_deref(), link.invited_by), (Some("dan@example.org"), None));
    assert_eq!(
        world.join("eve@example.org", 1).await,
        AccountCreated::LinkInvalid,
        "it is for another address"
    );
    let AccountCreated::New { role, invited_by, meets_inviter, .. } = world.join("DAN@example.org", 1).await
    else {
        panic!("Dan may come")
    };
    assert_eq!((role, invited_by, meets_inviter), (Role::Member, None, false));
    assert_eq!(store.invitation([1; 32], ONCE).await.unwrap(), None, "it is used up");
    assert_eq!(store.invitations(InvitationId(i64::MAX), 10).await.unwrap(), [], "it is no invitation");
    assert_eq!(store.use_invitation([1; 32], world.bob, ONCE).await.unwrap(), None);

    // Begun with an invitation, it gives what that gives, and uses it.
    world.invite(Actor::User(world.alice), 2, Role::Guest, 1).await.unwrap();
    world.change(Actor::Operator, world.carol, AccountChange::Delete { erase: false }).await.unwrap();
    let to = |email: &str| LinkTo::Register { email: email.to_owned(), invitation: Some([2; 32]) };
    for (digest, email) in [(3, "fay@example.org"), (4, "gus@example.org")] {
        let link = NewLink { digest: [digest; 32], to: to(email), ends_at: LATER };
        store.create_link(Actor::Operator, link).await.unwrap().unwrap();
    }
    let AccountCreated::New { role, invited_by, .. } = world.join("fay@example.org", 3).await else {
        panic!("Fay may come")
    };
    assert_eq!((role, invited_by), (Role::Guest, Some(world.alice)));
    assert_eq!(
        world.join("gus@example.org", 4).await,
        AccountCreated::LinkInvalid,
        "the invitation was for one"
    );
    assert_eq!(begin(5, Some(2)).await, Err(NotChanged::LinkEnded));
    assert_eq!(begin(6, Some(9)).await, Err(NotChanged::LinkEnded), "there is none");
}

pub async fn moderators_of_a_group_see_its_invitations_and_take_it_out_of_them(world: World) {
    let (store, alice, bob) = (&world.store, world.alice, world.bob);
    let group = world.new_chat(&[alice, bob], Some("Us")).await.0;
    let other = world.new_chat(&[alice], Some("Other")).await.0;
    let invite = async |digest: u8, chats: &[ChatId]| {
        let to = LinkTo::Join { role: Role::Member, max_uses: 1, chats: chats.to_vec(), by_members: false };
        let link = NewLink { digest: [digest; 32], to, ends_at: LATER };
        store.create_link(Actor::User(alice), link).await.unwrap().unwrap();
    };
    let into = async |chat: ChatId| store.invitations_into(alice, chat, ONCE, 10).await.unwrap().unwrap();
    invite(1, &[group]).await;
    invite(2, &[other, group]).await;
    invite(3, &[]).await;
    let listed = into(group).await;
    assert_eq!(
        listed.iter().map(|link| link.chats.clone()).collect::<Vec<_>>(),
        [vec![other, group], vec![group]]
    );
    assert_eq!(
        store.invitations_into(alice, group, LATER, 10).await.unwrap().unwrap(),
        [],
        "they have ended then"
    );
    let revoke = async |user: UserId, chat: ChatId, id: InvitationId| {
        store.revoke_invitation_into(user, chat, id).await.unwrap()
    };
    for (who, refused) in [(bob, NotChanged::RoleInGroup), (world.carol, NotChanged::NoSuchChat)] {
        assert_eq!(revoke(who, group, listed[0].id).await, Err(refused));
        assert_eq!(store.invitations_into(who, group, ONCE, 10).await.unwrap(), Err(refused));
    }
    assert_eq!(revoke(alice, other, listed[1].id).await, Ok(false), "it does not lead there");
    for link in &listed {
        assert_eq!(revoke(alice, group, link.id).await, Ok(true));
        assert_eq!(revoke(alice, group, link.id).await, Ok(false), "it does not lead there any more");
    }
    assert_eq!(into(group).await, []);
    assert_eq!(into(other).await.iter().map(|link| link.chats.clone()).collect::<Vec<_>>(), [vec![other]]);
    assert_eq!(store.invitation([1; 32], ONCE).await.unwrap(), None, "it led nowhere else");
    assert!(store.invitation([2; 32], ONCE).await.unwrap().is_some());
}

pub async fn who_asks_for_a_chat_with_an_address_is_kept_until_that_is_carried_out(world: World) {
    let store = &world.store;
    let first = store.keep_ask(world.alice, "dan@example.org", Some("vi"), UnixMicros(5)).await.unwrap();
    let second = store.keep_ask(world.bob, "eve@example.org", None, UnixMicros(6)).await.unwrap();
    let before = async |before: i64| store.asks(UnixMicros(before), 10).await.unwrap();
    assert_eq!(before(5).await, []);
    let kept = before(7).await;
    assert_eq!(kept.iter().map(|ask| ask.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(
        (kept[0].user.id, kept[0].email.as_str(), kept[0].language.as_deref()),
        (world.alice, "dan@example.org", Some("vi"))
    );
    store.forget_ask(first).await.unwrap();
    assert_eq!(before(7).await, kept[1..]);
}
