import { createRequire } from 'node:module';
import type { Logger as Pino } from 'pino';
import { type LineLevel, SEVERITY } from '../core/level.ts';

/** Takes a finished JSON line with its newline. */
export type LineSink = (line: string, severity: number) => void;

const require = createRequire(import.meta.url);

let sink: LineSink | undefined;
let root: Pino | undefined;
let prefix = '';
let severity = 0;
let busy = false;

/** Sets where lines go; `undefined` where nobody takes them. */
export function setSink(next: LineSink | undefined): void {
  sink = next;
}

/**
 * Writes one line through pino. `before` is the JSON text that stands between the level and the message, beginning with
 * a comma: pino takes it as its timestamp, the one place of a line that costs no object.
 */
export function writeLine(level: LineLevel, before: string, message: string, args: readonly unknown[]): void {
  if (busy) return; // a sink that logs would call itself for ever
  busy = true;
  try {
    prefix = before;
    severity = SEVERITY[level];
    root ??= createRoot();
    const write = root[level] as (this: Pino, message: string, ...args: readonly unknown[]) => void;
    if (args.length === 0) write.call(root, message);
    else write.call(root, message, ...args);
  } finally {
    busy = false;
  }
}

/** Whether a line is being handed over: what the sink itself says then is not logged again. */
export function isWriting(): boolean {
  return busy;
}

/** pino is loaded by the first line that is written: its import takes 22 ms. */
function createRoot(): Pino {
  const { pino } = require('pino') as typeof import('pino');
  return pino(
    { level: 'trace', base: null, messageKey: 'message', timestamp: () => prefix, formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => sink?.(oneLine(line), severity) },
  );
}

/** Valid in JSON as they are, but many readers end a line at them. The look costs nothing where all characters are Latin-1. */
function oneLine(line: string): string {
  if (!line.includes('\u2028') && !line.includes('\u2029')) return line;
  return line.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
