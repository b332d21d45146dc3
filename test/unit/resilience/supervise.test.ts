import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Latch } from '../../../src/core/latch.ts';
import { signal, withSignal } from '../../../src/core/limit.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { heartbeat, pulse } from '../../../src/resilience/heartbeat.ts';
import { decide, NO_RESTARTS } from '../../../src/resilience/restart-policy.ts';
import { supervise, type WardContext } from '../../../src/resilience/supervise.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';

let time: ManualClock;
let resting = 0;
let undo: () => void;
const records: ErrorRecord[] = [];
beforeEach(() => {
  time = manualClock();
  records.length = 0;
  undo = configureErrors({ lastResort: () => {}, onRecord: (line) => records.push(JSON.parse(line) as ErrorRecord) });
  resting = time.waiting;
});
/** Timers beyond those of the error records' own vitals. */
const timersLeft = (): number => time.waiting - resting;
afterEach(() => {
  undo();
  time.restore();
});
const codes = (): unknown[] => records.map((record) => record['error.code']);
const untilAborted = (context: WardContext): Promise<void> => new Promise((resolve) => context.signal.addEventListener('abort', () => resolve()));

describe('decide', () => {
  const policy = { initialMs: 100, maxMs: 1_000, factor: 2, maxRestarts: 5, withinMs: 60_000 };
  it('doubles the wait up to its bound, and gives up beyond the restarts of a window', () => {
    let history = NO_RESTARTS;
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      const decision = decide(policy, history, i * 1_000);
      if (decision.kind !== 'restart') throw new Error('too early');
      waits.push(decision.delayMs);
      history = decision.history;
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_000]);
    expect(decide(policy, history, 5_000)).toEqual({ kind: 'escalate', restarts: 5 });
    expect(decide(policy, history, 60_001)).toMatchObject({ kind: 'restart', delayMs: 1_000 });
    expect(decide(policy, history, 200_000)).toMatchObject({ kind: 'restart', delayMs: 100 });
  });
});

