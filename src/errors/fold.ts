import { clock } from '../core/clock.ts';
import type { ErrorRecord, JsonValue } from '../core/records.ts';
import type { Classification } from './classify.ts';
import { fieldOf, isObject } from './identity.ts';
import { typeNameOf } from './stack.ts';

const WHOLE_PER_SECOND = 10; // of one failure: a person reads no more, and a storm costs 30 kB a second instead of 30 MB
const WINDOW_MS = 1_000;
const MAX_KEYS = 500; // failures that are told apart at once; each key is a stack text of about 2 kB
const MAX_KEY = 8_192;

interface Window {
  startMono: number;
  whole: number;
  /** The last record that was written whole. */
  standIn: string | undefined;
  folded: number;
}

const windows = new Map<string, Window>();

/** What {@link admit} decided. */
export interface Admission {
  /** The ID of the whole record that a compact one refers to; absent where this one is to be whole. */
  readonly sameAs: string | undefined;
  /** Compact records since the last whole one. */
  readonly folded: number;
  /** Says that the whole record with this ID is written. */
  written(id: string): void;
}

/**
 * Decides whether a failure is recorded whole, or compact because the same one was, many times in this very second.
 * `replacesWhole`: the record takes the place of a whole one, to which others may refer, and so has to be whole itself.
 */
export function admit(causes: readonly unknown[], classification: Classification, replacesWhole: boolean): Admission {
  const key = foldKey(causes, classification);
  const now = clock.mono();
  let window = windows.get(key);
  if (window === undefined) {
    if (windows.size >= MAX_KEYS) windows.delete(windows.keys().next().value as string);
    window = { startMono: now, whole: 0, standIn: undefined, folded: 0 };
    windows.set(key, window);
  } else if (now - window.startMono >= WINDOW_MS) {
    window.startMono = now;
    window.whole = 0;
  }
  if (window.whole >= WHOLE_PER_SECOND && window.standIn !== undefined && !replacesWhole) {
    window.folded++;
    return { sameAs: window.standIn, folded: 0, written: nothing };
  }
  window.whole++;
  const { folded } = window;
  const here = window;
  return {
    sameAs: undefined,
    folded,
    written(id) {
      here.standIn = id;
      here.folded -= folded;
    },
  };
}

function nothing(): void {
  // a compact record stands for nobody
}

/** Type, code and frames of the error and its causes, as they are: lines included, messages left out. */
function foldKey(causes: readonly unknown[], { type }: Classification): string {
  let key = type;
  for (const cause of causes) {
    const stack = isObject(cause) ? fieldOf(cause, 'stack') : undefined;
    key += `\n${typeNameOf(cause)}`;
    if (typeof stack === 'string') {
      const frames = stack.indexOf('\n    at ');
      if (frames >= 0) key += stack.slice(frames, frames + MAX_KEY);
    }
    if (key.length > MAX_KEY) break;
  }
  return key;
}

/** What a compact record takes from the whole one: all that is the same for the failure, nothing of its occurrence. */
const SHARED =
  /^(?:exception\.|error\.(?!id$|data$)|sonde\.error\.(?!same_as$|amends$|suppressed$|cause_id$|context_dropped$)|service\.|vcs\.|host\.|process\.(?!memory\.|uptime$)|telemetry\.|deployment\.|level$|severity_number$|event\.name$|logger$)/;

/** The ID of the whole record that a compact one refers to; `undefined` for a whole one. */
export function sameAs(record: ErrorRecord | undefined): string | undefined {
  const id = record?.['sonde.error.same_as'];
  return typeof id === 'string' && record?.['exception.stacktrace'] === undefined ? id : undefined;
}

/** Makes a compact record whole again. */
export function unfold(record: ErrorRecord, whole: ErrorRecord | undefined): ErrorRecord {
  if (whole === undefined) return record;
  const shared: Record<string, JsonValue | undefined> = {};
  for (const key of Object.keys(whole)) if (SHARED.test(key)) shared[key] = whole[key];
  return { ...shared, ...record, 'exception.message': record.message } as ErrorRecord;
}
