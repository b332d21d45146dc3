import { systemClock } from '../core/clock.ts';
import { type Duration, durationMs } from '../core/duration.ts';
import type { HandleInfo } from './handle-info.ts';
import { DEFAULT_IGNORES, type IgnoreRule } from './ignore.ts';
import { hasImmediates, KNOWN_TURNS } from './immediates.ts';
import { installHandles } from './install.ts';
import { leakMessage } from './leak-message.ts';
import { letGo } from './let-go.ts';
import { inspectHandles } from './list-handles.ts';
import { currentMark, enterMark, runWithMark } from './marks.ts';
import { captureEverySite } from './origin.ts';
import { watermark } from './registry.ts';

/** How leaks are looked for. */
export interface LeakOptions {
  /** How long what is closing may take before it counts; default `'500ms'`, looked at again and again until then. */
  readonly settle?: Duration;
  /** Further handles that are no leaks. */
  readonly ignore?: IgnoreRule | readonly IgnoreRule[];
  /** Also fails on what was opened before and closed during (Deno's rule); default `false`, `closedDuring` tells it anyway. */
  readonly strict?: boolean;
  /** Named in the message. */
  readonly name?: string;
}

/** What a guard found. */
export interface LeakVerdict {
  readonly leaked: readonly HandleInfo[];
  /** Open when the guard began and closed when it ended. */
  readonly closedDuring: readonly HandleInfo[];
}

/** Watches what is opened while it is there. */
export interface LeakGuard extends AsyncDisposable {
  /** Runs `fn` under the guard: what `fn` opens is this guard's, whatever runs beside it. */
  run<T>(fn: () => T): T;
  /** Looks, waits for what is closing, and ends the guard. */
  inspect(): Promise<LeakVerdict>;
  /** {@link inspect}, and throws a {@link LeakError} where something is left open. */
  verify(): Promise<void>;
  /** Ends the guard without a look: the block failed anyway, and what it leaves open is nobody else's leak. */
  cancel(): void;
}

/** Something was left open. */
export class LeakError extends Error {
  readonly code: string = 'SONDE_LEAK';
  readonly handles: readonly HandleInfo[];

  constructor(message: string, handles: readonly HandleInfo[]) {
    super(message);
    this.name = 'LeakError';
    this.handles = handles;
    // Test runners show the code at the top of the stack: that is the line that opened, not ours.
    const frames = handles.flatMap(({ type, site }) => (site === undefined || site === 'node' ? [] : [`    at opened ${type} (${site})`]));
    if (frames.length > 0) this.stack = [`${this.name}: ${message}`, ...frames].join('\n');
  }
}

const open = new Set<Guard>();
const told = new Set<number>(); // handles that a guard has reported: not blamed again on the guard around it
const MAX_TOLD = 10_000; // leaks of one test run
/** Left open by tests that are over. They hold the process until the file is done: a test that follows may wait for one, such as a pool. */
const leftOpen: HandleInfo[] = [];

/**
 * Fails when something that was opened from here on is still open at the end of the block.
 *
 * Shape: `await using _ = noLeaks()`; where `using` is not to be had, `await guard.verify()`. Blocks that run side by side are told apart
 * by their scope, and what one leaves open is never blamed on the next.
 * Units: `settle` is a {@link Duration}.
 * Errors: the end of the block throws a {@link LeakError} that names each line that opened something and the call that closes it.
 * Source: goleak, Deno's resource sanitizer.
 *
 * @example
 * const guard = noLeaks({ settle: '50ms' });
 * const timer = setInterval(() => {}, 1000);
 * const { leaked } = await guard.inspect();
 * clearInterval(timer);
 * leaked[0].close === 'clearInterval(timer)';
 */
export function noLeaks(options: LeakOptions = {}): LeakGuard {
  const guard = new Guard(options);
  guard.enter();
  return guard;
}

/** {@link noLeaks} without entering its scope: only `guard.run(fn)` is inside. */
export function leakGuard(options: LeakOptions = {}): LeakGuard {
  return new Guard(options);
}

/** The guard of a runner around one test: the run can end though it found something, which no longer holds the process once the file is done. */
export function testGuard(options: LeakOptions = {}): LeakGuard {
  return new Guard(options, { letsGo: true });
}

