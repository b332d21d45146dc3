import { describe, expect, it } from 'vitest';
import { BUCKETS_MS, FAILED, TraceBook } from '../../../src/admin/trace-book.ts';
import type { EndedSpan } from '../../../src/core/ended-span.ts';

let next = 1;
function spanOf(name: string, durationMs: number, extra: Partial<EndedSpan> = {}): EndedSpan {
  const startMono = next++;
  return {
    trace: { t0: 0, t1: 0, t2: 0, t3: next, traceState: undefined },
    s0: 0,
    s1: next,
    p0: 0,
    p1: 0,
    flags: 1,
    def: undefined,
    name,
    kind: 0,
    startMono,
    endMono: startMono + durationMs,
    statusCode: 0,
    statusMessage: undefined,
    attrs: undefined,
    values: undefined,
    events: undefined,
    links: undefined,
    library: undefined,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...extra,
  };
}

describe('TraceBook', () => {
  it('keeps the slow ones when many fast ones follow', () => {
    const book = new TraceBook(() => 1_000_000);
    book.note(spanOf('a', 1_500, { attrs: { x: 1 }, values: { y: 2, x: 0 } }));
    for (let i = 0; i < 10_000; i++) book.note(spanOf('a', 1));
    const [slow] = book.spans('a', 5);
    expect(slow).toMatchObject({ durationMs: 1_500, attributes: { x: 1, y: 2 }, failed: false });
    expect(book.spans('a').length).toBe(11);
    expect(book.families()).toEqual([{ name: 'a', counts: [10_000, 0, 0, 0, 0, 1, 0, 0, 0], p99Ms: 50 }]);
  });

  it('shows no secret', () => {
    const book = new TraceBook(() => 0);
    book.note(spanOf('a', 1, { attrs: { 'user.password': 'hunter2', url: '/a?token=hunter2', sent: ['Bearer hunter2'] }, values: { pin: 1234, tenant: 't' } }));
    expect(book.spans('a')[0]?.attributes).toEqual({
      'user.password': '[redacted]',
      url: '/a?token=[redacted]',
      sent: ['Bearer [redacted]'],
      pin: '[redacted]',
      tenant: 't',
    });
  });

  it('keeps the last of a bucket, newest first', () => {
    const book = new TraceBook(() => 0);
    const first = next;
    for (let i = 0; i < 25; i++) book.note(spanOf('a', 1));
    expect(book.spans('a', 0).map((span) => span.startMs)).toEqual(Array.from({ length: 10 }, (_, i) => first + 24 - i));
  });

  it('counts every span of a storm and notes one a millisecond', () => {
    const book = new TraceBook(() => 0);
    const startMono = next;
    for (let i = 0; i < 10_000; i++) book.note(spanOf('a', 0, { startMono: startMono + i / 100, endMono: startMono + i / 100 + 0.01 }));
    expect(book.families()[0]?.counts[0]).toBe(10_000);
    const starts = book.spans('a').map((span) => span.startMs - startMono);
    expect(starts).toHaveLength(10);
    expect(Math.max(...starts)).toBeGreaterThan(98);
    expect(Math.min(...starts)).toBeGreaterThan(85);
  });

  it('keeps failed ones apart, and in their bucket', () => {
    const book = new TraceBook(() => 0);
    book.note(spanOf('a', 70, { statusCode: 2 }));
    for (let i = 0; i < 100; i++) book.note(spanOf('a', 70));
    expect(book.spans('a', FAILED).map((span) => span.failed)).toEqual([true]);
    expect(book.families()[0]?.counts[FAILED]).toBe(1);
  });

  it('notes what begins here, serves a request, was slow or failed; nothing else', () => {
    const book = new TraceBook(() => 0);
    book.note(spanOf('child', 49, { p1: 7 }));
    book.note(spanOf('slow child', 50, { p1: 7 }));
    book.note(spanOf('served', 1, { p1: 7, kind: 1 }));
    book.note(spanOf('broken', 1, { p1: 7, statusCode: 2 }));
    expect(book.families().map((one) => one.name)).toEqual(['broken', 'served', 'slow child']);
  });

  it('tells no percentile of a name whose fast spans were not counted', () => {
    const book = new TraceBook(() => 0);
    for (let i = 0; i < 200; i++) book.note(spanOf('a', 70));
    expect(book.families()[0]?.p99Ms).toBe(100);
    book.note(spanOf('a', 70, { p1: 7 }));
    expect(book.families()[0]?.p99Ms).toBeUndefined();
  });

  it('puts each duration in its bucket', () => {
    const book = new TraceBook(() => 0);
    for (const [bucket, ms] of BUCKETS_MS.entries()) {
      book.note(spanOf('edge', ms));
      expect(book.families()[0]?.counts[bucket]).toBe(1);
    }
    book.note(spanOf('edge', 1e9));
    expect(book.families()[0]?.counts.at(-2)).toBe(2);
  });

  it('stays within its bounds whatever names come', () => {
    const book = new TraceBook(() => 0);
    for (let i = 0; i < 5_000; i++) book.note(spanOf(`name ${i}`, i));
    const families = book.families();
    expect(families.length).toBe(201);
    expect(families.find((one) => one.name === '(other names)')?.counts.reduce((sum, count) => sum + count, 0)).toBe(4_800);
    expect(book.spans('(other names)').length).toBeLessThanOrEqual(90);
  });

  it('knows the 99th percentile by its bucket, from a hundred spans on', () => {
    const book = new TraceBook(() => 0);
    for (let i = 0; i < 99; i++) book.note(spanOf('a', 60));
    expect(book.families()[0]?.p99Ms).toBeUndefined();
    book.note(spanOf('a', 60));
    expect(book.families()[0]?.p99Ms).toBe(100);
    for (let i = 0; i < 10; i++) book.note(spanOf('a', 200_000));
    expect(book.families()[0]?.p99Ms).toBe(Number.POSITIVE_INFINITY);
  });
});
