import { describe, expect, it } from 'vitest';
import { openWriter } from '../../../src/store/writer.ts';
import { errorRecord, logData, RESOURCE, spanData, testFolder } from '../store/records.ts';
import { cli } from './run-cli.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 30);
const MINUTE = 60_000;
const TRACE = 'a'.repeat(32);

function store(fill: (writer: ReturnType<typeof openWriter>) => void): string {
  const dir = testFolder();
  const writer = openWriter(dir, { resource: RESOURCE, maxAgeMs: 1e12 });
  fill(writer);
  writer.close();
  return dir;
}

describe('sonde errors', () => {
  it('pages through all errors, newest first, each once', async () => {
    const records = Array.from({ length: 25 }, (_, i) => errorRecord({ timeMs: NOW - i * 3 * 3_600_000 }));
    const dir = store((writer) => writer.writeErrors(records));
    const seen: string[] = [];
    let after: string[] = [];
    for (let pages = 0; pages < 10; pages++) {
      const page = JSON.parse((await cli(['errors', '--limit', '4', '--json', '--dir', dir, ...after])).out);
      seen.push(...page.errors.map((record: Record<string, string>) => record['error.id']));
      if (page.next === null) break;
      after = ['--after', page.next];
    }
    expect(seen).toEqual(records.map((record) => record['error.id']));
  });

  it('filters', async () => {
    const dir = store((writer) =>
      writer.writeErrors([
        errorRecord({ timeMs: NOW - MINUTE, message: 'late' }),
        errorRecord({ timeMs: NOW - 90 * MINUTE, message: 'early' }),
        errorRecord({ timeMs: NOW - MINUTE, message: 'known', 'sonde.error.kind': 'known', 'service.name': 'billing' }),
      ]),
    );
    const messages = async (...argv: string[]) =>
      JSON.parse((await cli(['errors', '--json', '--dir', dir, ...argv], { nowMs: NOW })).out)
        .errors.map((record: { message: string }) => record.message)
        .sort();
    expect(await messages('--since', '1h')).toEqual(['known', 'late']);
    expect(await messages('--until', '2026-11-21T07:00:00Z')).toEqual(['early']);
    expect(await messages('--kind', 'bug')).toEqual(['early', 'late']);
    expect(await messages('--service', 'billing')).toEqual(['known']);
  });

  it('groups by fingerprint, and tells what is new', async () => {
    const old = { 'sonde.error.fingerprint': 'v1:old', 'error.type': 'OldError' };
    const fresh = { 'sonde.error.fingerprint': 'v1:new', 'error.type': 'NewError', 'service.version': '1.5.0' };
    const dir = store((writer) =>
      writer.writeErrors([
        errorRecord({ timeMs: NOW - 3_000 * MINUTE, ...old }),
        errorRecord({ timeMs: NOW - MINUTE, ...old, 'service.version': '1.5.0' }),
        errorRecord({ timeMs: NOW - 2 * MINUTE, ...fresh }),
        errorRecord({ timeMs: NOW - 3 * MINUTE, ...fresh }),
      ]),
    );
    const groups = async (...argv: string[]) =>
      JSON.parse((await cli(['errors', '--json', '--dir', dir, ...argv], { nowMs: NOW })).out).groups.map(
        (group: { type: string; count: number; releases: { release: string }[] }) =>
          `${group.type} ${group.count} ${group.releases.map(({ release }) => release)}`,
      );
    expect(await groups('--group')).toEqual(['OldError 2 1.4.0,1.5.0', 'NewError 2 1.5.0']);
    expect(await groups('--new', '--since', '1h')).toEqual(['NewError 2 1.5.0']);
    expect(await groups('--new', '--release', '1.5.0')).toEqual(['NewError 2 1.5.0']);
    expect(await groups('--release', '1.4.0')).toEqual(['OldError 2 1.4.0,1.5.0']);
    const page = JSON.parse((await cli(['errors', '--group', '--limit', '1', '--json', '--dir', dir])).out);
    expect(await groups('--group', '--limit', '1', '--after', page.next)).toEqual(['NewError 2 1.5.0']);
  });

  it('tells what came back in a release after it was gone', async () => {
    const minutes = (n: number) => NOW - n * MINUTE;
    const dir = testFolder();
    const seen: [string, string][] = [
      ['1.0.0', 'v1:back'],
      ['1.0.0', 'v1:always'],
      ['1.1.0', 'v1:always'],
      ['1.2.0', 'v1:always'],
      ['1.2.0', 'v1:back'],
      ['1.2.0', 'v1:fresh'],
    ];
    for (const [at, release] of ['1.0.0', '1.1.0', '1.2.0'].entries()) {
      const resource = { 'service.name': 'checkout', 'service.version': release };
      const writer = openWriter(dir, { resource, maxAgeMs: 1e12 });
      writer.writeSpans([spanData({ startMs: minutes(30 - at) })]);
      writer.writeErrors(
        seen
          .filter(([of]) => of === release)
          .map(([, fingerprint]) => errorRecord({ timeMs: minutes(30 - at), ...resource, 'sonde.error.fingerprint': fingerprint })),
      );
      writer.close();
    }
    const back = async (...argv: string[]) =>
      JSON.parse((await cli(['errors', '--regressed', '--json', '--dir', dir, ...argv], { nowMs: NOW })).out).groups.map(
        (group: { fingerprint: string }) => group.fingerprint,
      );
    expect(await back()).toEqual(['v1:back']);
    expect(await back('--release', '1.2.0')).toEqual(['v1:back']);
    expect(await back('--release', '1.1.0')).toEqual([]);
    expect((await cli(['errors', '--regressed', '--release', '1.1.0', '--dir', dir])).out).toBe('no errors came back\n');
  });

  it('says so when there are none', async () => {
    const dir = store((writer) => writer.writeLogs([logData()]));
    expect(await cli(['errors', '--dir', dir])).toEqual({ exit: 0, out: 'no errors\n', err: '' });
  });
});

