/** Finished spans. The unique key makes a repeated batch harmless and is the index of a look-up by trace. */
export const SPANS = `
CREATE TABLE spans (
  trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL,
  parent_id TEXT,
  name TEXT NOT NULL,
  kind INTEGER NOT NULL,
  start_ms REAL NOT NULL,
  duration_ms REAL NOT NULL,
  status INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  rest TEXT NOT NULL, -- what is no column, as JSON
  UNIQUE (trace_id, span_id)
) STRICT`;
