import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind, bound } from '../../../src/core/bind.ts';
import { Latch } from '../../../src/core/latch.ts';
import { signal, withSignal } from '../../../src/core/limit.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { listHandles } from '../../../src/handles/list-handles.ts';
import { ticker } from '../../../src/handles/ticker.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';
import { createNativeEngine } from '../../../src/trace/engine/native.ts';
import { installEngine } from '../../../src/trace/engine/port.ts';
import { traced } from '../../../src/trace/traced.ts';

let time: ManualClock;
let resting = 0;
const records: ErrorRecord[] = [];
let undo: (() => void)[] = [];
beforeEach(() => {
  time = manualClock();
  records.length = 0;
  undo = [
    configureErrors({ lastResort: () => {}, onRecord: (line) => records.push(JSON.parse(line) as ErrorRecord) }),
    installEngine(createNativeEngine({ output: { ended() {}, sampledOut() {} } })),
  ];
  resting = time.waiting;
});
/** Timers beyond those of the error records' own vitals. */
const timersLeft = (): number => time.waiting - resting;
afterEach(() => {
  for (const step of undo) step();
  time.restore();
});

describe('ticker', () => {
  it('ticks at whole periods, numbered, and stops', async () => {
    const seen: number[] = [];
    const start = time.mono();
    const beat = ticker('10s', ({ number }) => void seen.push(number, time.mono() - start), { name: 'refresh' });
    await time.advance('35s');
    await beat.stop();
    await time.advance('60s');
    expect(seen).toEqual([1, 10_000, 2, 20_000, 3, 30_000]);
    expect([beat.ticks, beat.overruns, beat.errors, beat.stopped]).toEqual([3, 0, 0, true]);
    expect(timersLeft()).toBe(0);
  });

  it('never runs two ticks at a time: what is due meanwhile is an overrun, and the beat keeps its phase', async () => {
    const gates: Latch[] = [];
    const start = time.mono();
    const begun: number[] = [];
    const beat = ticker('1s', () => {
      begun.push(time.mono() - start);
      const gate = new Latch();
      gates.push(gate);
      return gate.promise;
    });
    await time.advance('3500ms');
    expect([begun, beat.overruns]).toEqual([[1_000], 2]);
    gates[0]?.release();
    await time.advance('1s');
    expect([begun, beat.ticks]).toEqual([[1_000, 4_000], 2]);
    gates[1]?.release();
    await beat.stop();
  });

  it('counts the periods that a blocked loop swallowed and goes on in phase', async () => {
    const start = time.mono();
    const at: number[] = [];
    const beat = ticker('1s', () => {
      at.push(time.mono() - start);
      if (at.length === 1) time.block('2500ms');
    });
    await time.advance('5s');
    expect(at).toEqual([1_000, 4_000, 5_000]);
    expect([beat.ticks, beat.overruns]).toEqual([3, 2]);
    await beat.stop();
  });

  it('reports what a tick throws and goes on', async () => {
    const beat = ticker(
      '1s',
      ({ number }) => {
        if (number === 1) throw new Error('sync');
        if (number === 2) return Promise.reject(new Error('async'));
        return undefined;
      },
      { name: 'failing' },
    );
    await time.advance('3s');
    expect([beat.ticks, beat.errors]).toEqual([3, 2]);
    expect(records.map((record) => [record.message, record['sonde.error.boundary']])).toEqual([
      ['sync', 'ticker:failing'],
      ['async', 'ticker:failing'],
    ]);
    await beat.stop();
  });

  it('stops with a signal it is given, with the one of its scope, and with one that was aborted before', async () => {
    const abort = new AbortController();
    const given = ticker('1s', () => {}, { signal: abort.signal });
    const scoped = withSignal(abort.signal, () => ticker('1s', () => {}));
    abort.abort();
    const late = ticker('1s', () => {}, { signal: abort.signal });
    expect([given.stopped, scoped.stopped, late.stopped]).toEqual([true, true, true]);
    await time.advance('2s');
    expect([given.ticks, scoped.ticks, late.ticks, timersLeft()]).toEqual([0, 0, 0, 0]);
  });

  it('stops when the call that made it has ended, unless it is detached', async () => {
    const [own, detached] = traced('testing.opener', () => [ticker('1s', () => {}), ticker('1s', () => {}, { detached: true })] as const)();
    await time.advance('3s');
    expect([own.stopped, own.ticks]).toEqual([true, 0]);
    expect([detached.stopped, detached.ticks]).toEqual([false, 3]);
    await detached.stop();
  });

  it('runs its ticks in its scope, with a signal that aborts on stop', async () => {
    let seen: unknown;
    let inner: AbortSignal | undefined;
    const beat = bind({ plan: 'pro' }, () =>
      ticker('1s', (tick) => {
        seen = bound()['plan'];
        inner = signal();
        expect(inner).toBe(tick.signal);
      }),
    );
    await time.advance('1s');
    expect([seen, inner?.aborted, beat.errors]).toEqual(['pro', false, 0]);
    await beat.stop();
    expect(inner?.aborted).toBe(true);
  });

  it('waits for the running tick when it is stopped', async () => {
    const gate = new Latch();
    const order: string[] = [];
    const beat = ticker('1s', () => gate.promise.then(() => void order.push('tick ended')));
    await time.advance('1s');
    const stopped = beat.stop().then(() => order.push('stopped'));
    gate.release();
    await stopped;
    expect(order).toEqual(['tick ended', 'stopped']);
  });

  it('shows in the list with its counts and the line that made it', async () => {
    const beat = ticker('2s', () => {}, { name: 'shown' });
    await time.advance('5s');
    const info = listHandles().find(({ type, detail }) => type === 'ticker' && detail?.startsWith('shown'));
    expect(info).toMatchObject({
      detail: 'shown every 2000ms: 2 ticks, 0 overruns, 0 errors',
      close: 'await ticker.stop()',
      holdsProcess: false,
      ageMs: 5_000,
      idleMs: 1_000,
    });
    expect(info?.site).toContain('ticker.test.ts');
    await beat.stop();
    expect(listHandles().some(({ detail }) => detail?.startsWith('shown'))).toBe(false);
  });

  it.each([
    ['a period without a unit', () => ticker('5' as never, () => {}), RangeError, 'Cannot use "5" as the period of ticker "ticker"'],
    ['a period of nothing', () => ticker('0s', () => {}, { name: 'n' }), RangeError, 'Cannot make the ticker "n": the period is 0s, expected 1ms to 24d'],
    ['a period beyond a timer', () => ticker('25d', () => {}, { name: 'n' }), RangeError, 'the period is 25d'],
    ['no function', () => ticker('1s', 5 as never), TypeError, 'Cannot make a ticker of "5": is number, expected a function'],
  ])('refuses %s where it is made', (_name, make, type, message) => {
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});
