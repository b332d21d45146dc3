import { clock } from '../core/clock.ts';
import { adoptActive } from './adopt.ts';
import type { HandleInfo } from './handle-info.ts';
import { repeatingImmediates } from './immediates.ts';
import type { HandleType } from './kinds.ts';
import { loopNow } from './loop-now.ts';
import { markOfTimer } from './marks.ts';
import type { Site } from './origin.ts';
import { ownerEnded, ownerOf } from './owner.ts';
import { type Entry, openEntries, timerLog } from './registry.ts';
import { siteText } from './site-text.ts';
import { tickerState } from './ticker.ts';
import type { TimerEntry } from './timer-log.ts';

/**
 * What the process holds open now: timers, servers, sockets, watchers, files, workers, children, requests under way.
 *
 * Shape: a list, oldest first; each handle says who opened it, where, and which call closes it.
 * Errors: never throws. Empty before `start()` (or `installHandles()`) has put the registry in.
 *
 * @example
 * const beat = ticker('1h', () => {}, { name: 'docs' });
 * listHandles().some((handle) => handle.type === 'ticker' && handle.detail?.startsWith('docs')) === true;
 */
export function listHandles(): HandleInfo[] {
  return inspectHandles().map(({ info }) => info);
}

/** {@link listHandles} with the leak guard under which each was opened. */
export function inspectHandles(): { readonly info: HandleInfo; readonly mark: object | undefined }[] {
  const active = adoptActive();
  const found = openEntries().map(({ entry, handle }) => ({ info: describe(entry, handle, active), mark: entry.mark }));
  return [...found, ...listTimers(), ...listImmediates().map((info) => ({ info, mark: undefined }))].sort((a, b) => a.info.id - b.info.id);
}

function describe(entry: Entry, handle: object, active: ReadonlySet<unknown>): HandleInfo {
  const { kind, scope } = entry;
  const idle = kind.isIdle?.(handle) === true;
  const ticking = tickerState(handle);
  return {
    ...base(entry.id, kind.type, entry.site, scope),
    detail: entry.detail && kind.detail ? join(entry.detail, kind.detail(handle)) : (entry.detail ?? kind.detail?.(handle)),
    openedAt: new Date(entry.openedMs).toISOString(),
    ageMs: clock.mono() - entry.openedMono,
    idleMs: kind.activity || ticking ? clock.mono() - (ticking?.lastMono ?? entry.lastUsedMono) : undefined,
    holdsProcess: kind.holds(handle, active),
    close: kind.close,
    state: idle ? 'idle' : 'open',
    note: idle ? 'kept open for the next request' : undefined,
  };
}

function join(told: string, read: string | undefined): string {
  return read === undefined || told === read || told.includes(read) ? told : `${told} (${read})`;
}

function listTimers(): { readonly info: HandleInfo; readonly mark: object | undefined }[] {
  const now = loopNow();
  const open = timerLog().open();
  return open.map((entry) => ({ info: describeTimer(entry, now), mark: markOfTimer(entry.timer) }));
}

function describeTimer({ id, timer, scope, site, openedMono }: TimerEntry, now: number): HandleInfo {
  const repeats = timer._repeat !== null;
  const sinceArmed = Math.max(0, now - timer._idleStart);
  const ageMs = openedMono === 0 ? sinceArmed : clock.mono() - openedMono;
  const ended = repeats ? ownerEnded(scope) : undefined;
  return {
    ...base(id, repeats ? 'interval' : 'timeout', site, scope),
    detail: `${timer._repeat ?? timer._idleTimeout}ms`,
    openedAt: new Date(clock.now() - ageMs).toISOString(),
    ageMs,
    idleMs: repeats ? sinceArmed : undefined,
    holdsProcess: timer.hasRef(),
    close: repeats ? 'clearInterval(timer)' : 'clearTimeout(timer)',
    state: ended ? 'forever' : 'open',
    note: ended ? `ticks on though its owner is over: ${ended}` : undefined,
  };
}

function listImmediates(): HandleInfo[] {
  const mono = clock.mono();
  return repeatingImmediates().map((place) => ({
    ...base(place.id, 'immediate', place.site, undefined),
    detail: `about ${place.runs} runs`,
    openedAt: new Date(clock.now() - (mono - place.sinceMono)).toISOString(),
    ageMs: mono - place.sinceMono,
    idleMs: mono - place.lastMono,
    holdsProcess: true,
    close: 'clearImmediate(immediate)',
    state: 'open',
    note: 'schedules itself again: the process never rests',
  }));
}

function base(
  id: number,
  type: HandleType,
  site: Site | undefined,
  scope: Entry['scope'],
): Pick<HandleInfo, 'id' | 'type' | 'site' | 'package' | 'owner' | 'traceId' | 'spanId'> {
  const owner = ownerOf(scope);
  return { id, type, site: site && siteText(site), package: site?.package ?? 'unknown', owner: owner?.name, traceId: owner?.traceId, spanId: owner?.spanId };
}

/** How many handles of each type are open: the gauge `sonde_handles_open`. */
export function handleCounts(): Map<HandleType, number> {
  const counts = new Map<HandleType, number>();
  for (const { entry } of openEntries()) counts.set(entry.kind.type, (counts.get(entry.kind.type) ?? 0) + 1);
  for (const { timer } of timerLog().open()) {
    const type = timer._repeat === null ? 'timeout' : 'interval';
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}
