import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mintErrorId } from '../../../src/errors/error-id.ts';
import { openWriter } from '../../../src/store/writer.ts';
import { errorRecord, logData, RESOURCE, spanData, testFolder } from '../store/records.ts';
import { cli } from './run-cli.ts';

const TIME = Date.UTC(2026, 10, 21, 7, 30);
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const ESC = '\u001b';

/** A declined card: a request, two calls below it, the failure in the innermost. */
function shop() {
  const dir = testFolder();
  const store = openWriter(dir, { resource: RESOURCE, maxAgeMs: 1e12 });
  const error = errorRecord({
    timeMs: TIME,
    trace_id: TRACE,
    span_id: '3'.repeat(16),
    'exception.stacktrace': 'TypeError: Cannot charge\n    at charge (src/orders.ts:12:9)\nCaused by: Error: socket hang up\n    at node:net:1:1',
    'request.id': 'r-17',
    'error.data': { orderId: 'o-1', cents: 1_500 },
    'sonde.error.mechanism': 'http.server',
  });
  const span = (id: string, parent: string | undefined, name: string, offset: number, durationMs: number, failed = false) =>
    spanData({
      traceId: TRACE,
      spanId: id.repeat(16),
      parentSpanId: parent?.repeat(16),
      name,
      startMs: TIME + offset,
      durationMs,
      status: failed ? { code: 2, message: 'declined' } : { code: 0 },
      attributes: failed ? { 'error.id': error['error.id'] } : {},
    });
  store.writeSpans([
    span('3', '2', 'payments.charge', 30, 60, true),
    span('1', undefined, 'POST /orders', 0, 120),
    span('2', '1', 'orders.place', 10, 100),
    span('4', '1', 'orders.audit', 112, 5),
  ]);
  store.writeLogs([
    logData({ timeMs: TIME + 20, traceId: TRACE, message: 'order received' }),
    logData({ timeMs: TIME + 40, traceId: TRACE, level: 'warn', severity: 13, message: 'card declined' }),
  ]);
  store.writeErrors([error]);
  store.close();
  return { dir, error, id: error['error.id'] };
}

