import type { HandleInfo } from './handle-info.ts';
import { hasImmediates } from './immediates.ts';
import type { HandleType } from './kinds.ts';
import { RESOURCE_TYPES } from './kinds.ts';
import { watermark } from './registry.ts';

/** Says of a handle that it is no leak. */
export type IgnoreRule = (handle: HandleInfo) => boolean;

const BURST_OVER_MS = 100; // a fifth of the default settle time; 256 turns of a chain of immediates take less
const SLOW_TURNS_MS = 1_000; // and on a slow machine, where the next one waits to run, less than this

/** What never counts as a leak, each by name and with its reason. */
export const DEFAULT_IGNORES: Readonly<Record<string, IgnoreRule>> = Object.freeze({
  /** It neither keeps the process alive nor is a resource that runs out: unref'd timers, workers and sockets, tickers. */
  harmless: (handle) => !handle.holdsProcess && !RESOURCE_TYPES.has(handle.type),
  /** A keep-alive socket waits for the next request; its agent or its server closes it. */
  idleSocket: (handle) => handle.type === 'socket' && handle.state === 'idle',
  /** A burst of immediates that is over; one that schedules itself again is seen many times in this. */
  endedBurst: ({ type, idleMs = 0 }) => type === 'immediate' && (idleMs > SLOW_TURNS_MS || (idleMs > BURST_OVER_MS && !hasImmediates())),
  /** More listeners than an emitter's bound is a warning of growth, not a thing left open by one test. */
  crowdedEmitter: (handle) => handle.type === 'listeners',
});

/** Ignores what a package opened: `ignorePackage('pg')`. A trailing `*` matches the rest: `ignorePackage('@aws-sdk/*')`. */
export function ignorePackage(...names: readonly string[]): IgnoreRule {
  const exact = new Set(names.filter((name) => !name.endsWith('*')));
  const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  return (handle) => exact.has(handle.package) || prefixes.some((prefix) => handle.package.startsWith(prefix));
}

/** Ignores whole types: `ignoreType('worker')`. */
export function ignoreType(...types: readonly HandleType[]): IgnoreRule {
  const ignored = new Set<HandleType>(types);
  return (handle) => ignored.has(handle.type);
}

/** Ignores what was opened at a place: `ignoreSite('src/pool.ts:88')`, or a pattern on `file:line:column`. */
export function ignoreSite(place: string | RegExp): IgnoreRule {
  if (typeof place !== 'string') return (handle) => handle.site !== undefined && new RegExp(place.source, place.flags.replace(/[gy]/g, '')).test(handle.site);
  const file = place.replaceAll('\\', '/');
  return (handle) => {
    const at = handle.site?.replaceAll('\\', '/');
    // `src/pool.ts:88` stands for every column of the line, `src/pool.ts` for the file; whole path segments only.
    return at !== undefined && `/${at}:`.includes(`/${file.replace(/^\//, '')}:`);
  };
}

/** Ignores what an owner (a traced function or span) opened. */
export function ignoreOwner(name: string): IgnoreRule {
  return (handle) => handle.owner === name;
}

/** Ignores what is open when this is called (goleak's `IgnoreCurrent`). */
export function ignoreCurrent(): IgnoreRule {
  const next = watermark();
  return (handle) => handle.id < next;
}
