//! Whether one chat's stream is complete, and when to ask for it again.
