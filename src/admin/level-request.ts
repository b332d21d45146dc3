import { parseLevel } from '../core/level.ts';
import type { Body } from './body.ts';

/** What a `PUT /log/level` asks for, or the message of its 400. */
export type LevelRequest = { readonly level: string; readonly ttlMs: number | undefined; readonly reason: string | undefined } | { readonly error: string };

const MAX_TTL_MS = 86_400_000; // the contract's cap: a forgotten debug level must end within a day
const MAX_REASON = 500; // a sentence or two for the audit record
const FORM = 'application/x-www-form-urlencoded';

/** The media type of a header, without parameters and case. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Reads a request by the rules of the contract, in their order. */
export function readLevelRequest(contentType: string | undefined, body: Exclude<Body, { problem: unknown }>, query: URLSearchParams): LevelRequest {
  if ('parsed' in body) return fromObject(mediaType(contentType) === FORM ? withQuery(body.parsed, query) : body.parsed, query);
  if (body.text === '') return fromFields(query.get('level'), query.get('ttl') ?? query.get('rollbackAfter'), query.get('reason'));
  if (mediaType(contentType) === FORM) {
    const form = new URLSearchParams(body.text);
    const field = (name: string): string | null => form.get(name) ?? query.get(name);
    return fromFields(field('level'), field('ttl') ?? field('rollbackAfter'), field('reason'));
  }
  return fromJson(body.text, query);
}

/** A form that a framework has read: the first of several values, and the level of the query where the form has none. */
function withQuery(form: unknown, query: URLSearchParams): unknown {
  if (typeof form !== 'object' || form === null) return form;
  const level = query.get('level');
  const fields: Record<string, unknown> = Object.assign(Object.create(null), level === null ? undefined : { level });
  for (const [name, value] of Object.entries(form)) fields[name] = Array.isArray(value) ? value[0] : value;
  return fields;
}

function fromJson(text: string, query: URLSearchParams): LevelRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    value = firstObject(text);
    if (value === undefined) return { error: `malformed request body: ${(error as Error).message}` };
  }
  return fromObject(value, query);
}

/** zap's decoder reads the first JSON value of a body and never looks at what follows. `undefined` where no object is whole. */
function firstObject(text: string): unknown {
  try {
    return JSON.parse(text.slice(0, endOfObject(text)));
  } catch {
    return undefined;
  }
}

/** Where the object at the beginning ends; brackets in texts do not count. */
function endOfObject(text: string): number {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === '{') depth++;
    else if (token === '}' && --depth === 0) return index + 1;
  }
  return text.length;
}

function fromObject(value: unknown, query: URLSearchParams): LevelRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { error: 'malformed request body: expected a JSON object' };
  const level = member(value, 'level');
  if (level === undefined || level === null) return { error: 'must specify logging level' };
  if (typeof level !== 'string') return { error: 'malformed request body: level is no string' };
  const ttl = member(value, 'ttl') ?? member(value, 'rollbackAfter') ?? query.get('ttl') ?? query.get('rollbackAfter');
  const reason = member(value, 'reason') ?? query.get('reason');
  if (reason !== undefined && reason !== null && typeof reason !== 'string') return { error: 'malformed request body: reason is no string' };
  return finish(level, ttl, reason);
}

/** zap's decoder ignores the case of names; of several the last one wins, as in Go. */
function member(value: object, name: string): unknown {
  const lower = name.toLowerCase();
  const key = Object.keys(value).findLast((one) => one.toLowerCase() === lower);
  return key === undefined ? undefined : (value as Record<string, unknown>)[key];
}

function fromFields(level: string | null, ttl: string | null, reason: string | null): LevelRequest {
  return level === null || level === '' ? { error: 'must specify logging level' } : finish(level, ttl, reason);
}

function finish(text: string, ttl: unknown, reason: string | null | undefined): LevelRequest {
  const level = parseLevel(text);
  if (level === undefined) return { error: `unrecognized level: ${JSON.stringify(text)}` };
  const ttlMs = ttl === undefined || ttl === null ? undefined : readTtl(ttl);
  if (typeof ttlMs === 'string') return { error: ttlMs };
  return { level, ttlMs, reason: reason ? reason.slice(0, MAX_REASON) : undefined };
}

const TTL_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `"90s"`, `"10m"`, `"1h"`, joined as Go writes them (`"1h30m"`), or seconds; the milliseconds, or the message of the 400. */
export function readTtl(ttl: unknown): number | string {
  const ms = typeof ttl === 'number' ? ttl * 1_000 : typeof ttl === 'string' ? ttlOfText(ttl.trim()) : Number.NaN;
  if (!Number.isFinite(ms) || ms <= 0) return `unrecognized ttl: ${JSON.stringify(ttl)}`;
  if (ms > MAX_TTL_MS) return `ttl is too long: ${JSON.stringify(ttl)}, at most 24h`;
  return ms;
}

function ttlOfText(text: string): number {
  if (/^\d{1,9}(?:\.\d{1,3})?$/.test(text)) return Number(text) * 1_000;
  if (!/^(?:\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h))+$/.test(text)) return Number.NaN;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) ms += Number(count) * (TTL_UNITS[unit as string] as number);
  return ms;
}
