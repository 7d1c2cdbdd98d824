//! The users of the tests, the same in all of them.

/// The account of a user.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// The name that other users see.
    pub name: &'static str,
    /// Identifies the account.
    pub email: &'static str,
    /// In clear text: these accounts exist in tests only.
    pub password: &'static str,
}

impl Account {
    /// One of the two users that most tests need.
    pub const ALICE: Self =
        Self { name: "Alice Lovelace", email: "alice@example.org", password: "a difference engine" };
    /// The other of the two.
    pub const BOB: Self =
        Self { name: "Bob Latour", email: "bob@example.org", password: "actors and networks" };
    /// A third user.
    pub const CAROL: Self =
        Self { name: "Carol Hustedt", email: "carol@example.org", password: "a garden of forks" };
}
