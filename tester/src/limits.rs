//! The tester's bounds, named once.

/// Lines that a record keeps.
pub const FRAMES: usize = 10_000;

/// Text that a record keeps, in bytes; ten thousand of the longest frames would not fit into a phone.
pub const TEXT_BYTES: usize = 32 * 1024 * 1024;

/// The height of a line in the list, in CSS pixels; all are the same, so that only those in sight need be drawn.
pub const ROW_PX: f64 = 28.0;

/// Lines that are drawn beyond each edge of the list.
pub const OVERSCAN: usize = 8;

/// Characters of a frame that stand in its line.
pub const PREVIEW_CHARS: usize = 160;

/// Round trips that the graph shows.
pub const ROUND_TRIPS: usize = 60;

/// Requests whose answer is awaited to measure the round trip; older ones are given up.
pub const AWAITED: usize = 64;

/// Seconds over which a rate is taken.
pub const RATE_SECONDS: usize = 10;

/// Messages in the conversation beside the record.
pub const MESSAGES: usize = 200;

/// The time between two pings of the tester's own, in milliseconds.
pub const PING_EVERY_MS: u32 = 2_000;
