//! Who uses Causerie in tests: always the same people.

/// Who somebody is to Causerie.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// Shown to others.
    pub name: &'static str,
    /// Identifies the account.
    pub email: &'static str,
    /// In the clear; these people exist in tests only.
    pub password: &'static str,
}

impl Account {
    /// The first of two.
    pub const ALICE: Self =
        Self { name: "Alice Lovelace", email: "alice@example.org", password: "a difference engine" };
    /// The second of two.
    pub const BOB: Self =
        Self { name: "Bob Latour", email: "bob@example.org", password: "actors and networks" };
    /// Somebody else.
    pub const CAROL: Self =
        Self { name: "Carol Hustedt", email: "carol@example.org", password: "a garden of forks" };
}
