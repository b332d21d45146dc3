import { clock } from '../core/clock.ts';
import { type Scope, storage } from '../core/scope.ts';
import type { Kind } from './kinds.ts';
import { currentMark, markTimer } from './marks.ts';
import { captureSite, isGuarded, maySpend, OWN, SITE_POLICY, type Site } from './origin.ts';
import { type TimerInternals, TimerLog } from './timer-log.ts';

/** One thing that was opened (timers have a log of their own). The thing itself is held weakly. */
export interface Entry {
  readonly id: number;
  readonly kind: Kind;
  readonly ref: WeakRef<object>;
  readonly site: Site | undefined;
  readonly scope: Scope | undefined;
  /** The leak guard under which it was opened. */
  readonly mark: object | undefined;
  readonly openedMono: number;
  readonly openedMs: number;
  /** Told by whoever opened it; else the kind reads it from the handle. */
  readonly detail: string | undefined;
  lastUsedMono: number;
  lastActivity: number;
}

const MAX_ENTRIES = 100_000; // 150 bytes each: 15 MB at the very most, in a process that has 100,000 things open
const SWEEP_EVERY = 1_024; // refusals: 10 ms of looking for each thousand that could not be noted
let lastId = 0;
export const nextId = (): number => ++lastId;

const entries = new Map<number, Entry>();
const byHandle = new WeakMap<object, Entry>();
const collected = new FinalizationRegistry<number>((id) => entries.delete(id));
const ours = new WeakSet<object>(); // handles of this package: left out, and what comes in by them as well
const timers = new TimerLog(nextId);
let refused = 0; // handles opened while the registry was full

/** Notes that `handle` was opened by the caller of `below`. Seeing the same handle twice changes nothing. */
export function noteOpened(kind: Kind, handle: object, below: (...args: never[]) => unknown, detail?: string): Entry | undefined {
  if (byHandle.has(handle)) return byHandle.get(handle);
  const site = maySpend() ? captureSite(below) : undefined;
  if (site !== OWN) return enter(kind, handle, site, detail);
  ours.add(handle);
  return undefined;
}

/** Notes a handle whose site is known by another way (an accepted socket has its server's). */
export function enter(kind: Kind, handle: object, site: Site | undefined, detail?: string): Entry | undefined {
  if (entries.size >= MAX_ENTRIES) {
    // Looking through a full registry for each refusal would cost more than what it watches.
    if (refused++ % SWEEP_EVERY === 0) sweepEntries();
    if (entries.size >= MAX_ENTRIES) return undefined;
    refused--;
  }
  const mono = clock.mono();
  const entry: Entry = {
    id: nextId(),
    kind,
    ref: new WeakRef(handle),
    site,
    scope: storage.getStore(),
    mark: currentMark(),
    openedMono: mono,
    openedMs: clock.now(),
    detail,
    lastUsedMono: mono,
    lastActivity: 0,
  };
  entries.set(entry.id, entry);
  byHandle.set(handle, entry);
  collected.register(handle, entry.id, entry);
  return entry;
}

/** Forgets a handle that says itself when it is closed. */
export function noteClosed(handle: object): void {
  const entry = byHandle.get(handle);
  if (entry) forget(entry);
}

/** Notes that a handle was used now. */
export function noteUsed(handle: object): void {
  const entry = byHandle.get(handle);
  if (entry) entry.lastUsedMono = clock.mono();
}

/** The site that was captured for a handle. */
export function siteOfHandle(handle: object): Site | undefined {
  return byHandle.get(handle)?.site;
}

/** Whether a handle is one of this package's own. */
export function isOurs(handle: object): boolean {
  return ours.has(handle);
}

export function isKnown(handle: object): boolean {
  return byHandle.has(handle);
}

/** Notes a timer that has an entry of its own: the site is that of the caller of `below`, none where that is left out. */
export function noteTimer(timer: TimerInternals, below: ((...args: never[]) => unknown) | undefined): void {
  if (isGuarded()) markTimer(timer);
  const site = below && captureSite(below);
  if (site !== OWN) timers.add(timer, storage.getStore(), site, clock.mono());
}

/** Notes a timer that gets no stack. The hottest path of the registry: it looks at no clock and allocates nothing. */
export function noteBareTimer(timer: TimerInternals): void {
  timers.addBare(timer, storage.getStore());
}

/** Whether a delay is worth a stack. */
export function isLong(delayMs: unknown): boolean {
  return typeof delayMs === 'number' && delayMs >= SITE_POLICY.longTimerMs;
}

function forget(entry: Entry): void {
  entries.delete(entry.id);
  const handle = entry.ref.deref();
  if (handle) byHandle.delete(handle);
  collected.unregister(entry);
}

/** Forgets what is closed or collected, and notes which of the others were used since the last time. */
export function sweepEntries(): void {
  const mono = clock.mono();
  for (const entry of entries.values()) {
    const handle = entry.ref.deref();
    if (handle === undefined || (!entry.kind.reopens && !entry.kind.isOpen(handle))) {
      forget(entry);
      continue;
    }
    const activity = entry.kind.activity?.(handle);
    if (activity !== undefined && activity !== entry.lastActivity) {
      entry.lastActivity = activity;
      entry.lastUsedMono = mono;
    }
  }
}

/** The entries whose handle is open now, with the handle. */
export function openEntries(): { entry: Entry; handle: object }[] {
  sweepEntries();
  const open: { entry: Entry; handle: object }[] = [];
  for (const entry of entries.values()) {
    const handle = entry.ref.deref();
    if (handle !== undefined && entry.kind.isOpen(handle)) open.push({ entry, handle });
  }
  return open;
}

/** The log of timers. */
export function timerLog(): TimerLog {
  return timers;
}

/** The number the next handle will have: what has a smaller one was opened before. */
export function watermark(): number {
  timers.number();
  return lastId + 1;
}

/** Sizes of the registry's own memory, and how many handles it did not take up because it was full. */
export function registrySize(): { readonly entries: number; readonly timers: number; readonly refused: number } {
  return { entries: entries.size, timers: timers.size, refused };
}

/** Forgets everything; the patches call it when the last of them is taken out. */
export function clearRegistry(): void {
  for (const entry of [...entries.values()]) forget(entry);
  timers.clear();
}
