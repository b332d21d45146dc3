/** Counts by the minute, kept at ingest: grouping raw rows costs 10 to 30 times more. */
export const ROLLUPS = `
CREATE TABLE rollups (
  minute INTEGER NOT NULL, -- minutes since the Unix epoch
  signal TEXT NOT NULL, -- span, log, error
  key TEXT NOT NULL, -- span name, level, error type
  resource INTEGER NOT NULL,
  count INTEGER NOT NULL,
  failed INTEGER NOT NULL, -- spans with status error; 0 for the others
  sum_ms REAL NOT NULL, -- of durations; 0 for the others
  max_ms REAL NOT NULL,
  PRIMARY KEY (minute, signal, key, resource)
) STRICT, WITHOUT ROWID`;
