/** A source of time. Tests replace it; nothing else in the program reads a clock by another way. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic clock, milliseconds with a fraction; its zero has no meaning. */
  mono(): number;
  setTimeout(fn: () => void, ms: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

/** What a {@link Clock} gives for a timer. A timer of ours never holds the process. */
export type TimerHandle = NodeJS.Timeout | number;

/** What Node's timers take, 24.8 days in milliseconds; a longer one fires at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Keeps the process from ending before `timer` fires; the one of a test's clock holds nothing. */
export function holdProcess(timer: TimerHandle): void {
  if (typeof timer === 'object') timer.ref();
}

// Captured at import: later patches of the globals (the handle registry, fake timers) must not see our own timers.
const plainSetTimeout = globalThis.setTimeout;
const plainClearTimeout = globalThis.clearTimeout;
const plainDateNow = Date.now;
const MAX_READINGS = 10;
const hrtime = process.hrtime;
const hrtimeZero = between(hrtimeMs, () => performance.now(), 0.1);

function hrtimeMs(): number {
  // By index: a pattern goes by the iterator of arrays, 5 % of a call that is refused.
  const pair = hrtime();
  return pair[0] * 1_000 + pair[1] * 1e-6;
}

/** What `performance.now()` gives, from the same clock; 26 ns in place of 33, and a traced call reads it twice. */
function mono(): number {
  return hrtimeMs() - hrtimeZero;
}

/** By how much the first clock is ahead of the second. A thread may be put off between two readings: the pair that lies closest together counts. */
function between(first: () => number, second: () => number, closeMs: number): number {
  let ahead = 0;
  let closest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < MAX_READINGS && closest > closeMs; tries++) {
    const before = second();
    const reading = first();
    const apart = second() - before;
    if (apart >= closest) continue;
    closest = apart;
    ahead = reading - before;
  }
  return ahead;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: plainDateNow,
  mono,
  setTimeout(fn, ms) {
    const timer = plainSetTimeout(fn, ms);
    timer.unref();
    return timer;
  },
  clearTimeout(handle) {
    plainClearTimeout(handle);
  },
};

/** The clock in use: a live binding, so that a hot path reads it without a call. */
export let clock: Clock = systemClock;

/** Puts another clock in place and returns a function that puts the former one back. */
export function useClock(next: Clock): () => void {
  const former = clock;
  clock = next;
  return () => {
    clock = former;
  };
}

/** The wall clock says whole milliseconds and is slewed: what is nearer than this is the same time. */
const AGREE_MS = 2;
let offsetMs: number = performance.timeOrigin;

/**
 * What turns monotonic milliseconds into milliseconds since the Unix epoch. It stays as it is while the two clocks agree,
 * so that the spans and events of a trace keep their distances, and follows when the wall clock is set.
 */
export function epochOffset(): number {
  if (isApart(clock.now() - clock.mono())) {
    const nowMs = between(
      () => clock.now(),
      () => clock.mono(),
      AGREE_MS,
    );
    if (isApart(nowMs)) offsetMs = nowMs;
  }
  return offsetMs;
}

function isApart(nowMs: number): boolean {
  return Math.abs(nowMs - offsetMs) > AGREE_MS;
}
