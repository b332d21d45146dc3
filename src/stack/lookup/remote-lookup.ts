import type { ErrorRecord } from '../../core/records.ts';
import { errorIdTime } from '../../errors/error-id.ts';
import { sameAs, unfold } from '../../errors/fold.ts';
import { StoreError } from '../../store/failure.ts';
import type { ErrorGroup, ErrorQuery, LogQuery, Lookup, LookupProblem, Page, PageQuery } from '../../store/lookup.ts';
import { pageLimit } from '../../store/query-page.ts';
import { groupErrors } from './group-errors.ts';
import { type LokiQuery, queryLoki, quoted } from './loki.ts';
import { errorRecordOf, type LokiLine, logOf } from './loki-records.ts';
import { type ReleaseSeen, releasesInLoki } from './releases.ts';
import type { ServerOptions } from './server.ts';
import { tailLoki } from './tail.ts';
import { traceFromTempo } from './tempo.ts';

const NS_PER_MS = 1_000_000n;
const HOUR_NS = 3_600_000n * NS_PER_MS;
const DAY_NS = 24n * HOUR_NS;
const AROUND_ID_NS = HOUR_NS / 4n; // the ID is minted when the error is seen, minutes at most after it occurred
const MAX_TAIL = 1_000; // as the store
const MAX_LINES = 5_000; // Loki's own limit of lines a query
const MAX_GROUPED = 20_000; // four answers of Loki; a storm of more is on the dashboard
const DEFAULT_RANGE_NS = 7n * DAY_NS;
const MAX_OF_ID = 10; // an ID has one record, and rarely one that amends it

/** The servers to look things up at; a look-up of a kind whose server is not named says so. */
export interface RemoteLookupOptions {
  readonly loki?: ServerOptions | undefined;
  readonly tempo?: ServerOptions | undefined;
  /** Wall clock, milliseconds. */
  readonly now?: () => number;
}

/** Looks up errors and logs in Loki and traces in Tempo, with the answers that the store on disk gives. */
export function openRemoteLookup({ loki, tempo, now = Date.now }: RemoteLookupOptions): Lookup {
  const server = (): ServerOptions => {
    if (!loki) throw new StoreError('missing', 'Cannot look up errors and logs: SONDE_LOKI_URL is not set');
    return loki;
  };
  const nowNs = (): bigint => BigInt(Math.ceil(now())) * NS_PER_MS + NS_PER_MS;
  const lines = async (expr: string, query: PageQuery): Promise<Page<LokiLine>> => readPage(server(), expr, query, nowNs());
  const errors = async (query: ErrorQuery): Promise<Page<ErrorRecord>> => {
    const page = await lines(errorExpr(query), query);
    return { items: lastWord(page.items.map(errorRecordOf)), next: page.next };
  };

  const find = async (id: string): Promise<ErrorRecord | undefined> => {
    const atNs = BigInt(errorIdTime(id).getTime()) * NS_PER_MS;
    const expr = `{obs_kind="error"} | error_id=${quoted(id)}`;
    const found = await queryLoki(server(), { expr, startNs: atNs - AROUND_ID_NS, endNs: atNs + AROUND_ID_NS, limit: MAX_OF_ID });
    return lastWord(found.map(errorRecordOf))[0];
  };
  const problems: LookupProblem[] = [];

  return {
    async error(id) {
      const record = await find(id);
      const whole = sameAs(record);
      return record && whole !== undefined ? unfold(record, await find(whole)) : record;
    },
    errors,
    async groups(query): Promise<Page<ErrorGroup>> {
      // A group tells when it was first seen and how often in all, whatever the query asks for: always the whole range.
      const now = nowNs();
      const startNs = query.sinceMs === undefined ? now : BigInt(Math.floor(query.sinceMs)) * NS_PER_MS;
      const range = { startNs: startNs < now - DEFAULT_RANGE_NS ? startNs : now - DEFAULT_RANGE_NS, endNs: now };
      const { records, isWhole } = await readRecords(server(), errorExpr({ service: query.service, fingerprint: query.fingerprint }), range);
      if (!isWhole) problems.push({ code: 'truncated', message: `Only the newest ${MAX_GROUPED} errors in Loki are grouped; name a service or a fingerprint` });
      if (!query.regressed) return groupErrors(records, query, undefined);
      const releases = await releasesInLoki(server(), records.map(seenIn), range);
      if (!releases.isWhole) problems.push({ code: 'truncated', message: 'Loki has more releases than are looked for; name a service' });
      return groupErrors(records, query, releases.order);
    },
    async trace(traceId) {
      if (!tempo) throw new StoreError('missing', 'Cannot look up traces: SONDE_TEMPO_URL is not set');
      return traceFromTempo(tempo, traceId);
    },
    logs: async (query) => mapPage(await lines(logExpr(query), query), logOf),
    async tailLogs(query, position) {
      const tail = await tailLoki(server(), logExpr(query), pageLimit({ limit: query.limit ?? MAX_TAIL }), position, nowNs());
      return { items: tail.lines.map(logOf), position: tail.position };
    },
    problems: () => problems,
    close: async () => {},
  };
}

