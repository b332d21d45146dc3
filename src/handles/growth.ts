import { clock } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import { defineError } from '../errors/define-error.ts';
import { report } from '../errors/report.ts';
import { COLLECTION_SCALES, type GrowthScale, GrowthSeries, type Suspicion } from './growth-series.ts';
import { onSample } from './install.ts';
import type { HandleType } from './kinds.ts';
import { shortSite } from './leak-message.ts';
import { loopNow } from './loop-now.ts';
import type { Site } from './origin.ts';
import { openEntries, timerLog } from './registry.ts';
import { siteText } from './site-text.ts';

/**
 * A handle counts for growth only when it is this old and, where its use can be seen, unused for as long: requests under way,
 * busy connections, idle connections of a pool and the morning's load come and go within half an hour, what was forgotten does not.
 */
export const STALE_MS = 1_800_000;
const MAX_SERIES = 2_000; // places that hold something for half an hour: dozens; 3 kB each

/** Something that only grows. */
export interface SuspectedLeak {
  /** `47 sockets from src/pool.ts:88, +12/min since 2026-11-21T09:00:00Z`. */
  readonly summary: string;
  readonly type: HandleType | 'collection' | 'heap';
  /** The line that opens them, or the collection's name. */
  readonly source: string;
  readonly count: number;
  readonly perMinute: number;
  readonly since: string;
  /** The error ID of its record. */
  readonly errorId: string;
}

const SuspectedLeakError = defineError<{ type: string; source: string; count: number; perMinute: number }>('sonde/suspected-leak', {
  status: 500,
  title: 'Suspected leak',
  hint: 'Look at /debug/handles for the line that opens them and the call that closes them.',
});

interface Watched {
  readonly series: GrowthSeries;
  readonly type: SuspectedLeak['type'];
  readonly source: string;
  suspected: SuspectedLeak | undefined;
}

const watched = new Map<string, Watched>();
let sampledMono = Number.NEGATIVE_INFINITY;
const sizes = new Map<string, { read(): number; readonly max: number }>();

/** The leaks that are suspected now, the latest last. */
export function suspectedLeaks(): SuspectedLeak[] {
  return [...watched.values()].flatMap(({ suspected }) => suspected ?? []);
}

/** Watches what is open for growth, until the returned function is called. */
export function watchGrowth(): () => void {
  const stop = onSample(() => sampleGrowth(clock.mono()));
  return () => {
    stop();
    watched.clear();
    sampledMono = Number.NEGATIVE_INFINITY;
  };
}

/**
 * Watches the size of a collection of yours for growth without end, as the registry does for handles.
 *
 * Shape: returns the function that ends it. `size` is asked every 10 s once telemetry has started.
 * Units: `max` is the size at which the collection is full: filling up to it is no leak.
 * Errors: `TypeError` where `size` is no function; what it throws or no finite number counts as no sample.
 *
 * @example
 * const cache = new Map();
 * const stop = watchSize('rates', () => cache.size, { max: 10_000 });
 * stop();
 */
export function watchSize(name: string, size: () => number, options: { readonly max?: number } = {}): () => void {
  if (typeof size !== 'function') throw new TypeError(`Cannot watch the size of "${name}": is ${typeof size}, expected a function that gives a number`);
  const entry = { read: size, max: options.max ?? 0 };
  sizes.set(name, entry);
  return () => {
    if (sizes.get(name) === entry) sizes.delete(name);
    watched.delete(`collection ${name}`);
  };
}

/** One look at everything. */
export function sampleGrowth(mono: number): void {
  const counts = staleCounts(mono, sampledMono);
  sampledMono = mono;
  for (const [key, { series }] of watched) {
    if (!counts.has(key) && !key.startsWith('collection ') && !key.startsWith('heap')) take(key, mono, 0);
    if (series.idle) watched.delete(key);
  }
  for (const [key, { count, came, type, site }] of counts) take(key, mono, count, type, site ? shortSite(siteText(site)) : key, undefined, came);
  for (const [name, { read, max }] of sizes) {
    const size = readSize(read);
    if (size !== undefined) take(`collection ${name}`, mono, Math.max(0, size - max), 'collection', name, COLLECTION_SCALES);
  }
}

