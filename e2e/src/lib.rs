//! Whole-page tests.
