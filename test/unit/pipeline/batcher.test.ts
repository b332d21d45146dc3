import { describe, expect, it } from 'vitest';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { forget, useDiagWriter } from '../../../src/core/diag.ts';
import { BATCH_ROWS, QUEUE_ROWS } from '../../../src/pipeline/rows.ts';
import { materialiseSpans } from '../../../src/pipeline/worker/span-rows.ts';
import { endedSpan } from '../../ended-span.mjs';
import { batcherRig } from './rig.ts';

const QUEUE = QUEUE_ROWS;

describe('the batcher', () => {
  it('posts a batch when it is full and keeps the order', () => {
    const { batcher, posted, rowsOf } = batcherRig();
    for (let i = 0; i <= BATCH_ROWS; i++) batcher.ended(endedSpan({ s1: i }));
    expect(posted.map((batch) => batch.rows)).toEqual([BATCH_ROWS]);
    batcher.post();
    expect(posted.map((batch) => batch.rows)).toEqual([BATCH_ROWS, 1]);
    expect(materialiseSpans(rowsOf(posted[1]!))[0]?.spanId.slice(8)).toBe(BATCH_ROWS.toString(16).padStart(8, '0'));
  });

  it('counts exactly what the queue refuses, says so once, and goes on when there is room', () => {
    const { batcher, ledger, posted, settle, workerLedger } = batcherRig();
    const lines: string[] = [];
    const restore = useDiagWriter((line) => lines.push(line));
    for (let i = 0; i < QUEUE + 1_000; i++) batcher.ended(endedSpan());
    restore();
    forget('pipeline-full');
    expect(lines).toEqual([expect.stringContaining('counted as queue_full')]);
    expect(ledger.report().span).toMatchObject({ produced: QUEUE + 1_000, pending: QUEUE, dropped: { queue_full: 1_000 } });
    for (const batch of posted) {
      workerLedger.add('span', { sent: batch.rows });
      settle(batch);
    }
    batcher.reap();
    for (let i = 0; i < 10; i++) batcher.ended(endedSpan());
    expect(ledger.report().span).toMatchObject({ produced: QUEUE + 1_010, sent: QUEUE, pending: 10, dropped: { queue_full: 1_000 } });
  });

  it('finds a free slot by itself while it is full', () => {
    const { batcher, ledger, posted, settle } = batcherRig();
    for (let i = 0; i < QUEUE + 1; i++) batcher.ended(endedSpan());
    settle(posted[5]!);
    for (let i = 0; i < 1_000; i++) batcher.ended(endedSpan());
    expect(ledger.report().span.dropped.queue_full).toBeLessThan(70);
  });

  it('keeps the limits it is given, to the span, and lines pass while the spans wait', () => {
    const { batcher, ledger, posted, settle, workerLedger } = batcherRig(undefined, { batchSize: 100, queueSize: 250 });
    for (let i = 0; i < 400; i++) batcher.ended(endedSpan());
    batcher.post();
    expect(posted.map((batch) => batch.rows)).toEqual([100, 100, 50]);
    expect(ledger.report().span).toMatchObject({ produced: 400, pending: 250, dropped: { queue_full: 150 } });
    batcher.log('{}', 9);
    batcher.ended(endedSpan());
    expect(ledger.report()).toMatchObject({ span: { dropped: { queue_full: 151 } }, log: { pending: 1 } });
    workerLedger.add('span', { sent: 100 });
    settle(posted[0]!);
    batcher.reap();
    for (let i = 0; i < 150; i++) batcher.ended(endedSpan());
    batcher.post();
    expect(posted.slice(3).map((batch) => [batch.rows, batch.logs.length])).toEqual([[100, 1]]);
    expect(ledger.report().span).toMatchObject({ produced: 551, sent: 100, pending: 250, dropped: { queue_full: 201 } });
  });

  it('has room for lines in a flood of spans, and for error records in a flood of lines', () => {
    const { batcher, ledger } = batcherRig();
    for (let i = 0; i < QUEUE + 5_000; i++) batcher.ended(endedSpan());
    for (let i = 0; i < 20_000; i++) batcher.log('{}', 9);
    for (let i = 0; i < 2_000; i++) batcher.ended(endedSpan());
    for (let i = 0; i < 1_000; i++) batcher.error('{}');
    const report = ledger.report();
    expect(report.span).toMatchObject({ pending: QUEUE, dropped: { queue_full: 7_000 } });
    expect(report.log.pending).toBeGreaterThanOrEqual(4 * BATCH_ROWS);
    expect(report.log.dropped.queue_full).toBeGreaterThan(0);
    expect(report.error).toMatchObject({ pending: 1_000, dropped: { queue_full: 0 } });
  });

  it('bounds the text that is under way', () => {
    const { batcher, ledger } = batcherRig();
    const line = 'x'.repeat(100_000);
    for (let i = 0; i < 400; i++) batcher.log(line, 9);
    const { pending, dropped } = ledger.report().log;
    expect(pending + dropped.queue_full).toBe(400);
    expect(pending * 100_000).toBeLessThan(19e6);
    expect(pending * 100_000).toBeGreaterThan(16e6);
  });

  it('refuses a record that no receiver would take', () => {
    const { batcher, ledger, posted, rowsOf } = batcherRig();
    batcher.log('x'.repeat(600_000), 9);
    batcher.error('x'.repeat(600_000), false);
    batcher.error('x'.repeat(600_000), true);
    batcher.ended(endedSpan({ attrs: { big: 'x'.repeat(600_000) }, values: { a: 1 } }));
    batcher.ended(endedSpan({ attrs: { small: 1 }, values: { a: 1 } }));
    batcher.post();
    for (const signal of ['log', 'error', 'span'] as const) expect(ledger.report()[signal].dropped.too_large).toBe(1);
    expect(ledger.report().error).toMatchObject({ produced: 2, spooled: 1, pending: 0 }); // the journal has it
    expect(materialiseSpans(rowsOf(posted[0]!))[0]?.attributes).toEqual({ a: 1, small: 1 });
  });

  it('shares the bound values of a scope between its spans, and the own ones win', () => {
    const { batcher, posted, rowsOf } = batcherRig();
    const values = { tenant: 'a', plan: 'pro' };
    for (let i = 0; i < 3; i++) batcher.ended(endedSpan({ values, attrs: i === 1 ? { plan: 'own' } : undefined }));
    batcher.post();
    const { side, sideStart } = rowsOf(posted[0]!);
    expect(side.toString('latin1', sideStart, sideStart + 500).match(/pro/g)).toHaveLength(1);
    expect(materialiseSpans(rowsOf(posted[0]!)).map((span) => span.attributes)).toEqual([values, { tenant: 'a', plan: 'own' }, values]);
  });

  it('begins another batch when the side bytes are full, and loses no span over it', () => {
    const { batcher, ledger, posted, rowsOf } = batcherRig();
    const made = Array.from({ length: 2_000 }, (_, i) => `${i}:${'é'.repeat(i % 900)}`);
    for (const text of made) batcher.ended(endedSpan({ attrs: { text }, values: { shared: true } }));
    batcher.post();
    expect(posted.length).toBeGreaterThan(4);
    const data = posted.flatMap((batch) => materialiseSpans(rowsOf(batch)));
    expect(data.map((span) => span.attributes)).toEqual(made.map((text) => ({ shared: true, text })));
    expect(ledger.report().span).toMatchObject({ produced: 2_000, pending: 2_000 });
  });

  it('refuses a span that fills the side bytes of a batch alone', () => {
    const { batcher, ledger } = batcherRig();
    const attrs = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`key.${i}`, 'x'.repeat(1_000)]));
    batcher.ended(endedSpan());
    batcher.ended(endedSpan({ attrs }));
    batcher.ended(endedSpan());
    expect(ledger.report().span).toMatchObject({ produced: 3, pending: 2, dropped: { too_large: 1 } });
  });

  it('copies lists, and makes text of what is no attribute', () => {
    const { batcher, posted, rowsOf } = batcherRig();
    const list = ['a', undefined, 'b'];
    const weird = { fn: () => 1, big: 1n, list } as never;
    batcher.ended(endedSpan({ attrs: weird }));
    list.push('later');
    batcher.post();
    expect(materialiseSpans(rowsOf(posted[0]!))[0]?.attributes).toEqual({ fn: expect.stringContaining('=> 1'), big: '1', list: ['a', null, 'b'] });
  });

  it('carries names beyond the dictionary themselves', () => {
    const { batcher, posted, rowsOf } = batcherRig();
    for (let i = 0; i < 9_000; i++) batcher.ended(endedSpan({ name: `GET /orders/${i}` }));
    batcher.post();
    const names = posted.flatMap((batch) => materialiseSpans(rowsOf(batch)).map((span) => span.name));
    expect(names).toEqual(Array.from({ length: 9_000 }, (_, i) => `GET /orders/${i}`));
  });

  it('acknowledges journal lines up to the first that is not safe', () => {
    const acknowledged: number[] = [];
    const { batcher, posted, settle } = batcherRig((total) => acknowledged.push(total));
    batcher.error('{"a":1}');
    batcher.error('{"a":2}');
    batcher.post();
    batcher.error('{"a":3}');
    batcher.post();
    settle(posted[1]!);
    batcher.reap();
    expect(acknowledged).toEqual([]);
    settle(posted[0]!);
    batcher.reap();
    batcher.reap();
    expect(acknowledged.at(-1)).toBe(2);
  });

  it('loses no error record that the journal has: at the end, after it, and with a batch that is given up, it counts as spooled', () => {
    const acknowledged: number[] = [];
    const { batcher, ledger, posted, settle, dieOn } = batcherRig((total) => acknowledged.push(total));
    batcher.error('{"a":1}');
    batcher.error('{"a":2}', false);
    batcher.post();
    for (let death = 1; death <= 3; death++) {
      dieOn(posted[0]!);
      batcher.beginAgain();
    }
    expect(ledger.report().error).toMatchObject({ produced: 2, spooled: 1, pending: 0, dropped: { rejected: 1 } });
    batcher.error('{"a":3}');
    batcher.post();
    settle(posted.at(-1)!);
    batcher.reap();
    expect(acknowledged).toEqual([]); // the first line is in the journal only: nothing of it may be deleted
    batcher.error('{"a":4}');
    batcher.error('{"a":5}', false);
    batcher.close();
    batcher.error('{"a":6}');
    batcher.error('{"a":7}', false);
    const { produced, spooled, pending, dropped } = ledger.report().error;
    expect([produced, spooled, dropped.rejected, dropped.expired]).toEqual([7, 3, 1, 2]);
    expect(produced - spooled - dropped.rejected - dropped.expired).toBe(pending);
  });

  it('gives a batch up on which three workers died, and no other', () => {
    const { batcher, ledger, posted, dieOn } = batcherRig();
    batcher.ended(endedSpan());
    batcher.log('{}', 9);
    batcher.post();
    batcher.ended(endedSpan());
    batcher.post();
    for (let death = 1; death <= 2; death++) {
      dieOn(posted[0]!);
      expect(batcher.beginAgain().batches).toEqual(posted);
    }
    dieOn(posted[0]!);
    expect(batcher.beginAgain().batches).toEqual([posted[1]]);
    expect(ledger.report()).toMatchObject({ span: { pending: 1, dropped: { rejected: 1 } }, log: { pending: 0, dropped: { rejected: 1 } } });
  });

  it('estimates what it costs this thread from one span a batch', () => {
    let mono = 0;
    const restore = useClock({ ...systemClock, mono: () => (mono += 0.001) });
    try {
      const { batcher } = batcherRig();
      for (let i = 0; i < 2 * BATCH_ROWS; i++) batcher.ended(endedSpan());
      batcher.post();
      // One tick of the clock a row, and some for each post.
      expect(batcher.usedSeconds * 1_000).toBeCloseTo(2 * BATCH_ROWS * 0.001, 1);
    } finally {
      restore();
    }
  });

  it('counts what is under way at the end, and what comes after it', () => {
    const { batcher, ledger } = batcherRig();
    batcher.ended(endedSpan());
    batcher.close();
    batcher.ended(endedSpan());
    batcher.log('{}', 9);
    batcher.sampledOut();
    expect(ledger.report().span).toMatchObject({ produced: 3, pending: 0, dropped: { expired: 2, sampled: 1 } });
    expect(ledger.report().log).toMatchObject({ produced: 1, pending: 0, dropped: { expired: 1 } });
  });
});
