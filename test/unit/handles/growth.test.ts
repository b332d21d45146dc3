import { afterEach, describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { sampleGrowth, suspectedLeaks, take, watchGrowth, watchSize } from '../../../src/handles/growth.ts';
import { COLLECTION_SCALES, GrowthSeries } from '../../../src/handles/growth-series.ts';
import { HEAP_SCALES } from '../../../src/handles/heap-growth.ts';
import { growingTrend } from '../../../src/handles/trend.ts';
import { HELD_OUT_HEALTHY, HELD_OUT_LEAKING, UNSEEN_HEALTHY, UNSEEN_LEAKING } from './held-out-services.ts';
import { HEALTHY, LEAKING, type Service, STEP_MS, World } from './simulated-services.ts';

const MINUTE = 60_000;
/** What the rules say wrongly, with the reason; everything else must be right. */
const KNOWN_WRONG: Readonly<Record<string, string>> = {
  'a wave of three days': 'eighteen hours up and none closed: nothing tells it from a leak before it turns',
  'connections without pings that live four hours, in two shifts':
    'six hours in which they only come; the next day is quiet, it is no more than the day before',
};

/** Hours until the first suspicion, or undefined where there is none. */
function suspectedAfter(service: Service, seed: number): number | undefined {
  const world = new World(seed);
  const series = new GrowthSeries(service.size && COLLECTION_SCALES);
  for (; world.hours < (service.hours ?? 48); world.nowMs += STEP_MS) {
    service.step?.(world);
    const { count, came } = service.size ? { count: Math.max(0, service.size(world) - (service.max ?? 0)), came: 0 } : world.stale();
    if (series.push(world.nowMs, count, came)) return world.hours;
  }
  return undefined;
}

/** `found + missed` leaking, `quiet + false alarms` healthy services, over several runs of chance. */
function confusion(services: readonly Service[], seeds: readonly number[]): { table: string; wrong: string[] } {
  const counts = { found: 0, missed: 0, quiet: 0, falseAlarms: 0 };
  const wrong = new Set<string>();
  for (const seed of seeds) {
    for (const service of services) {
      const isSuspected = suspectedAfter(service, seed) !== undefined;
      counts[service.leaks ? (isSuspected ? 'found' : 'missed') : isSuspected ? 'falseAlarms' : 'quiet']++;
      if (isSuspected !== service.leaks) wrong.add(service.name);
    }
  }
  return {
    table: `${counts.found} leaking found, ${counts.missed} missed; ${counts.quiet} healthy quiet, ${counts.falseAlarms} false alarms`,
    wrong: [...wrong],
  };
}

describe('the growth detector on simulated services', () => {
  it.each([...LEAKING, ...HELD_OUT_LEAKING, ...UNSEEN_LEAKING])('suspects: $name', (service) => {
    expect(suspectedAfter(service, 1)).toBeDefined();
  });

  it.each([...HEALTHY, ...HELD_OUT_HEALTHY, ...UNSEEN_HEALTHY].filter(({ name }) => !(name in KNOWN_WRONG)))('is quiet about: $name', (service) => {
    expect(suspectedAfter(service, 1)).toBeUndefined();
  });

  // The tables of ARCHITECTURE.md.
  it.each([
    {
      set: 'the services that the rules were found on',
      services: [...LEAKING, ...HEALTHY],
      table: '26 leaking found, 0 missed; 48 healthy quiet, 0 false alarms',
    },
    {
      set: 'the services that were held out, and for which the rules were mended',
      services: [...HELD_OUT_LEAKING, ...HELD_OUT_HEALTHY],
      table: '28 leaking found, 0 missed; 54 healthy quiet, 2 false alarms',
    },
    {
      set: 'the services that were written after that',
      services: [...UNSEEN_LEAKING, ...UNSEEN_HEALTHY],
      table: '12 leaking found, 0 missed; 22 healthy quiet, 2 false alarms',
    },
  ])('has this confusion table over two runs of chance: $set', ({ services, table }) => {
    const { table: found, wrong } = confusion(services, [2, 3]);
    expect(wrong.filter((name) => !(name in KNOWN_WRONG))).toEqual([]);
    expect(found).toBe(table);
  });
});

describe('a series', () => {
  const push = (series: GrowthSeries, hours: number, value: (minute: number) => number, came: (minute: number) => number = () => 0): number | undefined => {
    for (let minute = 0; minute < hours * 60; minute++) if (series.push(minute * MINUTE, value(minute), came(minute))) return minute / 60;
    return undefined;
  };

  it('is told early where it is fast, and late where it is slow', () => {
    expect(push(new GrowthSeries(), 48, (minute) => 20 * minute)).toBeCloseTo(1, 1);
    expect(push(new GrowthSeries(), 48, (minute) => minute)).toBeCloseTo(6, 0);
    expect(push(new GrowthSeries(), 48, (minute) => Math.floor(minute / 60))).toBeCloseTo(30, 0);
  });

  it('is no leak where as many are closed as a third of those that come', () => {
    expect(
      push(
        new GrowthSeries(),
        48,
        (minute) => minute,
        () => 1,
      ),
    ).toBeDefined();
    expect(
      push(
        new GrowthSeries(),
        48,
        (minute) => minute,
        () => 1.4,
      ),
    ).toBeDefined();
    expect(
      push(
        new GrowthSeries(),
        48,
        (minute) => minute,
        () => 1.6,
      ),
    ).toBeUndefined();
  });

  it('is no leak before it is more than it has been', () => {
    const saw = (minute: number): number => (minute < 600 ? 800 : minute - 600);
    expect(push(new GrowthSeries(), 22, saw)).toBeUndefined();
    expect(push(new GrowthSeries(), 40, saw)).toBeGreaterThan(23);
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
    for (let minute = 0; minute < 100; minute++) take('socket /app/src/pool.ts:88:3', minute * MINUTE, 12 * minute, 'socket', 'src/pool.ts:88:3');
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
    const grow = (perMinute: number): void => {
      for (let i = 0; i < 80; i++) take('socket x', minute++ * MINUTE, perMinute * i, 'socket', 'x');
    };
    grow(30);
    expect(suspectedLeaks()).toHaveLength(1);
    take('socket x', minute++ * MINUTE, 0, 'socket', 'x');
    expect(suspectedLeaks()).toEqual([]);
    // To where it has been is no news; beyond is.
    grow(25);
    expect(records).toHaveLength(1);
    take('socket x', minute++ * MINUTE, 0, 'socket', 'x');
    grow(60);
    expect(records).toHaveLength(2);
  });

  it('is made of the heap that is left after full collections too', () => {
    watch();
    for (let minute = 0; minute < 100; minute++) take('heap', minute * MINUTE, 100 + 9 * minute, 'heap', 'the heap', HEAP_SCALES);
    expect(suspectedLeaks()).toEqual([
      expect.objectContaining({ type: 'heap', summary: expect.stringMatching(/^\d+ MB of heap after collection, \+9 MB\/min since /) }),
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
    for (let minute = 0; minute < 32 * 60; minute++) {
      size = 5 * minute;
      sampleGrowth(minute * MINUTE);
    }
    expect(suspectedLeaks().map(({ type, source }) => [type, source])).toEqual([['collection', 'rates']]);
    expect(() => watchSize('x', 5 as never)).toThrow(TypeError);
  });
});
