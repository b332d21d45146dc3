const SEEN = '1d'; // a series that was seen this long ago is not new: one of the servers was away for a while

/**
 * PromQL of how much a counter counted in `window`, also of a series that appeared or began anew within it. `increase` takes the first
 * value of a series for nothing: what is counted for the first time, and all at once, would never be seen. What was counted before a gap
 * in the samples is old: it would be told a second time.
 */
export function counted(selector: string, window: string): string {
  return `((increase(${selector}[${window}]) > 0) or (${selector} unless (${selector} >= last_over_time(${selector}[${SEEN}] offset ${window}))))`;
}
