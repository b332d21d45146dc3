import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { useDiagWriter } from '../../../src/core/diag.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { completeRecord } from '../../../src/errors/complete.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { sameAs, unfold } from '../../../src/errors/fold.ts';
import { type Journal, openJournal } from '../../../src/errors/journal.ts';
import { findInJournals, readJournal } from '../../../src/errors/journal-reader.ts';
import { report } from '../../../src/errors/report.ts';
import { openReader } from '../../../src/store/query.ts';
import { openWriter } from '../../../src/store/writer.ts';

let dir: string;
let journal: Journal;
let undo: () => void;
let restore: () => void;
let mono = 1_000_000;
const records = (): readonly ErrorRecord[] => readJournal(journal.path).records;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-fold-'));
  journal = openJournal(dir);
  undo = configureErrors({ journal });
  mono += 1_000_000;
  restore = useClock({ ...systemClock, mono: () => mono });
});
afterEach(() => {
  restore();
  undo();
  journal.close();
  rmSync(dir, { recursive: true, force: true });
});

/** The same failure, made anew, with another message. */
const fail = (n: number): Error => new Error(`no order ${n}`, { cause: new TypeError(`cause ${n}`) });
const storm = (count: number): string[] => Array.from({ length: count }, (_, n) => bind({ 'request.n': n }, () => report(fail(n)).id));