describe('supervise', () => {
  it('leaves nothing on its signal with a restart', async () => {
    const warnings: string[] = [];
    const take = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', take);
    const steward = supervise(
      'restarted often',
      ({ attempt }) => {
        if (attempt < 15) throw new Error('again');
      },
      { maxRestarts: 100, backoff: { initial: '1ms', max: '1ms' } },
    );
    for (let i = 0; i < 20; i++) await time.advance('10ms');
    await steward.done;
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', take);
    expect([steward.restarts, warnings]).toEqual([14, []]);
  });

  it('is done when the ward returns', async () => {
    const steward = supervise('once', async () => {});
    await steward.done;
    expect([steward.state, steward.restarts, records]).toEqual(['done', 0, []]);
  });

  it('restarts a ward that throws, with back-off and one record with an error ID each', async () => {
    const starts: number[] = [];
    const begin = time.mono();
    const steward = supervise('failing', ({ attempt }) => {
      starts.push(time.mono() - begin);
      if (attempt < 4) throw new Error(`attempt ${attempt}`);
    });
    await time.advance('10s');
    await steward.done;
    expect([starts, steward.restarts, steward.state]).toEqual([[0, 100, 300, 700], 3, 'done']);
    expect(codes()).toEqual(Array(3).fill('sonde/ward-restarted'));
    expect(new Set(records.map((record) => record['error.id'])).size).toBe(3);
    expect(records[0]?.message).toBe('The ward "failing" is restarted in 100ms after attempt 1: attempt 1');
  });

  it('restarts a ward whose heartbeat stops, and aborts the former one', async () => {
    const reasons: unknown[] = [];
    const steward = supervise(
      'silent',
      async (context) => {
        if (context.attempt === 2) return;
        context.pulse();
        await untilAborted(context);
        reasons.push((context.signal.reason as Error).message);
      },
      { heartbeat: '1s' },
    );
    await time.advance('3s');
    await steward.done;
    expect(steward.restarts).toBe(1);
    expect(reasons).toEqual([expect.stringMatching(/The heartbeat of the ward "silent" stopped: no pulse for 2\.\d+s, expected one every 1s/)]);
    expect(codes()).toEqual(['sonde/ward-restarted']);
  });

  it('leaves a ward alone that pulses, and one that could not because the loop was blocked', async () => {
    let beat: (() => void) | undefined;
    const steward = supervise(
      'well',
      async (context) => {
        beat = context.pulse;
        await untilAborted(context);
      },
      { heartbeat: '1s' },
    );
    for (let i = 0; i < 10; i++) {
      await time.advance('1500ms');
      beat?.();
    }
    time.block('20s');
    await time.advance('1s');
    beat?.();
    expect([steward.restarts, steward.state]).toEqual([0, 'running']);
    await steward.stop();
    expect(steward.state).toBe('stopped');
  });

  it('takes pulse() for a sign of life, wherever the ward calls it, also for the steward around its steward', async () => {
    const end = new Latch();
    const beats = heartbeat('of a ward', { every: '1h', explain: false });
    const work = async (): Promise<void> => {
      for (let i = 0; i < 30; i++) {
        pulse();
        await time.advance('50ms');
      }
    };
    const outer = supervise(
      'outer',
      ({ signal: ending }) =>
        supervise(
          'inner',
          async () => {
            await beats(work)();
            end.release();
          },
          { heartbeat: '100ms', signal: ending },
        ).done,
      { heartbeat: '100ms' },
    );
    await end.promise;
    await outer.done;
    beats.stop();
    expect([outer.restarts, codes()]).toEqual([0, []]);
  });

  it('gives up after too many restarts, with the last failure as the cause', async () => {
    const steward = supervise('hopeless', () => Promise.reject(new Error('always')), { maxRestarts: 2, within: '1m' });
    await time.advance('10s');
    await expect(steward.done).rejects.toMatchObject({
      code: 'sonde/steward-gave-up',
      cause: { message: 'always' },
      message: 'The steward "hopeless" gave up: 2 restarts within 1m',
    });
    expect([steward.state, steward.restarts]).toEqual(['failed', 2]);
    expect(codes()).toEqual(['sonde/ward-restarted', 'sonde/ward-restarted', 'sonde/steward-gave-up']);
  });

  it('is a ward itself: the outer steward restarts the inner one that gave up', async () => {
    let inner = 0;
    const outer = supervise(
      'outer',
      (context) =>
        supervise(
          'inner',
          () => {
            inner++;
            if (inner < 4) throw new Error(`inner ${inner}`);
          },
          { maxRestarts: 1, signal: context.signal },
        ).done,
    );
    await time.advance('10s');
    await outer.done;
    expect([inner, outer.restarts, outer.state]).toEqual([4, 1, 'done']);
    expect(codes()).toEqual(['sonde/ward-restarted', 'sonde/steward-gave-up', 'sonde/ward-restarted', 'sonde/ward-restarted']);
  });

  it('reports a ward that ignores its signal, with how long, and goes on without it', async () => {
    const never = new Latch();
    const steward = supervise('deaf', ({ attempt }) => (attempt === 1 ? never.promise : undefined), { heartbeat: '1s', grace: '2s' });
    await time.advance('6s');
    await steward.done;
    expect([steward.restarts, steward.abandoned]).toEqual([1, 1]);
    expect(records[0]).toMatchObject({
      'error.code': 'sonde/ward-not-preemptable',
      message: 'The ward "deaf" is not preemptable: it still runs 2s after its signal',
      'steward.ignored_ms': 2_000,
    });
    await time.advance('5s');
    never.release();
    await time.advance('1ms');
    expect(records.at(-1)?.message).toMatch(/The ward "deaf" is not preemptable: it ended 8\.\d+s after its signal/);
    expect(steward.abandoned).toBe(0);
  });

  it('stops with its signal, with its scope, and while it waits for a restart', async () => {
    const abort = new AbortController();
    const given = supervise('given', untilAborted, { signal: abort.signal });
    const scoped = withSignal(abort.signal, () => supervise('scoped', untilAborted));
    const waiting = supervise('waiting', () => Promise.reject(new Error('x')), { signal: abort.signal, backoff: { initial: '10s' } });
    await time.advance('1s');
    abort.abort();
    await Promise.all([given.done, scoped.done, waiting.done]);
    expect([given.state, scoped.state, waiting.state, timersLeft()]).toEqual(['stopped', 'stopped', 'stopped', 0]);
  });

  it('gives the ward its signal as the signal of the scope', async () => {
    let same: boolean | undefined;
    await supervise('scope', (context) => {
      same = signal() === context.signal;
    }).done;
    expect(same).toBe(true);
  });

  it('does not end the process when nobody looks at the outcome', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    supervise('unseen', () => Promise.reject(new Error('x')), { maxRestarts: 0 });
    await time.advance('1s');
    process.off('unhandledRejection', note);
    expect([unhandled, codes()]).toEqual([[], ['sonde/steward-gave-up']]);
  });

  it.each([
    ['no ward', () => supervise('x', 5 as never), TypeError],
    ['restarts below 0', () => supervise('x', () => {}, { maxRestarts: -1 }), RangeError],
    ['a heartbeat without a unit', () => supervise('x', () => {}, { heartbeat: '5' as never }), RangeError],
    ['a heartbeat of nothing', () => supervise('x', () => {}, { heartbeat: '0s' }), RangeError],
    ['a signal that is none', () => supervise('x', () => {}, { signal: {} as never }), TypeError],
    ['a back-off that is a duration', () => supervise('x', () => {}, { backoff: '1s' as never }), TypeError],
  ])('refuses %s', (_name, build, type) => {
    expect(build).toThrow(type);
    expect(build).toThrow(/^Cannot /); // in our words, with the name
  });
});
