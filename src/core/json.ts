/** Bounds of {@link safeJson}; each has its reason. */
const MAX_DEPTH = 8; // deeper than any log object people read
const MAX_KEYS = 200; // per object or array: a dump of a connection has thousands
const MAX_STRING = 32_768; // a stack of 200 frames is about 20 kB
const MAX_VALUES = 5_000; // of one copy in all: 200 keys a level would be millions; this many take about two milliseconds

/** How much of a value is copied. */
export interface CopyBounds {
  /** Of one object or array. */
  readonly keys: number;
  /** Of the copy in all. */
  readonly values: number;
}

const BOUNDS: CopyBounds = { keys: MAX_KEYS, values: MAX_VALUES };
let maxKeys = MAX_KEYS;
let valuesLeft = 0;

/**
 * A JSON-safe copy of any value: cycles, getters that throw, BigInt, functions, depth and size are bounded and never throw.
 * `revise(key, value)` may replace a value (redaction); it is asked for every property. The bounds are those of a logged
 * value; whoever copies what the process itself has counted gives wider ones.
 */
export function safeCopy(
  value: unknown,
  revise?: (key: string, value: unknown, path: readonly string[]) => unknown,
  { keys, values }: CopyBounds = BOUNDS,
): unknown {
  const [outerKeys, outerValues] = [maxKeys, valuesLeft]; // a getter or a toJSON may make a copy of its own
  maxKeys = keys;
  valuesLeft = values;
  try {
    return copy(value, revise, [], new Set());
  } finally {
    maxKeys = outerKeys;
    valuesLeft = outerValues;
  }
}

/** {@link safeCopy} as text. */
export function safeJson(value: unknown, revise?: (key: string, value: unknown, path: readonly string[]) => unknown): string {
  return JSON.stringify(safeCopy(value, revise)) ?? 'null';
}

function copy(
  value: unknown,
  revise: ((key: string, value: unknown, path: readonly string[]) => unknown) | undefined,
  path: string[],
  seen: Set<object>,
): unknown {
  switch (typeof value) {
    case 'string':
      return shortened(value);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value.toString();
    case 'boolean':
    case 'undefined':
      return value;
    case 'symbol':
      return value.toString();
    case 'function':
      return `[function ${safeName(value)}]`;
    default:
      return value === null ? null : copyObject(value as object, revise, path, seen);
  }
}

function copyObject(
  value: object,
  revise: ((key: string, value: unknown, path: readonly string[]) => unknown) | undefined,
  path: string[],
  seen: Set<object>,
): unknown {
  if (seen.has(value)) return '[circular]';
  if (path.length >= MAX_DEPTH) return Array.isArray(value) ? '[array]' : '[object]';
  seen.add(value);
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (value instanceof Error)
      return copyProps(Object.assign(Object.create(null), { type: value.name, message: value.message, stack: value.stack }, value), revise, path, seen);
    if (value instanceof RegExp || value instanceof URL) return copy(revised(String(value), revise, path), revise, path, seen);
    if (ArrayBuffer.isView(value)) return `[${value.constructor.name} of ${value.byteLength} bytes]`;
    if (value instanceof Map) return copyProps(Object.fromEntries(firstOf(value).map(([k, v]) => [String(k), v])), revise, path, seen, value.size);
    if (value instanceof Set) return copyArray(firstOf(value), revise, path, seen, value.size);
    if (Array.isArray(value)) return copyArray(value, revise, path, seen);
    const toJSON = (value as { toJSON?: unknown }).toJSON;
    if (typeof toJSON === 'function') return copy(revised(toJSON.call(value), revise, path), revise, path, seen);
    return copyProps(value, revise, path, seen);
  } catch (error) {
    return `[unreadable: ${safeMessage(error)}]`;
  } finally {
    seen.delete(value);
  }
}

/** A text of bearable length. One that is shortened is left as it is, so that it can be shortened before it is searched. */
export function shortened(text: string): string {
  if (text.length <= MAX_STRING || (text.length <= MAX_STRING + MARK && text.endsWith(' more characters]'))) return text;
  return `${text.slice(0, MAX_STRING)}… [${text.length - MAX_STRING} more characters]`;
}

const MARK = 40; // characters of what says how many are missing

/** The entries that are shown: a map of a million is not gone through for two hundred. */
function firstOf<T>(entries: Iterable<T>): T[] {
  const first: T[] = [];
  for (const entry of entries) {
    if (first.length === maxKeys) break;
    first.push(entry);
  }
  return first;
}

/** The text that an object stands for holds secrets like any other: the password of a `URL`. */
function revised(value: unknown, revise: ((key: string, value: unknown, path: readonly string[]) => unknown) | undefined, path: readonly string[]): unknown {
  return revise !== undefined && typeof value === 'string' ? revise(path.at(-1) ?? '', value, path) : value;
}

function copyArray(
  items: readonly unknown[],
  revise: ((key: string, value: unknown, path: readonly string[]) => unknown) | undefined,
  path: string[],
  seen: Set<object>,
  length = items.length,
): unknown[] {
  const out: unknown[] = [];
  const count = Math.min(items.length, maxKeys);
  for (let i = 0; i < count; i++) {
    if (valuesLeft-- <= 0) return [...out, '[too many values]'];
    const key = String(i);
    path.push(key);
    out.push(copy(asked(revise, key, items[i], path), revise, path, seen) ?? null);
    path.pop();
  }
  if (length > count) out.push(`[${length - count} more]`);
  return out;
}

function copyProps(
  value: object,
  revise: ((key: string, value: unknown, path: readonly string[]) => unknown) | undefined,
  path: string[],
  seen: Set<object>,
  size?: number,
): Record<string, unknown> {
  const out: Record<string, unknown> = Object.create(null);
  const keys = Object.keys(value);
  const length = size ?? keys.length;
  if (keys.length > maxKeys) keys.length = maxKeys;
  for (const key of keys) {
    if (valuesLeft-- <= 0) {
      out['…'] = '[too many values]';
      break;
    }
    let item: unknown;
    try {
      item = (value as Record<string, unknown>)[key];
    } catch (error) {
      item = `[unreadable: ${safeMessage(error)}]`;
    }
    path.push(key);
    out[key] = copy(asked(revise, key, item, path), revise, path, seen);
    path.pop();
  }
  if (length > maxKeys) out['…'] ??= `[${length - maxKeys} more keys]`;
  return out;
}

/** What `revise` makes of a value. A text is shortened first, as a search through megabytes takes its time. */
function asked(
  revise: ((key: string, value: unknown, path: readonly string[]) => unknown) | undefined,
  key: string,
  item: unknown,
  path: readonly string[],
): unknown {
  if (revise === undefined) return item;
  return revise(key, typeof item === 'string' ? shortened(item) : item, path);
}

/** The message of anything that was thrown; never throws. */
export function safeMessage(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.message);
    return String(error);
  } catch {
    return 'unprintable value';
  }
}

function safeName(fn: object): string {
  try {
    return String((fn as { name?: unknown }).name) || 'anonymous';
  } catch {
    return 'anonymous';
  }
}