describe('a storm of one failure', () => {
  it('is recorded whole ten times a second, and compact beyond', () => {
    const ids = storm(500);
    expect(new Set(ids).size).toBe(500);
    const whole = records().filter((record) => sameAs(record) === undefined);
    expect(whole).toHaveLength(10);
    expect(records()).toHaveLength(500);
    const last = records()[499] as ErrorRecord;
    expect(sameAs(last)).toBe(ids[9]);
    expect(JSON.stringify(last).length).toBeLessThan(700);
    expect(JSON.stringify(whole[0]).length).toBeGreaterThan(1_500);
  });

  it('keeps time, message and context of each occurrence, and leads to the stack', () => {
    const ids = storm(50);
    const found = findInJournals(dir, ids[42] as string) as ErrorRecord;
    expect(found).toMatchObject({
      'error.id': ids[42],
      message: 'no order 42',
      'exception.message': 'no order 42',
      'request.n': 42,
      level: 'error',
      'sonde.error.kind': 'bug',
    });
    expect(found['exception.stacktrace']).toMatch(/Caused by: TypeError/);
    expect(found['sonde.error.chain']).toEqual(['Error', 'TypeError']);
  });

  it('takes nothing of the other occurrence but the failure', () => {
    const whole = {
      'error.id': 'A',
      'exception.stacktrace': 's',
      'request.id': 'theirs',
      'sonde.error.cause_id': 'c',
      'error.data': 1,
      trace_id: 't',
      'service.name': 'x',
      message: 'theirs',
    };
    expect(unfold({ 'error.id': 'B', message: 'mine', 'sonde.error.same_as': 'A' } as unknown as ErrorRecord, whole as unknown as ErrorRecord)).toEqual({
      'error.id': 'B',
      message: 'mine',
      'exception.message': 'mine',
      'sonde.error.same_as': 'A',
      'exception.stacktrace': 's',
      'service.name': 'x',
    });
  });

  it('says on the next whole record how many were folded', () => {
    const said = [100, 1, 1].map((count) => {
      storm(count);
      mono += 600;
      return records().at(-1)?.['sonde.error.suppressed'];
    });
    expect(said).toEqual([undefined, undefined, 91]); // the second is in the same second still
    expect(sameAs(records().at(-1))).toBeUndefined();
  });

  it('does not fold other failures: another place, another type, another cause', () => {
    storm(100);
    report(new Error('elsewhere'));
    report(new RangeError('no order 1'));
    report(new Error('no order 1', { cause: new RangeError('x') }));
    expect(records().slice(100).map(sameAs)).toEqual([undefined, undefined, undefined]);
  });

  it('never refers to a stack that is not its own, however alike two are', () => {
    const make = (line: number, at: number): Error => {
      const frames = Array.from({ length: 10 }, (_, i) => `\n    at load (/app/orders.js:${i === at ? 100 + line : 100}:1)`).join('');
      return Object.assign(new Error('x'), { stack: `Error: x${frames}` });
    };
    const asked = new Map<string, string>();
    for (let n = 0; n < 30; n++) for (let at = 0; at < 10; at++) for (const l of [1, 2, 3, 4]) asked.set(report(make(l, at)).id, make(l, at).stack as string);
    const byId = new Map(records().map((record) => [record['error.id'], record]));
    for (const [id, stack] of asked) {
      const record = byId.get(id) as ErrorRecord;
      expect(unfold(record, byId.get(sameAs(record) as string))['exception.stacktrace']).toBe(stack);
    }
    expect(records().filter((record) => sameAs(record) === undefined).length).toBeLessThan(600); // 40 failures of 10 whole ones
  });

  it('is written whole where the journal is full, and refers to nothing that is not in the journal', () => {
    const small = openJournal(join(dir, 'small'), { maxBytes: 12_000 });
    const lines: string[] = [];
    const undoSmall = configureErrors({ journal: small, lastResort: (line) => lines.push(line) });
    const restoreDiag = useDiagWriter(() => undefined);
    for (let n = 0; n < 60; n++) report(fail(n));
    for (let n = 0; n < 30; n++) report(new Error(`another ${n}`)); // the journal has no room for its first one
    restoreDiag();
    undoSmall();
    const journaled = readJournal(small.path).records;
    small.close();
    expect(journaled.length).toBeGreaterThan(0);
    expect(journaled.length + lines.length).toBe(90);
    for (const line of lines) expect((JSON.parse(line) as ErrorRecord)['exception.stacktrace']).toMatch(/fold\.test/);
    const ids = new Set(journaled.map((record) => record['error.id']));
    for (const record of journaled) expect(sameAs(record) === undefined || ids.has(sameAs(record) as string)).toBe(true);
  });

  it('folds what has no stack by what it says', () => {
    for (let n = 0; n < 40; n++) for (const thrown of [`no order ${n}`, `no card ${n}`, { code: `E${n % 2}` }]) report(thrown);
    const byId = new Map(records().map((record) => [record['error.id'], record]));
    const words = (record: ErrorRecord): string => record.message.replace(/\d+$/, '');
    for (const record of records()) {
      const whole = byId.get(sameAs(record) as string);
      if (whole) expect(words(whole)).toBe(words(record));
    }
    expect(records().filter((record) => sameAs(record) === undefined)).toHaveLength(40); // four failures of ten whole ones
  });

  it('is counted right in the store, in one group, and each ID is found with its stack', async () => {
    const ids = storm(1_000);
    const writer = openWriter(dir, { resource: {} });
    expect(writer.writeErrors(records().map(completeRecord)).stored).toBe(1_000);
    // After a restart the worker has forgotten which group a whole record belongs to; the store has not.
    const late = records()[999] as ErrorRecord;
    writer.writeErrors([{ ...late, 'error.id': '0000-0000-0000-001Z', 'sonde.error.fingerprint': '' }]);
    const reader = openReader(dir);
    const groups = await reader.groups({});
    expect(groups.items.map((group) => group.count)).toEqual([1_001]);
    for (const id of [ids[0], ids[500], ids[999], '0000-0000-0000-001Z']) {
      const found = await reader.error(id as string);
      expect(found?.['exception.stacktrace']).toMatch(/^Error: no order \d+\n.*fold\.test/);
      expect(found?.['sonde.error.fingerprint']).toBe(groups.items[0]?.fingerprint);
    }
    await reader.close();
    writer.close();
  });

  it('replaces a whole record by a whole one only: compact ones may refer to it', () => {
    const ids = Array.from({ length: 200 }, (_, n) => {
      const inner = new Error(`inner ${n}`);
      report(inner);
      return [report(new Error(`outer ${n}`, { cause: inner })).id, n < 10];
    });
    const last = new Map(records().map((record) => [record['error.id'], record]));
    for (const record of last.values()) {
      const whole = sameAs(record);
      if (whole !== undefined) expect(last.get(whole)?.['exception.stacktrace']).toMatch(/^Error: outer \d+\n[^]*Caused by: Error: inner/);
    }
    for (const [id, first] of ids) if (first) expect(sameAs(last.get(id as string))).toBeUndefined();
    expect([...last.values()].filter((record) => sameAs(record) === undefined)).toHaveLength(10);
  });

  it('keeps a bounded number of failures apart', () => {
    for (let i = 0; i < 2_000; i++) report(Object.assign(new Error('x'), { stack: `Error: x\n    at f${i} (/app/${i}.js:1:1)` }));
    expect(records().every((record) => sameAs(record) === undefined)).toBe(true);
  });
});
