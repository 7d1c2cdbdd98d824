//! The tester's limits.

/// Lines that a record keeps.
pub const FRAMES: usize = 10_000;

/// Bytes of text that a record keeps; ten thousand of the longest frames would not fit into a phone's memory.
pub const TEXT_BYTES: usize = 32 * 1024 * 1024;

/// The height of a line in CSS pixels; all lines have the same, so that only the visible ones need be drawn.
pub const ROW_PX: f64 = 28.0;

/// Lines that are drawn beyond each edge of the list.
pub const OVERSCAN: usize = 8;

/// Characters of a frame that its line shows.
pub const PREVIEW_CHARS: usize = 160;

/// Round trips that the graph shows.
pub const ROUND_TRIPS: usize = 60;

/// Requests whose reply is awaited to measure the round trip; older ones are given up.
pub const AWAITED: usize = 64;

/// Seconds over which a rate is averaged.
pub const RATE_SECONDS: usize = 10;

/// Messages in the conversation beside the record.
pub const MESSAGES: usize = 200;

/// The time between two of the tester's own pings, in milliseconds.
pub const PING_EVERY_MS: u32 = 2_000;
