import { StoreError } from '../../store/failure.ts';
import type { LokiLine } from './loki-records.ts';
import { askServer, type ServerOptions } from './server.ts';

/** A range of time and how many lines of it. */
export interface LokiQuery {
  readonly expr: string;
  /** Nanoseconds; the start belongs to the range, the end does not. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly limit: number;
  readonly forward?: boolean;
}

/** Lines of Loki, newest first unless `forward`. */
export async function queryLoki(server: ServerOptions, { expr, startNs, endNs, limit, forward = false }: LokiQuery): Promise<LokiLine[]> {
  const answer = await askServer(server, '/loki/api/v1/query_range', {
    query: expr,
    start: String(startNs),
    end: String(endNs),
    limit: String(limit),
    direction: forward ? 'forward' : 'backward',
  });
  const result = (answer as { data?: { result?: unknown } } | undefined)?.data?.result;
  if (!Array.isArray(result)) throw new StoreError('io', `Cannot read the answer of ${server.name}: expected streams, is this the URL of a Loki?`);
  const lines = (result as { stream?: Record<string, string>; values?: [string, string][] }[]).flatMap(({ stream = {}, values = [] }) =>
    values.map(([time, text]): LokiLine => ({ labels: stream, timeNs: BigInt(time), text })),
  );
  return lines.sort((a, b) => (a.timeNs === b.timeNs ? 0 : a.timeNs < b.timeNs === forward ? -1 : 1)).slice(0, limit);
}

/** A string of LogQL: quoted as in Go. */
export function quoted(text: string): string {
  return JSON.stringify(text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' '));
}
