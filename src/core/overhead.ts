/** What parts of the SDK used of the application's thread, seconds by part; `sonde_overhead_seconds_total` shows it. */
const seconds = new Map<string, number>();

/** Adds what a part used. */
export function addOverhead(part: string, ms: number): void {
  seconds.set(part, (seconds.get(part) ?? 0) + ms / 1_000);
}

/** Seconds by part, since the process began. */
export function overheadSeconds(): ReadonlyMap<string, number> {
  return seconds;
}
