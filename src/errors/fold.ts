import { clock } from '../core/clock.ts';
import type { ErrorRecord, JsonValue } from '../core/records.ts';
import type { Classification } from './classify.ts';
import { parameterise } from './fingerprint.ts';
import { fieldOf, isObject } from './identity.ts';
import { messageOf, typeNameOf } from './stack.ts';

const WHOLE_PER_SECOND = 10; // of one failure: a person reads no more, and a storm costs 30 kB a second instead of 30 MB
const WINDOW_MS = 1_000;
const MAX_WINDOWS = 500; // failures that are told apart at once; each keeps a stack text of about 2 kB
const MAX_TEXT = 8_192; // characters of one error's frames
const SAMPLE = 8; // characters at the end of a frame: line and column of ten frames tell stacks apart well enough
const MAX_PROBES = 8; // stacks that look alike to the hash; one more takes the place of another

/** One failure, as it came in this second. */
interface Window {
  readonly type: string;
  /** The class of the error; `type` is its code where it has one. */
  readonly name: string;
  /** The frames of the error and its causes, as they are: lines included, messages left out. */
  readonly frames: string;
  startMono: number;
  whole: number;
  /** The last record that was written whole. */
  standIn: string | undefined;
  folded: number;
}

const windows = new Map<number, Window>();

/** What {@link admit} decided. */
export class Admission {
  readonly #window: Window;
  /** The ID of the whole record that a compact one refers to; absent where this one is to be whole. */
  readonly sameAs: string | undefined;
  /** Compact records since the last whole one. */
  readonly folded: number;

  constructor(window: Window, sameAs: string | undefined) {
    this.#window = window;
    this.sameAs = sameAs;
    this.folded = sameAs === undefined ? window.folded : 0;
  }

  /** Says that the whole record with this ID is written. */
  written(id: string): void {
    this.#window.standIn = id;
    this.#window.folded -= this.folded;
  }
}

/**
 * Decides whether a failure is recorded whole, or compact because the same one was, many times in this very second.
 * `replacesWhole`: the record takes the place of a whole one, to which others may refer, and so has to be whole itself.
 */
export function admit(causes: readonly unknown[], { type }: Classification, replacesWhole: boolean): Admission {
  const now = clock.mono();
  const window = windowOf(type, typeNameOf(causes[0]), framesOf(causes), now);
  if (now - window.startMono >= WINDOW_MS) {
    window.startMono = now;
    window.whole = 0;
  }
  if (window.whole >= WHOLE_PER_SECOND && window.standIn !== undefined && !replacesWhole) {
    window.folded++;
    return new Admission(window, window.standIn);
  }
  window.whole++;
  return new Admission(window, undefined);
}

/**
 * The window of a failure, by a hash of some characters of its frames; those that share it are compared whole, so that no
 * record ever refers to a stack that is not its own.
 */
function windowOf(type: string, name: string, frames: string, now: number): Window {
  let key = hashOf(frames);
  for (let probes = 1; ; probes++, key++) {
    const window = windows.get(key);
    if (window === undefined) break;
    if (window.type === type && window.name === name && window.frames === frames) return window;
    if (probes === MAX_PROBES) break;
  }
  if (windows.size >= MAX_WINDOWS) windows.delete(windows.keys().next().value as number);
  const made: Window = { type, name, frames, startMono: now, whole: 0, standIn: undefined, folded: 0 };
  windows.set(key, made);
  return made;
}

/** A hash of the end of each line, where its position stands: a third of what the hash of all of it costs. */
function hashOf(text: string): number {
  let hash = text.length;
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start + 1);
    const end = found < 0 ? text.length : found;
    for (let at = Math.max(start, end - SAMPLE); at < end; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
    start = end;
  }
  return hash;
}

/** The frames of the error, which mostly has no cause; of several each with its class. */
function framesOf(causes: readonly unknown[]): string {
  if (causes.length === 1) return ownFrames(causes[0]);
  let text = '';
  for (const cause of causes) {
    text += `\n${typeNameOf(cause)}${ownFrames(cause)}`;
    if (text.length > MAX_TEXT) break;
  }
  return text;
}

function ownFrames(error: unknown): string {
  const stack = isObject(error) ? fieldOf(error, 'stack') : undefined;
  const at = typeof stack === 'string' ? stack.indexOf('\n    at ') : -1;
  if (typeof stack !== 'string' || at < 0) return parameterise(messageOf(error)); // without frames it goes by what it says
  const frames = stack.slice(at, at + MAX_TEXT);
  return at > MAX_TEXT ? Buffer.from(frames).toString() : frames; // a part of a text keeps all of it in memory: a message may be megabytes
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
