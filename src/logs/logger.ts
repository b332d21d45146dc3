import { clock } from '../core/clock.ts';
import { safeMessage } from '../core/json.ts';
import { ROOT, type Scope, storage } from '../core/scope.ts';
import { spanText, valuesText } from './context.ts';
import { argument, errorText, fieldsText, messageOf, reviseText } from './fields.ts';
import { jsonString, utcText } from './json-text.ts';
import { LINE_LEVELS, type LevelName, type LineLevel, parseLevel } from './level.ts';
import { type LevelNode, nodeOf, passes } from './level-tree.ts';
import { expireDue, setLevel } from './levels.ts';
import { writeLine } from './writer.ts';

/** Writes a line: an object (or an error) and a message, or a message; `%s`, `%d`, `%j` in it take the further arguments. */
export interface LogMethod {
  (fields: object | undefined | null, message?: string, ...args: unknown[]): void;
  (message: string, ...args: unknown[]): void;
}

/** Writes lines under a name. */
export interface Logger {
  readonly name: string;
  trace: LogMethod;
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  fatal: LogMethod;
  /** The level that holds for this name. Setting it is permanent, see {@link setLevel}. */
  level: LevelName;
  /** Whether a line of `level` would be written now. */
  isLevelEnabled(level: string): boolean;
  /** A logger of the same name whose lines carry `bindings` too. */
  child(bindings: object): Logger;
}

/** What a child's lines carry: as values for the next child, and as text for the line. */
interface Bindings {
  readonly values: Readonly<Record<string, unknown>>;
  readonly text: string;
}
const BINDINGS: unique symbol = Symbol('bindings');
type Self = { readonly [BINDINGS]?: Bindings | undefined } | undefined;

/** Lines of before the configuration that are kept; a start-up that says more than this says it again. */
const MAX_EARLY = 100;
let early: { readonly node: LevelNode; readonly level: LineLevel; readonly write: () => void }[] | undefined = [];
let ready = false;
/** Lines of this process. */
export const lineCounts = { written: 0, failed: 0 };

const loggers = new Map<string, Logger>();

/**
 * A logger of this name. Names form a tree by their dots: `orders.db` has the level of `orders` until it gets its own.
 *
 * Shape: the same name gives the same logger; methods take pino's arguments; they may be taken off the object.
 * Errors: throws `TypeError` where the name is no text; logging never throws.
 *
 * @example
 * const log = logger('example.orders');
 * log.info({ order: 'o-17' }, 'order placed');
 * log.name === 'example.orders';
 */
export function logger(name = ''): Logger {
  if (typeof name !== 'string') throw new TypeError(`Cannot make the logger "${String(name)}": its name is ${typeof name}, expected text`);
  const known = loggers.get(name);
  if (known) return known;
  const node = nodeOf(name);
  const made = node.onChange === undefined ? create(node) : (loggers.get(node.name) as Logger);
  loggers.set(node.name, made);
  return made;
}

/** Lets lines through and writes those that came before. */
export function openLoggers(): void {
  if (ready) return;
  ready = true;
  const waiting = early ?? [];
  early = undefined;
  for (const { node, level, write } of waiting) if (passes(level, node.effective)) write();
  refresh();
}

/** Stops the writing of lines; a program without telemetry pays nothing for them. */
export function closeLoggers(): void {
  ready = false;
  refresh();
}

function refresh(): void {
  for (const made of loggers.values()) nodeOf(made.name).onChange?.(nodeOf(made.name));
}

/**
 * The methods are on an object that all children of a name have as their prototype. A change of the level swaps them
 * there, so it reaches every child at once, and a disabled level is an empty function.
 */
function create(node: LevelNode): Logger {
  const nameText = `,"logger":${jsonString(node.name)}`;
  const methods = Object.create(null) as Logger;
  const live = {} as Record<LineLevel, LogMethod>;
  const leased = {} as Record<LineLevel, LogMethod>;
  for (const level of LINE_LEVELS) {
    live[level] = function write(this: Self, first?: unknown, ...rest: unknown[]): void {
      emit(level, node, nameText, this?.[BINDINGS], first, rest);
    };
    // While a lease decides over a level, its end is looked for on each call: a busy loop keeps timers waiting.
    leased[level] = function writeLeased(this: Self, first?: unknown, ...rest: unknown[]): void {
      if (node.heldBy !== undefined && clock.mono() >= node.heldBy.untilMono) expireDue();
      if (passes(level, node.effective)) emit(level, node, nameText, this?.[BINDINGS], first, rest);
    };
  }
  const swap = (): void => {
    for (const level of LINE_LEVELS) {
      if (!ready && early === undefined) methods[level] = nothing;
      else if (node.heldBy !== undefined && passes(level, node.effective) !== passes(level, node.base)) methods[level] = leased[level];
      else methods[level] = passes(level, node.effective) ? live[level] : nothing;
    }
  };
  node.onChange = swap;
  swap();
  return complete(methods, node);
}

