-- The source's rows from the lookback on, as they were when the replica was last brought in line with
-- them, as count and checksum: as long as the source's are the same, there is nothing to read. NULL
-- where that is not known.
ALTER TABLE _ducktail.watermarks ADD COLUMN compared_window VARCHAR;
