-- What following the binlog has to keep. Rows are replaced by DELETE and INSERT, never by UPDATE:
-- after an UPDATE no CHECKPOINT succeeds while an older reader's transaction is open.

-- How far the stream is applied: written by the transaction that applies the changes. One row per
-- target schema.
CREATE TABLE _ducktail.stream (
    target_schema   VARCHAR     NOT NULL,  -- schema of the replica's tables
    source_identity VARCHAR     NOT NULL,  -- the server: MySQL's server_uuid, MariaDB's server and domain id
    gtid_set        VARCHAR,               -- GTIDs that are applied; NULL where they are off
    binlog_file     VARCHAR     NOT NULL,  -- the same instant as file …
    binlog_position BIGINT      NOT NULL,  -- … and position, a transaction boundary
    source_time     TIMESTAMPTZ,           -- when the last applied transaction was committed; NULL: not known
    recorded_at     TIMESTAMPTZ NOT NULL   -- when it was applied here
);

-- Transactions that were prepared (XA PREPARE) and neither committed nor rolled back yet: their rows
-- came with the PREPARE and are not in the replica.
CREATE TABLE _ducktail.parked_transactions (
    xid   VARCHAR NOT NULL,  -- the transaction's id, as XA COMMIT and XA ROLLBACK print it
    seq   INTEGER NOT NULL,  -- the event's place in the transaction
    event BLOB    NOT NULL   -- the binlog event as it came
);

-- Tables whose changes can't be applied: they are left as they were until they are copied again.
CREATE TABLE _ducktail.quarantined_tables (
    target_schema VARCHAR     NOT NULL,
    table_name    VARCHAR     NOT NULL,
    reason        VARCHAR     NOT NULL,  -- what could not be applied, for the operator
    since         TIMESTAMPTZ NOT NULL
);

-- Whether the stream's position, where it is further, holds for the table too. A copy that was made
-- beside a stream that has gone on without the table can't join it.
ALTER TABLE _ducktail.checkpoints ADD COLUMN in_stream BOOLEAN DEFAULT false;

-- What was chosen once for this replica.
CREATE TABLE _ducktail.settings (
    name  VARCHAR NOT NULL,  -- 'cdc_server_id': the replica's server_id at the source
    value VARCHAR NOT NULL
);
