//! The server's time: this device's clock, corrected by the times in the server's frames.

/// A time in milliseconds since 1970.
///
/// It is measured by a monotonic clock, so that setting the device's clock moves no deadline:
/// in a browser `performance.timeOrigin + performance.now()`.
/// Such a clock may stand still while the device sleeps, and start at a wrong time:
/// [`crate::Input::ClockStepped`] reports by how much the device's clock moved relative to it.
pub type Millis = u64;

/// How far the two clocks may be apart without a correction, in milliseconds: a frame needs time on its way.
pub const TOLERANCE_MS: u64 = 5_000;

/// The server's clock as far as it is known; the device's own clock until a server has sent its time.
///
/// Only what is shown depends on it; deadlines are measured by the caller's monotonic clock alone.
#[derive(Debug, Default)]
pub struct ServerClock {
    /// What to add to the caller's time.
    offset: i64,
    /// Whether a server has sent its time.
    measured: bool,
    /// Whether the device's clock has jumped since then, so that the offset is a guess.
    unsure: bool,
}

impl ServerClock {
    /// The server's time at a time of the caller's clock.
    pub fn at(&self, now: Millis) -> Millis {
        now.saturating_add_signed(self.offset)
    }

    /// Takes the time of a `welcome`; returns whether it corrects the clock.
    pub fn welcomed(&mut self, server: Millis, now: Millis) -> bool {
        self.measured = true;
        self.unsure = false;
        self.set(server, now)
    }

    /// Takes the time of a `ping`; returns whether it corrects the clock.
    ///
    /// A frame that waited in a frozen page or in the network makes the server's clock look late and never early, so a
    /// time that is earlier than expected counts only after the device's clock has jumped.
    pub fn pinged(&mut self, server: Millis, now: Millis) -> bool {
        if server < self.at(now) && !self.unsure {
            return false;
        }
        self.welcomed(server, now)
    }

    /// The device's clock jumped by this much relative to the monotonic clock; returns whether the shown time changes.
    ///
    /// After a jump forward either the device has slept while the monotonic clock stood still, or its clock was set:
    /// the next time from the server decides. A jump back always means a clock that was set, and the server's time
    /// stays known.
    pub fn stepped(&mut self, by: i64) -> bool {
        if by < 0 && self.measured && !self.unsure {
            return false;
        }
        self.unsure = true;
        self.offset = self.offset.saturating_add(by);
        true
    }

    fn set(&mut self, server: Millis, now: Millis) -> bool {
        if server.abs_diff(self.at(now)) <= TOLERANCE_MS {
            return false;
        }
        self.offset = server.cast_signed().saturating_sub(now.cast_signed());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;

    #[test]
    fn the_devices_clock_counts_until_a_server_sends_its_time() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.at(7), 7);
        assert!(clock.stepped(-5));
        assert_eq!(clock.at(7), 2);
        assert_eq!(clock.at(0), 0, "no time is before 1970");
    }

    #[test]
    fn a_clock_that_is_off_by_a_day_either_way_is_corrected_and_a_few_seconds_are_left_alone() {
        for (device, server) in [(5 * DAY, 6 * DAY), (6 * DAY, 5 * DAY)] {
            let mut clock = ServerClock::default();
            assert!(clock.welcomed(server, device));
            assert_eq!(clock.at(device + 70), server + 70);
            assert!(!clock.welcomed(server + TOLERANCE_MS, device));
            assert_eq!(clock.at(device), server);
        }
        let mut clock = ServerClock::default();
        assert!(!clock.welcomed(DAY + TOLERANCE_MS, DAY));
        assert_eq!(clock.at(DAY), DAY);
    }

    #[test]
    fn a_ping_that_waited_in_a_frozen_page_does_not_set_the_clock_back() {
        let mut clock = ServerClock::default();
        clock.welcomed(DAY, DAY);
        assert!(!clock.pinged(DAY + HOUR, DAY + 2 * HOUR));
        assert_eq!(clock.at(DAY + 2 * HOUR), DAY + 2 * HOUR);
        // A `welcome` that waited is corrected by the next ping.
        clock.welcomed(DAY, DAY + HOUR);
        assert!(clock.pinged(DAY + HOUR, DAY + HOUR));
        assert_eq!(clock.at(DAY + HOUR), DAY + HOUR);
    }

    #[test]
    fn a_clock_that_jumps_forward_is_believed_until_the_next_ping() {
        let mut clock = ServerClock::default();
        clock.welcomed(DAY, DAY);
        assert!(clock.stepped(8 * HOUR.cast_signed()));
        assert_eq!(clock.at(DAY), DAY + 8 * HOUR);
        assert!(!clock.pinged(DAY + 8 * HOUR, DAY), "the device had slept");

        assert!(clock.stepped(DAY.cast_signed()));
        assert!(clock.pinged(DAY + 8 * HOUR, DAY), "the device's clock was set");
        assert_eq!(clock.at(DAY), DAY + 8 * HOUR);
        assert!(!clock.stepped(-DAY.cast_signed()), "and set back, which the server's time outlives");
        assert_eq!(clock.at(DAY), DAY + 8 * HOUR);
    }

    #[test]
    fn a_clock_that_is_set_and_set_back_before_a_ping_is_right_again() {
        let mut clock = ServerClock::default();
        clock.welcomed(DAY, DAY);
        clock.stepped(DAY.cast_signed());
        assert!(clock.stepped(-DAY.cast_signed()));
        assert_eq!(clock.at(DAY), DAY);
    }
}