/** The same around all tests of a file: answers for what none of their guards does. */
export function coveringGuard(options: LeakOptions = {}): LeakGuard {
  return new Guard(options, { letsGo: true, covering: true });
}

/**
 * Wraps a test function: what it opens must be closed when it ends. Tests wrapped so can run side by side.
 *
 * @example
 * await leakFree(async () => {
 *   clearInterval(setInterval(() => {}, 1000));
 * })();
 */
export function leakFree<A extends unknown[]>(fn: (...args: A) => unknown, options: LeakOptions = {}): (...args: A) => Promise<void> {
  return runGuarded(fn, options, leakGuard);
}

/** What `fn` opens must be closed when it ends, says the guard that each call gets. */
export function runGuarded<A extends unknown[]>(
  fn: (...args: A) => unknown,
  options: LeakOptions,
  open: (options: LeakOptions) => LeakGuard,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const guard = open({ ...(fn.name !== '' && { name: fn.name }), ...options });
    try {
      await guard.run(() => fn(...args));
    } catch (error) {
      guard.cancel();
      throw error;
    }
    await guard.verify();
  };
}

class Guard implements LeakGuard {
  readonly covering: boolean;
  /** Its block failed by itself. */
  hasFailed = false;
  readonly #letsGo: boolean;
  readonly #settleMs: number;
  readonly #ignore: readonly IgnoreRule[];
  readonly #options: LeakOptions;
  readonly #uninstall: () => void;
  readonly #release: () => void;
  readonly #first: number;
  /** The guard of the scope in which this one was made, where that has ended: its mark stays behind in the code that goes on. */
  readonly #stale: unknown;
  #around: { readonly mark: object | undefined } | undefined;
  readonly #before: readonly HandleInfo[];
  #verdict: Promise<LeakVerdict> | undefined;

  constructor(options: LeakOptions, { covering = false, letsGo = false } = {}) {
    this.#options = options;
    this.covering = covering;
    this.#letsGo = letsGo;
    this.#settleMs = settleMs(options);
    this.#ignore = rules(options);
    const around = currentMark();
    this.#stale = around !== undefined && !open.has(around as Guard) ? around : undefined;
    this.#uninstall = installHandles();
    this.#release = captureEverySite();
    this.#before = inspectHandles().map(({ info }) => info);
    this.#first = watermark();
    open.add(this);
  }

  enter(): void {
    this.#around = { mark: currentMark() };
    enterMark(this);
  }

  run<T>(fn: () => T): T {
    return runWithMark(this, fn);
  }

