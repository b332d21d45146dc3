/** Services in fast motion: what each has open at a time, so that the growth detector can be judged on days of life in milliseconds. */
import { STALE_MS } from '../../../src/handles/growth.ts';

/** Of simulated life: what is shorter than this does not show in floors of a minute anyway. */
export const STEP_MS = 30_000;

interface Thing {
  readonly openedMs: number;
  usedMs: number;
}

/** What a service has open, and what it can do with it in one step. */
export class World {
  readonly things: Thing[] = [];
  nowMs = 0;
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A number from 0 to 1; the same services see the same numbers in every run. */
  random(): number {
    this.#seed = (this.#seed * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return this.#seed / 4_294_967_296;
  }

  /** How many events of that many a minute happen in this step. */
  events(perMinute: number): number {
    const expected = (perMinute * STEP_MS) / 60_000;
    return Math.floor(expected) + (this.random() < expected % 1 ? 1 : 0);
  }

  get minutes(): number {
    return this.nowMs / 60_000;
  }
  get hours(): number {
    return this.nowMs / 3_600_000;
  }

  /** From 0 to 1 and back within a day, lowest at four in the morning. */
  daylight(): number {
    return 0.5 - 0.5 * Math.cos(((this.hours - 4) / 24) * 2 * Math.PI);
  }

  open(count: number): void {
    for (let i = 0; i < count; i++) this.things.push({ openedMs: this.nowMs, usedMs: this.nowMs });
  }
  closeOldest(count: number): void {
    this.things.splice(0, count);
  }
  closeNewest(count: number): void {
    this.things.splice(Math.max(0, this.things.length - count));
  }
  closeOlderThan(ms: number): void {
    for (let i = this.things.length - 1; i >= 0; i--) if (this.nowMs - (this.things[i] as Thing).openedMs >= ms) this.things.splice(i, 1);
  }
  resize(target: number): void {
    const wanted = Math.round(target);
    if (this.things.length < wanted) this.open(wanted - this.things.length);
    else this.closeNewest(this.things.length - wanted);
  }
  use(share: number): void {
    for (const thing of this.things) if (this.random() < share) thing.usedMs = this.nowMs;
  }

  /** What the registry would count: unused for long, and how many of those were not yet at the step before. */
  stale(): { readonly count: number; readonly came: number } {
    let count = 0;
    let came = 0;
    for (const { usedMs } of this.things) {
      if (this.nowMs - usedMs < STALE_MS) continue;
      count++;
      if (this.nowMs - STEP_MS - usedMs < STALE_MS) came++;
    }
    return { count, came };
  }
}

export interface Service {
  readonly name: string;
  readonly leaks: boolean;
  /** Of simulated life; default 48. */
  readonly hours?: number;
  /** Whether the value is a size that was read (`watchSize`), not handles. */
  readonly size?: (world: World) => number;
  /** Told to `watchSize`. */
  readonly max?: number;
  step?(world: World): void;
}

const every = (world: World, minutes: number): boolean => Math.floor(world.minutes / minutes) !== Math.floor((world.nowMs - STEP_MS) / 60_000 / minutes);

export const LEAKING: readonly Service[] = [
  { name: 'an interval for each login, never cleared', leaks: true, step: (w) => w.open(w.events(1)) },
  { name: 'a socket lost in 1 % of the requests, load by day', leaks: true, step: (w) => w.open(w.events(6 * w.daylight())) },
  { name: 'a watcher for each reload of the configuration, every 10 minutes', leaks: true, hours: 72, step: (w) => every(w, 10) && w.open(1) },
  { name: 'a worker left by every tenth job', leaks: true, step: (w) => w.open(w.events(0.8)) },
  { name: 'a child process that is never reaped, every 5 minutes', leaks: true, hours: 72, step: (w) => every(w, 5) && w.open(1) },
  {
    name: 'lost sockets beside a pool that breathes',
    leaks: true,
    step(w) {
      w.open(w.events(2));
      if (w.random() < 0.02) w.open(5);
      if (w.random() < 0.02) w.closeNewest(5);
    },
  },
  { name: 'a leak that gets faster', leaks: true, step: (w) => w.open(w.events(w.hours)) },
  { name: 'one lost every other minute', leaks: true, step: (w) => w.open(w.events(0.5)) },
  { name: 'files left open in office hours only', leaks: true, hours: 72, step: (w) => w.hours % 24 > 9 && w.hours % 24 < 17 && w.open(w.events(3)) },
  { name: 'healthy for five hours, then every request leaks a timer', leaks: true, step: (w) => w.hours > 5 && w.open(w.events(20)) },
  {
    name: 'iterators left open, one in ten closed late',
    leaks: true,
    step(w) {
      w.open(w.events(3));
      if (w.random() < 0.05) w.closeOldest(1);
    },
  },
  { name: 'a map without eviction, new keys at an even rate', leaks: true, size: (w) => Math.floor(w.minutes * 4) },
  { name: 'listeners added with each reconnect, about two an hour', leaks: true, hours: 72, step: (w) => w.open(w.events(2 / 60)) },
];

