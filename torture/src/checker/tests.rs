//! Made histories.
