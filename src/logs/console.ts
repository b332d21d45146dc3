import { format } from 'node:util';
import type { LineLevel } from '../core/level.ts';
import { logger } from './logger.ts';
import { isWriting } from './writer.ts';

const METHODS: Readonly<Record<'debug' | 'log' | 'info' | 'warn' | 'error' | 'trace', LineLevel>> = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
  trace: 'trace',
};

/**
 * Sends what is said with `console` through the logger `console`, with its level, trace and redaction. An error among
 * the arguments gives the line its stack. Returns what puts the methods back.
 */
export function captureConsole(): () => void {
  const log = logger('console');
  const undo = Object.entries(METHODS).map(([name, level]) => {
    const key = name as keyof typeof METHODS;
    const former = console[key];
    const captured = (...args: unknown[]): void => {
      // A destination that says its lines with `console` must reach the screen and not us again.
      if (isWriting()) {
        former.apply(console, args);
        return;
      }
      try {
        const error = args.find((arg) => arg instanceof Error);
        const text = format(...args.map((arg) => (arg === error && args.length > 1 ? (error as Error).message : arg)));
        if (error === undefined) log[level]({}, '%s', text);
        else log[level](error, '%s', args.length === 1 ? (error as Error).message : text);
      } catch {
        former.apply(console, args); // an argument that cannot be printed: Node's own console says so
      }
    };
    console[key] = captured;
    return () => {
      if (console[key] === captured) console[key] = former;
    };
  });
  return () => {
    for (const step of undo) step();
  };
}
