-- Ducktail's own state, beside the replicated tables and in the same file, because a DuckDB
-- transaction can write to one file only: state and data commit together or not at all.
-- No PRIMARY KEY anywhere: its index lives in memory, and these tables are replaced by key.

CREATE TABLE _ducktail.tables (
    target_schema    VARCHAR     NOT NULL,  -- schema of the replica's table
    table_name       VARCHAR     NOT NULL,  -- its name, the same as at the source
    source_database  VARCHAR     NOT NULL,  -- the MySQL database it comes from
    mode             VARCHAR     NOT NULL,  -- how it was last brought up to date: 'full'
    key_columns      VARCHAR[]   NOT NULL,  -- the source's key, in index order; empty without one
    watermark_column VARCHAR,               -- the column an incremental sync follows
    source_schema    JSON        NOT NULL,  -- the source's columns, as of the last full sync
    row_count        BIGINT      NOT NULL,  -- rows as of the last sync
    rejected_values  BIGINT      NOT NULL,  -- values that could not be kept as they are
    last_sync_at     TIMESTAMPTZ,           -- when the last successful sync was committed
    last_run_id      UUID,                  -- that sync's run
    last_error       VARCHAR                -- why the latest attempt failed; NULL after a success
);

CREATE TABLE _ducktail.watermarks (
    target_schema VARCHAR     NOT NULL,
    table_name    VARCHAR     NOT NULL,
    column_name   VARCHAR     NOT NULL,  -- the watermark column
    value         VARCHAR,               -- its highest value in the replica; NULL for none
    highest_key   JSON,                  -- the highest key, an array of texts; NULL without a key
    recorded_at   TIMESTAMPTZ NOT NULL
);

-- Each table has its own: one that is synced alone is ahead of the others.
CREATE TABLE _ducktail.checkpoints (
    target_schema   VARCHAR     NOT NULL,
    table_name      VARCHAR     NOT NULL,
    gtid_set        VARCHAR,               -- GTIDs the table contains; NULL where they are off
    binlog_file     VARCHAR     NOT NULL,  -- the same instant as file …
    binlog_position BIGINT      NOT NULL,  -- … and position
    recorded_at     TIMESTAMPTZ NOT NULL
);

CREATE TABLE _ducktail.sync_runs (
    run_id      UUID        NOT NULL,
    mode        VARCHAR     NOT NULL,  -- 'full'
    started_at  TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,           -- NULL: running, or ended by a crash
    tables      BIGINT,                -- tables that were synced
    failed      BIGINT,                -- tables that were not
    row_count   BIGINT                 -- rows over all tables
);

CREATE TABLE _ducktail.rejected_values (
    target_schema VARCHAR     NOT NULL,
    table_name    VARCHAR     NOT NULL,
    row_key       JSON,                  -- the row's key, an array of texts; NULL without a key
    column_name   VARCHAR     NOT NULL,
    source_text   VARCHAR     NOT NULL,  -- the value as the source prints it
    reason        VARCHAR     NOT NULL,
    rejected_at   TIMESTAMPTZ NOT NULL
);
