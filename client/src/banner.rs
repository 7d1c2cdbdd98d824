//! The banner: what the person reads about the connection, and which buttons help.

use causerie_protocol::{CloseCode, Policy};
use causerie_texts::say;

use crate::clock::Millis;
use crate::connection::{Closed, ConnectionState};
use crate::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The page resolves it by itself.
    Waiting,
    /// The person has to act.
    Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    pub tone: Tone,
    /// What happened, and when the page tries again, in one or two sentences.
    pub what: String,
    /// The usual cause, in one sentence.
    pub why: String,
    /// What to do, in one or two sentences.
    pub remedy: String,
    /// What happens to pending messages, if there are any.
    pub waiting: Option<String>,
    /// Seconds until the next attempt, rounded up.
    pub countdown: Option<u64>,
    pub try_now: bool,
    pub reload: bool,
    pub sign_in: bool,
    /// Whether the doctor can help: the browser did not give the cause.
    pub diagnose: bool,
}

impl Banner {
    /// The text in one line: what happened, and what happens to pending messages.
    pub fn line(&self) -> String {
        match &self.waiting {
            Some(waiting) => format!("{} {waiting}", self.what),
            None => self.what.clone(),
        }
    }

    fn new(tone: Tone, what: impl Into<String>, after: Option<&Closed>) -> Self {
        let (why, remedy) = after.map_or((String::new(), ""), |after| {
            (sentence(&words::reason(after.code, &after.reason)), words::close(after.code).remedy)
        });
        let diagnose = after.is_some_and(|after| after.code.policy() == Policy::BackOffAndDiagnose);
        Self {
            tone,
            what: what.into(),
            why,
            remedy: remedy.to_owned(),
            waiting: None,
            countdown: None,
            try_now: false,
            reload: false,
            sign_in: false,
            diagnose,
        }
    }
}

/// The banner for a state of the connection, while `unsent` messages are pending; nothing when it is online.
pub fn banner(state: &ConnectionState, now: Millis, unsent: usize) -> Option<Banner> {
    let mut banner = match state {
        ConnectionState::Online
        | ConnectionState::SignedOut { reason: None }
        | ConnectionState::Connecting { after: None } => {
            return None;
        }
        ConnectionState::SignedOut { reason: Some(reason) } => {
            let words = words::close(CloseCode::Unauthorized);
            let mut banner = Banner::new(Tone::Problem, words.what, None);
            banner.why = sentence(reason);
            words.remedy.clone_into(&mut banner.remedy);
            banner.sign_in = true;
            banner
        }
        ConnectionState::Connecting { after: Some(after) } => {
            Banner::new(Tone::Waiting, say!(Reconnecting, what = words::close(after.code).what), Some(after))
        }
        ConnectionState::Waiting { until, after } => {
            let seconds = until.saturating_sub(now).div_ceil(1_000).max(1);
            let what = say!(ReconnectingIn, what = words::close(after.code).what, seconds = seconds);
            let mut banner = Banner::new(Tone::Waiting, what, Some(after));
            banner.countdown = Some(seconds);
            banner.try_now = true;
            banner
        }
        ConnectionState::Offline => {
            let mut banner = Banner::new(Tone::Waiting, say!(Offline), None);
            say!(NoNetwork).clone_into(&mut banner.why);
            say!(CheckNetwork).clone_into(&mut banner.remedy);
            banner.try_now = true;
            banner
        }
        ConnectionState::Stopped { after } => {
            let mut banner = Banner::new(Tone::Problem, words::close(after.code).what, Some(after));
            banner.try_now = after.code != CloseCode::VersionMismatch;
            banner.reload = after.code != CloseCode::Normal;
            banner
        }
    };
    let by_itself = matches!(
        state,
        ConnectionState::Connecting { .. } | ConnectionState::Waiting { .. } | ConnectionState::Offline
    );
    banner.waiting = waiting(unsent, by_itself);
    Some(banner)
}

