/** What is known of a fingerprint on this day, one row a service and release. */
export const ERROR_GROUPS = `
CREATE TABLE error_groups (
  fingerprint TEXT NOT NULL,
  service TEXT NOT NULL,
  release TEXT NOT NULL, -- '' where it is not known
  first_ms REAL NOT NULL,
  last_ms REAL NOT NULL,
  count INTEGER NOT NULL,
  kind TEXT NOT NULL,
  type TEXT NOT NULL,
  message TEXT NOT NULL, -- of the last one
  last_error_id TEXT NOT NULL,
  PRIMARY KEY (fingerprint, service, release)
) STRICT, WITHOUT ROWID`;
