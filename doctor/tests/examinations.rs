//! Every cause as a terminal and a browser observe it, and the finding that it leads to.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails, in its helpers too")]

#[path = "examinations/seen.rs"]
mod seen;

use causerie_doctor::{
    Answer, Doctor, Fetched, HoldResult, Observation, Offer, Outcome, Probe, Reached, Situation,
    SocketObservation, Target, TokenShape,
};
use causerie_protocol::doctor::OriginStatus;
use causerie_protocol::{ChatId, ErrorCode, limits};
use causerie_texts::{Check, Finding, Language};
use seen::{
    PAGE, PROBE, answer, arrived, closed, connected, failed, other, quick, refused, told, traced, welcomed,
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Terminal,
    Browser,
}

fn situation(place: Place) -> Situation {
    Situation {
        origin: (place == Place::Browser).then(|| PAGE.to_owned()),
        token: TokenShape::WellFormed,
        chat: Some(ChatId(7)),
        ..Situation::terminal(PROBE)
    }
}

/// Runs an examination over these observations, and checks that it ends after the last one.
fn examine(target: &str, situation: Situation, seen: &[Observation]) -> Doctor {
    let mut doctor = match Target::parse(target) {
        Ok(target) => Doctor::new(target, situation),
        Err(finding) => Doctor::refused(finding, situation),
    };
    for (index, observation) in seen.iter().enumerate() {
        assert!(
            doctor.probe().is_some(),
            "it ended before {index} of {seen:?} with {}",
            doctor.report().finding
        );
        assert!(doctor.running().is_some());
        doctor.observe(observation.clone());
    }
    assert_eq!(doctor.probe(), None, "it did not end after {seen:?}");
    assert_eq!(doctor.running(), None);
    doctor
}

struct Case {
    finding: Finding,
    place: Place,
    target: &'static str,
    situation: Situation,
    seen: Vec<Observation>,
}

fn case(finding: Finding, place: Place, seen: impl IntoIterator<Item = Observation>) -> Case {
    let seen = seen.into_iter().collect();
    Case { finding, place, target: PAGE, situation: situation(place), seen }
}

/// The observations after a connection was made.
fn over(finding: Finding, place: Place, seen: impl IntoIterator<Item = Observation>) -> Case {
    case(finding, place, connected().into_iter().chain(seen))
}

fn with_token(mut case: Case, token: TokenShape) -> Case {
    case.situation.token = token;
    case
}

fn at(mut case: Case, target: &'static str) -> Case {
    case.target = target;
    case
}

