//! Hands mails to the mail server, and again after a while where it did not take one for the moment.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::FutureExt;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

/// How long the mail server may take for one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long after a failed attempt the next one is made: servers that take no mail of an unknown sender at once
/// ("greylisting", RFC 6647) take it a few minutes later.
const RETRY_AFTER: Duration = Duration::from_mins(2);
/// How often a mail is tried; with the pause between, for as long as the shortest-lived link of a mail is valid.
const ATTEMPTS: u32 = 15;
/// Mails that wait for their next attempt; one more takes the place of the oldest.
const RETRIES_WAITING: usize = 256;

/// What became of one attempt.
enum Attempt {
    Sent,
    /// For good.
    Refused,
    /// It may be taken later.
    Failed(&'static str),
}

/// A mail and how often it was tried.
struct Retry<M> {
    mail: M,
    attempts: u32,
    due: Instant,
}

/// Sends what comes, one mail after the other, until there is nobody who could send one and none waits.
pub(super) async fn run(transport: AsyncSmtpTransport<Tokio1Executor>, mails: mpsc::Receiver<Message>) {
    let attempt = |mail| {
        let sent = timeout(ATTEMPT_TIMEOUT, transport.send(mail));
        sent.map(|sent| match sent {
            Ok(Ok(_)) => Attempt::Sent,
            Ok(Err(error)) if error.is_permanent() => Attempt::Refused,
            Ok(Err(error)) if error.is_transient() => Attempt::Failed("the mail server does not take it now"),
            Ok(Err(_)) => Attempt::Failed("the mail server can't be reached"),
            Err(_) => Attempt::Failed("the mail server did not answer in time"),
        })
    };
    send_all(mails, RETRY_AFTER, attempt).await;
}

/// No line of the log names whom a mail is to.
async fn send_all<M: Clone, F: Future<Output = Attempt>>(
    mut mails: mpsc::Receiver<M>,
    retry_after: Duration,
    attempt: impl Fn(M) -> F,
) {
    // All wait equally long, so the first one is always due first.
    let mut retries: VecDeque<Retry<M>> = VecDeque::new();
    loop {
        let due = retries.front().map(|first| first.due);
        let (mail, attempts) = tokio::select! {
            // New mails go first: what waits was tried already.
            biased;
            Some(mail) = mails.recv() => (mail, 1),
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                let Some(Retry { mail, attempts, .. }) = retries.pop_front() else { continue };
                (mail, attempts + 1)
            }
            else => return,
        };
        match attempt(mail.clone()).await {
            Attempt::Sent => {}
            Attempt::Refused => tracing::warn!("the mail server refused a mail, which is not sent"),
            Attempt::Failed(why) if attempts == ATTEMPTS => {
                tracing::warn!(why, attempts, "a mail is not sent: no attempt succeeded");
            }
            Attempt::Failed(why) => {
                tracing::warn!(why, attempts, "a mail could not be sent and is tried again");
                if retries.len() == RETRIES_WAITING {
                    retries.pop_front();
                    tracing::warn!("a mail is not sent: too many wait to be tried again");
                }
                retries.push_back(Retry { mail, attempts, due: Instant::now() + retry_after });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Mutex;

    use super::*;

    /// Gives mails to a server that answers each attempt so, by its number; the mails of all attempts.
    async fn attempts_at(mails: usize, answer: impl Fn(usize) -> Attempt) -> Vec<usize> {
        let (queue, waiting) = mpsc::channel(mails);
        for mail in 0..mails {
            queue.try_send(mail).unwrap();
        }
        drop(queue);
        let made = Mutex::new(Vec::new());
        let attempt = |mail| {
            let mut made = made.lock().unwrap();
            made.push(mail);
            ready(answer(made.len()))
        };
        send_all(waiting, Duration::ZERO, attempt).await;
        made.into_inner().unwrap()
    }

    #[tokio::test]
    async fn a_mail_that_is_not_taken_now_is_retried_until_it_is() {
        let made = attempts_at(1, |attempt| match attempt {
            3 => Attempt::Sent,
            _ => Attempt::Failed("greylisted"),
        });
        assert_eq!(made.await, [0; 3]);
    }

    #[tokio::test]
    async fn a_mail_that_is_refused_for_good_is_not_retried() {
        assert_eq!(attempts_at(1, |_| Attempt::Refused).await, [0]);
    }

    #[tokio::test]
    async fn a_mail_is_given_up_after_the_last_attempt() {
        assert_eq!(attempts_at(1, |_| Attempt::Failed("unreachable")).await.len(), ATTEMPTS as usize);
    }

    #[tokio::test]
    async fn of_too_many_that_wait_to_be_retried_the_oldest_is_given_up() {
        let mails = RETRIES_WAITING + 1;
        let answer = |attempt| if attempt <= mails { Attempt::Failed("busy") } else { Attempt::Sent };
        let retried: Vec<_> = attempts_at(mails, answer).await.into_iter().skip(mails).collect();
        assert_eq!(retried, (1..mails).collect::<Vec<_>>());
    }
}
