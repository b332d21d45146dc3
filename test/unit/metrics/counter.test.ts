import { beforeEach, describe, expect, it } from 'vitest';
import { counter } from '../../../src/metrics/counter.ts';
import { writeFamilies } from '../../../src/metrics/exposition.ts';
import { gauge } from '../../../src/metrics/gauge.ts';
import { histogram } from '../../../src/metrics/histogram.ts';
import { allFamilies, clearRegistry, defineReading, refreshReadings } from '../../../src/metrics/registry.ts';

beforeEach(clearRegistry);

const page = () => writeFamilies(allFamilies(), 'prometheus');

describe('metrics', () => {
  it('counts per label set, bound or not', () => {
    const placed = counter('placed_total', { help: 'Orders', labels: ['plan', 'region'] });
    placed.inc({ plan: 'pro', region: 'eu' });
    placed.inc({ region: 'eu', plan: 'pro' }, 2);
    const bound = placed.labels({ plan: 'pro', region: 'eu' });
    bound.inc();
    placed.inc({ plan: 'free', region: 'eu' });
    expect(bound.value).toBe(4);
    expect(page()).toBe(
      '# HELP placed_total Orders\n# TYPE placed_total counter\nplaced_total{plan="pro",region="eu"} 4\nplaced_total{plan="free",region="eu"} 1\n',
    );
  });

  it('is a cell itself without labels, and stands on the page from the start', () => {
    const hits = counter('hits_total', { help: 'Hits' });
    expect(page()).toContain('hits_total 0\n');
    hits.inc();
    hits.inc(4);
    expect(hits.value).toBe(5);
    const depth = gauge('depth', { help: 'Depth' });
    depth.set(3);
    depth.inc();
    depth.dec(6);
    expect(page()).toContain('depth -2\n');
  });

  it('refuses values that are none, without throwing', () => {
    const hits = counter('hits_total', { help: 'Hits' });
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, 'x' as unknown as number, {} as number]) hits.inc(bad);
    expect(hits.value).toBe(0);
    const depth = gauge('depth', { help: 'Depth' });
    depth.set('7' as unknown as number);
    expect(depth.value).toBe(0);
    const size = histogram('size', { help: 'Size', buckets: [1] });
    size.observe(Number.NaN);
    expect(size.count).toBe(0);
  });

  it('gives the same metric for the same shape and throws for another', () => {
    const first = counter('a_total', { help: 'A', labels: ['x'] });
    first.inc({ x: '1' });
    counter('a_total', { help: 'A', labels: ['x'] }).inc({ x: '1' });
    expect(first.labels({ x: '1' }).value).toBe(2);
    expect(() => counter('a_total', { help: 'A', labels: ['y'] })).toThrow(
      'Cannot define counter "a_total": it exists with labels x, expected the same shape or another name',
    );
    expect(() => gauge('a_total', { help: 'A', labels: ['x'] })).toThrow(TypeError);
    expect(() => gauge('a', { help: 'A' })).toThrow('"a_total" occupies the name "a"');
    histogram('h', { help: 'H', buckets: [1, 2] });
    expect(() => histogram('h', { help: 'H', buckets: [1, 3] })).toThrow('it exists with buckets 1, 2');
    expect(() => counter('h_count', { help: 'H' })).toThrow('"h" occupies the name "h_count"');
  });

  it.each([
    [() => counter('1a', { help: '' }), 'its name is not valid'],
    [() => counter('a-b', { help: '' }), 'its name is not valid'],
    [() => counter('a', { help: '', labels: ['__x'] }), 'label "__x" is not valid'],
    [() => counter('a', { help: '', labels: ['x', 'x'] }), 'label "x" is there twice'],
    [() => histogram('a', { help: '', labels: ['le'] }), 'label "le" is taken'],
    [() => histogram('a', { help: '', buckets: [] }), 'it has 0 buckets'],
    [() => histogram('a', { help: '', buckets: [1, 1] }), 'bucket 1 does not ascend'],
    [() => histogram('a', { help: '', buckets: [2, 1] }), 'bucket 1 does not ascend'],
    [() => counter('a', { help: '', maxSeries: 0 }), 'maxSeries is 0'],
    [() => counter('a', {} as { help: string }), 'its help is undefined'],
  ])('refuses a wrong definition at wiring: %#', (define, message) => {
    expect(define).toThrow(message);
  });

  it('puts a value in the bucket whose bound it does not exceed', () => {
    const h = histogram('h', { help: 'H', labels: ['x'], buckets: [0.5, 1, 2.5] });
    for (const value of [0.5, 0.500001, 1, 2.5, 2.6, -1]) h.observe({ x: 'a' }, value);
    expect(page()).toBe(
      [
        '# HELP h H',
        '# TYPE h histogram',
        'h_bucket{x="a",le="0.5"} 2',
        'h_bucket{x="a",le="1.0"} 4',
        'h_bucket{x="a",le="2.5"} 5',
        'h_bucket{x="a",le="+Inf"} 6',
        `h_sum{x="a"} ${0.5 + 0.500001 + 1 + 2.5 + 2.6 - 1}`,
        'h_count{x="a"} 6',
        '',
      ].join('\n'),
    );
  });

  it('escapes help and label values, and tells apart values that look alike', () => {
    const c = counter('c_total', { help: 'line\n"two" \\', labels: ['a', 'b'] });
    c.inc({ a: 'x\n"\\', b: '' });
    c.inc({ a: 'x', b: 'y\u0000z' });
    c.inc({ a: 'x\u0000y', b: 'z' });
    c.inc({ a: 1 as unknown as string, b: true as unknown as string });
    c.inc({ a: '1', b: 'true' });
    expect(page()).toBe(
      '# HELP c_total line\\n"two" \\\\\n# TYPE c_total counter\nc_total{a="x\\n\\"\\\\"} 1\nc_total{a="x",b="y\u0000z"} 1\nc_total{a="x\u0000y",b="z"} 1\nc_total{a="1",b="true"} 2\n',
    );
    expect(writeFamilies(allFamilies(), 'openmetrics')).toContain('# HELP c line\\n\\"two\\" \\\\\n# TYPE c counter\n');
  });

  it('never throws for labels that are none', () => {
    const c = counter('c_total', { help: 'C', labels: ['a'] });
    c.inc(undefined as unknown as { a: string });
    c.inc({} as { a: string });
    c.inc({ a: Object.create(null) as string });
    c.inc({ a: Symbol('s') as unknown as string });
    c.inc({ a: 'x'.repeat(5_000) });
    c.inc({ a: 'x'.repeat(6_000) });
    expect(
      page()
        .split('\n')
        .filter((line) => line.startsWith('c_total')),
    ).toEqual(['c_total 2', 'c_total{a="unprintable"} 1', 'c_total{a="Symbol(s)"} 1', `c_total{a="${'x'.repeat(1_024)}"} 2`]);
  });

  it('folds label sets over the cap into one series and counts them', () => {
    const c = counter('c_total', { help: 'C', labels: ['user', 'plan'], maxSeries: 3 });
    for (let i = 0; i < 10; i++) c.inc({ user: `u${i}`, plan: 'x' });
    c.inc({ user: 'u0', plan: 'x' });
    c.inc({ user: 'u0', plan: 'new' });
    const lines = page().split('\n');
    expect(lines).toContain('c_total{user="u0",plan="x"} 2');
    expect(lines).toContain('c_total{user="overflow",plan="overflow"} 8');
    expect(lines).toHaveLength(2 + 4 + 1);
    expect(allFamilies()[0]?.overflowed).toBe(8);
  });

  it('forgets a removed series', () => {
    const g = gauge('g', { help: 'G', labels: ['a', 'b'] });
    g.set({ a: '1', b: '2' }, 5);
    g.set({ a: '1', b: '3' }, 6);
    expect(g.remove({ a: '1', b: '2' })).toBe(true);
    expect(g.remove({ a: '1', b: '2' })).toBe(false);
    expect(page()).toContain('g{a="1",b="3"} 6');
    expect(page()).not.toContain('b="2"');
  });

  it('reads values at the scrape; a reader that fails leaves the former value', () => {
    let value = 1;
    defineReading({ type: 'gauge', name: 'r', help: 'R' }, () => {
      if (value === 2) throw new Error('gone');
      return [{ value }];
    });
    refreshReadings();
    value = 2;
    refreshReadings();
    expect(page()).toContain('r 1\n');
  });
});
