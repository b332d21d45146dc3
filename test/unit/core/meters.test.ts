import { describe, expect, it } from 'vitest';
import { type BindTimer, TimerSeries, useTimers } from '../../../src/core/meters.ts';

const SHAPE = { name: 'test_wait_seconds', help: 'Waits', labels: ['name'] };

/** Keeps what timers of one name were given. */
function keeping(name: string): { seen: number[]; bound: () => number; bind: BindTimer } {
  const seen: number[] = [];
  let bound = 0;
  const bind: BindTimer = (_shape, labels) => {
    if (labels['name'] !== name) return () => {};
    bound++;
    return (seconds) => seen.push(seconds);
  };
  return { seen, bound: () => bound, bind };
}

describe('a timer series', () => {
  it('is free where nobody keeps histograms', () => {
    const { seen, bind } = keeping('free');
    useTimers(bind)();
    new TimerSeries(SHAPE, { name: 'free' }).observe(1);
    expect(seen).toEqual([]);
  });

  it('is there from its making, before and after somebody begins to keep them', () => {
    const { seen, bound, bind } = keeping('early');
    const early = new TimerSeries(SHAPE, { name: 'early' });
    const end = useTimers(bind);
    expect(bound()).toBe(1);
    new TimerSeries(SHAPE, { name: 'early' });
    expect(bound()).toBe(2);
    early.observe(0.5);
    end();
    early.observe(7);
    expect([seen, bound()]).toEqual([[0.5], 2]);
  });

  it('goes to whoever keeps them now', () => {
    const series = new TimerSeries(SHAPE, { name: 'moved' });
    const [first, second] = [keeping('moved'), keeping('moved')];
    const endFirst = useTimers(first.bind);
    series.observe(1);
    const endSecond = useTimers(second.bind);
    endFirst(); // it was replaced: nothing ends
    series.observe(2);
    endSecond();
    series.observe(3);
    expect([first.seen, second.seen]).toEqual([[1], [2]]);
  });
});
