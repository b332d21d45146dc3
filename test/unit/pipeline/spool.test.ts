import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forget, useDiagWriter } from '../../../src/core/diag.ts';
import { Ledger, ledgerMemory, WorkerLedger } from '../../../src/pipeline/ledger.ts';
import type { SpoolOptions } from '../../../src/pipeline/messages.ts';
import { Spool, spoolOwner } from '../../../src/pipeline/spool.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-spool-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const DEAD_PID = 4_194_305; // above the largest process ID that Linux gives
const own = spoolOwner(process.pid, 0, Date.now());

function open(owner = own, options: SpoolOptions = {}) {
  const memory = ledgerMemory();
  const ledger = new Ledger(memory);
  const worker = new WorkerLedger(memory);
  const spool = new Spool(dir, owner, options, worker);
  spool.open((signal) => ledger.report()[signal].spooled);
  const put = (count: number, bytes: number): boolean => {
    ledger.produced[0]! += count;
    const done = spool.put('span', count, Buffer.alloc(bytes, 1), false, false);
    if (done) worker.add('span', { spooled: count });
    spool.trim();
    return done;
  };
  return { spool, ledger, put };
}

describe('the spool', () => {
  it('gives entries back oldest first', () => {
    const { spool, put } = open();
    put(1, 10);
    put(2, 20);
    const first = spool.take();
    expect(first?.entry).toMatchObject({ signal: 'span', count: 1, json: false, gzip: false });
    expect(first?.body).toHaveLength(10);
    spool.giveBack(first!.entry);
    expect(spool.take()?.entry.count).toBe(1);
    expect(spool.take()?.entry.count).toBe(2);
    expect(spool.take()).toBeUndefined();
  });

  it('drops the oldest above its bound, counts it and says so', () => {
    const { spool, ledger, put } = open(own, { maxBytes: 100 });
    const lines: string[] = [];
    const restore = useDiagWriter((line) => lines.push(line));
    for (const count of [1, 2, 4]) put(count, 40);
    restore();
    forget('spool-spool_full');
    expect(lines).toEqual([expect.stringContaining('the oldest records are dropped and counted as spool_full')]);
    expect(spool.bytes).toBe(80);
    expect(ledger.report().span).toMatchObject({ produced: 7, spooled: 6, pending: 0, dropped: { spool_full: 1 } });
    expect(readdirSync(spool.folder)).toHaveLength(2);
  });

  it('drops what is too old', () => {
    const folder = join(dir, 'spool', own);
    mkdirSync(folder, { recursive: true });
    const old = join(folder, '0000000001-log-7-p.otlp');
    writeFileSync(old, 'x');
    utimesSync(old, new Date(Date.now() - 8 * 86_400_000), new Date(Date.now() - 8 * 86_400_000));
    const { ledger } = open();
    expect(ledger.report().log).toMatchObject({ produced: 7, spooled: 0, pending: 0, dropped: { expired: 7 } });
  });

  it('takes over the spool of a process that is gone, and of no other', () => {
    const threadOfOurs = open(spoolOwner(process.pid, 7, Date.now()));
    threadOfOurs.put(5, 10);
    const dead = open(spoolOwner(DEAD_PID, 0, 1));
    dead.put(3, 10);
    writeFileSync(join(dead.spool.folder, '0000000009-span-9-p.otlp.tmp'), 'half');
    const { spool, ledger } = open();
    expect(ledger.report().span).toMatchObject({ produced: 3, spooled: 3, pending: 0 });
    expect(spool.take()?.entry.count).toBe(3);
    expect(readdirSync(join(dir, 'spool')).sort()).toEqual(
      [own, spoolOwner(process.pid, 7, 0).replace(/-0$/, '')].map((name) => expect.stringContaining(name)),
    );
  });

  it('takes over the spool of a pipeline of this process that has ended', () => {
    const former = open(spoolOwner(process.pid, 0, Date.now() - 1));
    former.put(5, 10);
    former.put(3, 10);
    const underWay = former.spool.take();
    former.spool.close();
    former.spool.finish(underWay!.entry); // its answer came at last
    former.spool.adopt();
    expect(former.ledger.report().span).toMatchObject({ produced: 8, spooled: 8 });
    const { spool, ledger } = open();
    expect(ledger.report().span).toMatchObject({ produced: 3, spooled: 3 });
    expect(spool.take()?.entry.count).toBe(3);
    expect(readdirSync(join(dir, 'spool'))).toEqual([own]);
  });

  it('goes on where a worker of the same pipeline stopped', () => {
    const first = open();
    first.put(3, 10);
    // It wrote another entry and died before it could count it.
    first.spool.put('span', 4, Buffer.alloc(1), false, false);
    const memory = ledgerMemory();
    const worker = new WorkerLedger(memory);
    worker.add('span', { spooled: 3 });
    const again = new Spool(dir, own, {}, worker);
    again.open(() => 3);
    const report = new Ledger(memory).report().span;
    expect(report).toMatchObject({ produced: 4, spooled: 7 });
    expect(again.put('span', 1, Buffer.alloc(1), false, false)).toBe(true);
    expect(readdirSync(again.folder)).toHaveLength(3);
  });

  it('says why it cannot be written', () => {
    writeFileSync(join(dir, 'spool'), 'a file where the folder should be');
    const { spool, put, ledger } = open();
    expect(put(1, 1)).toBe(false);
    expect(spool.problem).toMatch(/ENOTDIR|EEXIST/);
    expect(ledger.report().span).toMatchObject({ spooled: 0, pending: 1 });
  });

  it('counts an entry that somebody deleted', () => {
    const { spool, ledger, put } = open();
    put(2, 1);
    rmSync(spool.folder, { recursive: true });
    expect(spool.take()).toBeUndefined();
    expect(ledger.report().span).toMatchObject({ spooled: 0, pending: 0, dropped: { expired: 2 } });
  });
});