describe('sonde error', () => {
  it('shows what happened, to whom, where and around it', async () => {
    const { dir, id } = shop();
    const { exit, out, err } = await cli(['error', id, '--dir', dir], { nowMs: TIME + 180_000 });
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toBe(`${id}  error, a bug
Occurred  2026-11-21T07:30:00.000Z (3m ago)
User saw  Something unexpected happened.
Message   Cannot charge order "o-1"
Type      TypeError
Release   checkout 1.4.0
Caught    http.server
Logger    orders
Group     v1:0123456789abcdef, the first of its kind

Stack
  TypeError: Cannot charge
      at charge (src/orders.ts:12:9)
  Caused by: Error: socket hang up
      at node:net:1:1

Context
  request.id  r-17
  error.data  {"orderId":"o-1","cents":1500}

Process
  service.name     checkout
  service.version  1.4.0

Trace ${TRACE}, 4 spans, 120ms
  POST /orders              120ms  ████████████████████████
  ├─ orders.place           100ms  ··████████████████████··
  │  └─ payments.charge ✗    60ms  ······████████████······  declined  ← this error
  └─ orders.audit             5ms  ······················█·

Log, 2 lines
  07:30:00.020Z  info   orders  order received  order=o-1
  07:30:00.040Z  warn   orders  card declined  order=o-1
`);
  });

  it('leads to the other errors of the trace and to the cause in another service', async () => {
    const { dir, id, error } = shop();
    const store = openWriter(dir, { resource: RESOURCE, maxAgeMs: 1e12 });
    const cause = errorRecord({
      timeMs: TIME - 5,
      trace_id: 'e'.repeat(32),
      'service.name': 'payments',
      message: 'Card refused',
      'exception.stacktrace': 'CardRefused: 51\n    at issuer (issuer.ts:1:1)',
    });
    const upstream = errorRecord({
      timeMs: TIME + 9,
      trace_id: TRACE,
      'sonde.error.cause_id': cause['error.id'],
      'service.name': 'gateway',
      message: 'Cannot order',
    });
    store.writeErrors([cause, upstream]);
    store.close();
    const short = (await cli(['error', upstream['error.id'], '--dir', dir])).out;
    expect(short).toContain(`Related, 2 errors
  ${cause['error.id']}  2026-11-21T07:29:59.995Z  payments  TypeError  Card refused  ← its cause
  ${id}  2026-11-21T07:30:00.000Z  checkout  TypeError  ${error.message}
`);
    expect(short).toContain('3 times since 2026-11-21T07:29:59.995Z');
    expect(short).not.toContain('issuer.ts');
    const whole = (await cli(['error', upstream['error.id'], '--follow-trace', '--dir', dir])).out;
    expect(whole).toContain('at issuer (issuer.ts:1:1)');
    const { related } = JSON.parse((await cli(['error', upstream['error.id'], '--json', '--dir', dir])).out);
    expect(related.map((record: Record<string, string>) => record['error.id'])).toEqual([cause['error.id'], id]);
  });

  it('keeps long names apart from their values', async () => {
    const dir = testFolder();
    const store = openWriter(dir, { resource: RESOURCE, maxAgeMs: 1e12 });
    const error = errorRecord({ timeMs: TIME, 'sonde.resilience.last_error.message': 'connection reset' });
    store.writeErrors([error]);
    store.close();
    expect((await cli(['error', error['error.id'], '--dir', dir])).out).toContain('  sonde.resilience.last_error.message  connection reset\n');
  });

  it('reads an ID as people type it', async () => {
    const { dir, id } = shop();
    const typed = [id.toLowerCase(), id.replaceAll('-', ''), id.replaceAll('-', ' '), id.replaceAll('0', 'o').replaceAll('1', 'l')];
    for (const text of typed) expect(await cli(['error', text, '--dir', dir])).toMatchObject({ exit: 0, err: '' });
    expect((await cli(['error', ...id.split('-'), '--dir', dir])).exit).toBe(0);
  });

  it('tells a wrong symbol from an unknown ID and from no ID', async () => {
    const { dir, id } = shop();
    const wrong = id.slice(0, -1) + (id.endsWith('Z') ? 'Y' : 'Z');
    const unknown = mintErrorId(TIME);
    expect(await cli(['error', wrong, '--dir', dir])).toEqual({
      exit: 2,
      out: '',
      err: `sonde: "${wrong}" is not a Sonde error ID: one symbol is wrong; compare it with what was shown\n`,
    });
    expect(await cli(['error', unknown, '--dir', dir])).toMatchObject({ exit: 1, err: expect.stringMatching(/^sonde: No error .{19} in ".*": .*\n$/) });
    expect(await cli(['error', 'hello', '--dir', dir])).toMatchObject({
      exit: 2,
      err: expect.stringMatching(/^sonde: "hello" is not a Sonde error ID: expected 16 .*\n$/),
    });
  });

  it('prints one JSON document', async () => {
    const { dir, id, error } = shop();
    const { exit, out } = await cli(['error', id, '--json', '--dir', dir]);
    expect(exit).toBe(0);
    const view = JSON.parse(out);
    expect(view.error).toEqual(error);
    expect(view.trace.spans).toHaveLength(4);
    expect(view.logs.map((log: { message: string }) => log.message)).toEqual(['order received', 'card declined']);
    const missing = await cli(['error', mintErrorId(TIME), '--json', '--dir', dir]);
    expect(JSON.parse(missing.out)).toMatchObject({ error: { code: 'not_found' } });
    expect(missing.exit).toBe(1);
  });

  it('finds an ID that is only in a journal, with and without a store', async () => {
    const { dir } = shop();
    for (const place of [dir, testFolder()]) {
      const record = errorRecord({ timeMs: TIME });
      mkdirSync(join(place, 'journal'), { recursive: true });
      writeFileSync(join(place, 'journal', `99999-${TIME}.ndjson`), `{"journal":1}\n${JSON.stringify(record)}\n{"torn`);
      const { exit, out } = await cli(['error', record['error.id'], '--dir', place]);
      expect({ exit, found: out.startsWith(record['error.id']) }).toEqual({ exit: 0, found: true });
      const listed = JSON.parse((await cli(['errors', '--json', '--dir', place])).out).errors as Record<string, string>[];
      expect(listed.filter((one) => one['error.id'] === record['error.id'])).toHaveLength(1);
    }
  });

  it('finds on this machine what the stack cannot tell', async () => {
    const { dir, id } = shop();
    const env = { SONDE_LOKI_URL: 'http://127.0.0.1:1', SONDE_TEMPO_URL: 'http://127.0.0.1:1', SONDE_DIR: dir };
    const found = await cli(['error', id], { env });
    expect(found).toMatchObject({ exit: 0, err: '', out: expect.stringContaining('payments.charge ✗') });
    expect((await cli(['trace', TRACE], { env })).exit).toBe(0);
    expect(await cli(['error', mintErrorId(TIME)], { env })).toMatchObject({ exit: 3, err: expect.stringMatching(/^sonde: Cannot reach Loki at [^\n]*\n$/) });
  });

  it('says with exit code 3 that there is no store', async () => {
    const dir = join(testFolder(), 'nothing');
    const { exit, err } = await cli(['error', mintErrorId(TIME), '--dir', dir]);
    expect({ exit, lines: err.split('\n').length }).toEqual({ exit: 3, lines: 2 });
    expect(err).toContain(`Cannot read "${dir}/store": it does not exist`);
  });

  it('lets nothing of a record act on the terminal', async () => {
    const dir = testFolder();
    const store = openWriter(dir, { resource: RESOURCE, maxAgeMs: 1e12 });
    const evil = `${ESC}[2J${ESC}]0;owned\u0007\u009b31m\r\u202e\u2028line`;
    const error = errorRecord({
      timeMs: TIME,
      trace_id: TRACE,
      message: evil,
      'exception.stacktrace': evil,
      [`key${evil}`]: evil,
      'service.name': evil,
      nested: { [evil]: evil },
    });
    store.writeErrors([error]);
    store.writeSpans([spanData({ traceId: TRACE, startMs: TIME, name: evil, status: { code: 2, message: evil } })]);
    store.writeLogs([logData({ traceId: TRACE, timeMs: TIME, message: evil, logger: evil, level: evil, attributes: { [evil]: evil } })]);
    store.close();
    const lists = [['error', error['error.id']], ['errors'], ['errors', '--group'], ['trace', TRACE], ['logs']];
    for (const argv of [...lists, ...lists.map((list) => [...list, '--json'])]) {
      const { exit, out } = await cli([...argv, '--dir', dir]);
      expect({ argv, exit, shown: out.includes('line') }).toEqual({ argv, exit: 0, shown: true });
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
    }
  });

  it('colours on a terminal only, and not with NO_COLOR', async () => {
    const { dir, id } = shop();
    const coloured = async (isTTY: boolean, env: Record<string, string>) => (await cli(['error', id, '--dir', dir], { isTTY, env })).out.includes(ESC);
    expect([await coloured(true, {}), await coloured(false, {}), await coloured(true, { NO_COLOR: '1' }), await coloured(true, { TERM: 'dumb' })]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
