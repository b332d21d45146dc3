import { clock } from '../core/clock.ts';
import { safeMessage } from '../core/json.ts';
import { type LevelName, LINE_LEVELS, type LineLevel, parseLevel, SEVERITY } from '../core/level.ts';
import { addOverhead } from '../core/overhead.ts';
import { currentScope, ROOT, type Scope, storage } from '../core/scope.ts';
import { levelledPrototypes, OWN_LEVEL } from './child-level.ts';
import { keepEarly, keepsEarly, releaseEarly } from './early.ts';
import { fieldsText } from './fields.ts';
import { jsonString } from './json-text.ts';
import { endDueLeases } from './leases.ts';
import { inScope } from './level-scope.ts';
import { allNodes, type LevelNode, nodeOf, passes, type ScopedLease } from './level-tree.ts';
import { setLevel } from './levels.ts';
import { type Bindings, lineCounts, messageIn, writeIn } from './line.ts';
import { heldFrom, hold, writeHeld } from './retro.ts';
import type { Gate } from './sampling.ts';

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
  /** Writes nothing; frameworks that take a pino logger ask for it. */
  silent: LogMethod;
  /** The level that holds for this name. Setting it is permanent, see {@link setLevel}. */
  level: LevelName;
  /** Whether a line of `level` would be written here and now. */
  isLevelEnabled(level: string): boolean;
  /**
   * A logger of the same name whose lines carry `bindings` too. With a `level` it and its children have that one in place
   * of the name's (fastify's `logLevel` of a route); a lease on the name reaches them nevertheless.
   */
  child(bindings: object, options?: { readonly level?: string | undefined }): Logger;
}

const BINDINGS: unique symbol = Symbol('bindings');
type Self = { readonly [BINDINGS]?: Bindings | undefined; readonly [OWN_LEVEL]?: LevelName } | undefined;

const loggers = new Map<string, Logger>();
let ready = false;
let gates: readonly Gate[] = [];
/** One line in so many is timed for the overhead metric: two looks at the clock cost a twentieth of a line. */
const TIMED = 64;
let emitted = 0;
let onSampled: () => void = () => {};

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
  const made = loggers.get(node.name) ?? create(node);
  loggers.set(node.name, made);
  return made;
}

/** Lets lines through and writes those that came before. `sampled` is told of each line that a gate holds back. */
export function openLoggers(through: readonly Gate[] = [], sampled: () => void = () => {}): void {
  gates = through;
  onSampled = sampled;
  ready = true;
  releaseEarly();
  refresh();
}

/** Stops the writing of lines; a program without telemetry pays nothing for them. */
export function closeLoggers(): void {
  ready = false;
  refresh();
}

function refresh(): void {
  for (const node of allNodes()) node.onChange?.(node);
}

/**
 * The methods are on an object that all children of a name have as their prototype. A change of the level swaps them
 * there, so it reaches every child at once, and a disabled level is an empty function.
 */
function create(node: LevelNode): Logger {
  const nameText = `,"logger":${jsonString(node.name)}`;
  const methods = Object.create(null) as Logger;
  const live = {} as Record<LineLevel, LogMethod>;
  const asking = {} as Record<LineLevel, LogMethod>;
  for (const level of LINE_LEVELS) {
    const severity = SEVERITY[level];
    const write = function write(this: Self, first?: unknown, ...rest: unknown[]): void {
      emit(level, node, nameText, storage.getStore() ?? ROOT, this?.[BINDINGS], first, rest);
    };
    const keep = function keep(this: Self, first?: unknown, ...rest: unknown[]): void {
      hold(level, nameText, currentScope(), this?.[BINDINGS], first, rest);
    };
    live[level] = write;
    // The arguments are only handed on, so that V8 makes no array of them for a call that comes to nothing.
    asking[level] = function ask(this: Self, ...args: unknown[]): void {
      const scope = storage.getStore() ?? ROOT;
      if (severity >= thresholdIn(scope, node)) write.apply(this, args as []);
      else if (severity >= heldFrom && scope.span !== undefined) keep.apply(this, args as []);
    };
  }
  node.onChange = () => {
    for (const level of LINE_LEVELS) {
      if (!ready && !keepsEarly()) methods[level] = nothing;
      else if (needsAsking(level, node)) methods[level] = asking[level];
      else methods[level] = passes(level, node.effective) ? live[level] : nothing;
    }
  };
  node.onChange(node);
  return complete(methods, node, live);
}

