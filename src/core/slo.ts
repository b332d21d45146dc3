import { type Duration, durationMs } from './duration.ts';

/** What a function or a route promises, as it is declared. */
export interface SloOptions {
  /** The share of calls that must not fail, between 0 and 1, such as 0.999. */
  readonly objective: number;
  /** What 99 of 100 calls must keep, such as `'300ms'`. */
  readonly latency?: Duration;
}

/** The same in numbers; alert rules are written from it. */
export interface Slo {
  readonly objective: number;
  /** Milliseconds. */
  readonly latencyMs: number | undefined;
}

/** Reads the promise of `subject`; `act` is what cannot be done with a wrong one, such as "trace". */
export function sloOf({ objective, latency }: SloOptions, act: string, subject: string): Slo {
  if (!(objective > 0 && objective < 1)) {
    throw new RangeError(`Cannot ${act} "${subject}": the objective is ${String(objective)}, expected a share between 0 and 1 such as 0.999`);
  }
  return { objective, latencyMs: latency === undefined ? undefined : durationMs(latency, `latency of "${subject}"`) };
}
