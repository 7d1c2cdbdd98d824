//! Where a day begins among rows whose times come from several clocks.

/// How much earlier than the row above a row may be and still belong to the same day, in milliseconds.
///
/// Rows are in the order of the log, and the clocks of the nodes that wrote the times differ a little.
const SKEW_MS: f64 = 3_600_000.0;

/// Walks down the rows and finds those that begin a day.
#[derive(Debug)]
pub struct Days {
    day: Option<i64>,
    latest: f64,
}

impl Days {
    pub fn new() -> Self {
        Self { day: None, latest: f64::NEG_INFINITY }
    }

    /// The time at which a pending message is shown: not before the rows above it, whatever clock wrote it, and not in
    /// the future.
    pub fn pending(&self, written: f64, now: f64) -> f64 {
        written.min(now).max(self.latest)
    }

    /// Takes the next row's time, in milliseconds since 1970, and the number of its day;
    /// returns whether a day begins with the row.
    pub fn begins(&mut self, millis: f64, day: i64) -> bool {
        let begins =
            self.day.is_none_or(|current| day > current || day < current && self.latest - millis > SKEW_MS);
        if begins {
            self.day = Some(day);
            self.latest = millis;
        } else {
            self.latest = self.latest.max(millis);
        }
        begins
    }
}

impl Default for Days {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    /// Which of the rows, by their times in hours, a day begins with.
    fn beginnings(hours: &[f64]) -> Vec<usize> {
        let mut days = Days::new();
        let begins = |hours: &f64| days.begins(hours * HOUR as f64, (hours / 24.0).floor() as i64);
        let begins: Vec<bool> = hours.iter().map(begins).collect();
        (0..hours.len()).filter(|index| begins[*index]).collect()
    }

    #[test]
    fn a_day_begins_once_when_nodes_are_a_second_apart_at_midnight() {
        let second = 1.0 / 3_600.0;
        assert_eq!(beginnings(&[23.0, 24.0 + second, 24.0 - second, 24.0 + 2.0 * second]), [0, 1]);
        assert_eq!(beginnings(&[23.0, 24.0, 24.9]), [0, 1]);
    }

    #[test]
    fn a_time_that_is_far_off_does_not_change_the_day_of_later_rows() {
        assert_eq!(beginnings(&[10.0, 24.0 * 30.0, 11.0, 12.0, 24.0]), [0, 1, 2, 4]);
    }

    #[test]
    fn a_time_that_can_not_be_read_begins_no_day() {
        assert_eq!(beginnings(&[10.0, f64::NAN, 11.0]), [0]);
    }

    #[test]
    fn a_pending_message_is_under_the_last_day_whatever_clock_wrote_it() {
        let mut days = Days::new();
        assert!((days.pending(7.0, 9.0) - 7.0).abs() < f64::EPSILON);
        days.begins(100.0, 0);
        for (written, now, expected) in
            [(20.0, 130.0, 100.0), (110.0, 130.0, 110.0), (500.0, 130.0, 130.0), (500.0, 20.0, 100.0)]
        {
            assert!((days.pending(written, now) - expected).abs() < f64::EPSILON, "{written}");
        }
    }
}