fn waiting(unsent: usize, by_itself: bool) -> Option<String> {
    Some(match (unsent, by_itself) {
        (0, _) => return None,
        (1, true) => say!(OneWaits).to_owned(),
        (n, true) => say!(SomeWait, count = n),
        (1, false) => say!(OneIsKept).to_owned(),
        (n, false) => say!(SomeAreKept, count = n),
    })
}

/// A reason from the server as a whole sentence.
fn sentence(reason: &str) -> String {
    let reason = reason.trim();
    let mut chars = reason.chars();
    let Some(first) = chars.next() else { return String::new() };
    // The protocol's reasons are English. Unicode's tables of capitals would weigh more than this crate.
    let mut text = String::from(first.to_ascii_uppercase());
    text.push_str(chars.as_str());
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: CloseCode) -> Closed {
        Closed { code, reason: String::new(), failures: 1 }
    }

    fn line(state: &ConnectionState, unsent: usize) -> String {
        banner(state, 10_000, unsent).map(|banner| banner.line()).unwrap_or_default()
    }

    #[test]
    fn the_banner_says_what_happened_how_long_to_wait_and_what_is_pending() {
        let after = closed(CloseCode::ServiceRestart);
        let waiting = ConnectionState::Waiting { until: 13_400, after: after.clone() };
        for (state, unsent, words) in [
            (&ConnectionState::Online, 1, ""),
            (&ConnectionState::Connecting { after: None }, 0, ""),
            (&waiting, 0, "The server restarts. Reconnecting in 4 s."),
            (
                &waiting,
                1,
                "The server restarts. Reconnecting in 4 s. One message waits; it will be sent once.",
            ),
            (&ConnectionState::Offline, 2, "Offline. 2 messages wait; each will be sent once."),
            (&ConnectionState::Connecting { after: Some(after) }, 0, "The server restarts. Reconnecting…"),
            (
                &ConnectionState::SignedOut { reason: Some("the token expired".into()) },
                1,
                "You are signed out. One message is kept and not sent yet.",
            ),
            (
                &ConnectionState::Stopped { after: closed(CloseCode::VersionMismatch) },
                3,
                "This page and the server speak different versions. 3 messages are kept and not sent yet.",
            ),
        ] {
            assert_eq!(line(state, unsent), words);
        }
    }

    #[test]
    fn every_close_code_has_sentences_without_its_number() {
        let unknown = [3_000, 4_099, 4_150, 4_250, 4_999].map(CloseCode::Other);
        for &code in CloseCode::ALL.iter().chain(&unknown) {
            let after = closed(code);
            for state in [
                ConnectionState::Stopped { after: after.clone() },
                ConnectionState::Connecting { after: Some(after.clone()) },
                ConnectionState::Waiting { until: 0, after },
            ] {
                let banner = banner(&state, 0, 0).unwrap();
                for words in [&banner.what, &banner.why, &banner.remedy] {
                    assert!(words.split_whitespace().count() > 1 && words.ends_with(['.', '…']), "{code}");
                    assert!(!words.contains(&code.code().to_string()), "{code}: {words}");
                }
            }
        }
    }

    #[test]
    fn the_servers_reason_is_shown_as_a_sentence() {
        let state = ConnectionState::SignedOut { reason: Some("the token expired".into()) };
        assert_eq!(banner(&state, 0, 0).unwrap().why, "The token expired.");
    }

    #[test]
    fn buttons_fit_the_state() {
        let broken = closed(CloseCode::Abnormal);
        let waiting = banner(&ConnectionState::Waiting { until: 1, after: broken }, 0, 0).unwrap();
        assert!(waiting.try_now && waiting.diagnose && !waiting.reload && !waiting.sign_in);
        let stopped =
            banner(&ConnectionState::Stopped { after: closed(CloseCode::BrokenClient) }, 0, 0).unwrap();
        assert!(stopped.try_now && stopped.reload && !stopped.diagnose);
    }
}
