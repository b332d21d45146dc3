import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { defineFunction } from '../../../src/core/function-def.ts';
import { withSignal } from '../../../src/core/limit.ts';
import { currentScope, ROOT, type SpanLike } from '../../../src/core/scope.ts';
import { hex32, reserveRandom } from '../../../src/trace/engine/ids.ts';
import { createNativeEngine } from '../../../src/trace/engine/native.ts';
import { alwaysOff, alwaysOn, type RootSampler, rateLimitedSampler, ratioSampler, ruleSampler, type SamplingRule } from '../../../src/trace/engine/sampler.ts';
import { SlowCalls } from '../../../src/trace/engine/slow-calls.ts';
import type { KeepOptions } from '../../../src/trace/engine/tail.ts';
import { extractScope } from '../../../src/trace/propagation.ts';
import { span } from '../../../src/trace/span.ts';
import { traced } from '../../../src/trace/traced.ts';
import { Recorder, recordSpans } from './recorder.ts';

let nowMono = 0;
let restore: () => void;
beforeEach(() => {
  nowMono = 1_000;
  restore = useClock({ ...systemClock, mono: () => nowMono });
});
afterEach(() => restore());

const TRACE = { t0: 1, t1: 2, t2: 3, t3: 4, traceState: undefined };
const ask = (sampler: RootSampler, name = 'x', path?: string): boolean =>
  sampler(TRACE, undefined, name, 0, path === undefined ? undefined : { 'url.path': path });

describe('ratioSampler', () => {
  it.each([-0.1, 1.1, Number.NaN, '0.5' as never])('refuses %s', (ratio) => {
    expect(() => ratioSampler(ratio)).toThrow(new RangeError(`Cannot sample a share of ${ratio}: expected a number from 0 to 1`));
  });

  it('keeps about its share of random traces', () => {
    const recorder = new Recorder();
    const engine = createNativeEngine({ output: recorder, sampler: ratioSampler(0.1) });
    for (let i = 0; i < 5_000; i++) engine.open(ROOT, undefined, 'x', 0).end();
    // Six standard deviations of a binomial of 5,000 at 0.1 are 127.
    expect(Math.abs(recorder.spans.length - 500)).toBeLessThan(127);
    expect(recorder.spans.length + recorder.dropped).toBe(5_000);
  });
});

describe('rateLimitedSampler', () => {
  it('keeps so many a second, and one second worth at once', () => {
    const sampler = rateLimitedSampler(3);
    const second = (): number => Array.from({ length: 10 }, () => ask(sampler)).filter(Boolean).length;
    expect(second()).toBe(3);
    nowMono += 1_000;
    expect(second()).toBe(3);
    nowMono += 400;
    expect(second()).toBe(1);
    nowMono += 60_000;
    expect(second()).toBe(3);
  });

  it('below one a second keeps one at a time', () => {
    const sampler = rateLimitedSampler(0.1);
    expect([ask(sampler), ask(sampler)]).toEqual([true, false]);
    nowMono += 10_000;
    expect([ask(sampler), ask(sampler)]).toEqual([true, false]);
  });

  it('0 keeps none; a refusal of the inner one costs nothing', () => {
    expect(ask(rateLimitedSampler(0))).toBe(false);
    let keep = false;
    const sampler = rateLimitedSampler(1, () => keep);
    expect(ask(sampler)).toBe(false);
    keep = true;
    expect(ask(sampler)).toBe(true);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', (perSecond) => {
    expect(() => rateLimitedSampler(perSecond)).toThrow(new RangeError(`Cannot keep ${perSecond} traces a second: expected a number from 0`));
  });
});

