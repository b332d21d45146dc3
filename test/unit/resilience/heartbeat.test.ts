import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { Latch } from '../../../src/core/latch.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { type Heartbeat, type HeartbeatState, heartbeat, listHeartbeats, pulse, staleHeartbeats } from '../../../src/resilience/heartbeat.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';

const OPTIONS = { every: '1s', explain: false } as const;
let time: ManualClock;
let resting = 0;
let undo: () => void;
let beat: Heartbeat | undefined;
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
  beat?.stop();
  undo();
  time.restore();
});
const make = (options: Partial<Parameters<typeof heartbeat>[1]> = {}): Heartbeat => {
  beat = heartbeat('worker', { ...OPTIONS, ...options });
  return beat;
};
const state = (): HeartbeatState | undefined => beat?.info().state;

describe('heartbeat', () => {
  it('expects nothing before the first beat', async () => {
    make();
    await time.advance('1h');
    expect([state(), beat?.info().ageMs, staleHeartbeats(), timersLeft()]).toEqual(['idle', undefined, [], 0]);
  });

  it('is well while it beats, and stuck after two beats without one', async () => {
    const { pulse: sign } = make();
    for (let i = 0; i < 5; i++) {
      sign();
      await time.advance('1900ms');
      expect(state()).toBe('beating');
    }
    await time.advance('400ms');
    expect(beat?.info()).toMatchObject({ state: 'stuck', beats: 5, ageMs: 2_300 });
    expect(staleHeartbeats()).toEqual([expect.stringMatching(/^heartbeat "worker": no beat for 2\.\d+s, its worker is stuck$/)]);
    await time.advance('1h');
    expect(records.map((record) => [record['error.code'], record['heartbeat.verdict']])).toEqual([['sonde/heartbeat-late', 'stuck']]);
  });

  it('is well again with the next beat, and a second lateness is a second record', async () => {
    const { pulse: sign } = make();
    sign();
    await time.advance('3s');
    sign();
    expect([state(), staleHeartbeats()]).toEqual(['beating', []]);
    await time.advance('3s');
    expect(records).toHaveLength(2);
  });

  it('tells a blocked loop from a stuck worker', async () => {
    const { pulse: sign } = make();
    sign();
    await time.advance('500ms');
    time.block('7s');
    await time.advance('1ms');
    expect(state()).toBe('blocked');
    expect(records[0]).toMatchObject({
      'heartbeat.verdict': 'blocked',
      message: expect.stringMatching(/^Late heartbeat "worker": the event loop was blocked for \d/),
    });
    sign();
    expect(state()).toBe('beating');
  });

  it('tells a block also where the worker beats before anybody has looked', async () => {
    const { pulse: sign } = make();
    sign();
    await time.advance('100ms');
    time.block('9s');
    sign();
    expect(state()).toBe('beating');
    expect(records.map((record) => record['heartbeat.verdict'])).toEqual(['blocked']);
  });

  it('gives a worker its full time after a block before it calls it stuck', async () => {
    const { pulse: sign } = make();
    sign();
    time.block('10s');
    await time.advance('1800ms');
    expect(state()).toBe('blocked');
    await time.advance('600ms');
    expect(state()).toBe('stuck');
  });

  it('does not mind a block that is shorter than its time', async () => {
    const { pulse: sign } = make();
    sign();
    time.block('1500ms');
    await time.advance('1ms');
    expect([state(), records]).toEqual(['beating', []]);
  });

  it('wraps a function: it expects beats while a call runs and none between', async () => {
    const gate = new Latch();
    const work = make()(async (n: number) => {
      await gate.promise;
      pulse();
      return n + 1;
    });
    const running = work(1);
    await time.advance('2500ms');
    expect(state()).toBe('stuck');
    gate.release();
    expect(await running).toBe(2);
    expect(state()).toBe('idle');
    await time.advance('1h');
    expect([state(), records.length, timersLeft()]).toEqual(['idle', 1, 0]);
  });

  it('beats the innermost one, and nothing outside of one', () => {
    pulse();
    const outer = make();
    const inner = heartbeat('inner', OPTIONS);
    outer(() => {
      pulse();
      inner(() => {
        pulse();
        pulse();
      })();
    })();
    expect([outer.info().beats, inner.info().beats]).toEqual([2, 3]);
    inner.stop();
  });

  it('keeps type, name, length, sync-ness and failures of the function', async () => {
    const wrapped = make()(function add(a: number, b: number): number {
      if (b < 0) throw new Error('negative');
      return a + b;
    });
    expectTypeOf(wrapped).toEqualTypeOf<(a: number, b: number) => number>();
    expect([wrapped(1, 2), wrapped.name, wrapped.length]).toEqual([3, 'add', 2]);
    expect(() => wrapped(1, -1)).toThrow('negative');
    expect(state()).toBe('idle');
  });

  it('is not a reason against readiness where it is not critical', async () => {
    make({ critical: false }).pulse();
    await time.advance('3s');
    expect([state(), staleHeartbeats()]).toEqual(['stuck', []]);
  });

  it('is gone when it is stopped, and its name is free', () => {
    make().pulse();
    expect(() => heartbeat('worker', OPTIONS)).toThrow('Cannot make the heartbeat "worker": the name is taken');
    beat?.stop();
    beat?.pulse();
    expect([listHeartbeats(), timersLeft()]).toEqual([[], 0]);
    expect(() => make()).not.toThrow();
  });

  it.each([
    ['no name', () => heartbeat('', OPTIONS), TypeError],
    ['no unit', () => heartbeat('x', { every: '5' as never }), RangeError],
    ['too fast a beat', () => heartbeat('x', { every: '5ms' }), RangeError],
  ])('refuses %s', (_name, build, type) => {
    expect(build).toThrow(type);
  });
});