function seenIn(record: ErrorRecord): ReleaseSeen {
  const timeNs = BigInt(Date.parse(record.timestamp)) * NS_PER_MS;
  return { service: String(record['service.name'] ?? ''), release: String(record['service.version'] ?? ''), timeNs };
}

/** One record of each ID: that which amends the others, where there is one. The order stays. */
function lastWord(records: readonly ErrorRecord[]): ErrorRecord[] {
  const byId = new Map<string, ErrorRecord>();
  for (const record of records) if (record['sonde.error.amends'] === true || !byId.has(record['error.id'])) byId.set(record['error.id'], record);
  return [...byId.values()];
}

async function readRecords(
  server: ServerOptions,
  expr: string,
  range: Pick<LokiQuery, 'startNs' | 'endNs'>,
): Promise<{ records: ErrorRecord[]; isWhole: boolean }> {
  const records: ErrorRecord[] = [];
  let endNs = range.endNs;
  for (;;) {
    const found = await queryLoki(server, { expr, startNs: range.startNs, endNs, limit: MAX_LINES });
    records.push(...found.map(errorRecordOf));
    const lastNs = found.at(-1)?.timeNs;
    if (found.length < MAX_LINES || lastNs === undefined || lastNs + 1n === endNs) return { records: lastWord(records), isWhole: true };
    if (records.length >= MAX_GROUPED) return { records: lastWord(records), isWhole: false };
    endNs = lastNs + 1n; // lines of that very nanosecond come again, and are one by their ID
  }
}

function errorExpr(query: ErrorQuery): string {
  return `{obs_kind="error"${service(query)}}${filter('sonde_error_kind', query.kind)}${filter('error_type', query.type)}${filter('sonde_error_fingerprint', query.fingerprint)}${filter('trace_id', query.traceId)}`;
}

function logExpr(query: LogQuery): string {
  const logger = query.logger === undefined ? '' : ` | scope_name=~${quoted(`${query.logger.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(\\..+)?`)}`;
  const severity = query.minSeverity === undefined ? '' : ` | severity_number>=${Math.trunc(query.minSeverity)}`;
  return `{obs_kind=~"log|audit"${service(query)}}${filter('trace_id', query.traceId)}${logger}${severity}`;
}

function service(query: PageQuery): string {
  return query.service === undefined ? '' : `, service_name=${quoted(query.service)}`;
}

function filter(label: string, value: string | undefined): string {
  return value === undefined ? '' : ` | ${label}=${quoted(value)}`;
}

function rangeOf(query: PageQuery, nowNs: bigint): Pick<LokiQuery, 'startNs' | 'endNs'> {
  const endNs = query.untilMs === undefined ? nowNs : BigInt(Math.floor(query.untilMs)) * NS_PER_MS;
  const startNs = query.sinceMs === undefined ? endNs - DEFAULT_RANGE_NS : BigInt(Math.floor(query.sinceMs)) * NS_PER_MS;
  return { startNs, endNs: endNs > startNs ? endNs : startNs + 1n };
}

/** A cursor is the time of the last line shown and how many lines of that very nanosecond were. */
async function readPage(server: ServerOptions, expr: string, query: PageQuery, nowNs: bigint): Promise<Page<LokiLine>> {
  const limit = pageLimit(query);
  const { startNs, endNs } = rangeOf(query, nowNs);
  const cursor = query.after === undefined ? undefined : parseCursor(query.after);
  const found = await queryLoki(server, { expr, startNs, endNs: cursor ? cursor.timeNs + 1n : endNs, limit: limit + (cursor?.seen ?? 0) + 1 });
  const rest = found.slice(cursor?.seen ?? 0);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  if (!last || rest.length <= limit) return { items, next: undefined };
  const seen = items.filter((line) => line.timeNs === last.timeNs).length + (cursor?.timeNs === last.timeNs ? cursor.seen : 0);
  return { items, next: `${last.timeNs}/${seen}` };
}

function parseCursor(text: string): { timeNs: bigint; seen: number } {
  const match = /^(\d{1,20})\/(\d{1,4})$/.exec(text);
  if (!match) throw new RangeError(`Cannot continue after "${text.slice(0, 100)}": expected the "next" of the page before`);
  return { timeNs: BigInt(match[1] as string), seen: Number(match[2]) };
}

function mapPage<T>(page: Page<LokiLine>, map: (line: LokiLine) => T): Page<T> {
  return { items: page.items.map(map), next: page.next };
}