/** Whether a lease or retroactive debug decides over a level with each call; every other call costs nothing for them. */
function needsAsking(level: LineLevel, node: LevelNode): boolean {
  const enabled = passes(level, node.effective);
  if (node.heldBy !== undefined && enabled !== passes(level, node.base)) return true;
  if (node.scoped.some((lease) => passes(level, lease.level) !== enabled)) return true;
  return ready && !enabled && SEVERITY[level] >= heldFrom;
}

/** The severity from which lines are written in a context. */
function thresholdIn(scope: Scope, node: LevelNode): number {
  return leasedIn(scope, node) ?? node.threshold;
}

/** What a lease for this context says. The end of a lease is looked for here too: a busy loop keeps timers waiting. */
function leasedIn(scope: Scope, node: LevelNode): number | undefined {
  if (node.heldBy !== undefined && clock.mono() >= node.heldBy.untilMono) endDueLeases();
  const { scoped } = node;
  for (let i = 0; i < scoped.length; i++) {
    const lease = scoped[i] as ScopedLease;
    if (!inScope(lease.scope, lease.word, scope)) continue;
    if (clock.mono() < lease.untilMono) return lease.threshold;
    endDueLeases();
    return undefined;
  }
  return undefined;
}

/** The threshold of a child that has a level of its own: a lease that decides here and now comes before it. */
function childThreshold(own: number, scope: Scope, node: LevelNode): number {
  return leasedIn(scope, node) ?? (node.heldBy === undefined ? own : node.threshold);
}

function complete(methods: Logger, node: LevelNode, live: Readonly<Record<LineLevel, LogMethod>>): Logger {
  const withLevel = levelledPrototypes(methods, live, (severity, own) => severity >= childThreshold(own, storage.getStore() ?? ROOT, node));
  Object.defineProperties(methods, {
    name: { value: node.name, enumerable: true },
    level: {
      get: () => node.effective,
      set: (next: string) => setLevel(node.name, next, { actor: 'code' }),
      enumerable: true,
    },
    silent: { value: nothing },
    isLevelEnabled: {
      value(level: string): boolean {
        const parsed = parseLevel(level);
        return parsed !== undefined && parsed !== 'off' && SEVERITY[parsed] >= thresholdIn(storage.getStore() ?? ROOT, node);
      },
    },
    child: {
      value(this: Self, bindings: object, options?: { readonly level?: unknown }): Logger {
        const values = joined(this?.[BINDINGS]?.values, bindings);
        const own = parseLevel(options?.level) ?? this?.[OWN_LEVEL];
        const child = Object.create(own === undefined ? methods : withLevel(own)) as Logger & { [BINDINGS]: Bindings };
        child[BINDINGS] = { values, text: fieldsText(values) };
        return child;
      },
    },
  });
  return Object.create(methods) as Logger;
}

/** The bindings of a child. What cannot be read is left out: logging never throws. */
function joined(former: Bindings['values'] | undefined, added: object): Record<string, unknown> {
  const values: Record<string, unknown> = Object.assign(Object.create(null), former);
  try {
    return Object.assign(values, added);
  } catch (error) {
    return Object.assign(values, { unreadable: safeMessage(error) });
  }
}

function nothing(): void {}

function emit(
  level: LineLevel,
  node: LevelNode,
  nameText: string,
  scope: Scope,
  bindings: Bindings | undefined,
  first: unknown,
  rest: readonly unknown[],
): void {
  if (!ready) {
    if (keepsEarly() && !keepEarly(level, node, nameText, scope, bindings, first, rest)) refresh();
    return;
  }
  if (SEVERITY[level] >= SEVERITY.error) writeHeld(scope);
  for (let i = 0; i < gates.length; i++) {
    if ((gates[i] as Gate)(level, messageIn(first, rest[0]))) continue;
    lineCounts.sampled++;
    onSampled();
    return;
  }
  if (++emitted % TIMED !== 0) {
    writeIn(level, nameText, clock.now(), scope, bindings, first, rest);
    return;
  }
  const start = clock.mono();
  writeIn(level, nameText, clock.now(), scope, bindings, first, rest);
  addOverhead('logs', (clock.mono() - start) * TIMED);
}
