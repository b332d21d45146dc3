import { clock } from '../core/clock.ts';
import type { Scope, SpanLike } from '../core/scope.ts';

/** What is remembered of a failure that has an ID. */
export interface Identity {
  readonly id: string;
  /** Set by `report`: what it answered, so that a later layer gets the same answer. */
  answer: unknown;
  /** The severity of the record that was written. */
  severity: number;
  /** Whether the record that was written is a whole one, to which compact ones may refer. */
  whole: boolean;
  /** The errors that have a record of their own, to tell a wrapper that came later from the failure that was reported. */
  recorded: readonly unknown[] | undefined;
}

/** Where a failure was first seen by a traced call, and the calls that it crossed since. */
export interface Sighting {
  readonly timeMs: number;
  readonly scope: Scope;
  /** The spans of traced functions, innermost first. */
  readonly crossed: readonly SpanLike[];
}

interface OpenSighting extends Sighting {
  readonly crossed: SpanLike[];
  /** When it was first seen, monotonic; absent where another version of the package saw it. */
  readonly mono?: number;
}

interface Shared {
  readonly ids: WeakMap<object, Identity>;
  readonly sightings: WeakMap<object, OpenSighting>;
  /** Thrown strings, numbers and so on, by trace and value: they have no identity of their own. */
  readonly primitives: Map<string, { readonly untilMs: number; identity: Identity | undefined; sighting: OpenSighting | undefined }>;
}

/** Two copies of the package in one process share it, so that a failure that crosses both keeps its ID. */
const SHARED: unique symbol = Symbol.for('sonde.error.identity.v1') as never;
const MAX_CAUSES = 50; // of one failure: longer chains are loops in somebody's retry
const MAX_PRIMITIVES = 1_000; // thrown strings are rare; the oldest is forgotten
const PRIMITIVE_MS = 60_000; // a request that still throws the same string a minute later fails anew

function shared(): Shared {
  const holder = globalThis as { [SHARED]?: Shared };
  holder[SHARED] ??= { ids: new WeakMap(), sightings: new WeakMap(), primitives: new Map() };
  return holder[SHARED];
}

/** The error and all that caused it, outermost first: `cause` and the members of aggregates, each once, bounded. */
export function causesOf(error: unknown): unknown[] {
  const found: unknown[] = [error];
  if (!isObject(error)) return found;
  if (!mayHaveCauses(error)) return found;
  for (let at = 0; at < found.length && found.length < MAX_CAUSES; at++) {
    const item = found[at];
    if (!isObject(item)) continue;
    for (const next of directCauses(item)) {
      if (next !== undefined && next !== null && !found.includes(next) && found.length < MAX_CAUSES) found.push(next);
    }
  }
  return found;
}

/** Most errors have none of the fields in which causes stand. */
function mayHaveCauses(error: object): boolean {
  try {
    return (
      (error as { cause?: unknown }).cause !== undefined ||
      (error as { errors?: unknown }).errors !== undefined ||
      (error as { suppressed?: unknown }).suppressed !== undefined
    );
  } catch {
    return true;
  }
}

/** `cause`, then the members of an aggregate. Never throws, whatever getters do. */
export function directCauses(error: object): unknown[] {
  try {
    const { cause, errors } = error as { cause?: unknown; errors?: unknown };
    const members = Array.isArray(errors) && isAggregate(error) ? errors.slice(0, MAX_CAUSES) : [];
    // `SuppressedError` (explicit resource management) names its two errors differently.
    const { error: later, suppressed } = error as { error?: unknown; suppressed?: unknown };
    if (later !== undefined && suppressed !== undefined && (error as Error).name === 'SuppressedError') members.push(later, suppressed);
    return cause === undefined ? members : [cause, ...members];
  } catch {
    return [];
  }
}

/** Whether `errors` of this error are errors: a validation error has a field of that name with other things in it. */
export function isAggregate(error: object): boolean {
  return (
    error instanceof AggregateError ||
    (Array.isArray((error as { errors?: unknown }).errors) && (error as { errors: unknown[] }).errors.every((item) => item instanceof Error))
  );
}

