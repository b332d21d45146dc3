/** A level of a log line, or `off`. */
export type LevelName = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'off';

/** A level that a line can have. */
export type LineLevel = Exclude<LevelName, 'off'>;

/** OpenTelemetry severity numbers; `off` is above all of them. */
export const SEVERITY: Readonly<Record<LevelName, number>> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21, off: 25 };

/** The levels that a logger has methods for, from loud to silent. */
export const LINE_LEVELS: readonly LineLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** Every level that can be set. */
export const LEVELS: readonly LevelName[] = [...LINE_LEVELS, 'off'];

const ALIASES: Readonly<Record<string, LevelName>> = { warning: 'warn', dpanic: 'fatal', panic: 'fatal', silent: 'off', none: 'off' };

/**
 * Reads a level as people and other tools write it: any case, with zap's and pino's aliases. `undefined` for anything else.
 *
 * @example
 * parseLevel('WARNING') === 'warn';
 */
export function parseLevel(text: unknown): LevelName | undefined {
  if (typeof text !== 'string' || text.length > 10) return undefined; // the longest name has 7 letters
  const name = text.toLowerCase();
  if (Object.hasOwn(SEVERITY, name)) return name as LevelName;
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
}
