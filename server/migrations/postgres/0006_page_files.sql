-- The files of the page, of the last few versions that served: while one version follows another, a browser may ask
-- any node for a file of either. Each start of a version is a generation, counted and not timed.
CREATE TABLE page_files (
    path         TEXT   NOT NULL PRIMARY KEY,
    generation   BIGINT NOT NULL,
    content_type TEXT   NOT NULL,
    encoding     TEXT   NOT NULL,
    content      BYTEA  NOT NULL
);