/** One field of anything that was thrown; `undefined` where it has none or throws. */
export function fieldOf(error: unknown, key: string): unknown {
  try {
    return isObject(error) ? (error as Record<string, unknown>)[key] : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** The identity that this failure, or one it was caused by, has already. */
export function identityOf(error: unknown, scope: Scope, causes: readonly unknown[] = causesOf(error)): Identity | undefined {
  const { ids } = shared();
  if (!isObject(error)) return primitive(error, scope)?.identity;
  const direct = ids.get(error);
  if (direct) return direct;
  if (causes.length === 1) return undefined;
  for (const cause of causes) {
    const identity = isObject(cause) ? ids.get(cause) : primitive(cause, scope)?.identity;
    if (identity) {
      ids.set(error, identity);
      return identity;
    }
  }
  return undefined;
}

/** Gives the failure and everything that caused it an identity, where they have none. */
export function identify(causes: readonly unknown[], scope: Scope, id: string): Identity {
  const identity: Identity = { id, answer: undefined, severity: 0, whole: false, recorded: undefined };
  const { ids } = shared();
  for (const item of causes) {
    if (isObject(item)) {
      if (!ids.has(item)) ids.set(item, identity);
    } else {
      const entry = primitiveEntry(item, scope);
      if (entry && !entry.identity) entry.identity = identity;
    }
  }
  return identity;
}

/** Remembers that `error` came out of the traced call of `scope`. */
export function sight(error: unknown, scope: Scope & { readonly startMono?: number }): void {
  const span = scope.span?.def && scope.span;
  const { sightings } = shared();
  const known = isObject(error) ? sightings.get(error) : primitive(error, scope)?.sighting;
  if (known && !isThrownAnew(known, scope)) {
    if (span && known.crossed.length < MAX_CAUSES) known.crossed.push(span);
    return;
  }
  const sighting: OpenSighting = { timeMs: clock.now(), mono: clock.mono(), scope, crossed: span ? [span] : [] };
  if (isObject(error)) {
    sightings.set(error, sighting);
    return;
  }
  const entry = primitiveEntry(error, scope);
  if (entry) entry.sighting = sighting;
}

/**
 * Whether a call of another trace that began after the error was first seen throws it again: drivers and caches have one error
 * object for all. What it came out of before is somebody else's request.
 */
function isThrownAnew({ mono, scope: former }: OpenSighting, { span, startMono }: Scope & { readonly startMono?: number }): boolean {
  if (mono === undefined || startMono === undefined || startMono <= mono) return false;
  return span?.spanContext().traceId !== former.span?.spanContext().traceId;
}

/** Where the failure was first seen: of the innermost cause that was, with all calls that it and its wrappers crossed. */
export function sightingOf(causes: readonly unknown[], scope: Scope): Sighting | undefined {
  const { sightings } = shared();
  let found: Sighting | undefined;
  let crossed: readonly SpanLike[] = [];
  for (let i = causes.length - 1; i >= 0; i--) {
    const item = causes[i];
    const sighting = isObject(item) ? sightings.get(item) : primitive(item, scope)?.sighting;
    if (sighting === undefined) continue;
    crossed = found === undefined ? sighting.crossed : [...crossed, ...sighting.crossed];
    if (found === undefined || sighting.timeMs < found.timeMs) found = sighting;
  }
  return found === undefined || crossed === found.crossed ? found : { ...found, crossed };
}

function primitive(value: unknown, scope: Scope): ReturnType<Shared['primitives']['get']> {
  const key = primitiveKey(value, scope);
  if (key === undefined) return undefined;
  const entry = shared().primitives.get(key);
  return entry && entry.untilMs > clock.mono() ? entry : undefined;
}

function primitiveEntry(value: unknown, scope: Scope): ReturnType<Shared['primitives']['get']> {
  const key = primitiveKey(value, scope);
  if (key === undefined) return undefined;
  const known = primitive(value, scope);
  if (known) return known;
  const { primitives } = shared();
  primitives.delete(key);
  if (primitives.size >= MAX_PRIMITIVES) primitives.delete(primitives.keys().next().value as string);
  const entry = { untilMs: clock.mono() + PRIMITIVE_MS, identity: undefined, sighting: undefined };
  primitives.set(key, entry);
  return entry;
}

/** The same value in the same trace is the same failure. Outside of a trace a thrown value cannot be followed. */
function primitiveKey(value: unknown, scope: Scope): string | undefined {
  const traceId = scope.span?.spanContext().traceId;
  return traceId === undefined ? undefined : `${traceId} ${typeof value} ${String(value).slice(0, 500)}`;
}
