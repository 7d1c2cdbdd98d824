//! A database of the version before addresses had keys, brought up to date.

use std::path::Path;

use causerie_server::store::Store;
use sqlx::migrate::Migrator;

/// The last version of the tables without keys.
pub const BEFORE: i64 = 2;

/// Accounts of that version, in the order of their ids, where the database took `É` and `é` for two letters.
pub const ADDRESSES: [&str; 7] = [
    "Alice@Example.org",
    "Élan@Example.org",
    "élan@Example.org",
    "E\u{301}LAN@example.org",
    "nguye\u{302}\u{303}n@example.org",
    "a\u{200b}na@example.org",
    "İnci@example.org",
];

/// The migrations of a backend.
pub async fn migrations(backend: &str) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(backend);
    Migrator::new(folder).await.unwrap()
}

/// What the people of those accounts may rely on.
pub async fn everybody_is_found(store: &impl Store) {
    let id = async |email: &str| store.account(email).await.unwrap().map(|(user, _)| user.id.0);
    for (address, expected) in ADDRESSES.iter().zip(1..) {
        assert_eq!(id(address).await, Some(expected), "{address}, as it was registered");
        assert_eq!(
            id(&address.to_ascii_lowercase()).await,
            Some(expected),
            "{address}, in other ASCII letters"
        );
    }
    // Whoever was first has every other spelling.
    for (address, expected) in [
        ("ALICE@example.org", 1),
        ("ÉLAN@EXAMPLE.ORG", 2),
        ("NGUYỄN@example.org", 5),
        ("i\u{307}nci@example.org", 7),
    ] {
        assert_eq!(id(address).await, Some(expected), "{address}");
    }
    for taken in ["alice@example.org", "E\u{301}lan@example.org", "Nguyễn@example.org"] {
        assert_eq!(store.create_user(taken, "Again", "hash").await.unwrap(), None, "{taken}");
    }
    assert!(store.create_user("new@example.org", "New", "hash").await.unwrap().is_some());
}