describe('ruleSampler', () => {
  const rules: SamplingRule[] = [
    { route: '/healthz', ratio: 0 },
    { route: '/orders/*/items', perSecond: 1 },
    { function: 'jobs.*', ratio: 0 },
    { function: 'GET', route: '/static/*', ratio: 0 },
  ];
  const sampler = ruleSampler(rules, alwaysOn);

  it.each([
    ['GET', '/healthz', false],
    ['GET', '/healthz?full=1', false],
    ['GET', '/healthz/deep', true],
    ['jobs.clean', undefined, false],
    ['jobs', undefined, true],
    ['GET', '/static/a.css', false],
    ['POST', '/static/a.css', true],
    ['place', undefined, true],
  ])('%s %s: %s', (name, path, kept) => {
    expect(ask(sampler, name, path)).toBe(kept);
  });

  it('limits by rule', () => {
    const limited = ruleSampler(rules, alwaysOff);
    expect(['/orders/1/items', '/orders/2/items', '/orders/items'].map((path) => ask(limited, 'GET', path))).toEqual([true, false, false]);
  });

  it.each([
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'ab', false],
    ['*a', 'ba', true],
    ['*', '', true],
    ['a*a', 'a', false],
    ['*b*b*', 'b', false],
    ['a.c', 'abc', false],
    ['a**b', 'ab', true],
  ])('%s fits %s: %s', (pattern, name, fits) => {
    expect(ask(ruleSampler([{ function: pattern }], alwaysOff), name)).toBe(fits);
  });

  it('stays linear on a hostile name', () => {
    expect(ask(ruleSampler([{ function: `${'*a'.repeat(50)}*b` }], alwaysOff), 'a'.repeat(200_000))).toBe(false);
  });

  it('refuses an unknown key', () => {
    expect(() => ruleSampler([{ rout: '/' } as SamplingRule], alwaysOn)).toThrow(
      'Cannot sample by rule 1: "rout" is unknown, expected one of function, route, ratio, perSecond',
    );
  });

  it('is asked for root spans only', () => {
    const asked: string[] = [];
    const seen = recordSpans({ sampler: (_trace, _def, name) => asked.push(name) > 0 });
    span('root', () => span('child', () => 1));
    seen.stop();
    expect(asked).toEqual(['root']);
  });

  it('with parentBased: false decides for remote parents anew', () => {
    const remote = extractScope(ROOT, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` });
    for (const [parentBased, recorded] of [
      [true, false],
      [false, true],
    ] as const) {
      const engine = createNativeEngine({ output: new Recorder(), parentBased });
      expect(engine.open(remote, undefined, 'x', 0).isRecording()).toBe(recorded);
    }
  });
});

describe('IDs', () => {
  it('are drawn for nobody where the sampler refuses without looking', () => {
    const engine = createNativeEngine({ output: new Recorder(), sampler: alwaysOff, keep: {} });
    const before = reserveRandom(0);
    engine.open(ROOT, undefined, 'x', 0).end();
    expect(reserveRandom(0)).toBe(before);
  });

  it('are those of the trace and the span from the first question on, also after the end', () => {
    const engine = createNativeEngine({ output: new Recorder(), sampler: alwaysOff });
    const span = engine.open(ROOT, undefined, 'x', 0);
    span.end();
    const { traceId, spanId } = span.spanContext();
    const below = engine.open(span, undefined, 'y', 0);
    expect([traceId, spanId]).not.toContain(expect.stringMatching(/^0+$/));
    expect(below.spanContext().traceId).toBe(traceId);
    expect(hex32(below.p0) + hex32(below.p1)).toBe(spanId);
    expect(hex32(span.trace.t0) + hex32(span.trace.t1) + hex32(span.trace.t2) + hex32(span.trace.t3)).toBe(traceId);
    expect(below.spanContext().spanId).not.toBe(spanId);
  });
});

describe('keeping traces by their outcome', () => {
  let seen: ReturnType<typeof recordSpans>;
  const record = (keep: KeepOptions = {}): void => {
    seen = recordSpans({ sampler: alwaysOff, keep });
  };
  afterEach(() => seen.stop());
  const names = (): string[] => seen.spans.map(({ name }) => name);

  it('keeps every span of a trace in which one failed, and says which', () => {
    record();
    traced('root', () => {
      span('before', () => 1);
      expect(() =>
        span('failing', () => {
          throw new Error('x');
        }),
      ).toThrow('x');
      span('after', () => 1);
    })();
    expect(names()).toEqual(['failing', 'before', 'after', 'root'].sort((a, b) => names().indexOf(a) - names().indexOf(b)));
    expect(seen.named('failing').attributes).toMatchObject({ 'sonde.kept': 'error' });
    expect(seen.dropped).toBe(0);
    for (const name of ['before', 'failing', 'after']) expect(seen.named(name).parent).toBe(seen.named('root').id);
  });

  it('counts each span of a trace that nothing speaks for', () => {
    record();
    traced('root', () => span('a', () => span('b', () => 1)))();
    expect([names(), seen.dropped]).toEqual([[], 3]);
  });

  it('keeps a cancelled one', () => {
    record();
    const abort = new AbortController();
    abort.abort();
    expect(() =>
      withSignal(
        abort.signal,
        traced('given.up', () => {
          throw abort.signal.reason;
        }),
      ),
    ).toThrow();
    expect(seen.named('given.up').attributes).toMatchObject({ 'sonde.kept': 'cancelled' });
  });

  it('keeps one that took longer than its objective', () => {
    record();
    const fn = traced('promised', { slo: { objective: 0.99, latency: '100ms' } }, (ms: number) => {
      nowMono += ms;
    });
    fn(99);
    fn(101);
    expect([names(), seen.dropped]).toEqual([['promised'], 1]);
    expect(seen.named('promised').attributes).toMatchObject({ 'sonde.kept': 'slow' });
  });

  it('keeps one that took far longer than the function takes', () => {
    record();
    const fn = traced('usual', (ms: number) => {
      nowMono += ms;
    });
    for (let i = 0; i < 300; i++) fn(10 + (i % 3));
    expect(names()).toEqual([]);
    fn(100);
    expect(names()).toEqual(['usual']);
  });

  it.each([['failed'], ['slow'], ['cancelled']] as const)('does not where %s is off', (which) => {
    record({ [which]: false });
    const fn = traced('off', { slo: { objective: 0.9, latency: '1ms' } }, () => {
      nowMono += which === 'slow' ? 50 : 0;
      if (which !== 'slow') throw which === 'failed' ? new Error('x') : new DOMException('x', 'AbortError');
    });
    try {
      fn();
    } catch {}
    expect([names(), seen.dropped]).toEqual([[], 1]);
  });

  it('spans that end after the decision follow it', async () => {
    record();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const later = traced('root', async () => {
      const child = traced('child', async () => gate)();
      expect(() =>
        span('failing', () => {
          throw new Error('x');
        }),
      ).toThrow('x');
      return child;
    })();
    release();
    await later;
    expect(names()).toEqual(['failing', 'child', 'root']);
  });

  it.each([
    ['one span', false],
    ['several spans', true],
  ])('work that goes on after its trace of %s had ended well is kept where it fails', async (_, several) => {
    record();
    const work = traced('work', async (fails: boolean) => {
      await Promise.resolve();
      span('step', () => 1);
      if (fails) throw new Error('late');
    });
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let done: Promise<unknown> | undefined;
    traced('answer', () => {
      if (several) span('inside', () => 1);
      done = gate.then(() => work(false)).then(() => work(true).catch(() => 1));
    })();
    expect([names(), seen.dropped]).toEqual([[], several ? 2 : 1]);
    release();
    await done;
    expect([names(), seen.dropped]).toEqual([['step', 'work'], several ? 4 : 3]);
  });

  it('a span that fails beside the one that ended well is kept: both continue one remote trace', () => {
    const recorder = new Recorder();
    const engine = createNativeEngine({ output: recorder, sampler: alwaysOff, keep: {} });
    const remote = extractScope(ROOT, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` });
    const [first, second, third] = ['first', 'second', 'third'].map((name) => engine.open(remote, undefined, name, 0));
    first?.end();
    second?.setStatus({ code: 2 });
    second?.end();
    third?.end();
    expect([recorder.spans.map(({ name }) => name), recorder.dropped]).toEqual([['second'], 2]);
  });

  it.each([
    ['spans of a trace', { maxSpansPerTrace: 5 }],
    ['spans in all', { maxSpans: 5 }],
    ['bytes', { maxBytes: 5 * 460 }],
  ])('is bounded in %s: of what comes beyond only what speaks for the trace is kept', (_what, keep) => {
    record(keep);
    expect(() =>
      traced('root', () => {
        for (let i = 0; i < 8; i++) span('a', { attributes: { text: '0123456789' } }, () => 1);
        expect(() =>
          span('failing', () => {
            throw new Error('late');
          }),
        ).toThrow();
        for (let i = 0; i < 8; i++) span('after', () => 1);
        throw new Error('later');
      })(),
    ).toThrow();
    expect([names(), seen.dropped]).toEqual([['a', 'a', 'a', 'a', 'a', 'failing', 'root'], 11]);
  });

  it('is bounded in time: what was held back is let go, what speaks for the trace later is kept', () => {
    record({ maxAgeMs: 1_000 });
    expect(() =>
      traced('root', () => {
        span('early', () => 1);
        nowMono += 1_001;
        span('a', () => 1);
        throw new Error('late');
      })(),
    ).toThrow();
    expect([names(), seen.dropped]).toEqual([['root'], 2]);
  });

  it('is bounded in time also for traces that never end: others have their place', async () => {
    record({ maxAgeMs: 1_000, maxSpans: 4 });
    for (let i = 0; i < 4; i++) {
      void traced('endless', async () => {
        span('a', () => 1);
        await new Promise(() => {});
      })();
    }
    nowMono += 1_001;
    expect(() =>
      traced('root', () => {
        span('b', () => 1);
        throw new Error('x');
      })(),
    ).toThrow();
    expect([names(), seen.dropped]).toEqual([['b', 'root'], 4]);
  });

  it('frees what it held', () => {
    record({ maxSpans: 4 });
    for (let i = 0; i < 100; i++) traced('root', () => span('a', () => 1))();
    expect(() =>
      traced('last', () => {
        throw new Error('x');
      })(),
    ).toThrow();
    expect([names(), seen.dropped]).toEqual([['last'], 200]);
  });

  it('records attributes meanwhile, and none once nothing of the trace is under way', () => {
    record();
    let root: SpanLike | undefined;
    traced('root', () => {
      root = currentScope().span;
      expect(root?.isRecording()).toBe(true);
      span('a', () => 1);
    })();
    expect(root?.isRecording()).toBe(false);
    expect(seen.dropped).toBe(2);
  });

  it('traces of a remote parent that was not sampled too', () => {
    record();
    const remote = extractScope(ROOT, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` });
    const engine = createNativeEngine({ output: seen, keep: {} });
    const failed = engine.open(remote, undefined, 'failed', 0);
    failed.setStatus({ code: 2 });
    failed.end();
    expect(seen.named('failed')).toMatchObject({ trace: 'a'.repeat(32), parent: 'b'.repeat(16) });
  });
});

describe('SlowCalls', () => {
  it('finds the outliers of a steady function, and few others', () => {
    const slow = new SlowCalls();
    const def = defineFunction('steady', 'm');
    let found = 0;
    for (let i = 0; i < 10_000; i++) if (slow.isSlow(def, 10 + (i % 100) / 10)) found++;
    expect(found).toBe(0);
    expect(slow.isSlow(def, 200)).toBe(true);
  });

  it('learns a new pace', () => {
    const slow = new SlowCalls();
    const def = defineFunction('changing', 'm');
    for (let i = 0; i < 500; i++) slow.isSlow(def, 10);
    let found = 0;
    for (let i = 0; i < 500; i++) if (slow.isSlow(def, 100)) found++;
    expect(found).toBeLessThan(30);
  });
});
