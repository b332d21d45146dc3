import { format } from 'node:util';
import type { LineLevel } from '../core/level.ts';
import { stackText } from '../errors/stack.ts';
import { argument } from './fields.ts';
import { logger } from './logger.ts';
import { isWriting } from './writer.ts';

const METHODS: Readonly<Record<'debug' | 'log' | 'info' | 'warn' | 'error' | 'trace' | 'dir' | 'dirxml', LineLevel>> = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
  trace: 'trace',
  dir: 'info',
  dirxml: 'info', // the others, such as `group` and `timeEnd`, say their lines with these
};

const NOTHING = {};

/** An object without its secrets, in the form in which Node prints plain ones; everything else as it is. */
function printable(arg: unknown): unknown {
  if (arg instanceof Error) return stackText(arg); // Node would print the fields of an error too, a request's headers among them
  if (typeof arg === 'function') return Object.keys(arg).length === 0 ? arg : `[Function: ${arg.name || '(anonymous)'}]`; // a client's settings may be fields
  if (typeof arg !== 'object' || arg === null) return arg;
  const copy = argument(arg);
  return typeof copy === 'object' && copy !== null ? JSON.parse(JSON.stringify(copy)) : copy;
}

/** What Node would print. Only a text that was given as the first argument is a format, not what we say in place of another thing. */
function text(args: readonly unknown[], error: Error | undefined): string {
  const shown = args.map((arg) => (error !== undefined && arg === error ? error.message : printable(arg)));
  return typeof shown[0] === 'string' && typeof args[0] !== 'string' ? format('%s', ...shown) : format(...shown);
}

/**
 * Sends what is said with `console` through the logger `console`, with its level, trace and redaction. An error among
 * the arguments gives the line its stack. Returns what puts the methods back.
 */
export function captureConsole(): () => void {
  const log = logger('console');
  const undo = Object.entries(METHODS).map(([name, level]) => {
    const key = name as keyof typeof METHODS;
    const former = console[key];
    const captured = (...given: unknown[]): void => {
      const args = key === 'dir' ? given.slice(0, 1) : given; // its second argument says how to print
      // A destination that says its lines with `console` must reach the screen and not us again.
      if (isWriting()) {
        (former as (...all: unknown[]) => void).apply(console, given);
        return;
      }
      try {
        const error = args.find((arg) => arg instanceof Error) as Error | undefined;
        // Without arguments of its own the text is not formatted again, and sampling tells one line from another.
        log[level](error ?? NOTHING, text(args, error));
      } catch {
        (former as (...all: unknown[]) => void).apply(console, given); // an argument that cannot be printed: Node's own console says so
      }
    };
    console[key] = captured;
    return () => {
      if (console[key] === captured) console[key] = former;
    };
  });
  undo.push(captureTable());
  return () => {
    for (const step of undo) step();
  };
}

/** A table is a text by the time that `log` gets it: its secrets are taken out before it is drawn. */
function captureTable(): () => void {
  const former = console.table;
  const captured = (data: unknown, columns?: readonly string[]): void => former.call(console, isWriting() ? data : printable(data), columns);
  console.table = captured;
  return () => {
    if (console.table === captured) console.table = former;
  };
}
