import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DROP_REASONS, type LedgerReport, SIGNALS, type Signal } from '../../../src/core/records.ts';
import type { Batch } from '../../../src/pipeline/inflight.ts';
import type { Tally } from '../../../src/pipeline/ledger.ts';
import type { Part } from '../../../src/pipeline/sinks/sink.ts';
import { Settlement } from '../../../src/pipeline/worker/settlement.ts';
import { endedSpan } from '../../ended-span.mjs';
import { batcherRig } from './rig.ts';

function sum(report: LedgerReport, signal: Signal): number {
  const { stored, sent, spooled, pending, dropped } = report[signal];
  return stored + sent + spooled + pending + DROP_REASONS.reduce((total, reason) => total + dropped[reason], 0);
}

/** What can happen to a pipeline, as a word and a number. */
const step = fc.tuple(fc.constantFrom('span', 'refused', 'large', 'log', 'error', 'post', 'take', 'settle', 'part', 'die', 'reap', 'unspool'), fc.nat(1_500));
const fates: readonly ((count: number) => Tally)[] = [
  (stored) => ({ stored }),
  (sent) => ({ sent }),
  (spooled) => ({ spooled }),
  (rejected) => ({ dropped: { rejected } }),
  (count) => ({ sent: count - 1, dropped: { rejected: 1 } }),
];

/** Plays the worker: takes batches, settles their parts in any order and in pieces, and dies. */
function world() {
  const { batcher, ledger, posted, control, workerLedger } = batcherRig();
  let waiting: Batch[] = [];
  let parts: Part[] = [];
  let seen = 0;
  const counts = { span: 0, log: 0, error: 0, metric: 0 };
  const settle = (part: Part, count: number, fate: number): void => {
    if (count > 0) part.settle((fates[fate % fates.length] as (count: number) => Tally)(count));
  };
  const take = (batch: Batch): void => {
    const settlement = new Settlement(batch.slot, control, workerLedger);
    parts.push(settlement.part('span', batch.rows), settlement.part('log', batch.logs.length), settlement.part('error', batch.errors.length));
    settlement.seal();
  };
  const acts: Record<string, (n: number) => void> = {
    span: (n) => {
      counts.span += n;
      for (let i = 0; i < n; i++) batcher.ended(endedSpan({ attrs: i % 7 === 0 ? { i } : undefined }));
    },
    refused: (n) => {
      counts.span += n;
      for (let i = 0; i < n; i++) batcher.sampledOut();
    },
    large: () => {
      counts.log++;
      batcher.log('x'.repeat(600_000), 9);
    },
    log: (n) => {
      counts.log += n;
      for (let i = 0; i < n; i++) batcher.log('{}', 9);
    },
    error: (n) => {
      counts.error += n % 10;
      for (let i = 0; i < n % 10; i++) batcher.error('{}');
    },
    post: () => batcher.post(),
    take: () => {
      const batch = waiting.shift();
      if (batch) take(batch);
    },
    settle: (n) => {
      const [part] = parts.splice(n % (parts.length || 1), 1);
      if (part) settle(part, part.left, n);
    },
    part: (n) => {
      const part = parts[n % (parts.length || 1)];
      if (part) settle(part, Math.min(part.left, 1), n);
    },
    die: () => {
      parts = [];
      waiting = [...batcher.beginAgain().batches];
      seen = posted.length;
    },
    reap: () => batcher.reap(),
    unspool: () => {
      const spooled = ledger.report().span.spooled;
      if (spooled > 0) workerLedger.add('span', { spooled: -1, sent: 1 });
    },
  };
  return {
    ledger,
    counts,
    act(word: string, n: number) {
      acts[word]?.(n);
      waiting.push(...posted.slice(seen));
      seen = posted.length;
    },
    finish() {
      batcher.post();
      waiting.push(...posted.slice(seen));
      for (const batch of waiting.splice(0)) take(batch);
      for (const part of parts.splice(0)) settle(part, part.left, 1);
      batcher.reap();
    },
    /** The worker was not done in time; what it settles afterwards is counted already. */
    close() {
      batcher.close();
      for (const part of parts.splice(0)) settle(part, part.left, 1);
      batcher.reap();
    },
  };
}

describe('the ledger', () => {
  it('adds up after everything that can happen, and nothing is left pending at the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, orderly) => {
        const { act, finish, close, ledger, counts } = world();
        for (const [word, n] of steps) {
          act(word, n);
          const report = ledger.report();
          for (const signal of SIGNALS) {
            expect(report[signal].produced).toBe(counts[signal]);
            expect(sum(report, signal)).toBe(counts[signal]);
            expect(report[signal].pending).toBeGreaterThanOrEqual(0);
          }
        }
        if (orderly) finish();
        else close();
        for (const signal of SIGNALS) {
          expect(ledger.report()[signal].pending).toBe(0);
          expect(sum(ledger.report(), signal)).toBe(counts[signal]);
        }
      }),
      { numRuns: 150 },
    );
  });
});