  inspect(): Promise<LeakVerdict> {
    if (this.#around && currentMark() === this) enterMark(this.#around.mark);
    this.#verdict ??= this.#look();
    return this.#verdict;
  }

  async verify(): Promise<void> {
    const { leaked, closedDuring } = await this.inspect();
    const where = this.#options.name === undefined ? '' : ` by "${this.#options.name}"`;
    if (leaked.length > 0) throw new LeakError(leakMessage(leaked, where), leaked);
    if (this.#options.strict && closedDuring.length > 0) {
      throw new LeakError(
        `${closedDuring.length} handles were opened before and closed during${where || ' the block'}:\n${leakMessage(closedDuring).split('\n').slice(1).join('\n')}`,
        closedDuring,
      );
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.verify();
  }

  async #look(): Promise<LeakVerdict> {
    try {
      await untilImmediatesRest(this.#settleMs);
      const leaked = await untilSettled(() => this.#suspects(), this.#settleMs);
      for (const { id } of leaked) if (told.size < MAX_TOLD) told.add(id);
      this.#letGo(this.covering ? [...leaked, ...this.#ofFailed()] : leaked); // here: the registry may be taken out with this guard
      const now = new Set(inspectHandles().map(({ info }) => info.id));
      return { leaked, closedDuring: this.#before.filter((handle) => handle.type !== 'immediate' && !now.has(handle.id)) };
    } finally {
      this.#end();
    }
  }

  cancel(): void {
    if (!open.has(this)) return;
    this.hasFailed = true;
    this.#letGo(this.#ofFailed());
    this.#end();
  }

  #end(): void {
    if (!open.delete(this)) return;
    this.#release();
    this.#uninstall();
  }

  /** What was opened in blocks that failed, as far as it is this guard's to see to: its own, or all where it covers them. */
  #ofFailed(): HandleInfo[] {
    if (!this.#letsGo) return [];
    return inspectHandles().flatMap(({ info, mark }) => (mark instanceof Guard && mark.hasFailed && (this.covering || mark === this) ? [info] : []));
  }

  #letGo(handles: readonly HandleInfo[]): void {
    if (!this.#letsGo) return;
    for (const handle of handles) if (leftOpen.length < MAX_TOLD) leftOpen.push(handle);
    if ([...open].some((guard) => guard.covering && guard !== this)) return;
    letGo(leftOpen.splice(0));
  }

  #suspects(): HandleInfo[] {
    // Opened in no guard's scope while several are open: the last one to end answers for it.
    const alone = [...open].every((guard) => guard === this || guard.covering);
    const suspects: HandleInfo[] = [];
    for (const { info, mark: opener } of inspectHandles()) {
      if (info.id < this.#first || told.has(info.id)) continue;
      if (opener === this || (alone && this.#isNobodys(opener))) suspects.push(info);
    }
    return suspects.filter((handle) => !this.#ignore.some((rule) => rule(handle)));
  }

  #isNobodys(opener: object | undefined): boolean {
    if (opener === undefined) return true;
    return this.covering ? !open.has(opener as Guard) && !(opener as Guard).hasFailed : this.#around === undefined && opener === this.#stale;
  }
}

/**
 * What is open now and should not be, after what is closing has settled (goleak's `Find`).
 *
 * @example
 * (await findLeaks({ settle: '1ms' })).every((handle) => handle.holdsProcess) === true;
 */
export function findLeaks(options: LeakOptions = {}): Promise<HandleInfo[]> {
  const ignore = rules(options);
  return untilSettled(() => inspectHandles().flatMap(({ info }) => (ignore.some((rule) => rule(info)) ? [] : [info])), settleMs(options));
}

/**
 * Throws a {@link LeakError} when anything is open now (goleak's `VerifyNone`). The registry must be in: by `start()`, `sonde/register` or a guard.
 *
 * @example
 * await verifyNoLeaks({ ignore: ignoreCurrent() });
 */
export async function verifyNoLeaks(options: LeakOptions = {}): Promise<void> {
  const leaked = await findLeaks(options);
  if (leaked.length > 0) throw new LeakError(leakMessage(leaked, options.name === undefined ? '' : ` by "${options.name}"`), leaked);
}

function rules(options: LeakOptions): readonly IgnoreRule[] {
  const own: readonly IgnoreRule[] = options.ignore === undefined ? [] : [options.ignore].flat();
  for (const rule of own)
    if (typeof rule !== 'function') throw new TypeError(`Cannot ignore "${String(rule)}": is ${typeof rule}, expected a rule such as ignorePackage('pg')`);
  return [...Object.values(DEFAULT_IGNORES), ...own];
}

function settleMs(options: LeakOptions): number {
  return durationMs(options.settle ?? '500ms', 'the settle time of a leak check');
}

// Kept from before any patch or fake timer: a verdict waits in real time, and its own timers are nobody's leak.
const plainSetTimeout = globalThis.setTimeout;
const plainSetImmediate = globalThis.setImmediate;
const EARLY_TURNS = 3; // close events come one or two turns of the loop after close()
const MAX_PAUSE_MS = 64; // goleak stops doubling at 100 ms

/** Where immediates wait to run, gives those that repeat the turns to be seen to: 10 to 30 ms, on a slow machine more. */
async function untilImmediatesRest(withinMs: number): Promise<void> {
  const untilMono = systemClock.mono() + withinMs;
  for (let turn = 0; turn < KNOWN_TURNS && hasImmediates() && systemClock.mono() < untilMono; turn++) await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => plainSetImmediate(() => resolve()));
}

/** Looks again with growing pauses until nothing is found or the time is over; returns what was found last. */
async function untilSettled(look: () => HandleInfo[], withinMs: number): Promise<HandleInfo[]> {
  let found = look();
  for (let turn = 0; turn < EARLY_TURNS && found.length > 0; turn++) {
    await nextTurn();
    found = look();
  }
  let waited = 0;
  for (let pause = 1; found.length > 0 && waited < withinMs; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    const next = Math.min(pause, withinMs - waited);
    await new Promise<void>((resolve) => plainSetTimeout(resolve, next));
    waited += next;
    found = look();
  }
  return found;
}
