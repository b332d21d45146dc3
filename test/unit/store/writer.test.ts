import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { useDiagWriter } from '../../../src/core/diag.ts';
import { SCHEMA_VERSION } from '../../../src/store/migrate.ts';
import { openReader } from '../../../src/store/query.ts';
import { openDatabase } from '../../../src/store/sqlite.ts';
import { openWriter, type StoreWriter } from '../../../src/store/writer.ts';
import { errorRecord, logData, RESOURCE, spanData, testFolder } from './records.ts';

const DAY = 86_400_000;

function writer(dir: string, limits: { maxAgeMs?: number; maxBytes?: number } = {}): StoreWriter {
  const store = openWriter(dir, { resource: RESOURCE, ...limits });
  onTestFinished(() => store.close());
  return store;
}

function lines(): string[] {
  const said: string[] = [];
  onTestFinished(useDiagWriter((line) => said.push(line)));
  return said;
}

function at(nowMs: number): void {
  onTestFinished(useClock({ ...systemClock, now: () => nowMs }));
}

describe('openWriter', () => {
  it('gives back what was written, whole', async () => {
    const dir = testFolder();
    const store = writer(dir);
    const event = { name: 'retry', timeMs: 1, attributes: { n: 1 } };
    const link = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: 1, attributes: {} };
    const span = spanData({
      parentSpanId: 'c'.repeat(16),
      traceState: 'x=1',
      status: { code: 2, message: 'no' },
      events: [event],
      links: [link],
      droppedEvents: 3,
    });
    const log = logData({ traceId: span.traceId, spanId: span.spanId, eventName: 'e', flags: 1 });
    const error = errorRecord({ trace_id: span.traceId, 'order.id': 'o-1' });
    expect(store.writeSpans([span])).toEqual({ stored: 1, rejected: 0, rest: [], failure: undefined });
    expect(store.writeLogs([log])).toEqual({ stored: 1, rejected: 0, rest: [], failure: undefined });
    expect(store.writeErrors([error])).toEqual({ stored: 1, rejected: 0, rest: [], failure: undefined });

    const reader = openReader(dir);
    expect(await reader.error(error['error.id'])).toEqual(error);
    expect(await reader.trace(span.traceId)).toEqual({ traceId: span.traceId, spans: [{ ...span, resource: RESOURCE }], truncated: false });
    expect((await reader.logs({ traceId: span.traceId })).items).toEqual([{ ...log, resource: RESOURCE }]);
    await reader.close();
  });

  it('counts a repeated error and a repeated span once', async () => {
    const dir = testFolder();
    const store = writer(dir);
    const error = errorRecord();
    const span = spanData();
    for (let i = 0; i < 3; i++) {
      expect(store.writeErrors([error]).stored).toBe(1);
      expect(store.writeSpans([span]).stored).toBe(1);
    }
    const reader = openReader(dir);
    expect((await reader.groups({})).items.map(({ count }) => count)).toEqual([1]);
    expect((await reader.trace(span.traceId))?.spans).toHaveLength(1);
    await reader.close();
  });

  it('lets the time of a record decide its file, within bounds', () => {
    const dir = testFolder();
    at(Date.UTC(2026, 10, 21, 12));
    const store = writer(dir);
    const times = ['2026-11-21T00:00:00Z', '2026-11-20T23:59:59.999Z', '2026-11-22T11:00:00Z', '2059-01-01T00:00:00Z', '1970-01-01T00:00:00Z'];
    store.writeLogs(times.map((time) => logData({ timeMs: Date.parse(time) })));
    expect(readdirSync(join(dir, 'store')).filter((name) => name.endsWith('.db'))).toEqual(['2026-11-20.db', '2026-11-21.db', '2026-11-22.db']);
  });

  it('stores the rest of a batch when one record cannot be stored', async () => {
    const dir = testFolder();
    const store = writer(dir);
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const result = store.writeLogs([
      logData({ message: 'one' }),
      logData({ attributes: cycle as never }),
      logData({ message: 'three' }),
      logData({ timeMs: Number.NaN }),
    ]);
    expect(result).toEqual({ stored: 2, rejected: 2, rest: [], failure: undefined });
    const reader = openReader(dir);
    expect((await reader.logs({})).items.map(({ message }) => message).sort()).toEqual(['one', 'three']);
    await reader.close();
  });

  it('refuses a file of a newer schema by its name, and keeps it as it is', async () => {
    const dir = testFolder();
    writer(dir).writeLogs([logData()]);
    const path = join(dir, 'store', readdirSync(join(dir, 'store')).find((name) => name.endsWith('.db')) as string);
    const db = openDatabase(path, { readOnly: false, busyMs: 100 });
    db.exec('PRAGMA user_version = 99');
    db.close();
    const said = lines();
    const store = writer(dir);
    const log = logData();
    const result = store.writeLogs([log]);
    expect(result).toMatchObject({ stored: 0, rest: [log], failure: { code: 'newer' } });
    store.writeLogs([log]);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`Cannot use "${path}": its schema is version 99, expected at most ${SCHEMA_VERSION}; upgrade sonde, or move the file away`);
    const reader = openReader(dir);
    expect((await reader.logs({})).items).toEqual([]);
    expect(reader.problems()).toMatchObject([{ code: 'newer' }]);
    await reader.close();
  });

  it('sets a damaged file aside, says so once and begins a new one', async () => {
    const dir = testFolder();
    const said = lines();
    const store = writer(dir);
    store.writeLogs([logData()]);
    store.close();
    const name = readdirSync(join(dir, 'store')).find((file) => file.endsWith('.db')) as string;
    for (const suffix of ['-wal', '-shm']) rmSync(join(dir, 'store', name + suffix), { force: true });
    writeFileSync(join(dir, 'store', name), 'this is no database '.repeat(1_000));
    const error = errorRecord();
    expect(writer(dir).writeErrors([error])).toMatchObject({ stored: 1, rest: [] });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('is damaged: it was renamed to');
    expect(readdirSync(join(dir, 'store')).filter((file) => file.includes('.corrupt-'))).toHaveLength(1);
    const reader = openReader(dir);
    expect(await reader.error(error['error.id'])).toEqual(error);
    await reader.close();
  });

  it('meets damage inside a file in the same way', async () => {
    const dir = testFolder();
    const said = lines();
    const store = writer(dir);
    store.writeErrors(Array.from({ length: 200 }, () => errorRecord()));
    store.close();
    const path = join(dir, 'store', readdirSync(join(dir, 'store')).find((file) => file.endsWith('.db')) as string);
    const file = openSync(path, 'r+');
    // The first page stays: the file opens, and the tables are not what they seem.
    writeSync(file, Buffer.alloc(statSync(path).size - 4_096, 0xa5), 0, undefined, 4_096);
    closeSync(file);
    const reader = openReader(dir);
    expect((await reader.errors({})).items).toEqual([]);
    expect(reader.problems()).toMatchObject([{ code: 'corrupt' }]);
    const error = errorRecord();
    expect(writer(dir).writeErrors([error])).toMatchObject({ stored: 1, rest: [] });
    expect(await reader.error(error['error.id'])).toEqual(error);
    expect(said).toHaveLength(1);
    await reader.close();
  });

  it('has a file that is empty yet read as one without records', async () => {
    const dir = testFolder();
    mkdirSync(join(dir, 'store'));
    writeFileSync(join(dir, 'store', '2026-11-20.db'), '');
    const reader = openReader(dir);
    expect((await reader.errors({})).items).toEqual([]);
    expect(reader.problems()).toEqual([]);
    await reader.close();
  });

  it('goes on in a new file when the folder was removed under it', async () => {
    const dir = testFolder();
    const store = writer(dir);
    store.writeLogs([logData({ message: 'before' })]);
    rmSync(dir, { recursive: true });
    expect(store.writeLogs([logData({ message: 'after' })])).toMatchObject({ stored: 1 });
    const reader = openReader(dir);
    expect((await reader.logs({})).items.map(({ message }) => message)).toEqual(['after']);
    await reader.close();
  });

  it('answers with a failure where its folder cannot be made, and recovers when it can', () => {
    const dir = testFolder();
    const said = lines();
    writeFileSync(join(dir, 'store'), 'a file in the way');
    const store = writer(dir);
    const log = logData();
    expect(store.writeLogs([log])).toMatchObject({ stored: 0, rest: [log], failure: { name: 'StoreError' } });
    rmSync(join(dir, 'store'));
    expect(store.writeLogs([log])).toMatchObject({ stored: 1, rest: [], failure: undefined });
    expect(said.map((line) => line.slice(0, 20))).toEqual(['sonde: Cannot write ', 'sonde: the store "/t']);
  });
});

