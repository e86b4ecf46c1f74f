-- What incremental sync has to know about a table's last sync.

-- When the server had made the table's files, in its own words: a table that was rebuilt or made anew
-- since is copied whole again. NULL where the server does not tell.
ALTER TABLE _ducktail.tables ADD COLUMN source_created_at VARCHAR;

-- The table's next AUTO_INCREMENT: a lower one later tells of a TRUNCATE. NULL without one.
ALTER TABLE _ducktail.tables ADD COLUMN source_auto_increment UBIGINT;
