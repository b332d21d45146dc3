import { fileURLToPath } from 'node:url';
import { clock } from '../core/clock.ts';
import { OWN_FOLDER } from '../core/package-paths.ts';

/** A place in the code that opens handles. One object a place, so that counts by place are a map look-up. */
export interface Site {
  /** `file:line:column`, the file as an absolute path. */
  readonly text: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The package that made the call: its name, `app` for the program itself, `node` for the platform. */
  readonly package: string;
  /** The position in the source, where a source-map hook of the program (vitest, ts-node, source-map-support) tells it. */
  readonly mapped: string | undefined;
}

/** Frames that are looked at: a driver or a framework puts 20 to 30 frames between the program and the socket. */
const DEEP = 30;
const MAX_SITES = 5_000; // distinct places a large program opens handles at: hundreds; the bound is for generated code

const sites = new Map<string, Site>();

/** Opened by Sonde itself: such handles are not the program's and are not listed. */
export const OWN: Site = Object.freeze({ text: 'sonde', file: OWN_FOLDER, line: 0, column: 0, package: 'sonde', mapped: undefined });

/** No frame of the program or of a package on the stack: the platform opened it. */
export const NODE: Site = Object.freeze({ text: 'node', file: 'node', line: 0, column: 0, package: 'node', mapped: undefined });

const keepCallSites = (_error: unknown, frames: NodeJS.CallSite[]): NodeJS.CallSite[] => frames;

/**
 * The place that called `below`: the first frame outside `node:` and outside packages, else the first one in a package.
 * Costs 3 to 6 µs; callers decide how often (see {@link SITE_POLICY}). What this package calls is its own, {@link OWN}, but where it
 * `neverOpens` such things itself: then it only passes a call on, as `traced(fetch)` does.
 */
export function captureSite(below: (...args: never[]) => unknown, neverOpens = false): Site {
  const holder: { stack?: unknown } = {};
  const limit = Error.stackTraceLimit;
  const prepare = Error.prepareStackTrace;
  let frames: unknown;
  try {
    Error.stackTraceLimit = DEEP;
    Error.prepareStackTrace = keepCallSites;
    Error.captureStackTrace(holder, below);
    frames = holder.stack;
  } catch {
    return NODE; // a frozen Error: no site, but the program runs on
  } finally {
    restoreError(limit, prepare);
  }
  return Array.isArray(frames) ? siteOf(frames as NodeJS.CallSite[], prepare, neverOpens) : NODE;
}

function restoreError(limit: number, prepare: typeof Error.prepareStackTrace): void {
  try {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = prepare;
  } catch {
    // See above: nothing was changed either.
  }
}

type Prepare = typeof Error.prepareStackTrace;

/** What the client's watch puts around each outgoing request on Node 20 (`src/http/client.ts`): the socket that opens below it is the caller's. */
const PASSES = 'addRequest';

function siteOf(frames: readonly NodeJS.CallSite[], prepare: Prepare, neverOpens: boolean): Site {
  let creator: string | undefined;
  let first: NodeJS.CallSite | undefined;
  for (const frame of frames) {
    const name = frame.getFileName();
    if (!name || name.startsWith('node:')) continue;
    const { file, owner } = scriptOf(name);
    if (owner === undefined) {
      if (creator === undefined && !neverOpens && frame.getFunctionName() !== PASSES) return OWN;
      continue;
    }
    creator ??= owner;
    first ??= frame;
    if (owner === 'app') return intern(frame, file, creator, prepare);
  }
  if (first === undefined || creator === undefined) return NODE;
  return intern(first, scriptOf(first.getFileName() ?? '').file, creator, prepare);
}

interface Script {
  readonly file: string;
  /** The package it belongs to; `undefined` for our own. */
  readonly owner: string | undefined;
}
const scripts = new Map<string, Script>();

/** A stack names the same few scripts again and again; to find the path and the package of each anew took a third of a capture. */
function scriptOf(name: string): Script {
  const known = scripts.get(name);
  if (known) return known;
  const file = filePath(name);
  const script = { file, owner: file.startsWith(OWN_FOLDER) ? undefined : packageOf(file) };
  if (scripts.size < MAX_SITES) scripts.set(name, script);
  return script;
}

