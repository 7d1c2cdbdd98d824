//! Searching, without input or output: how a text is split into folded words, what a query asks for, and what of a message is
//! shown. The store brings the index, which holds nothing but what [`fold`] makes.

pub mod excerpt;
pub mod fold;
pub mod query;

pub use query::{Query, QueryError};
