//! SQL for the files of the page, as both backends speak it.

use super::Connection;
use crate::store::{PAGE_VERSIONS, PageFile};

pub(super) async fn keep_files(writer: &mut Connection, files: &[PageFile]) -> sqlx::Result<()> {
    let mut transaction = super::begin(writer).await?;
    let generation: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(generation), 0) + 1 FROM page_files")
        .fetch_one(&mut *transaction)
        .await?;
    for file in files {
        // The name says the content, so one that is there is the same.
        sqlx::query(
            "INSERT INTO page_files (path, generation, content_type, encoding, content) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (path) DO UPDATE SET generation = excluded.generation",
        )
        .bind(&file.path)
        .bind(generation)
        .bind(&file.content_type)
        .bind(&file.encoding)
        .bind(&file.content[..])
        .execute(&mut *transaction)
        .await?;
    }
    sqlx::query(
        "DELETE FROM page_files WHERE generation NOT IN
         (SELECT generation FROM page_files GROUP BY generation ORDER BY generation DESC LIMIT $1)",
    )
    .bind(PAGE_VERSIONS)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn file(reader: &mut Connection, path: &str) -> sqlx::Result<Option<PageFile>> {
    let row: Option<(String, String, Vec<u8>)> =
        sqlx::query_as("SELECT content_type, encoding, content FROM page_files WHERE path = $1")
            .bind(path)
            .fetch_optional(reader)
            .await?;
    Ok(row.map(|(content_type, encoding, content)| PageFile {
        path: path.to_owned(),
        content_type,
        encoding,
        content: content.into(),
    }))
}
