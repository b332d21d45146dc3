import { afterEach, describe, expect, it } from 'vitest';
import { bind, bound } from '../../../src/core/bind.ts';
import { clock, systemClock } from '../../../src/core/clock.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';

let time: ManualClock;
afterEach(() => time.restore());

describe('manualClock', () => {
  it('stands still until it is moved, and moves both clocks', async () => {
    time = manualClock({ now: 1_000 });
    const mono = clock.mono();
    await time.advance('1.5s');
    expect([clock.now(), clock.mono() - mono]).toEqual([2_500, 1_500]);
  });

  it('fires timers in the order in which they are due, and the ones that they start', async () => {
    time = manualClock();
    const start = time.mono();
    const fired: [string, number][] = [];
    const note = (name: string): void => void fired.push([name, clock.mono() - start]);
    clock.setTimeout(() => note('late'), 30);
    clock.setTimeout(() => {
      note('early');
      clock.setTimeout(() => note('nested'), 5);
    }, 10);
    clock.clearTimeout(clock.setTimeout(() => note('cleared'), 12));
    clock.setTimeout(() => note('not yet'), 31);
    await time.advance('30ms');
    expect(fired).toEqual([
      ['early', 10],
      ['nested', 15],
      ['late', 30],
    ]);
    expect(time.waiting).toBe(1);
  });

  it('lets promises run between timers', async () => {
    time = manualClock();
    const order: string[] = [];
    clock.setTimeout(
      () =>
        void Promise.resolve()
          .then(() => Promise.resolve())
          .then(() => order.push('promise')),
      1,
    );
    clock.setTimeout(() => order.push('timer'), 2);
    await time.advance('5ms');
    expect(order).toEqual(['promise', 'timer']);
  });

  it('runs a timer in the scope in which it was set', async () => {
    time = manualClock();
    let seen: unknown;
    bind({ plan: 'pro' }, () => clock.setTimeout(() => (seen = bound()['plan']), 1));
    await time.advance('1ms');
    expect(seen).toBe('pro');
  });

  it('sets the wall clock alone', () => {
    time = manualClock();
    const mono = time.mono();
    time.setNow(5);
    expect([time.now(), time.mono()]).toEqual([5, mono]);
  });

  it('refuses what is no duration', async () => {
    time = manualClock();
    await expect(time.advance('5' as never)).rejects.toThrow(RangeError);
  });

  it('puts the former clock back', () => {
    time = manualClock();
    time.restore();
    expect(clock).toBe(systemClock);
  });
});
