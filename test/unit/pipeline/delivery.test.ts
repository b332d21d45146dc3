import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forget, useDiagWriter } from '../../../src/core/diag.ts';
import { Ledger, ledgerMemory, WorkerLedger } from '../../../src/pipeline/ledger.ts';
import { Delivery, type Parcel } from '../../../src/pipeline/sinks/delivery.ts';
import type { PostResult } from '../../../src/pipeline/sinks/http-post.ts';
import { Spool, spoolOwner } from '../../../src/pipeline/spool.ts';

let dir: string;
let restore: () => void;
let lines: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-delivery-'));
  lines = [];
  restore = useDiagWriter((line) => lines.push(line));
});
afterEach(() => {
  restore();
  for (const kind of ['otlp-down', 'otlp-refused', 'otlp-partial']) forget(kind);
  rmSync(dir, { recursive: true, force: true });
});

const answer = (status: number): PostResult => ({ kind: 'answer', status, retryAfter: undefined, contentType: '', body: Buffer.alloc(0) });

/** A delivery whose receiver the test plays. */
function rig(receive: (count: number, from: number, to: number, signal: AbortSignal) => PostResult | Promise<PostResult>) {
  const memory = ledgerMemory();
  const ledger = new Ledger(memory);
  const worker = new WorkerLedger(memory);
  const spool = new Spool(dir, spoolOwner(process.pid, 0, Date.now()), {}, worker);
  const active = { now: 0, most: 0 };
  const delivery = new Delivery({
    spool,
    ledger: worker,
    receiver: 'http://receiver',
    random: () => 0,
    async post(parcel, _timeoutMs, signal) {
      active.most = Math.max(active.most, ++active.now);
      await new Promise((resolve) => setImmediate(resolve));
      active.now--;
      const [from, to] = JSON.parse(Buffer.from(parcel.body).toString());
      return receive(parcel.count, from, to, signal);
    },
  });
  const parcel = (from: number, to: number): Parcel => ({
    signal: 'span',
    count: to - from,
    body: Buffer.from(JSON.stringify([from, to])),
    json: false,
    gzip: false,
    settle: (tally) => worker.add('span', tally),
    split: () => (to - from < 2 ? [] : [parcel(from, (from + to) >> 1), parcel((from + to) >> 1, to)]),
  });
  return {
    delivery,
    ledger,
    spool,
    active,
    offer(count: number) {
      ledger.produced[0]! += count;
      delivery.offer(parcel(0, count));
    },
    flush: (mode: 'wait' | 'park' | 'last' = 'wait') => delivery.flush(performance.now() + 60_000, mode),
  };
}

describe('a delivery', () => {
  it('sends what it is offered, some at once, and overflows to disk', async () => {
    const { offer, flush, ledger, active, spool } = rig(() => answer(200));
    for (let i = 0; i < 100; i++) offer(10);
    expect(spool.size).toBe(32);
    expect(ledger.report().span).toMatchObject({ produced: 1_000, spooled: 320, pending: 680 });
    await flush();
    expect(ledger.report().span).toMatchObject({ sent: 1_000, spooled: 0, pending: 0 });
    expect(active.most).toBe(4);
  });

  it('puts everything on disk while the receiver is away, and asks it again', async () => {
    let up = false;
    const { offer, flush, ledger, delivery } = rig(() => (up ? answer(200) : { kind: 'failed', reason: 'ECONNREFUSED' }));
    for (let i = 0; i < 10; i++) offer(5);
    await flush();
    expect(delivery.state.kind).toBe('down');
    offer(1);
    expect(ledger.report().span).toMatchObject({ produced: 51, spooled: 51, pending: 0 });
    up = true;
    await flush();
    expect(ledger.report().span).toMatchObject({ sent: 51, spooled: 0, pending: 0 });
    expect(lines).toEqual([
      expect.stringContaining('cannot deliver to http://receiver: ECONNREFUSED'),
      expect.stringMatching(/http:\/\/receiver takes records again; \d+ spooled requests follow/),
    ]);
  });

  it('sends what a thread left behind that ended while the receiver was away', async () => {
    let up = false;
    const { offer, flush, ledger } = rig(() => (up ? answer(200) : answer(503)));
    offer(5);
    await flush();
    const thread = new Spool(dir, spoolOwner(process.pid, 7, Date.now()), {}, new WorkerLedger(ledgerMemory()));
    thread.put('span', 3, Buffer.from('[0,3]'), false, false);
    thread.close();
    up = true;
    await flush();
    expect(ledger.report().span).toMatchObject({ produced: 8, sent: 8, spooled: 0, pending: 0 });
    expect(readdirSync(join(dir, 'spool')).length).toBeLessThan(2);
  });

  it('keeps records in memory where the disk cannot take them', async () => {
    writeFileSync(join(dir, 'spool'), 'in the way');
    let up = false;
    const { offer, flush, ledger } = rig(() => (up ? answer(200) : answer(503)));
    for (let i = 0; i < 40; i++) offer(1);
    await flush();
    expect(ledger.report().span).toMatchObject({ produced: 40, spooled: 0, pending: 40 });
    expect(lines[0]).toMatch(/kept in memory, because the spool cannot be written/);
    up = true;
    await flush();
    expect(ledger.report().span).toMatchObject({ sent: 40, pending: 0 });
  });

  it('halves a refused request down to the record that is bad', async () => {
    const { offer, flush, ledger } = rig((_, from, to) => answer(from <= 37 && 37 < to ? 400 : 200));
    offer(64);
    await flush();
    expect(ledger.report().span).toMatchObject({ produced: 64, sent: 63, pending: 0, dropped: { rejected: 1 } });
    expect(lines).toEqual([expect.stringContaining('refused 1 span records: HTTP 400')]);
  });

  it('does not cut a pause short that the receiver asked for', async () => {
    let asked = 0;
    const { offer, flush, ledger } = rig(() => {
      asked++;
      return { kind: 'answer', status: 503, retryAfter: '100', contentType: '', body: Buffer.alloc(0) };
    });
    offer(1);
    await flush();
    await flush('last');
    expect(asked).toBe(1);
    expect(ledger.report().span).toMatchObject({ spooled: 1, pending: 0 });
  });

  it('gives up what is under way when the process may end, and has it on disk', async () => {
    const { offer, ledger, delivery } = rig(async (_count, _from, _to, signal) => {
      if (!signal.aborted) await once(signal, 'abort');
      return { kind: 'failed', reason: 'given up' };
    });
    offer(7);
    await delivery.flush(performance.now() + 500, 'last');
    expect(ledger.report().span).toMatchObject({ produced: 7, spooled: 7, pending: 0 });
  });
});
