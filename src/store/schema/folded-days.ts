/** The days whose error groups were taken over into the history before their file was removed. Used in `history.db` only. */
export const FOLDED_DAYS = `
CREATE TABLE folded_days (
  day TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID`;
