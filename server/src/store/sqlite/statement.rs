//! The functions of `sqlx` that shared SQL calls where it appends, for the connection of the thread that appends.
//!
//! Nothing waits here: each future is ready when it is polled first.

use std::marker::PhantomData;

use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Row, ToSql};

use super::writer::into_sqlx;
use crate::clock::UnixMicros;

impl ToSql for UnixMicros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for UnixMicros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}

/// A statement and its parameters, `$1` and so on in their order.
pub(in crate::store) struct Query<'q> {
    sql: &'static str,
    parameters: Vec<Box<dyn ToSql + 'q>>,
}

/// As [`Query`], of which the rows are wanted.
pub(in crate::store) struct QueryAs<'q, R> {
    query: Query<'q>,
    row: PhantomData<R>,
}

/// As [`Query`], of which the first column is wanted.
pub(in crate::store) struct QueryScalar<'q, T> {
    query: Query<'q>,
    value: PhantomData<T>,
}

/// What a statement did.
pub(in crate::store) struct Done {
    rows: u64,
}

pub(in crate::store) fn query<'q>(sql: &'static str) -> Query<'q> {
    Query { sql, parameters: Vec::new() }
}

pub(in crate::store) fn query_as<'q, R>(sql: &'static str) -> QueryAs<'q, R> {
    QueryAs { query: query(sql), row: PhantomData }
}

pub(in crate::store) fn query_scalar<'q, T>(sql: &'static str) -> QueryScalar<'q, T> {
    QueryScalar { query: query(sql), value: PhantomData }
}

impl Done {
    pub(in crate::store) fn rows_affected(&self) -> u64 {
        self.rows
    }
}

impl<'q> Query<'q> {
    pub(in crate::store) fn bind(mut self, value: impl ToSql + 'q) -> Self {
        self.parameters.push(Box::new(value));
        self
    }

    pub(in crate::store) async fn execute(self, connection: &mut Connection) -> sqlx::Result<Done> {
        let rows = self.bound(connection).and_then(|mut statement| statement.raw_execute());
        Ok(Done { rows: rows.map_err(into_sqlx)? as u64 })
    }

    fn first<T>(
        &self,
        connection: &Connection,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> sqlx::Result<Option<T>> {
        let first = self.bound(connection).and_then(|mut statement| {
            let mut rows = statement.raw_query();
            rows.next()?.map(read).transpose()
        });
        first.map_err(into_sqlx)
    }

    fn bound<'c>(&self, connection: &'c Connection) -> rusqlite::Result<CachedStatement<'c>> {
        let mut statement = connection.prepare_cached(self.sql)?;
        for (number, value) in (1..).zip(&self.parameters) {
            // To SQLite `$1` is a name like any other, and has its place by where it stands first.
            if let Some(place) = statement.parameter_index(&format!("${number}"))? {
                statement.raw_bind_parameter(place, value)?;
            }
        }
        Ok(statement)
    }
}

impl<'q, R: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error>> QueryAs<'q, R> {
    pub(in crate::store) fn bind(self, value: impl ToSql + 'q) -> Self {
        Self { query: self.query.bind(value), ..self }
    }

    pub(in crate::store) async fn fetch_optional(
        self,
        connection: &mut Connection,
    ) -> sqlx::Result<Option<R>> {
        self.query.first(connection, |row| R::try_from(row))
    }
}

impl<'q, T: FromSql> QueryScalar<'q, T> {
    pub(in crate::store) fn bind(self, value: impl ToSql + 'q) -> Self {
        Self { query: self.query.bind(value), ..self }
    }

    pub(in crate::store) async fn fetch_optional(
        self,
        connection: &mut Connection,
    ) -> sqlx::Result<Option<T>> {
        self.query.first(connection, |row| row.get(0))
    }

    pub(in crate::store) async fn fetch_one(self, connection: &mut Connection) -> sqlx::Result<T> {
        self.fetch_optional(connection).await?.ok_or(sqlx::Error::RowNotFound)
    }
}