describe('maintain', () => {
  it('removes days over the age, never the current one', () => {
    const dir = testFolder();
    const now = Date.UTC(2026, 10, 21, 12);
    for (const days of [20, 15, 14, 1, 0]) {
      const restore = useClock({ ...systemClock, now: () => now - days * DAY });
      const store = openWriter(dir, { resource: RESOURCE });
      store.writeLogs([logData({ timeMs: now - days * DAY })]);
      store.close();
      restore();
    }
    at(now);
    expect(writer(dir).maintain()).toMatchObject({ removed: ['2026-11-01', '2026-11-06'], failure: undefined });
    expect(existsSync(join(dir, 'store', '2026-11-07.db'))).toBe(true);
  });

  it('removes the oldest days above the size', () => {
    const dir = testFolder();
    const now = Date.UTC(2026, 10, 21, 12);
    at(now);
    lines(); // of the current day, which is over one byte
    const store = writer(dir, { maxBytes: 1 });
    for (const days of [2, 1, 0]) store.writeLogs([logData({ timeMs: now - days * DAY })]);
    expect(store.maintain().removed).toEqual(['2026-11-19', '2026-11-20']);
    expect(store.writeLogs([logData({ timeMs: now })]).stored).toBe(1);
  });

  it('has nothing to do where no store is', () => {
    expect(writer(testFolder()).maintain()).toEqual({ removed: [], trimmed: 0, bytes: 0, failure: undefined });
  });

  it('remembers when a group was first seen after its day is removed', async () => {
    const dir = testFolder();
    const now = Date.UTC(2026, 10, 21, 12);
    const before = useClock({ ...systemClock, now: () => now - 20 * DAY });
    const old = openWriter(dir, { resource: RESOURCE });
    old.writeErrors([
      errorRecord({ timeMs: now - 20 * DAY, 'service.version': '1.0.0' }),
      errorRecord({ timeMs: now - 20 * DAY + 1_000, 'service.version': '1.0.0' }),
    ]);
    old.close();
    before();
    at(now);
    const store = writer(dir);
    store.writeErrors([errorRecord({ timeMs: now, 'service.version': '2.0.0' })]);
    const reader = openReader(dir);
    const expected = { count: 3, firstMs: now - 20 * DAY, lastMs: now, releases: [{ release: '1.0.0', count: 2 }, { release: '2.0.0' }] };
    expect((await reader.groups({})).items).toMatchObject([expected]);
    expect(store.maintain().removed).toEqual(['2026-11-01']);
    expect(store.maintain().removed).toEqual([]);
    expect((await reader.groups({})).items).toMatchObject([expected]);
    expect((await reader.groups({ sinceMs: now - DAY, firstSeen: true })).items).toEqual([]);
    await reader.close();
  });

  it('shortens the current day when it alone is over the size, and leaves the errors', async () => {
    const dir = testFolder();
    const said = lines();
    const store = writer(dir, { maxBytes: 1_000_000 });
    const error = errorRecord({ timeMs: Date.now() - 1_000 });
    store.writeErrors([error]);
    let written = 0;
    const fill = () => {
      for (let batch = 0; batch < 10; batch++) store.writeLogs(Array.from({ length: 500 }, () => logData({ message: `line ${written++}` })));
    };
    fill();
    expect(store.maintain()).toMatchObject({ removed: [], trimmed: expect.any(Number) });
    const sizes: number[] = [];
    let trimmed = 0;
    for (let round = 0; round < 20; round++) {
      fill();
      const report = store.maintain();
      sizes.push(report.bytes);
      trimmed += report.trimmed;
    }
    expect(trimmed).toBeGreaterThan(50_000);
    expect(Math.max(...sizes.slice(12))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 12)));
    const newest = (await openReader(dir).logs({ limit: 1 })).items[0];
    expect(newest?.message).toBe(`line ${written - 1}`);
    const reader = openReader(dir);
    expect(await reader.error(error['error.id'])).toEqual(error);
    await reader.close();
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('its oldest spans and log lines are removed');
  });

  it('brings a file of an older schema up to date and keeps what is in it', async () => {
    const dir = testFolder();
    const error = errorRecord();
    const first = writer(dir);
    first.writeErrors([error]);
    first.close();
    const path = join(dir, 'store', readdirSync(join(dir, 'store')).find((name) => name.endsWith('.db')) as string);
    const db = openDatabase(path, { readOnly: false, busyMs: 100 });
    db.exec('DROP TABLE folded_days; PRAGMA user_version = 1');
    db.close();
    const later = errorRecord();
    expect(writer(dir).writeErrors([later]).stored).toBe(1);
    const again = openDatabase(path, { readOnly: true, busyMs: 100 });
    expect(again.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION });
    expect(again.prepare('SELECT count(*) AS n FROM errors').get()).toEqual({ n: 2 });
    expect(again.prepare('SELECT count(*) AS n FROM folded_days').get()).toEqual({ n: 0 });
    again.close();
  });
});