const saturating = (w: World, most: number, minutes: number): number => most * (1 - Math.exp(-w.minutes / minutes));

export const HEALTHY: readonly Service[] = [
  { name: 'a pool of fixed size', leaks: false, step: (w) => w.resize(20) },
  {
    name: 'a keep-alive pool that follows the day',
    leaks: false,
    step(w) {
      w.resize(10 + 90 * w.daylight());
      w.use(0.2);
    },
  },
  { name: 'warm-up to 200 in ten minutes', leaks: false, step: (w) => w.resize(Math.min(200, w.minutes * 20)) },
  { name: 'warm-up to 64 in twenty minutes', leaks: false, step: (w) => w.resize(Math.min(64, w.minutes * 3.2)) },
  { name: 'a slow warm-up that levels off over an hour', leaks: false, step: (w) => w.resize(saturating(w, 300, 20)) },
  { name: 'a cache that fills, faster at first', leaks: false, size: (w) => Math.floor(saturating(w, 10_000, 30)) },
  { name: 'a cache that fills evenly up to its bound', leaks: false, max: 5_000, size: (w) => Math.min(5_000, Math.floor(w.minutes * 10)) },
  { name: 'a cache with a time to live', leaks: false, size: (w) => Math.floor(Math.min(w.minutes, 15) * 20 * (0.8 + 0.4 * w.random())) },
  { name: 'a burst every five minutes', leaks: false, step: (w) => (every(w, 5) ? w.open(100) : w.closeOlderThan(60_000)) },
  { name: 'a burst of ten minutes every hour', leaks: false, step: (w) => w.resize(w.minutes % 60 < 10 ? 300 : 5) },
  { name: 'a nightly job of two hours', leaks: false, hours: 72, step: (w) => w.resize(w.hours % 24 > 2 && w.hours % 24 < 4 ? 500 : 10) },
  {
    name: 'a nightly job that opens one thing after another and closes all',
    leaks: false,
    hours: 72,
    step: (w) => (w.hours % 24 > 2 && w.hours % 24 < 2.3 ? w.open(w.events(30)) : w.closeOldest(1_000)),
  },
  {
    name: 'web sockets with pings in the morning',
    leaks: false,
    hours: 72,
    step(w) {
      w.resize(50 + 1_000 * w.daylight());
      w.use(0.1);
    },
  },
  {
    name: 'request timeouts of thirty seconds under growing load',
    leaks: false,
    step(w) {
      w.open(w.events(60 + w.minutes / 4));
      w.closeOlderThan(30_000);
    },
  },
  { name: 'a connection for each tenant, in steps, then none', leaks: false, step: (w) => w.resize(Math.min(8, Math.floor(w.minutes / 45)) * 12) },
  { name: 'a random walk around fifty', leaks: false, step: (w) => w.resize(50 + 20 * Math.sin(w.minutes / 7) + 10 * w.random()) },
  { name: 'noise', leaks: false, step: (w) => w.resize(200 * w.random()) },
  { name: 'a storm of reconnects that decays over an hour', leaks: false, step: (w) => w.resize(w.hours < 3 ? 20 : 20 + 1_000 * Math.exp(-(w.hours - 3) * 3)) },
  { name: 'a log file that is rotated every hour', leaks: false, step: (w) => w.resize(every(w, 60) ? 2 : 1) },
  { name: 'workers that scale from 4 to 16', leaks: false, step: (w) => w.resize(Math.min(16, 4 + Math.floor(Math.max(0, w.minutes - 60) / 3))) },
  {
    name: 'retries whose timers back off for up to ten minutes',
    leaks: false,
    step(w) {
      w.open(w.events(w.hours % 6 < 0.5 ? 30 : 0.2));
      w.closeOlderThan(600_000);
    },
  },
  {
    name: 'a daily rhythm of idle connections of twenty minutes',
    leaks: false,
    hours: 72,
    step(w) {
      w.open(w.events(10 * w.daylight()));
      w.closeOlderThan(1_200_000);
    },
  },
  {
    name: 'subscriptions that come and go, half an hour each',
    leaks: false,
    step(w) {
      w.open(w.events(2));
      w.closeOlderThan(1_800_000 * (0.5 + w.random()));
    },
  },
  {
    name: 'traffic that grows five percent a day',
    leaks: false,
    hours: 72,
    step(w) {
      w.resize(100 * w.daylight() * 1.05 ** (w.hours / 24) + 20);
      w.use(0.1);
    },
  },
];
