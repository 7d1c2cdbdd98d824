//! A fresh database on the Postgres server that the tests were given.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection, PgConnection};

/// The server's URL without a database.
pub fn server() -> String {
    std::env::var("CAUSERIE_TEST_POSTGRES").expect(
        "these tests need a Postgres server: run `cargo xtask test`, which starts one and sets CAUSERIE_TEST_POSTGRES",
    )
}

/// The URL of a new, empty database. The server is thrown away with all of them after the tests.
pub async fn database() -> String {
    database_with("").await
}

/// As [`database`], where letters change their case as in Turkish: the capital of `i` is `İ`, and `I` the one of `ı`.
pub async fn turkish_database() -> String {
    database_with("TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'tr'").await
}

/// As [`database`], made with options of `CREATE DATABASE`.
pub async fn database_with(options: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = server();
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    let statement = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name} {options}"));
    sqlx::raw_sql(statement).execute(&mut admin).await.unwrap();
    format!("{server}/{name}")
}
