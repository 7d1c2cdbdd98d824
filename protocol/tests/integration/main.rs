//! The wire as a whole: every frame survives a change of its text, and the written reference says what the types say.

mod examples;
mod fuzz;
mod reference;
