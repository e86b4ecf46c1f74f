-- When the source made that file, in ms since 1970, as the file itself says: a source that was restored
-- from a backup makes files anew that have the same names. NULL: not known.
ALTER TABLE _ducktail.stream ADD COLUMN binlog_file_time_ms BIGINT;
