/** Log records. */
export const LOGS = `
CREATE TABLE logs (
  time_ms REAL NOT NULL,
  severity INTEGER NOT NULL,
  logger TEXT NOT NULL,
  message TEXT NOT NULL,
  trace_id TEXT,
  resource INTEGER NOT NULL,
  rest TEXT NOT NULL -- what is no column, as JSON
) STRICT`;

/** A page of logs, newest first. */
export const LOGS_BY_TIME = 'CREATE INDEX logs_by_time ON logs (time_ms)';

/** The log lines of a trace. */
export const LOGS_BY_TRACE = 'CREATE INDEX logs_by_trace ON logs (trace_id) WHERE trace_id IS NOT NULL';

/** A page of warnings and errors: few among many lines. */
export const LOGS_SEVERE = 'CREATE INDEX logs_severe ON logs (time_ms) WHERE severity >= 13';
