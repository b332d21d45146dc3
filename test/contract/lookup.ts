import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorRecord, LogData, SpanData } from '../../src/core/records.ts';
import { mintErrorId } from '../../src/errors/error-id.ts';
import type { Lookup, Page, PageQuery } from '../../src/store/lookup.ts';
import { errorRecord, logData, spanData } from '../unit/store/records.ts';

/** What a place is given. Everything of one call belongs to one service and release. */
export interface Given {
  readonly service: string;
  readonly release?: string;
  readonly spans?: readonly SpanData[];
  readonly logs?: readonly LogData[];
  readonly errors?: readonly ErrorRecord[];
}

export interface LookupPlace {
  readonly lookup: Lookup;
  /** Resolves when a look-up finds all of it. */
  add(given: Given): Promise<void>;
  close(): Promise<void>;
}

/** The cases in which a place may deviate. */
export type Deviation = 'attributes of log lines' | 'attributes of errors' | 'an error that is looked up long after its ID';

export interface LookupSubject {
  readonly name: string;
  readonly open: () => Promise<LookupPlace>;
  /** Whether it has traces; one of logs alone has none. */
  readonly traces: boolean;
  /** Why the place cannot do it; the case must fail, so that a deviation which is none any more is noticed. */
  readonly deviations: Partial<Readonly<Record<Deviation, string>>>;
}

export const resourceOf = ({ service, release = '1.4.0' }: Given) => ({
  'service.name': service,
  'service.version': release,
  'host.name': 'box-1',
  'telemetry.sdk.name': 'sonde',
});

const MINUTE = 60_000;
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

async function allPages<T>(ask: (query: PageQuery) => Promise<Page<T>>, limit: number): Promise<T[]> {
  const items: T[] = [];
  for (let after: string | undefined, pages = 0; pages < 20; pages++) {
    const page = await ask({ limit, after });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    if (page.next === undefined) return items;
    after = page.next;
  }
  throw new Error('Cannot reach the last page: there are over 20');
}

