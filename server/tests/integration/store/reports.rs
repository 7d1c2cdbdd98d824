//! Reports, which no deletion changes.

use causerie_protocol::reports::{CloseReport, CreateReport, ReportAction, ReportReason};
use causerie_protocol::rest::{ChatRole, UserRef};
use causerie_protocol::{AuditId, Event, MessageId, MessageText, ReportId, Role, UserId, limits};
use causerie_server::clock::UnixMicros;
use causerie_server::store::{AccountChange, Actor, Change, NotChanged, ReportClosed, Reported};

use super::world::World;

impl World {
    async fn report(&self, reporter: UserId, message_id: MessageId) -> Reported {
        self.report_within(reporter, message_id, limits::REPORTS_PER_DAY).await
    }

    async fn report_within(&self, reporter: UserId, message_id: MessageId, most: u32) -> Reported {
        let words = Some(MessageText::new("It \u{0} hurts").unwrap());
        let report = CreateReport { message_id, reason: ReportReason::Harassment, words };
        self.store.report(reporter, &report, most).await.unwrap()
    }
}

pub async fn a_report_keeps_the_message_and_those_before_it_whatever_is_deleted(world: World) {
    let group = world.group().await;
    for number in 0..15 {
        world.say(group, if number % 2 == 0 { world.alice } else { world.bob }, &number.to_string()).await;
    }
    let rude = world.say(group, world.bob, "Rude").await;
    let Reported::New(id) = world.report(world.alice, rude.id).await else { panic!("not new") };
    world.event(group, world.bob, Change::Delete { id: rude.id }).await;
    world.store.delete_chat(world.alice, group).await.unwrap().unwrap();
    let report = world.store.read_report(id).await.unwrap().unwrap();
    assert_eq!((report.reporter.id, report.reported.id), (world.alice, world.bob));
    assert_eq!((report.reason, report.words.as_deref()), (ReportReason::Harassment, Some("It \u{0} hurts")));
    let texts: Vec<&str> = report.context.iter().map(|copy| copy.content.as_str()).collect();
    assert_eq!(texts, ["5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "Rude"]);
    assert_eq!(report.context.len(), limits::REPORT_CONTEXT + 1);
    assert!(report.context.iter().all(|copy| copy.sender.email.is_none()));
    let listed = world.store.reports(None, true, ReportId(i64::MAX), 9).await.unwrap();
    assert!(listed[0].id == id && listed[0].context.is_empty() && listed.len() == 1);
}

pub async fn only_what_one_may_see_is_reported_and_copied(world: World) {
    let group = world.group().await;
    let before = world.say(group, world.bob, "Before").await;
    assert_eq!(world.report(world.carol, before.id).await, Reported::NoSuchMessage);
    assert_eq!(world.report(world.bob, before.id).await, Reported::OwnMessage);
    assert_eq!(world.report(world.alice, MessageId(999)).await, Reported::NoSuchMessage);
    let hide = Change::Update { title: None, status: None, hides_past: Some(true) };
    world.event(group, world.alice, hide).await;
    world.event(group, world.alice, Change::Join { user: world.carol }).await;
    assert_eq!(world.report(world.carol, before.id).await, Reported::NoSuchMessage);
    let after = world.say(group, world.bob, "After").await;
    let Reported::New(id) = world.report(world.carol, after.id).await else { panic!("not new") };
    assert_eq!(world.report(world.carol, after.id).await, Reported::Known(id));
    assert_eq!(world.store.read_report(id).await.unwrap().unwrap().context.len(), 1);
}

pub async fn a_person_reports_so_much_a_day(world: World) {
    let group = world.group().await;
    for number in 0..=limits::REPORTS_PER_DAY {
        let said = world.say(group, world.bob, &number.to_string()).await.id;
        let reported = world.report(world.alice, said).await;
        if number < limits::REPORTS_PER_DAY {
            assert!(matches!(reported, Reported::New(_)), "{number}: {reported:?}");
        } else {
            let Reported::TooMany { wait } = reported else { panic!("{reported:?}") };
            assert!(wait.as_secs() > 86_000 && wait.as_secs() <= 86_400, "{wait:?}");
            // With another limit, or with none, it is taken.
            assert!(matches!(world.report_within(world.alice, said, 1).await, Reported::TooMany { .. }));
            assert!(matches!(world.report_within(world.alice, said, 0).await, Reported::New(_)));
        }
    }
}

pub async fn nobody_is_listed_what_was_reported_of_them_and_a_page_is_full_all_the_same(world: World) {
    let group = world.group().await;
    let mut about_alice = Vec::new();
    for of in [world.alice, world.bob, world.bob, world.alice] {
        let said = world.say(group, of, "Rude").await.id;
        let by = if of == world.bob { world.alice } else { world.bob };
        let Reported::New(id) = world.report(by, said).await else { panic!("not new") };
        if of == world.alice {
            about_alice.push(id);
        }
    }
    let listed = async |to| world.store.reports(to, true, ReportId(i64::MAX), 2).await.unwrap();
    let to_bob: Vec<ReportId> = listed(Some(world.bob)).await.iter().map(|report| report.id).collect();
    about_alice.reverse();
    assert_eq!(to_bob, about_alice);
    assert_eq!(listed(Some(world.alice)).await.len(), 2);
    assert_eq!(listed(None).await[0].id, about_alice[0]);
}

pub async fn of_two_moderators_who_act_at_once_one_does_and_the_other_is_told(world: World) {
    let group = world.group().await;
    let said = world.say(group, world.bob, "Rude").await.id;
    let Reported::New(id) = world.report(world.alice, said).await else { panic!("not new") };
    let close = |moderator, action| {
        let store = world.store.clone();
        tokio::spawn(async move {
            store.close_report(Actor::User(moderator), id, &CloseReport { action, note: None }).await.unwrap()
        })
    };
    let (one, other) =
        (close(world.alice, ReportAction::Warned), close(world.carol, ReportAction::Dismissed));
    let (done, told) = match (one.await.unwrap(), other.await.unwrap()) {
        (ReportClosed::Now(done), ReportClosed::Before(told))
        | (ReportClosed::Before(told), ReportClosed::Now(done)) => (done.report, told),
        other => panic!("{other:?}"),
    };
    assert!(done.outcome.is_some() && done.outcome == told.outcome);
    assert!(world.store.reports(None, true, ReportId(i64::MAX), 9).await.unwrap().is_empty());
    assert_eq!(world.store.reports(None, false, ReportId(i64::MAX), 9).await.unwrap().len(), 1);
    let none = CloseReport { action: ReportAction::Other, note: None };
    let closed = world.store.close_report(Actor::User(world.alice), ReportId(999), &none).await.unwrap();
    assert_eq!(closed, ReportClosed::NoSuchReport);
}

pub async fn closing_a_report_does_what_it_says_or_nothing(world: World) {
    let (alice, bob, carol) = (world.alice, world.bob, world.carol);
    let group = world.group().await;
    let report = async |by, of| {
        let said = world.say(group, of, "Rude").await;
        let Reported::New(id) = world.report(by, said.id).await else { panic!("not new") };
        (id, said.id)
    };
    let close = async |by: Actor, id, action| {
        world.store.close_report(by, id, &CloseReport { action, note: None }).await.unwrap()
    };
    let make_moderator = AccountChange::Role(Role::Moderator);
    for user in [bob, carol] {
        world.store.change_account(Actor::Operator, user, make_moderator.clone()).await.unwrap().unwrap();
    }
    // The message goes, by an event of its log, and a second try finds nothing to do.
    let (id, message) = report(alice, bob).await;
    let text = MessageText::new("Ruder").unwrap();
    world.event(group, bob, Change::Edit { id: message, text, sent_since: None }).await;
    assert_eq!(world.store.former_texts(bob, message, None, 9).await.unwrap().unwrap().len(), 1);
    let ReportClosed::Now(done) = close(Actor::User(carol), id, ReportAction::Deleted).await else {
        panic!("it was closed before")
    };
    let Some(Event::Deleted(deleted)) = &done.deleted else { panic!("{done:?}") };
    assert_eq!((deleted.id, world.log(group, deleted.seq.0 - 1).await.len()), (message, 1));
    assert_eq!(world.store.message(alice, message).await.unwrap().unwrap().content, "");
    assert_eq!(world.store.former_texts(bob, message, None, 9).await.unwrap(), Some(Vec::new()));
    assert_eq!(done.report.context.last().unwrap().content, "Rude", "the copy stays");
    assert!(matches!(close(Actor::User(alice), id, ReportAction::Suspended).await, ReportClosed::Before(_)));
    assert!(world.store.person(&UserRef::Id(bob)).await.unwrap().unwrap().suspended_at.is_none());
    // Nobody decides about themselves, nor about who is above them; then the report stays open.
    let (id, _) = report(alice, bob).await;
    assert_eq!(close(Actor::User(bob), id, ReportAction::Dismissed).await, ReportClosed::AboutOneself);
    let refused = close(Actor::User(carol), id, ReportAction::Suspended).await;
    assert_eq!(refused, ReportClosed::NotChanged(NotChanged::RoleAbove));
    assert_eq!(world.store.reports(None, true, ReportId(i64::MAX), 9).await.unwrap().len(), 1);
    let token = world
        .store
        .create_token(bob, "hash", [7; 32], UnixMicros(1), UnixMicros(i64::MAX))
        .await
        .unwrap()
        .unwrap()
        .id;
    let ReportClosed::Now(done) = close(Actor::User(alice), id, ReportAction::Suspended).await else {
        panic!("it was closed before")
    };
    assert_eq!(done.ended, [token]);
    assert!(world.store.person(&UserRef::Id(bob)).await.unwrap().unwrap().suspended_at.is_some());
    // The command line is nobody.
    let (id, _) = report(bob, alice).await;
    let ReportClosed::Now(done) = close(Actor::Operator, id, ReportAction::Dismissed).await else {
        panic!("it was closed before")
    };
    assert_eq!(done.report.outcome.unwrap().by, None);
}

pub async fn the_audit_log_holds_what_moderators_and_people_do(world: World) {
    let (alice, bob, store) = (world.alice, world.bob, &world.store);
    let group = world.group().await;
    let said = world.say(group, bob, "Rude").await.id;
    let Reported::New(id) = world.report(alice, said).await else { panic!("not new") };
    world.event(group, alice, Change::Delete { id: said }).await;
    let body = CloseReport { action: ReportAction::Dismissed, note: None };
    store.close_report(Actor::User(alice), id, &body).await.unwrap();
    store.block(alice, bob).await.unwrap().unwrap();
    store.unblock(alice, bob).await.unwrap().unwrap();
    let pair = world.pair().await;
    store.end_pair(bob, pair).await.unwrap();
    store.reopen_pair(Actor::Operator, alice, bob).await.unwrap();
    world.event(group, alice, Change::SetRole { user: bob, role: ChatRole::Moderator }).await;
    world.event(group, alice, Change::Remove { user: bob }).await;
    let told = store.audit(None, AuditId(i64::MAX), 20).await.unwrap();
    let told: Vec<_> = told
        .iter()
        .rev()
        .map(|entry| (entry.actor_name.as_deref(), entry.action.as_str(), entry.target_name.as_deref()))
        .collect();
    let by_alice = |action| (Some("alice"), action, Some("bob"));
    assert_eq!(
        told,
        [
            by_alice("reported"),
            by_alice("message_deleted"),
            by_alice("report_closed"),
            by_alice("blocked"),
            by_alice("unblocked"),
            (None, "reopened", Some("alice")),
            by_alice("group_role"),
            by_alice("removed_from_group"),
        ]
    );
}
