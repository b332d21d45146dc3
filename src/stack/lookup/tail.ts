import { createHash } from 'node:crypto';
import { type LokiQuery, queryLoki } from './loki.ts';
import type { LokiLine } from './loki-records.ts';
import type { ServerOptions } from './server.ts';

const LATE_NS = 10_000_000_000n; // a line waits up to 5 s in its program and 0.2 s in the collector
const MAX_LINES = 5_000; // Loki's own limit of lines a query

/** Where a tail is: the time it reads from, and which lines since then were shown (`<ns>/<hash>`). */
interface Position {
  readonly fromNs: bigint;
  readonly shown: readonly string[];
}

/**
 * Lines that Loki took since `position`, oldest first. Loki keeps no order of arrival: the last ten seconds are read
 * again each time, and what was shown is left out, so that a line that comes late is shown all the same.
 */
export async function tailLoki(
  server: ServerOptions,
  expr: string,
  limit: number,
  position: string | undefined,
  nowNs: bigint,
): Promise<{ readonly lines: LokiLine[]; readonly position: string }> {
  const former: Position = position === undefined ? { fromNs: nowNs - LATE_NS, shown: [] } : parsePosition(position);
  const query: LokiQuery = { expr, startNs: former.fromNs, endNs: nowNs > former.fromNs ? nowNs : former.fromNs + 1n, limit: MAX_LINES, forward: true };
  const found = await queryLoki(server, query);
  const shown = new Set(former.shown);
  const fresh = found.filter((line) => !shown.has(keyOf(line)));
  const lines = position === undefined ? [] : fresh.slice(0, limit);
  for (const line of position === undefined ? fresh : lines) shown.add(keyOf(line));
  const isCut = position !== undefined && (fresh.length > limit || found.length === MAX_LINES);
  const lastNs = (lines.at(-1) ?? found.at(-1))?.timeNs;
  // Where there is more than one answer holds, the next one begins at the last line shown: late lines are given up then, not the new ones.
  const fromNs = isCut && lastNs !== undefined ? lastNs : max(former.fromNs, nowNs - LATE_NS);
  return { lines, position: formatPosition({ fromNs, shown: [...shown].filter((key) => BigInt(key.slice(0, key.indexOf('/'))) >= fromNs) }) };
}

function keyOf({ timeNs, labels, text }: LokiLine): string {
  const hash = createHash('sha1').update(JSON.stringify(labels)).update('\0').update(text).digest('base64url');
  return `${timeNs}/${hash.slice(0, 12)}`;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function formatPosition({ fromNs, shown }: Position): string {
  return [fromNs, ...shown].join(' ');
}

function parsePosition(text: string): Position {
  const [from = '', ...shown] = text.split(' ');
  if (!/^\d{1,20}$/.test(from)) throw new RangeError(`Cannot continue after "${text.slice(0, 100)}": expected the position of the answer before`);
  return { fromNs: BigInt(from), shown };
}