/** One sample of a series, with the scales of its own kind where those of handles do not fit. `came`: how many of them are new. */
export function take(
  key: string,
  mono: number,
  value: number,
  type: SuspectedLeak['type'] = 'other',
  source: string = key,
  scales?: readonly GrowthScale[],
  came?: number,
): void {
  let known = watched.get(key);
  if (!known) {
    if (watched.size >= MAX_SERIES) {
      warn('growth-series', `growth is watched at ${MAX_SERIES} places, and there are more; those are not watched`);
      return;
    }
    known = { series: new GrowthSeries(scales), type, source, suspected: undefined };
    watched.set(key, known);
  }
  const suspicion = known.series.push(mono, value, came);
  // Told once; told again only after it has fallen to half.
  if (known.suspected && value <= known.suspected.count / 2) known.suspected = undefined;
  if (suspicion && !known.suspected && value > suspicion.value / 2) known.suspected = suspect(known, suspicion, mono);
}

function suspect({ type, source }: Watched, { value, perMinute, sinceMono }: Suspicion, mono: number): SuspectedLeak {
  const since = new Date(clock.now() - (mono - sinceMono)).toISOString();
  const unit = type === 'heap' ? ' MB' : '';
  const rate = perMinute >= 1 ? `+${Number(perMinute.toPrecision(2))}${unit}/min` : `+${Number((perMinute * 60).toPrecision(2))}${unit}/h`;
  const what =
    type === 'collection'
      ? `${value} entries in ${source}`
      : type === 'heap'
        ? `${Math.round(value)} MB of heap after collection`
        : `${value} ${type}s from ${source}`;
  const summary = `${what}, ${rate} since ${since}`;
  const { id } = report(new SuspectedLeakError(`Suspected leak: ${summary}`, { data: { type, source, count: value, perMinute } }), {
    mechanism: 'manual',
    attributes: { 'leak.type': type, 'leak.source': source, 'leak.count': value, 'leak.per_minute': perMinute },
  });
  return { summary, type, source, count: value, perMinute, since, errorId: id };
}

interface StaleCount {
  count: number;
  /** How many of them were not old enough at the last sample. */
  came: number;
  readonly type: HandleType;
  readonly site: Site | undefined;
}

/** By type and place: how many are old and unused, and how many have become so since the last sample. */
function staleCounts(mono: number, lastMono: number): Map<string, StaleCount> {
  const counts = new Map<string, StaleCount>();
  const add = (restsSince: number, type: HandleType, site: Site | undefined, place: string): void => {
    if (mono - restsSince < STALE_MS) return;
    const key = `${type} ${place}`;
    let known = counts.get(key);
    if (!known) {
      known = { count: 0, came: 0, type, site };
      counts.set(key, known);
    }
    known.count++;
    if (lastMono - restsSince < STALE_MS) known.came++;
  };
  for (const { entry } of openEntries()) {
    const { kind, site, openedMono, lastUsedMono } = entry;
    add(kind.activity ? lastUsedMono : openedMono, kind.type, site, site?.text ?? 'an unknown place');
  }
  const now = loopNow();
  for (const { timer, site, openedMono } of timerLog().open()) {
    const type = timer._repeat === null ? 'timeout' : 'interval';
    const restsSince = openedMono === 0 ? mono - (now - timer._idleStart) : openedMono;
    add(restsSince, type, site, site?.text ?? `${timer._repeat ?? timer._idleTimeout}ms at an unknown place`);
  }
  return counts;
}

function readSize(read: () => number): number | undefined {
  try {
    const size = read();
    return Number.isFinite(size) ? size : undefined;
  } catch {
    return undefined; // the collection's own trouble
  }
}