describe('sonde logs', () => {
  it('shows the last lines, the oldest of them first', async () => {
    const dir = store((writer) => writer.writeLogs(Array.from({ length: 5 }, (_, i) => logData({ timeMs: NOW + i, message: `line ${i}` }))));
    expect((await cli(['logs', '--limit', '2', '--dir', dir])).out.split('\n').slice(1, 3)).toEqual([
      '2026-11-21T07:30:00.003Z  info   orders  line 3  order=o-1',
      '2026-11-21T07:30:00.004Z  info   orders  line 4  order=o-1',
    ]);
  });

  it('tells the message of an error that has no ID, and so no record of its own', async () => {
    const failed = { 'error.type': 'Error', 'exception.message': 'connection reset', 'exception.stacktrace': 'Error: connection reset' };
    const dir = store((writer) =>
      writer.writeLogs([
        logData({ timeMs: NOW, message: 'first', attributes: failed }),
        logData({ timeMs: NOW + 1, message: 'second', attributes: { ...failed, 'error.id': '7X2K-9QD4-MB3H-TRVG' } }),
      ]),
    );
    const lines = (await cli(['logs', '--dir', dir])).out.split('\n');
    expect(lines.find((line) => line.includes('first'))).toMatch(/first {2}error\.type=Error exception\.message="connection reset"$/);
    expect(lines.find((line) => line.includes('second'))).not.toContain('connection reset');
  });

  it('filters by level, logger with those below it, trace and service', async () => {
    const dir = store((writer) => {
      writer.writeLogs([
        logData({ message: 'a', logger: 'orders.db', severity: 5, level: 'debug' }),
        logData({ message: 'b', logger: 'orders', traceId: TRACE }),
        logData({ message: 'c', logger: 'ordersystem', severity: 17 }),
      ]);
      writer.writeLogs([logData({ message: 'd', logger: 'x' })], { 'service.name': 'billing' });
    });
    const messages = async (...argv: string[]) =>
      JSON.parse((await cli(['logs', '--json', '--dir', dir, ...argv])).out)
        .logs.map((log: { message: string }) => log.message)
        .sort()
        .join('');
    expect(await messages('--logger', 'orders')).toBe('ab');
    expect(await messages('--level', 'warn')).toBe('c');
    expect(await messages('--trace', TRACE.toUpperCase())).toBe('b');
    expect(await messages('--service', 'billing')).toBe('d');
    expect(await messages('--service', 'nobody')).toBe('');
  });

  it('follows as NDJSON what a writer adds, late lines too', async () => {
    const dir = testFolder();
    const writer = openWriter(dir, { resource: RESOURCE });
    writer.writeLogs([logData({ message: 'before' })]);
    const stop = new AbortController();
    let lines = 0;
    const onOut = (out: string): void => {
      lines = out.split('\n').length - 1;
    };
    const following = cli(['logs', '--follow', '--json', '--dir', dir], { stop: stop.signal, onOut });
    await expect.poll(() => lines).toBe(1);
    writer.writeLogs([logData({ message: 'after' }), logData({ message: 'late', timeMs: Date.now() - 60_000 })]);
    await expect.poll(() => lines).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 500)); // two more looks, which find nothing
    stop.abort();
    const { exit, out } = await following;
    writer.close();
    expect(exit).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).message),
    ).toEqual(['before', 'after', 'late']);
  });
});

