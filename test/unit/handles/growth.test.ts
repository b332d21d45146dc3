import { afterEach, describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { sampleGrowth, suspectedLeaks, take, watchGrowth, watchSize } from '../../../src/handles/growth.ts';
import { GrowthSeries } from '../../../src/handles/growth-series.ts';
import { growingTrend } from '../../../src/handles/trend.ts';
import { HEALTHY, LEAKING, type Service, STEP_MS, World } from './simulated-services.ts';

const MINUTE = 60_000;
const heapRule = { minPoints: 45, minRise: 50, minRatio: 0.5 };

/** Hours until the first suspicion, or undefined where there is none. */
function suspectedAfter(service: Service, seed: number): number | undefined {
  const world = new World(seed);
  const series = new GrowthSeries();
  for (; world.hours < (service.hours ?? 48); world.nowMs += STEP_MS) {
    service.step?.(world);
    const value = service.size ? Math.max(0, service.size(world) - (service.max ?? 0)) : world.stale();
    if (series.push(world.nowMs, value)) return world.hours;
  }
  return undefined;
}

describe('the growth detector on simulated services', () => {
  it.each(LEAKING)('suspects: $name', (service) => {
    expect(suspectedAfter(service, 1)).toBeDefined();
  });

  it.each(HEALTHY)('is quiet about: $name', (service) => {
    expect(suspectedAfter(service, 1)).toBeUndefined();
  });

  it('has this confusion table over two more runs of chance', { timeout: 60_000 }, () => {
    const table = { suspected: 0, missed: 0, falseAlarms: 0, quiet: 0 };
    const wrong: string[] = [];
    for (const seed of [2, 3]) {
      for (const service of [...LEAKING, ...HEALTHY]) {
        const found = suspectedAfter(service, seed) !== undefined;
        table[service.leaks ? (found ? 'suspected' : 'missed') : found ? 'falseAlarms' : 'quiet']++;
        if (found !== service.leaks) wrong.push(`${service.name} (${seed})`);
      }
    }
    expect(wrong).toEqual([]);
    expect(table).toEqual({ suspected: 2 * LEAKING.length, missed: 0, falseAlarms: 0, quiet: 2 * HEALTHY.length });
  });
});

describe('growingTrend', () => {
  const rule = { minPoints: 10, minRise: 10, minRatio: 0.25 };
  const line = (points: number, each: (i: number) => number): number[] => Array.from({ length: points }, (_, i) => each(i));

  it.each([
    ['a line', line(20, (i) => 2 * i), { since: 0, rise: 38, perPoint: 2 }],
    ['a line after a plateau', [...line(30, () => 5), ...line(20, (i) => 5 + 2 * (i + 1))], { since: 29, rise: 40, perPoint: 2 }],
    ['a line that gives a little back', line(20, (i) => 10 * i - (i % 7 === 0 ? 12 : 0)), expect.objectContaining({ rise: expect.any(Number) })],
  ])('finds %s', (_name, floors, expected) => {
    expect(growingTrend(floors, rule)).toEqual(expected);
  });

  it.each([
    ['nothing', []],
    ['too few points', line(9, (i) => 10 * i)],
    ['too small a rise', line(20, (i) => Math.floor(i / 3))],
    ['a rise that is small beside what is there', line(20, (i) => 1_000 + i)],
    ['one spike', [...line(20, () => 5), 500]],
    ['one step', [...line(10, () => 5), ...line(20, () => 50)]],
    ['what fills up', line(60, (i) => 100 * (1 - Math.exp(-i / 8)))],
    ['a saw', line(60, (i) => (i % 8) * 10)],
    ['a fall', line(30, (i) => 100 - i)],
  ])('finds nothing in %s', (_name, floors) => {
    expect(growingTrend(floors, rule)).toBeUndefined();
  });
});

describe('a suspicion', () => {
  const records: ErrorRecord[] = [];
  const undo: (() => void)[] = [];
  afterEach(() => {
    records.length = 0;
    for (const step of undo.splice(0)) step();
  });
  const watch = (): void =>
    void undo.push(watchGrowth(), configureErrors({ lastResort: () => {}, onRecord: (line) => records.push(JSON.parse(line) as ErrorRecord) }));

  it('is one record with an error ID, a summary with line, rate and start, and is told once', () => {
    watch();
    for (let minute = 0; minute < 60; minute++) take('socket /app/src/pool.ts:88:3', minute * MINUTE, 12 * minute, 'socket', 'src/pool.ts:88:3');
    expect(suspectedLeaks()).toEqual([
      expect.objectContaining({
        type: 'socket',
        source: 'src/pool.ts:88:3',
        perMinute: 12,
        summary: expect.stringMatching(/^\d+ sockets from src\/pool\.ts:88:3, \+12\/min since \d{4}-/),
      }),
    ]);
    expect(records.map((record) => [record['error.code'], record['leak.source'], record['error.id']])).toEqual([
      ['sonde/suspected-leak', 'src/pool.ts:88:3', suspectedLeaks()[0]?.errorId],
    ]);
  });

  it('is taken back when it falls to half, and told again when it grows again', () => {
    watch();
    let minute = 0;
    const grow = (): void => {
      for (let i = 0; i < 50; i++) take('socket x', minute++ * MINUTE, 10 * i, 'socket', 'x');
    };
    grow();
    expect(suspectedLeaks()).toHaveLength(1);
    take('socket x', minute++ * MINUTE, 0, 'socket', 'x');
    expect(suspectedLeaks()).toEqual([]);
    grow();
    expect(records).toHaveLength(2);
  });

  it('is made of the heap that is left after full collections too', () => {
    watch();
    for (let minute = 0; minute < 60; minute++) take('heap', minute * MINUTE, 100 + 3 * minute, 'heap', 'the heap', [heapRule, heapRule]);
    expect(suspectedLeaks()).toEqual([
      expect.objectContaining({ type: 'heap', summary: expect.stringMatching(/^\d+ MB of heap after collection, \+3\/min since /) }),
    ]);
  });

  it('is made of the sizes of collections too, but not while they fill up to their bound', () => {
    watch();
    let size = 0;
    undo.push(
      watchSize('rates', () => size),
      watchSize('bounded', () => size, { max: 10_000 }),
      watchSize('broken', () => {
        throw new Error('no');
      }),
    );
    for (let minute = 0; minute < 60; minute++) {
      size = 100 * minute;
      sampleGrowth(minute * MINUTE);
    }
    expect(suspectedLeaks().map(({ type, source }) => [type, source])).toEqual([['collection', 'rates']]);
    expect(() => watchSize('x', 5 as never)).toThrow(TypeError);
  });
});