fn before_the_socket() -> Vec<Case> {
    use Finding as F;
    use Place::{Browser, Terminal};
    let online = Observation::Online(true);
    let reached =
        |finding, place, reached| case(finding, place, [online.clone(), Observation::Reached(reached)]);
    let server = |name: &str, status| Answer { server: Some(name.to_owned()), ..answer(status, "<html>") };
    let leads = |to: &str| other(Answer { location: Some(to.to_owned()), ..answer(301, "") });
    let followed = match told(|_| {}) {
        Observation::Status(Fetched::Answered(answer)) => {
            other(Answer { location: Some("https://www.example.org/api/doctor/".to_owned()), ..answer })
        }
        seen => panic!("{seen:?}"),
    };
    let foreign = |origin: &str, host: &str| {
        let (origin, host) = (origin.to_owned(), host.to_owned());
        told(move |status| {
            status.host = Some(host);
            status.origin = Some(OriginStatus { origin, allowed: false, setting: "S".to_owned() });
        })
    };
    let unseen = || traced(None);
    let missing = r#"{"title":"Not Found","status":404,"detail":"Nothing.","code":"not_found"}"#;
    vec![
        at(case(F::AddressWrong, Terminal, []), "http://"),
        at(case(F::TokenInAddress, Terminal, []), "ws://127.0.0.1:8000/ws/chats/1/?token=XXX"),
        at(case(F::MixedContent, Browser, []), "http://chat.example.org"),
        case(F::PageOffline, Browser, [Observation::Online(false)]),
        reached(F::NameNotFound, Terminal, Reached::NameNotFound),
        reached(F::NameNotFound, Browser, Reached::NameNotFound),
        reached(F::NothingListens, Terminal, Reached::Refused),
        reached(F::NoAnswer, Terminal, Reached::TimedOut),
        reached(F::Unreachable, Browser, Reached::Failed),
        reached(F::CertificateRefused, Terminal, Reached::CertificateRefused("expired".to_owned())),
        reached(F::TlsNotSpoken, Terminal, Reached::TlsNotSpoken),
        over(F::NotCauserie, Browser, [Observation::Status(Fetched::Hidden)]),
        over(F::NotCauserie, Terminal, [Observation::Status(Fetched::Failed)]),
        over(F::NoAnswer, Terminal, [Observation::Status(Fetched::TimedOut)]),
        over(F::NoAnswer, Browser, [Observation::Status(Fetched::TimedOut)]),
        over(F::NotCauserie, Terminal, [other(server("nginx/1.22.1", 404))]),
        over(F::NotCauserie, Terminal, [other(answer(200, "<html>"))]),
        over(F::NotCauserie, Terminal, [other(answer(200, r#"{"name":"other"}"#))]),
        over(F::NotCauserie, Terminal, [leads("/login/")]),
        over(F::DjangoRunserver, Terminal, [other(server("WSGIServer/0.2 CPython/3.11.2", 404))]),
        over(F::BadGateway, Terminal, [other(server("nginx/1.22.1", 502))]),
        over(F::Redirected, Terminal, [leads("https://www.example.org/api/doctor/")]),
        // The browser has followed the redirect to Causerie itself.
        over(F::Redirected, Browser, [followed]),
        over(F::TooOften, Terminal, [other(answer(429, ""))]),
        over(F::VersionsDiffer, Terminal, [other(answer(404, missing))]),
        over(F::VersionsDiffer, Browser, [told(|status| status.protocol = limits::VERSION + 1)]),
        over(F::VersionsDiffer, Terminal, [told(|status| status.version = "99.0.0".to_owned())]),
        over(F::Draining, Terminal, [told(|status| status.draining = true)]),
        over(F::DatabaseUnreachable, Browser, [told(|status| status.database = false)]),
        over(F::RedisUnreachable, Browser, [told(|status| status.bus = false)]),
        over(F::NodesUnheard, Browser, [told(|status| status.unheard = true)]),
        over(
            F::OriginNotAllowed,
            Browser,
            [foreign("https://else.example", "chat.example.org"), failed(), unseen(), unseen(), unseen()],
        ),
        over(
            F::ProxyChangesHost,
            Browser,
            [foreign(PAGE, "127.0.0.1:8000"), failed(), unseen(), unseen(), unseen()],
        ),
        // A proxy for development that says the server's own origin for a socket, and for a request the page's.
        over(F::AllWell, Browser, {
            let held = Observation::Held(HoldResult::Lasted { quiet_ms: 25_000 });
            [foreign(PAGE, "127.0.0.1"), welcomed(), quick(), held]
        }),
    ]
}

fn at_the_socket() -> Vec<Case> {
    use Finding as F;
    use Place::{Browser, Terminal};
    let fine = || told(|_| {});
    let unseen = || traced(None);
    let plain = || arrived(|trace| (trace.upgrade, trace.status) = (false, 426));
    let bare = || arrived(|trace| trace.offered = Default::default());
    let no = |status, code: Option<ErrorCode>| {
        arrived(move |trace| (trace.status, trace.code) = (status, code.clone()))
    };
    let full = Some(ErrorCode::Unavailable);
    let draining = Some(ErrorCode::Draining);
    vec![
        over(F::ProxyDropsUpgrade, Browser, [fine(), failed(), plain()]),
        over(F::ProxyDropsUpgrade, Terminal, [fine(), refused(426, None), unseen(), plain()]),
        over(F::ProxyDropsSubprotocol, Browser, [fine(), failed(), bare()]),
        over(
            F::ProxyDropsSubprotocol,
            Terminal,
            [fine(), Observation::Socket(SocketObservation::NotEchoed), bare()],
        ),
        // A client that accepts the missing echo gets the close for a missing token.
        over(F::ProxyDropsSubprotocol, Terminal, [fine(), closed(4001, "no token: offer"), bare()]),
        // Only the answer loses the header: the terminal sees that, the browser finds out by offering nothing.
        over(
            F::ProxyDropsSubprotocol,
            Terminal,
            [fine(), Observation::Socket(SocketObservation::NotEchoed), arrived(|_| {})],
        ),
        over(
            F::ProxyDropsSubprotocol,
            Browser,
            [fine(), failed(), arrived(|_| {}), closed(4001, "no token: offer")],
        ),
        over(F::SocketBlocked, Browser, [fine(), failed(), arrived(|_| {}), failed()]),
        over(F::SocketBlocked, Browser, [fine(), failed(), unseen(), unseen(), unseen()]),
        over(F::NotCauserie, Terminal, [fine(), refused(404, None), unseen(), unseen(), unseen()]),
        over(F::BadGateway, Terminal, [fine(), refused(502, None), unseen(), unseen(), unseen()]),
        over(F::SocketSilent, Browser, [fine(), Observation::Socket(SocketObservation::Silent)]),
        over(F::OriginNotAllowed, Terminal, [fine(), refused(403, None), no(403, None)]),
        over(
            F::ProxyChangesHost,
            Browser,
            [
                fine(),
                failed(),
                arrived(|trace| (trace.status, trace.host) = (403, Some("127.0.0.1:8000".to_owned()))),
            ],
        ),
        over(F::Draining, Browser, [fine(), failed(), no(503, draining.clone())]),
        over(F::Draining, Terminal, [fine(), refused(503, draining.clone()), no(503, draining)]),
        over(F::Full, Browser, [fine(), failed(), no(503, full.clone())]),
        over(F::Full, Terminal, [fine(), refused(503, full.clone()), no(503, full)]),
        over(F::Full, Browser, [fine(), closed(1013, "")]),
        over(F::TooOften, Browser, [fine(), failed(), no(503, Some(ErrorCode::RateLimited))]),
        over(F::TooOften, Terminal, [fine(), closed(4108, "")]),
        over(F::TooOften, Browser, [fine(), closed(4109, "you have as many connections as one may")]),
        with_token(over(F::NoToken, Browser, [fine(), closed(4001, "no token: offer")]), TokenShape::Missing),
        with_token(
            over(F::TokenMalformed, Browser, [fine(), closed(4001, "no token: offer")]),
            TokenShape::Malformed,
        ),
        over(F::TokenMalformed, Terminal, [fine(), closed(4001, "malformed token: it is not")]),
        over(F::TokenUnknown, Terminal, [fine(), closed(4001, "unknown token: sign in again")]),
        over(F::TokenExpired, Browser, [fine(), closed(4001, "token expired: sign in again")]),
        over(F::TokenRevoked, Browser, [fine(), closed(4001, "token revoked: sign in again")]),
        over(F::VersionsDiffer, Browser, [fine(), closed(4001, "unknown protocol version: this")]),
        over(F::ChatNotFound, Browser, [fine(), closed(4003, "there is no such chat")]),
        over(F::DatabaseUnreachable, Browser, [fine(), closed(1011, "the server can't")]),
        over(F::ClosedByServer, Browser, [fine(), closed(4009, "replaced")]),
        // A device that is a month behind, or a server that is ahead, ends sign-ins too early.
        over(
            F::ClockSkew,
            Browser,
            [told(|status| status.time_ms += 31 * 86_400_000), closed(4001, "token expired: sign in")],
        ),
    ]
}

fn after_the_welcome() -> Vec<Case> {
    use Finding as F;
    use Place::{Browser, Terminal};
    let fine = || told(|_| {});
    let cut = || Observation::Held(HoldResult::Cut { quiet_ms: 3_010 });
    let hold = |held| Observation::Held(held);
    let gone = || Observation::Status(Fetched::Failed);
    let wrong = SocketObservation::Welcomed { version: 9, milliseconds: 1.0 };
    vec![
        over(F::VersionsDiffer, Terminal, [fine(), Observation::Socket(wrong)]),
        over(F::ClockSkew, Browser, [told(|status| status.time_ms -= 120_000), welcomed()]),
        over(F::SlowRoundTrip, Browser, [fine(), welcomed(), Observation::RoundTrips(vec![900.0; 5])]),
        over(F::ProxyCutsIdle, Browser, [fine(), welcomed(), quick(), cut(), fine()]),
        over(F::ProxyCutsIdle, Terminal, [fine(), welcomed(), quick(), cut(), fine()]),
        over(F::NothingListens, Terminal, [fine(), welcomed(), quick(), cut(), gone()]),
        over(F::Draining, Terminal, [fine(), welcomed(), quick(), cut(), told(|s| s.draining = true)]),
        over(
            F::Draining,
            Browser,
            [fine(), welcomed(), quick(), hold(HoldResult::Closed { code: 1012, reason: String::new() })],
        ),
        over(F::SocketSilent, Browser, [fine(), welcomed(), quick(), hold(HoldResult::Silent)]),
        over(
            F::AllWell,
            Browser,
            [fine(), welcomed(), quick(), hold(HoldResult::Lasted { quiet_ms: 25_000 })],
        ),
        over(
            F::AllWell,
            Terminal,
            [fine(), welcomed(), quick(), hold(HoldResult::Lasted { quiet_ms: 25_000 })],
        ),
        // A server that knows no `ping`, and a chat in which people talk: not checked, and no fault.
        over(
            F::AllWell,
            Terminal,
            [fine(), welcomed(), Observation::RoundTrips(vec![]), hold(HoldResult::Busy)],
        ),
        over(F::Unexplained, Terminal, [fine(), Observation::Online(true)]),
    ]
}

#[test]
fn every_cause_leads_to_its_finding_and_to_no_other() {
    let groups = [before_the_socket(), at_the_socket(), after_the_welcome()];
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    for case in &cases {
        let doctor = examine(case.target, case.situation.clone(), &case.seen);
        let report = doctor.report();
        assert_eq!(report.finding, case.finding, "{:?}: {:?}", case.place, case.seen);
        let failed = report.steps.iter().filter(|step| step.outcome == Outcome::Failed).count();
        assert_eq!(failed, usize::from(!case.finding.is_well()), "{:?}", report.steps);
        let names: Vec<_> = report.details.iter().map(|(name, _)| *name).collect();
        for (name, _) in case.finding.details() {
            assert!(names.contains(name), "{}: its words leave {name} open", case.finding);
        }
    }
    // The local checks find these, not this machine.
    let local = [
        Finding::SettingUnusable,
        Finding::FolderNotWritable,
        Finding::DatabaseUnusable,
        Finding::RedisUnusable,
        Finding::PortTaken,
        Finding::TooFewFiles,
    ];
    for finding in Finding::ALL {
        let tried = cases.iter().any(|case| case.finding == *finding);
        assert!(tried || local.contains(finding), "{finding} has no case");
    }
}

#[test]
fn a_healthy_server_passes_every_check_in_the_order_of_the_list() {
    let seen: Vec<_> = connected()
        .into_iter()
        .chain([
            told(|_| {}),
            welcomed(),
            quick(),
            Observation::Held(HoldResult::Lasted { quiet_ms: 24_000 }),
        ])
        .collect();
    let doctor = examine(PAGE, situation(Place::Browser), &seen);
    let checks: Vec<_> = doctor.report().steps.iter().map(|step| step.check).collect();
    let mut sorted = checks.clone();
    sorted.sort_by_key(|check| Check::ALL.iter().position(|other| other == check));
    assert_eq!(checks, sorted);
    assert_eq!(doctor.report().figures.round_trip_ms, Some(2.5));
    assert_eq!(doctor.report().figures.skew_ms, Some(0));
}

#[test]
fn several_servers_are_asked_often_for_the_one_that_saw_the_handshake() {
    let clustered = || told(|status| status.clustered = true);
    let mut seen: Vec<_> = connected().into_iter().chain([clustered(), failed()]).collect();
    seen.extend((0..10).map(|_| traced(None)));
    seen.push(arrived(|trace| trace.upgrade = false));
    let doctor = examine(PAGE, situation(Place::Browser), &seen);
    assert_eq!(doctor.report().finding, Finding::ProxyDropsUpgrade);
}

#[test]
fn the_probes_say_where_and_what_to_offer() {
    let mut doctor = Doctor::new(Target::parse(PAGE).unwrap(), situation(Place::Browser));
    doctor.observe(Observation::Online(true));
    let Some(Probe::Reach { url, tls, port, .. }) = doctor.probe() else { panic!("{:?}", doctor.probe()) };
    assert_eq!((url.as_str(), tls, port), ("https://chat.example.org/healthz", true, 443));
    doctor.observe(Observation::Reached(Reached::Connected { milliseconds: None }));
    let url = "https://chat.example.org/api/doctor/?origin=https%3A%2F%2Fchat%2Eexample%2Eorg".to_owned();
    assert_eq!(doctor.probe(), Some(Probe::Status { url }));
    doctor.observe(told(|_| {}));
    let url = format!("wss://chat.example.org/ws/chats/7/?probe={PROBE}");
    assert_eq!(doctor.probe(), Some(Probe::Socket { url, offer: Offer::Token, chat: true }));
    doctor.observe(failed());
    let url = format!("https://chat.example.org/api/doctor/probes/{PROBE}/");
    assert_eq!(doctor.probe(), Some(Probe::Trace { url }));
}

#[test]
fn a_malformed_token_is_never_offered() {
    let token = TokenShape::of(Some("not a token"));
    assert_eq!(token, TokenShape::Malformed);
    let mut doctor =
        Doctor::new(Target::parse(PAGE).unwrap(), Situation { token, ..situation(Place::Browser) });
    for observation in connected().into_iter().chain([told(|_| {})]) {
        doctor.observe(observation);
    }
    assert!(matches!(doctor.probe(), Some(Probe::Socket { offer: Offer::Version, .. })));
}

#[test]
fn an_https_page_may_open_sockets_to_this_machine() {
    let doctor = Doctor::new(Target::parse("http://127.0.0.1:8000").unwrap(), situation(Place::Browser));
    assert_eq!(doctor.probe(), Some(Probe::Online));
}

#[test]
fn the_report_is_the_same_for_people_and_programs_in_both_languages() {
    let seen: Vec<_> =
        connected().into_iter().chain([told(|_| {}), closed(4003, "there is no such chat")]).collect();
    let doctor = examine("wss://chat.example.org/ws/chats/7/", situation(Place::Browser), &seen);
    let report = doctor.report();
    let english = report.text(Language::English);
    assert!(english.contains("chat_not_found") && english.contains("There is no chat 7"), "{english}");
    assert!(
        english.contains("What to do:") && english.contains("server: https://chat.example.org"),
        "{english}"
    );
    let vietnamese = report.text(Language::Vietnamese);
    assert!(vietnamese.contains("chat_not_found") && vietnamese.contains("Không có"), "{vietnamese}");
    assert!(vietnamese.contains("máy chủ: https://chat.example.org"), "{vietnamese}");
    let json = report.json(Language::English);
    assert_eq!(json["finding"], "chat_not_found");
    assert_eq!(json["well"], false);
    assert_eq!(json["details"]["chat"], "7");
    assert_eq!(json["steps"].as_array().unwrap().last().unwrap()["outcome"], "failed");
    assert_eq!(json["words"]["what"], "There is no chat 7 for this person.");
}

#[test]
fn a_close_is_explained_in_the_language_of_the_report() {
    let seen: Vec<_> = connected().into_iter().chain([told(|_| {}), closed(4009, "replaced")]).collect();
    let doctor = examine("wss://chat.example.org/ws/chats/7/", situation(Place::Browser), &seen);
    for (language, what) in [
        (Language::English, "4009: This connection was replaced."),
        (Language::Vietnamese, "4009: Kết nối này đã được thay thế."),
    ] {
        let explanation = doctor.report().explanation(language);
        assert!(explanation.what.ends_with(what), "{}", explanation.what);
    }
}
