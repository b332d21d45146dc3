import type { IBackoff, IBackoffFactory, IExponentialBackoffOptions } from 'cockatiel';
import type { Duration } from '../core/duration.ts';
import { cockatiel } from './cockatiel.ts';
import { readWaitMs } from './read-wait.ts';

/** How the waits between attempts grow. */
export interface BackoffOptions {
  /** The first wait, before jitter; default `100ms`. */
  readonly initial?: Duration;
  /** The longest wait; default `30s`. */
  readonly max?: Duration;
  /** By how much each wait is longer than the one before; default 2. */
  readonly factor?: number;
  /**
   * How much of a wait is chance, so that those who failed together do not come back together: `full` from nothing up to the
   * wait, `half` from half of it, `none`; `decorrelated` (default) is Polly's, which spreads evenly and grows smoothly.
   */
  readonly jitter?: 'decorrelated' | 'full' | 'half' | 'none';
}

/** A rule for waits. */
export interface Backoff {
  readonly maxMs: number;
  /** Begins anew: each call of the result gives the next wait in milliseconds. */
  start(): () => number;
}

const KNOWN = ['initial', 'max', 'factor', 'jitter'] as const satisfies readonly (keyof BackoffOptions)[];
const JITTERS: readonly string[] = ['decorrelated', 'full', 'half', 'none'];
const MAX_FACTOR = 100;

/** Reads the options; throws what `refuse` makes of a problem. */
export function readBackoff(options: BackoffOptions, refuse: (problem: string) => TypeError): Backoff {
  if (typeof options !== 'object' || options === null) throw refuse(`option "backoff" is ${String(options)}, expected { ${KNOWN.join(', ')} }`);
  const unknown = Object.keys(options).find((key) => !(KNOWN as readonly string[]).includes(key));
  if (unknown !== undefined) throw refuse(`unknown option "backoff.${unknown.slice(0, 100)}", expected some of ${KNOWN.join(', ')}`);
  const { initial = '100ms', max = '30s', factor = 2, jitter = 'decorrelated' } = options;
  const initialDelay = readWaitMs('backoff.initial', initial, refuse);
  const maxDelay = readWaitMs('backoff.max', max, refuse);
  if (maxDelay < initialDelay) throw new RangeError(refuse(`option "backoff.max" is "${max}", expected "backoff.initial" (${initial}) or more`).message);
  if (typeof factor !== 'number' || !(factor >= 1 && factor <= MAX_FACTOR))
    throw new RangeError(refuse(`option "backoff.factor" is ${String(factor)}, expected a number from 1 to ${MAX_FACTOR}`).message);
  if (!JITTERS.includes(jitter)) throw refuse(`option "backoff.jitter" is "${String(jitter)}", expected one of ${JITTERS.join(', ')}`);
  const waits = waitsOf(jitter, { initialDelay, maxDelay, exponent: factor });
  return {
    maxMs: maxDelay,
    start() {
      let at: IBackoff<unknown> | undefined;
      return () => {
        at = at === undefined ? waits.next(undefined) : at.next(undefined);
        return at.duration;
      };
    },
  };
}

function waitsOf(jitter: NonNullable<BackoffOptions['jitter']>, rule: Omit<IExponentialBackoffOptions<number>, 'generator'>): IBackoffFactory<unknown> {
  const { ExponentialBackoff, decorrelatedJitterGenerator, fullJitterGenerator, halfJitterGenerator, noJitterGenerator } = cockatiel();
  if (jitter === 'decorrelated') return new ExponentialBackoff({ ...rule, generator: decorrelatedJitterGenerator });
  const generator = jitter === 'full' ? fullJitterGenerator : jitter === 'half' ? halfJitterGenerator : noJitterGenerator;
  // cockatiel's other generators double whatever the exponent says: 2 to the power of n times log2(factor) is factor to the power of n.
  const step = Math.log2(rule.exponent);
  return new ExponentialBackoff<number>({ ...rule, generator: (doubled = 0, options) => [generator(doubled, options)[0], doubled + step] });
}