describe('sonde activity', () => {
  it('counts by the minute, without gaps, over days, and by name', async () => {
    const midnight = Date.UTC(2026, 10, 21);
    const dir = store((writer) => {
      writer.writeSpans([
        spanData({ name: 'a', startMs: midnight - MINUTE, durationMs: 10 }),
        spanData({ name: 'a', startMs: midnight + MINUTE, durationMs: 30, status: { code: 2 } }),
        spanData({ name: 'b', startMs: midnight + MINUTE, durationMs: 500 }),
      ]);
      writer.writeLogs([logData({ timeMs: midnight })]);
      writer.writeErrors([errorRecord({ timeMs: midnight + MINUTE }), errorRecord({ timeMs: midnight - 3_600_000 })]);
    });
    const window = ['--since', '2026-11-20T23:58:00Z', '--until', '2026-11-21T00:02:00Z', '--dir', dir];
    const { points, operations, stepMs } = JSON.parse((await cli(['activity', '--json', ...window])).out);
    expect(stepMs).toBe(MINUTE);
    expect(points.map((point: Record<string, number>) => [point.spans, point.failed, point.logs, point.errors])).toEqual([
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 1, 0],
      [2, 1, 0, 1],
    ]);
    expect(operations).toEqual([
      { name: 'b', count: 1, failed: 0, meanMs: 500, maxMs: 500 },
      { name: 'a', count: 2, failed: 1, meanMs: 20, maxMs: 30 },
    ]);
    expect((await cli(['activity', ...window])).out).toBe(`from 2026-11-20T23:58:00.000Z, 1m a column
spans   3  ·▄·█
failed  1  ···█
errors  1  ···█
logs    1  ··█·

CALLS  FAILED   MEAN    MAX  SPAN
    1       0  500ms  500ms  b
    2       1   20ms   30ms  a
`);
  });
});

describe('sonde trace', () => {
  it('shows a trace whose parts are missing, in a circle, or very deep', async () => {
    const id = (n: number) => n.toString(16).padStart(16, '0');
    const dir = store((writer) =>
      writer.writeSpans([
        spanData({ traceId: TRACE, spanId: id(1), parentSpanId: id(99), name: 'orphan' }),
        spanData({ traceId: TRACE, spanId: id(2), parentSpanId: id(3), name: 'circle-a' }),
        spanData({ traceId: TRACE, spanId: id(3), parentSpanId: id(2), name: 'circle-b' }),
        ...Array.from({ length: 300 }, (_, i) =>
          spanData({ traceId: TRACE, spanId: id(1_000 + i), parentSpanId: i === 0 ? undefined : id(999 + i), name: `deep-${i}` }),
        ),
      ]),
    );
    const { exit, out } = await cli(['trace', TRACE, '--dir', dir]);
    expect(exit).toBe(0);
    expect(out).toContain('(its parent is not stored)');
    expect(out.match(/circle-[ab]/g)).toHaveLength(2);
    expect(out).toContain('[299] deep-299');
  });

  it('tells what happened during the spans, in its order', async () => {
    const event = (name: string, at: number, attributes = {}) => ({ name, timeMs: NOW + at, attributes });
    const dir = store((writer) =>
      writer.writeSpans([
        spanData({ traceId: TRACE, spanId: '1'.repeat(16), name: 'GET /', events: [event('cache.miss', 30)] }),
        spanData({
          traceId: TRACE,
          spanId: '2'.repeat(16),
          name: 'charge',
          events: [event('retry', 10, { 'sonde.retry.attempt': 1, 'error.type': 'Error' }), event('exception', 20, { 'exception.message': 'boom' })],
        }),
      ]),
    );
    const { out } = await cli(['trace', TRACE, '--dir', dir]);
    expect(out.slice(out.indexOf('\nEvents\n'))).toBe(
      '\nEvents\n07:30:00.010Z  charge  retry  sonde.retry.attempt=1 error.type=Error\n07:30:00.030Z  GET /  cache.miss\n',
    );
  });

  it('tells an unknown trace from a wrong one', async () => {
    const dir = store((writer) => writer.writeLogs([logData()]));
    expect(await cli(['trace', TRACE, '--dir', dir])).toMatchObject({ exit: 1, err: expect.stringMatching(/^sonde: No span of trace .*\n$/) });
    expect(await cli(['trace', 'xyz', '--dir', dir])).toMatchObject({ exit: 2, err: expect.stringMatching(/^sonde: Cannot use "xyz" as the trace.*\n$/) });
  });
});

describe('wrong usage', () => {
  const cases: readonly (readonly string[])[] = [
    [],
    ['what'],
    ['error'],
    ['errors', '--limit', '0'],
    ['errors', '--limit', '1e9'],
    ['errors', '--since', 'yesterday'],
    ['errors', '--kind', 'odd'],
    ['errors', '--after', 'nonsense'],
    ['errors', '--nope'],
    ['logs', '--level', 'loud'],
    ['level', 'orders', 'loud'],
    ['level', 'orders', '--for', '10m'],
    ['level', 'orders', 'debug', '--for', '10'],
    ['ledger', '--url', 'nope'],
    ['ledger', '--pid', 'x'],
  ];
  it.each(cases.map((argv) => [argv]))('%j ends with 2', async (argv) => {
    const dir = store((writer) => writer.writeErrors([errorRecord()]));
    const { exit, out, err } = await cli([...argv, '--dir', dir]);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    if (argv.length > 0) expect(err).toMatch(/^sonde: [^\n]+\n$/);
    else expect(err).toMatch(/^Usage: sonde /);
  });

  it.each([[['--help']], [['errors', '--help']]])('%j ends with 0', async (argv) => {
    expect(await cli(argv)).toMatchObject({ exit: 0, err: '', out: expect.stringMatching(/^Usage: sonde /) });
  });
});
