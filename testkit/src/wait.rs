//! Waiting for a state with a timeout.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// How long anything may take before a test fails instead of hanging.
///
/// Far longer than anything takes, because tests share a small machine with a compiler.
pub const LIMIT: Duration = Duration::from_secs(30);

/// The interval at which a state is checked.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The state was not reached before the timeout.
#[derive(Debug, thiserror::Error)]
#[error("not within {limit:?}: {what}")]
pub struct TooLate {
    what: String,
    limit: Duration,
}

/// Calls `look` repeatedly until it returns something, or until the time limit.
pub async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Result<T, TooLate> {
    let looks = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            #[expect(clippy::disallowed_methods, reason = "the one place that looks again after a while")]
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(limit, looks).await.map_err(|_| TooLate { what: what.to_owned(), limit })
}

#[cfg(test)]
mod tests {
    use super::{Duration, LIMIT, eventually};

    #[tokio::test]
    async fn a_state_that_is_never_reached_is_named_in_the_error() {
        let never = eventually("a miracle", Duration::from_millis(20), async || None::<()>).await;
        assert_eq!(never.unwrap_err().to_string(), "not within 20ms: a miracle");
    }

    #[tokio::test]
    async fn a_state_that_is_reached_after_some_looks_is_returned() {
        let mut looks = 0;
        let third = eventually("the third look", LIMIT, async || {
            looks += 1;
            (looks == 3).then_some("there")
        });
        assert_eq!(third.await.unwrap(), "there");
    }
}
