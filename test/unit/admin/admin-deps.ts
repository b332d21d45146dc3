import type { AdminDeps, LevelChange, LevelState } from '../../../src/admin/deps.ts';
import type { ErrorRecord, LedgerReport, LogData, SpanData } from '../../../src/core/records.ts';

export const NOW = Date.parse('2026-11-21T08:00:00.000Z');

export const record: ErrorRecord = {
  timestamp: '2026-11-21T08:00:00.000Z',
  observed_timestamp: '2026-11-21T08:00:00.000Z',
  level: 'error',
  severity_number: 17,
  message: '<script>alert(1)</script>',
  'event.name': 'exception',
  logger: 'orders',
  'exception.type': 'TypeError',
  'exception.message': '<script>alert(1)</script>',
  'exception.stacktrace': 'TypeError: <script>alert(1)</script>\n    at f (a.ts:1:2)',
  'error.id': '7X2K-9QD4-MB3H-TRVG',
  'error.type': 'TypeError',
  'sonde.error.kind': 'bug',
  'sonde.error.fingerprint': 'v1:0123456789abcdef',
};

const none = {
  produced: 0,
  stored: 0,
  sent: 0,
  spooled: 0,
  pending: 0,
  dropped: { sampled: 0, queue_full: 0, too_large: 0, rejected: 0, expired: 0, spool_full: 0, redacted: 0 },
};
const ledger: LedgerReport = { span: { ...none, produced: 3, stored: 2, pending: 1 }, log: none, error: none, metric: none };

/** A trace of which nothing is stored yet. */
export const OPEN_TRACE_ID = 'fedcba9876543210fedcba9876543210';
export const TRACE_ID = '0123456789abcdef0123456789abcdef';

function spanOf(spanId: string, parentSpanId: string | undefined, name: string): SpanData {
  const base = {
    traceId: TRACE_ID,
    traceState: undefined,
    flags: 1,
    kind: 0,
    startMs: NOW,
    durationMs: 5,
    status: { code: 2 as const },
    attributes: { note: '<i>' },
  };
  return { ...base, spanId, parentSpanId, name, events: [], links: [], scope: { name: 'x' }, droppedAttributes: 0, droppedEvents: 0, droppedLinks: 0 };
}

// A child before its parent, a parent that is elsewhere, and two that are each other's parents.
const traceSpans = [spanOf('b', 'a', 'child <i>'), spanOf('a', 'elsewhere', 'root <b>'), spanOf('c', 'd', 'loop 1'), spanOf('d', 'c', 'loop 2')];
const traceLog: LogData = {
  timeMs: NOW,
  observedMs: NOW,
  severity: 9,
  level: 'info',
  message: '<script>',
  logger: 'l<b>',
  eventName: undefined,
  traceId: TRACE_ID,
  spanId: 'a',
  flags: 1,
  attributes: {},
};

/** Levels in memory that remember what they were asked. */
export function memoryLevels() {
  const configured = new Map<string, string>([['', 'info']]);
  const leases = new Map<string, { expiresAtMs: number; revertsTo: string }>();
  const changes: { logger: string; level: string | undefined; change: LevelChange }[] = [];
  const effective = (name: string): string => {
    for (let at = name; ; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
      const level = configured.get(at);
      if (level !== undefined) return level;
    }
  };
  return {
    changes,
    levels: {
      get: (name: string): LevelState => ({ level: effective(name), ...leases.get(name) }),
      set(name: string, level: string, change: LevelChange): void {
        changes.push({ logger: name, level, change });
        if (configured.size > 100 && !configured.has(name)) return; // names without end are the logs layer's matter
        leases.delete(name);
        if (change.ttlMs !== undefined) leases.set(name, { expiresAtMs: NOW + change.ttlMs, revertsTo: effective(name) });
        configured.set(name, level);
      },
      clear(name: string, change: LevelChange): void {
        changes.push({ logger: name, level: undefined, change });
        if (name === '') configured.set('', 'info');
        else configured.delete(name);
      },
      list: () =>
        [...new Set(['', 'orders', 'orders.db', ...configured.keys()])].map((name) => ({
          name,
          configured: configured.get(name),
          effective: effective(name),
          ...leases.get(name),
        })),
      groups: () => ({ web: ['orders', 'orders.db'] }),
      leases: () => [
        { logger: 'orders', level: 'debug', expiresAtMs: NOW, scope: { trace: undefined, route: '/<i>', user: undefined }, reason: '<b>', actor: undefined },
      ],
    },
  };
}

/** Everything that the admin handler shows, in memory. */
export function adminDeps(extra: Partial<AdminDeps> = {}): AdminDeps {
  return {
    service: 'checkout<b>',
    metrics: async (accept) => ({
      contentType: accept?.includes('openmetrics') ? 'application/openmetrics-text' : 'text/plain; version=0.0.4',
      body: 'up 1\n',
    }),
    levels: memoryLevels().levels,
    health: (kind) => (kind === 'live' ? { ok: true, reasons: [] } : { ok: false, reasons: ['shutting down'] }),
    error: async (id) =>
      id === record['error.id'] ? { found: record } : id.length < 16 ? { malformed: 'not a Sonde error ID' } : { missing: `no error ${id}` },
    errors: async ({ limit, after }) => ({ items: [record].slice(0, limit), next: after === undefined ? 'page2' : undefined }),
    traces: {
      families: () => [{ name: 'GET <b>', counts: [3, 0, 1, 0, 0, 0, 0, 0, 1], p99Ms: 50 }],
      spans: (name, bucket) => [
        {
          name,
          kind: 1,
          traceId: TRACE_ID,
          spanId: '0123456789abcdef',
          startMs: NOW,
          durationMs: bucket ?? 5,
          failed: true,
          attributes: { 'url.path': '/<i>' },
        },
      ],
    },
    active: () => [
      { name: 'GET /hang', detail: '/<i>', ageMs: 90_000, traceId: TRACE_ID, count: 1, isSlow: true },
      {
        name: 'never <b>',
        detail: 'a.ts:1<i>',
        ageMs: 3_600_000,
        traceId: OPEN_TRACE_ID,
        spanId: '0123456789abcdef',
        count: 1,
        p99Ms: 25,
        isSlow: true,
        isStuck: true,
      },
      { name: 'long', detail: '', ageMs: 11_000, traceId: undefined, count: 1, p99Ms: Number.POSITIVE_INFINITY, isSlow: false },
    ],
    openSpans: () => 12_345,
    trace: async (id) => (id === TRACE_ID ? { spans: traceSpans, logs: [traceLog] } : undefined),
    config: () => ({
      admin: { token: 'hunter2', port: 1 },
      otlp: { headers: { 'x-any': 'hunter2' }, tracesUrl: 'http://u:hunter2@c/<b>' },
      http: { ignore: () => true },
    }),
    handles: () => [
      { kind: 'timer', site: 'a.ts:1', ageMs: 5 },
      { kind: 'timer', site: 'a.ts:1', ageMs: 6, note: '<i>' },
    ],
    ledger: () => ledger,
    problems: () => [{ kind: 'x', count: 2, message: '<img src=x>', since: '2026-11-21T08:00:00.000Z' }],
    ...extra,
  };
}