/** What every place where errors, traces and logs are looked up does. */
export function lookupContract({ name, open, traces, deviations }: LookupSubject): void {
  describe(`look-ups: ${name}`, () => {
    let place: LookupPlace;
    let lookup: Lookup;
    const base = Date.now() - 10 * MINUTE;
    beforeAll(async () => {
      place = await open();
      lookup = place.lookup;
    });
    afterAll(() => place?.close());

    const serviceOf = (what: string): string => `${what}-${hex(4)}`;
    /** A case in which a place may deviate. */
    const mayDeviate = (title: Deviation, test: () => Promise<void>): void => {
      const reason = deviations[title];
      if (reason === undefined) it(title, test);
      else it.fails(`${title} (deviates: ${reason})`, test);
    };
    const error = (service: string, over: Parameters<typeof errorRecord>[0] = {}): ErrorRecord =>
      errorRecord({ 'service.name': service, 'sonde.error.fingerprint': `v1:${hex(8)}`, ...over });

    describe('error', () => {
      it('finds the whole record by its ID', async () => {
        const service = serviceOf('one');
        const trace_id = hex(16);
        const record = error(service, {
          timeMs: base,
          trace_id,
          span_id: hex(8),
          trace_flags: 1,
          message: 'two\nlines',
          'exception.message': 'two\nlines',
          'exception.stacktrace': 'TypeError: two\nlines\n    at charge (src/orders.ts:12:9)\n\nCaused by: Error: no',
          'error.code': 'orders/declined',
          'sonde.error.handled': true,
          'sonde.error.chain': ['orders/declined', 'Error'],
          'process.uptime': 12.5,
          'process.memory.rss': 76_111_872,
          'nodejs.eventloop.delay': 0.004,
        });
        await place.add({ service, errors: [record] });
        const found = (await lookup.error(record['error.id'])) as ErrorRecord;
        // Loki has the whole resource beside it, the store what the SDK wrote; what was written is there in both.
        const fromResource = Object.keys(resourceOf({ service })).filter((key) => !(key in record));
        expect(Object.fromEntries(Object.entries(found).filter(([key]) => !fromResource.includes(key)))).toEqual(record);
      });

      it('answers undefined for an ID that nobody has', async () => {
        expect(await lookup.error(mintErrorId(base))).toBeUndefined();
      });

      it('makes a compact record whole again', async () => {
        const service = serviceOf('compact');
        const whole = error(service, { timeMs: base });
        const {
          'exception.stacktrace': _stack,
          'exception.message': _message,
          'sonde.error.public_message': _public,
          ...rest
        } = error(service, {
          timeMs: base + 5,
          message: 'Cannot charge order "o-2"',
          'sonde.error.fingerprint': whole['sonde.error.fingerprint'],
        });
        const compact = { ...rest, 'sonde.error.same_as': whole['error.id'] } as unknown as ErrorRecord;
        await place.add({ service, errors: [whole, compact] });
        expect(await lookup.error(compact['error.id'])).toMatchObject({
          message: 'Cannot charge order "o-2"',
          'exception.message': 'Cannot charge order "o-2"',
          'exception.stacktrace': whole['exception.stacktrace'],
          'sonde.error.public_message': 'Something unexpected happened.',
        });
      });

      it('gives the record that amends, and lists and counts it once', async () => {
        const service = serviceOf('amended');
        const first = error(service, { timeMs: base });
        const amended = error(service, { timeMs: base, 'error.id': first['error.id'], 'error.type': 'orders/declined', 'sonde.error.amends': true });
        await place.add({ service, errors: [first, amended] });
        expect(await lookup.error(first['error.id'])).toMatchObject({ 'error.type': 'orders/declined' });
        expect((await lookup.errors({ service })).items.map((found) => found['error.type'])).toEqual(['orders/declined']);
      });

      mayDeviate('an error that is looked up long after its ID', async () => {
        const service = serviceOf('clock');
        const record = error(service, { timeMs: base, 'error.id': mintErrorId(base - 30 * 24 * 60 * MINUTE) });
        await place.add({ service, errors: [record] });
        expect(await lookup.error(record['error.id'])).toMatchObject({ message: record.message });
      });

      mayDeviate('attributes of errors', async () => {
        const service = serviceOf('context');
        const record = error(service, { timeMs: base, 'order.id': 'o-1', seats: 5 });
        await place.add({ service, errors: [record] });
        expect(await lookup.error(record['error.id'])).toMatchObject({ 'order.id': 'o-1', seats: 5 });
      });
    });

    describe('errors', () => {
      const service = serviceOf('errors');
      const trace_id = hex(16);
      let a: ErrorRecord;
      let b: ErrorRecord;
      let c: ErrorRecord;
      beforeAll(async () => {
        a = error(service, { timeMs: base, 'sonde.error.kind': 'known', 'error.type': 'orders/declined' });
        b = error(service, { timeMs: base + 1_000, trace_id, span_id: hex(8) });
        c = error(service, { timeMs: base + 2_000 });
        await place.add({ service, errors: [a, b, c] });
      });
      const ids = (...records: ErrorRecord[]): string[] => records.map((record) => record['error.id']);
      const found = async (query: Parameters<Lookup['errors']>[0]): Promise<string[]> => ids(...(await lookup.errors({ service, ...query })).items);

      it('are newest first', async () => {
        expect(await found({})).toEqual(ids(c, b, a));
      });

      it('are filtered', async () => {
        expect(await found({ kind: 'known' })).toEqual(ids(a));
        expect(await found({ kind: 'bug' })).toEqual(ids(c, b));
        expect(await found({ type: 'orders/declined' })).toEqual(ids(a));
        expect(await found({ fingerprint: c['sonde.error.fingerprint'] })).toEqual(ids(c));
        expect(await found({ traceId: trace_id })).toEqual(ids(b));
        expect(await found({ kind: 'known', traceId: trace_id })).toEqual([]);
        expect((await lookup.errors({ service: 'nobody' })).items).toEqual([]);
      });

      it('of a time: its start belongs to it, its end does not', async () => {
        expect(await found({ sinceMs: base + 1_000, untilMs: base + 2_000 })).toEqual(ids(b));
        expect(await found({ sinceMs: base + 2_001 })).toEqual([]);
        expect(await found({ untilMs: base + 1_000 })).toEqual(ids(a));
      });

      it('come in pages: each once, also those of one moment', async () => {
        const many = serviceOf('pages');
        const records = [0, 1, 1, 1, 1, 2, 3].map((after) => error(many, { timeMs: base + after * 1_000 }));
        await place.add({ service: many, errors: records });
        const seen = ids(...(await allPages((page) => lookup.errors({ service: many, ...page }), 2)));
        expect([...seen].sort()).toEqual(ids(...records).sort());
        expect(seen.at(-1)).toBe(records[0]?.['error.id']);
        expect((await lookup.errors({ service: many, limit: 7 })).next).toBeUndefined();
        expect((await lookup.errors({ service: many, limit: 0 })).items).toHaveLength(1);
      });

      it('refuses a place to go on from that is none', async () => {
        await expect(lookup.errors({ service, after: 'page 2' })).rejects.toThrow(RangeError);
      });
    });

    describe('groups', () => {
      const service = serviceOf('groups');
      const [one, two, back] = [`v1:${hex(8)}`, `v1:${hex(8)}`, `v1:${hex(8)}`];
      let last: ErrorRecord;
      beforeAll(async () => {
        const of = (fingerprint: string, release: string, afterMs: number, over: object = {}): ErrorRecord =>
          error(service, { timeMs: base + afterMs, 'sonde.error.fingerprint': fingerprint, 'service.version': release, ...over });
        last = of(one, '3', 9_000, { message: 'the last', 'exception.message': 'the last', 'exception.stacktrace': 'TypeError: the last\n    at x' });
        await place.add({ service, release: '1', errors: [of(one, '1', 0), of(one, '1', 1_000), of(back, '1', 2_000)] });
        await place.add({ service, release: '2', errors: [of(one, '2', 5_000)] });
        await place.add({ service, release: '3', errors: [of(two, '3', 6_000, { 'sonde.error.kind': 'known' }), of(back, '3', 7_000), last] });
      });
      const found = async (query: Parameters<Lookup['groups']>[0]): Promise<string[]> =>
        (await lookup.groups({ service, ...query })).items.map((group) => group.fingerprint);

      it('are joined by fingerprint, last seen first', async () => {
        const { items } = await lookup.groups({ service });
        expect(items.map((group) => group.fingerprint)).toEqual([one, back, two]);
        expect(items[0]).toEqual({
          fingerprint: one,
          kind: 'bug',
          type: 'TypeError',
          message: 'the last',
          services: [service],
          releases: [
            { release: '1', firstMs: base, lastMs: base + 1_000, count: 2 },
            { release: '2', firstMs: base + 5_000, lastMs: base + 5_000, count: 1 },
            { release: '3', firstMs: base + 9_000, lastMs: base + 9_000, count: 1 },
          ],
          firstMs: base,
          lastMs: base + 9_000,
          count: 4,
          lastErrorId: last['error.id'],
        });
      });

      it('are filtered', async () => {
        expect(await found({ fingerprint: back })).toEqual([back]);
        expect(await found({ release: '2' })).toEqual([one]);
        expect(await found({ release: '3', firstSeen: true })).toEqual([two]);
        expect(await found({ sinceMs: base + 6_500 })).toEqual([one, back]);
        expect(await found({ sinceMs: base + 5_500, firstSeen: true })).toEqual([two]);
        expect(await found({ untilMs: base + 1 })).toEqual([one]);
      });

      it('tell their whole count and first time, whatever time is asked for', async () => {
        expect((await lookup.groups({ service, sinceMs: base + 8_000 })).items).toMatchObject([{ fingerprint: one, count: 4, firstMs: base }]);
      });

      it('that came back: seen, gone in the release right before, and there again', async () => {
        expect(await found({ regressed: true })).toEqual([back]);
        expect(await found({ regressed: true, release: '2' })).toEqual([]);
      });

      it('come in pages', async () => {
        expect((await allPages((page) => lookup.groups({ service, ...page }), 2)).map((group) => group.fingerprint)).toEqual([one, back, two]);
      });
    });

    describe.runIf(traces)('trace', () => {
      it('gives every span, whole, by start', async () => {
        const service = serviceOf('trace');
        const traceId = hex(16);
        const root = spanData({ traceId, startMs: base, durationMs: 30, kind: 1, name: 'POST /orders' });
        const child = spanData({
          traceId,
          startMs: base + 5,
          parentSpanId: root.spanId,
          traceState: 'x=1',
          kind: 2,
          status: { code: 2, message: 'no' },
          attributes: { 'order.id': 'o-1', retries: 2, ratio: 0.5, urgent: true, tags: ['a', 'b'], sizes: [1, 2] },
          events: [{ name: 'retry', timeMs: base + 6, attributes: { n: 1 } }],
          links: [{ traceId: hex(16), spanId: hex(8), flags: 1, attributes: { why: 'batch' } }],
          scope: { name: 'payments', version: '2.0.0' },
          droppedAttributes: 1,
          droppedEvents: 2,
          droppedLinks: 3,
        });
        await place.add({ service, spans: [child, root] });
        const resource = resourceOf({ service });
        expect(await lookup.trace(traceId)).toEqual({
          traceId,
          truncated: false,
          spans: [
            { ...root, resource },
            { ...child, resource },
          ],
        });
        expect((await lookup.trace(traceId, base))?.spans).toHaveLength(2);
      });

      it('answers undefined for a trace that nobody has', async () => {
        expect(await lookup.trace(hex(16))).toBeUndefined();
      });
    });

    describe('logs', () => {
      const service = serviceOf('logs');
      const traceId = hex(16);
      const line = (afterMs: number, message: string, over: Partial<LogData> = {}): LogData =>
        logData({ timeMs: base + afterMs, message, attributes: {}, ...over });
      const whole = line(1_000.25, 'declined\ntwice', { severity: 13, level: 'warn', logger: 'orders.db', traceId, spanId: hex(8), flags: 1 });
      const all = [
        line(0, 'placed'),
        whole,
        line(2_000, 'near', { logger: 'orders2' }),
        line(3_000, 'level changed', { logger: 'sonde', eventName: 'log.level.changed' }),
        line(4_000, 'fine', { severity: 5, level: 'debug' }),
      ];
      beforeAll(async () => {
        await place.add({ service, logs: all, errors: [error(service, { timeMs: base })] });
      });
      const found = async (query: Parameters<Lookup['logs']>[0]): Promise<string[]> =>
        (await lookup.logs({ service, ...query })).items.map((log) => log.message);

      it('are newest first; an error is none of them', async () => {
        expect(await found({})).toEqual(['fine', 'level changed', 'near', 'declined\ntwice', 'placed']);
      });

      it('are whole', async () => {
        const [log] = (await lookup.logs({ service, traceId })).items;
        expect(log).toEqual({ ...whole, timeMs: log?.timeMs, observedMs: log?.observedMs, resource: resourceOf({ service }) });
        expect(log?.timeMs).toBeCloseTo(whole.timeMs, 3);
        expect((await lookup.logs({ service, logger: 'sonde' })).items).toMatchObject([
          { eventName: 'log.level.changed', traceId: undefined, spanId: undefined },
        ]);
      });

      it('are filtered; a logger has those below it and none that only begins alike', async () => {
        expect(await found({ traceId })).toEqual(['declined\ntwice']);
        expect(await found({ logger: 'orders' })).toEqual(['fine', 'declined\ntwice', 'placed']);
        expect(await found({ logger: 'orders.db' })).toEqual(['declined\ntwice']);
        expect(await found({ minSeverity: 13 })).toEqual(['declined\ntwice']);
        expect(await found({ minSeverity: 9 })).toEqual(['level changed', 'near', 'declined\ntwice', 'placed']);
        expect(await found({ sinceMs: base + 2_000, untilMs: base + 4_000 })).toEqual(['level changed', 'near']);
        expect((await lookup.logs({ service: 'nobody' })).items).toEqual([]);
      });

      it('come in pages: each once, also those of one moment', async () => {
        const many = serviceOf('log-pages');
        const logs = [0, 1, 1, 1, 1, 2, 3].map((after, n) => line(after * 1_000, `line ${n}`));
        await place.add({ service: many, logs });
        const seen = (await allPages((page) => lookup.logs({ service: many, ...page }), 2)).map((log) => log.message);
        expect([...seen].sort()).toEqual(logs.map((log) => log.message));
        expect(seen.at(-1)).toBe('line 0');
        await expect(lookup.logs({ after: 'page 2' })).rejects.toThrow(RangeError);
      });

      it('a line about an error is a log line, and its ID leads to the error', async () => {
        const own = serviceOf('about');
        const record = error(own, { timeMs: base });
        const about = Object.fromEntries(Object.entries(record).filter(([key]) => /^(?:error|exception)\./.test(key))) as LogData['attributes'];
        await place.add({ service: own, errors: [record], logs: [line(1, 'could not charge', { severity: 17, level: 'error', attributes: about })] });
        expect((await lookup.logs({ service: own })).items).toMatchObject([{ message: 'could not charge', attributes: about }]);
        expect((await lookup.errors({ service: own })).items).toMatchObject([{ message: record.message }]);
        expect(await lookup.error(record['error.id'])).toMatchObject({ message: record.message, 'exception.stacktrace': record['exception.stacktrace'] });
      });

      mayDeviate('attributes of log lines', async () => {
        const own = serviceOf('log-attributes');
        const attributes = { 'order.id': 'o-1', seats: 5, vip: true, cart: { total: 2 } };
        await place.add({ service: own, logs: [line(0, 'placed', { attributes })] });
        expect((await lookup.logs({ service: own })).items[0]?.attributes).toEqual(attributes);
      });
    });

    describe('tailLogs', () => {
      it('begins with now, gives what comes, once, oldest first', async () => {
        const service = serviceOf('tail');
        const now = (message: string, over: Partial<LogData> = {}): LogData => logData({ message, attributes: {}, ...over });
        await place.add({ service, logs: [now('before')] });
        const start = await lookup.tailLogs({ service, minSeverity: 9 }, undefined);
        expect(start.items).toEqual([]);
        const at = Date.now();
        await place.add({
          service,
          logs: [now('first', { timeMs: at }), now('quiet', { timeMs: at + 1, severity: 5, level: 'debug' }), now('second', { timeMs: at + 2 })],
        });
        const next = await lookup.tailLogs({ service, minSeverity: 9 }, start.position);
        expect(next.items.map((log) => log.message)).toEqual(['first', 'second']);
        expect((await lookup.tailLogs({ service, minSeverity: 9 }, next.position)).items).toEqual([]);
        // A batch of another process that was on its way for longer.
        await place.add({ service, logs: [now('late', { timeMs: at - 1_000 })] });
        const late = await lookup.tailLogs({ service, minSeverity: 9 }, next.position);
        expect(late.items.map((log) => log.message)).toEqual(['late']);
        expect((await lookup.tailLogs({ service, minSeverity: 9 }, late.position)).items).toEqual([]);
      });

      it('gives more than one answer holds in several', async () => {
        const service = serviceOf('tail-many');
        const start = await lookup.tailLogs({ service }, undefined);
        const at = Date.now();
        await place.add({ service, logs: Array.from({ length: 7 }, (_, n) => logData({ timeMs: at + n, message: `line ${n}`, attributes: {} })) });
        const seen: string[] = [];
        for (let i = 0, { position } = start; i < 4; i++) {
          const tail = await lookup.tailLogs({ service, limit: 3 }, position);
          expect(tail.items.length).toBeLessThanOrEqual(3);
          seen.push(...tail.items.map((log) => log.message));
          position = tail.position;
        }
        expect(seen).toEqual(Array.from({ length: 7 }, (_, n) => `line ${n}`));
      });
    });
  });
}
