//! What the store answers about the index of the messages' words.

/// What one step of indexing did, and what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Messages whose words were written.
    pub written: u64,
    /// Messages whose words were taken out, because they were edited or deleted.
    pub taken_out: u64,
    /// Entries of all logs that are not looked at yet.
    pub left: u64,
    /// Something is left that another step will do, unless another node is at it.
    pub more: bool,
}

/// Ids that one step looks at.
pub(super) const STEP_IDS: i64 = 256;
/// Bytes of text after which a step ends, so that others need not wait long for it.
pub(super) const STEP_BYTES: usize = 32 * 1024;
/// Messages that a search looks at with one query.
pub(super) const CANDIDATES_AT_ONCE: u64 = 200;

/// How many rows of a step are worked on: until their texts have so many bytes, and one at least.
pub(super) fn within_bytes<'a>(texts: impl Iterator<Item = &'a [u8]>) -> usize {
    let mut bytes = 0;
    texts
        .take_while(|text| {
            let fits = bytes < STEP_BYTES;
            bytes += text.len();
            fits
        })
        .count()
}
