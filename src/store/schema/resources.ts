/** The processes that wrote here: a service, host and release. Rows refer to them by number. */
export const RESOURCES = `
CREATE TABLE resources (
  id INTEGER PRIMARY KEY,
  body TEXT NOT NULL UNIQUE -- attributes as JSON with sorted keys
) STRICT`;
