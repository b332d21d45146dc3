import { tryDurationMs } from '../core/duration.ts';
import { parseLevel, SEVERITY } from '../core/level.ts';
import { wrongUsage } from './exit-codes.ts';

/** Reads a time: how long ago (`1h`), or a moment (`2026-11-21`, `2026-11-21T07:30:00Z`), which is UTC unless it says otherwise. */
export function readTime(option: string, text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = tryDurationMs(text);
  if (ago !== undefined) return nowMs - ago;
  const timeMs = /^\d{4}-\d{2}-\d{2}(?:$|[T ]\d)/.test(text) ? Date.parse(/[zZ]$|[+-]\d{2}:?\d{2}$|^.{10}$/.test(text) ? text : `${text}Z`) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw wrongUsage(`Cannot use "${text}" as ${option}: expected how long ago, such as "1h", or a UTC time, such as "2026-11-21T07:30:00Z"`);
  return timeMs;
}

/** Reads a count of at least 1 and at most `max`. */
export function readCount(option: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= 1 && count <= max)) throw wrongUsage(`Cannot use "${text}" as ${option}: expected a whole number from 1 to ${max}`);
  return count;
}

export function readSeverity(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const level = parseLevel(text);
  if (level === undefined || level === 'off') throw wrongUsage(`Cannot use "${text}" as ${option}: expected trace, debug, info, warn, error or fatal`);
  return SEVERITY[level];
}

export function readTraceId(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const id = text.trim().toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(id)) throw wrongUsage(`Cannot use "${text}" as ${option}: expected a trace ID of 32 hexadecimal digits`);
  return id;
}

/** Reads a level as `/log/level` takes it. */
export function isLevelName(text: string): boolean {
  return parseLevel(text) !== undefined;
}