function complete(methods: Logger, node: LevelNode): Logger {
  Object.defineProperties(methods, {
    name: { value: node.name, enumerable: true },
    level: {
      get: () => node.effective,
      set: (next: string) => setLevel(node.name, next, { actor: 'code' }),
      enumerable: true,
    },
    isLevelEnabled: {
      value(level: string): boolean {
        const parsed = parseLevel(level);
        if (node.heldBy !== undefined) expireDue();
        return parsed !== undefined && parsed !== 'off' && passes(parsed, node.effective);
      },
    },
    child: {
      value(this: Self, bindings: object): Logger {
        const values = Object.assign(Object.create(null), this?.[BINDINGS]?.values, bindings) as Record<string, unknown>;
        const child = Object.create(methods) as Logger & { [BINDINGS]: Bindings };
        child[BINDINGS] = { values, text: fieldsText(values) };
        return child;
      },
    },
  });
  return Object.create(methods) as Logger;
}

function nothing(): void {}

function emit(level: LineLevel, node: LevelNode, nameText: string, bindings: Bindings | undefined, first: unknown, rest: unknown[]): void {
  const scope = storage.getStore() ?? ROOT;
  if (ready) writeIn(scope, clock.now(), level, nameText, bindings, first, rest);
  else if (early !== undefined) keepEarly(level, node, nameText, bindings, first, rest, scope);
}

function writeIn(scope: Scope, timeMs: number, level: LineLevel, nameText: string, bindings: Bindings | undefined, first: unknown, rest: unknown[]): void {
  try {
    const start = `,"timestamp":"${utcText(timeMs)}"${nameText}${spanText(scope.span)}`;
    let message: unknown = first;
    let args = rest;
    let fields: object | undefined;
    if (typeof first !== 'string') {
      message = rest[0];
      args = rest.slice(1);
      if (typeof first === 'object' && first !== null) fields = first;
      else if (first !== undefined && first !== null) {
        message = String(first);
        args = rest;
      }
    }
    const context = start + contextText(scope, bindings, fields);
    if (fields === undefined) writeLine(level, context, messageText(message), args.length === 0 ? args : args.map(argument));
    else if (fields instanceof Error) writeLine(level, context + errorText(fields), message === undefined ? messageOf(fields) : messageText(message), args.map(argument));
    else writeFields(level, context, fields, message, args);
    lineCounts.written++;
  } catch (error) {
    writeFailure(timeMs, level, nameText, error);
  }
}

/** What was logged must not break the program: the line says that there was one, and why it is not here. */
function writeFailure(timeMs: number, level: LineLevel, nameText: string, error: unknown): void {
  lineCounts.failed++;
  try {
    writeLine(level, `,"timestamp":"${utcText(timeMs)}"${nameText}`, `[a log line that cannot be written: ${safeMessage(error).slice(0, 200)}]`, []);
  } catch {
    // Nobody takes lines at all; the count says so.
  }
}

function writeFields(level: LineLevel, context: string, fields: object, given: unknown, args: unknown[]): void {
  let message = given;
  let skip: string | undefined;
  if (message === undefined) {
    const { message: own, err, error } = fields as { message?: unknown; err?: unknown; error?: unknown };
    const cause = err instanceof Error ? err : error;
    if (typeof own === 'string') {
      message = own;
      skip = 'message';
    } else if (cause instanceof Error) message = messageOf(cause);
  }
  writeLine(level, context + fieldsText(fields, skip), messageText(message), args.length === 0 ? args : args.map(argument));
}

function messageText(message: unknown): string {
  return message === undefined ? '' : reviseText(typeof message === 'string' ? message : String(message));
}

/** Bound values of the scope and of the child; what the line itself says again stands there alone. */
function contextText(scope: Scope, bindings: Bindings | undefined, fields: object | undefined): string {
  const { values } = scope;
  if (values === undefined && bindings === undefined) return '';
  const own = fields instanceof Error ? undefined : fields;
  if (!overlap(own, values) && !overlap(own, bindings?.values) && !overlap(bindings?.values, values)) {
    return (values === undefined ? '' : valuesText(values)) + (bindings === undefined ? '' : bindings.text);
  }
  const merged = Object.assign(Object.create(null), values, bindings?.values) as Record<string, unknown>;
  for (const key in own) delete merged[key];
  return fieldsText(merged);
}

function overlap(a: object | undefined, b: object | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  for (const key in a) if (key in b) return true;
  return false;
}

/** Keeps a line of before the configuration, with the time and the scope that it belongs to. */
function keepEarly(level: LineLevel, node: LevelNode, nameText: string, bindings: Bindings | undefined, first: unknown, rest: unknown[], scope: Scope): void {
  if (early === undefined) return;
  const timeMs = clock.now();
  const copies = rest.map(argument);
  const fields = first instanceof Error ? first : argument(first);
  early.push({ node, level, write: () => writeIn(scope, timeMs, level, nameText, bindings, fields, copies) });
  if (early.length < MAX_EARLY) return;
  // Nobody configures: from here a line costs an empty call.
  early = undefined;
  refresh();
}
