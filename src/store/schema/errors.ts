/** Error records, whole. The unique key makes a repeated record harmless. */
export const ERRORS = `
CREATE TABLE errors (
  error_id TEXT NOT NULL UNIQUE,
  time_ms REAL NOT NULL,
  fingerprint TEXT NOT NULL,
  kind TEXT NOT NULL,
  type TEXT NOT NULL,
  service TEXT NOT NULL,
  trace_id TEXT,
  record TEXT NOT NULL -- the record as JSON
) STRICT`;

/** A page of errors, newest first. */
export const ERRORS_BY_TIME = 'CREATE INDEX errors_by_time ON errors (time_ms)';

/** The errors of a trace. */
export const ERRORS_BY_TRACE = 'CREATE INDEX errors_by_trace ON errors (trace_id) WHERE trace_id IS NOT NULL';

/** The errors of a group, newest first. */
export const ERRORS_BY_GROUP = 'CREATE INDEX errors_by_group ON errors (fingerprint, time_ms)';