function intern(frame: NodeJS.CallSite, file: string, owner: string, prepare: Prepare): Site {
  const line = frame.getLineNumber() ?? 0;
  const column = frame.getColumnNumber() ?? 0;
  const text = `${file}:${line}:${column}`;
  const key = `${owner}\0${text}`;
  const known = sites.get(key);
  if (known) return known;
  const site: Site = { text, file, line, column, package: owner, mapped: prepare && mapByHook(frame, prepare) };
  if (sites.size < MAX_SITES) sites.set(key, site);
  return site;
}

/** Asked once a site: a hook that maps stacks prints the frame at its place in the source. */
function mapByHook(frame: NodeJS.CallSite, prepare: NonNullable<Prepare>): string | undefined {
  try {
    const printed = String(prepare(new Error('site'), [frame]));
    const place = /(?:\(|at )((?:file:|\/|[A-Za-z]:[\\/])[^()]*:\d+:\d+)\)?\s*$/.exec(printed)?.[1];
    return place?.startsWith('file:') ? place.replace(/^file:\/\/(?=\/)/, '') : place;
  } catch {
    return undefined;
  }
}

function filePath(name: string): string {
  if (!name.startsWith('file:')) return name;
  try {
    return fileURLToPath(name);
  } catch {
    return name;
  }
}

const MODULES = /[\\/]node_modules[\\/](?!.*[\\/]node_modules[\\/])(@[^\\/]+[\\/][^\\/]+|[^\\/]+)/;

/** The package a file belongs to; `app` outside `node_modules`. */
export function packageOf(file: string): string {
  return MODULES.exec(file)?.[1]?.replace('\\', '/') ?? 'app';
}

/**
 * When a creation site is captured. A stack costs ten times what a timer costs, so that not each timer gets one:
 * - intervals, tickers, servers, sockets, watchers, files, workers, children: always within the budget;
 * - timers of a second and more: within the budget;
 * - shorter timers, and everything above the budget: one in {@link SITE_POLICY.sampleEvery};
 * - while a `noLeaks()` is open: every one.
 */
export const SITE_POLICY = Object.freeze({
  longTimerMs: 1_000,
  /** A power of two; at 256 the stack adds about 0.02 µs to a short timer. */
  sampleEvery: 256,
  /** Stacks per refill: 1,000 × 5 µs are 0.05 % of a core. */
  budget: 1_000,
  refillMs: 10_000,
});

const SAMPLE_MASK = SITE_POLICY.sampleEvery - 1;
const LOOK_EVERY = 64; // of those above the budget: more than 100 a second
let left: number = SITE_POLICY.budget;
let refilledMono = clock.mono();
let asked = 0;
let sequence = 0;
let everyOne = 0;

/** Whether a handle worth a stack gets one now. */
export function maySpend(): boolean {
  if (left > 0 || isRefilled()) {
    left--;
    return true;
  }
  return sampled();
}

/** Looks at the clock for one in {@link LOOK_EVERY} that asks for more than there is. */
function isRefilled(): boolean {
  if ((++asked & (LOOK_EVERY - 1)) !== 0 || clock.mono() - refilledMono < SITE_POLICY.refillMs) return false;
  refillSites();
  return true;
}

/** Whether a handle that is usually not worth a stack gets one now. */
export function sampled(): boolean {
  return everyOne > 0 || (++sequence & SAMPLE_MASK) === 0;
}

/** Refills the budget. */
export function refillSites(): void {
  left = SITE_POLICY.budget;
  refilledMono = clock.mono();
}

/** Whether a leak guard is open. */
export function isGuarded(): boolean {
  return everyOne > 0;
}

/** Captures every site until the returned function is called: what tests want. */
export function captureEverySite(): () => void {
  everyOne++;
  let open = true;
  return () => {
    if (open) everyOne--;
    open = false;
  };
}
