import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TimeInput,
  trace,
} from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind } from '../../src/core/bind.ts';
import { annotate } from '../../src/trace/annotate.ts';
import { span as inSpan } from '../../src/trace/span.ts';
import { traced } from '../../src/trace/traced.ts';

/** A finished span, in words that both engines can be told in. */
export interface SeenSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly status: { code: number; message?: string };
  readonly attributes: Record<string, unknown>;
  readonly events: { name: string; timeMs: number; attributes: Record<string, unknown> }[];
  readonly links: { traceId: string; spanId: string; attributes: Record<string, unknown> }[];
  readonly library: { name: string; version: string | undefined };
  readonly dropped: { attributes: number; events: number; links: number };
}

/** An engine under test, started and registered with the OpenTelemetry API. */
export interface RunningEngine {
  spans(): SeenSpan[];
  stop(): Promise<void>;
}

export interface EngineSubject {
  readonly name: string;
  start(ratio: number): Promise<RunningEngine>;
  /** Cases that this engine answers otherwise, each with the reason. A case that passes all the same is reported. */
  readonly deviations: Readonly<Record<string, string>>;
}

const REMOTE: SpanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1, isRemote: true };

/** What every engine has to do. */
export function engineContract(subject: EngineSubject): void {
  let running: RunningEngine;
  const used = new Set<string>();
  const check = (name: string, run: () => void | Promise<void>): void => {
    const reason = subject.deviations[name];
    if (reason === undefined) {
      it(name, run);
      return;
    }
    used.add(name);
    it.fails(`${name} (deviates: ${reason})`, run);
  };
  const one = (name: string): SeenSpan => {
    const found = running.spans().filter((span) => span.name === name);
    expect(
      found,
      `spans named ${name} of ${running
        .spans()
        .map((span) => span.name)
        .join(', ')}`,
    ).toHaveLength(1);
    return found[0] as SeenSpan;
  };
  const tracer = () => trace.getTracer('contract', '1.2.3');
  /** Makes one span and gives what came out. */
  const made = (body: (span: Span) => void, options = {}): SeenSpan => {
    const span = tracer().startSpan('made', options);
    body(span);
    span.end();
    return one('made');
  };

  describe(`${subject.name}: spans`, () => {
    beforeEach(async () => {
      running = await subject.start(1);
    });
    afterEach(() => running.stop());

    check('a span has valid IDs, the sampled flag, its name, kind and library', () => {
      let spanContext: SpanContext | undefined;
      const seen = made(
        (span) => {
          spanContext = span.spanContext();
          expect(span.isRecording()).toBe(true);
        },
        { kind: SpanKind.CLIENT },
      );
      expect(spanContext?.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
      expect(spanContext?.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
      expect((spanContext?.traceFlags ?? 0) & 1).toBe(1);
      expect(seen).toMatchObject({
        traceId: spanContext?.traceId,
        spanId: spanContext?.spanId,
        parentSpanId: undefined,
        kind: SpanKind.CLIENT,
        library: { name: 'contract', version: '1.2.3' },
      });
    });
    check('the span context is the same object each time', () => {
      made((span) => expect(span.spanContext()).toBe(span.spanContext()));
    });
    check('root traces carry the random flag of W3C level 2', () => {
      made((span) => expect(span.spanContext().traceFlags & 2).toBe(2));
    });
    check('attributes: texts, numbers, booleans, arrays with holes', () => {
      const seen = made(
        (span) => {
          span.setAttribute('text', 'a').setAttribute('number', 1.5).setAttribute('yes', true);
          span.setAttributes({ texts: ['a', null, 'b'], numbers: [1, 2], text: 'b', none: undefined });
        },
        { attributes: { first: 1 } },
      );
      expect(seen.attributes).toEqual({ first: 1, text: 'b', number: 1.5, yes: true, texts: ['a', null, 'b'], numbers: [1, 2] });
    });
    check('attribute values that are none are left out', () => {
      const seen = made((span) => span.setAttributes({ object: {} as never, mixed: ['a', 1] as never, fn: (() => 1) as never, ok: 1 }));
      expect(seen.attributes).toEqual({ ok: 1 });
    });
    check('arrays are copied', () => {
      const list = ['a'];
      const seen = made((span) => {
        span.setAttribute('list', list);
        list.push('b');
      });
      expect(seen.attributes).toEqual({ list: ['a'] });
    });
    check('at most 128 attributes; the rest is counted', () => {
      const seen = made((span) => {
        for (let i = 0; i < 130; i++) span.setAttribute(`k${i}`, i);
        span.setAttribute('k0', 'again');
      });
      expect([Object.keys(seen.attributes).length, seen.attributes.k0, seen.dropped.attributes]).toEqual([128, 'again', 2]);
    });
    check('at most 128 events: the latest; the rest is counted', () => {
      const seen = made((span) => {
        for (let i = 0; i < 130; i++) span.addEvent(`e${i}`);
      });
      expect([seen.events.length, seen.events[0]?.name, seen.events.at(-1)?.name, seen.dropped.events]).toEqual([128, 'e2', 'e129', 2]);
    });
    check('events with attributes and time', () => {
      const seen = made((span) => {
        span
          .addEvent('plain')
          .addEvent('attributes', { a: 1 })
          .addEvent('time', new Date(1_700_000_000_000))
          .addEvent('both', { b: 2 }, new Date(1_700_000_001_000));
      });
      expect(seen.events.map(({ name, attributes }) => [name, attributes])).toEqual([
        ['plain', {}],
        ['attributes', { a: 1 }],
        ['time', {}],
        ['both', { b: 2 }],
      ]);
      expect(seen.events[2]?.timeMs).toBeCloseTo(1_700_000_000_000, 0);
      expect(seen.events[3]?.timeMs).toBeCloseTo(1_700_000_001_000, 0);
      expect(Math.abs((seen.events[0]?.timeMs ?? 0) - Date.now())).toBeLessThan(10_000);
    });
    check('links, at the start and later', () => {
      const seen = made((span) => span.addLink({ context: REMOTE, attributes: { late: true } }).addLinks([{ context: REMOTE }]), {
        links: [{ context: REMOTE, attributes: { early: true } }],
      });
      expect(seen.links.map(({ traceId, spanId, attributes }) => [traceId, spanId, attributes])).toEqual([
        [REMOTE.traceId, REMOTE.spanId, { early: true }],
        [REMOTE.traceId, REMOTE.spanId, { late: true }],
        [REMOTE.traceId, REMOTE.spanId, {}],
      ]);
    });
    check('recordException makes an event of type, message and stack', () => {
      const error = new TypeError('broken');
      const seen = made((span) => span.recordException(error));
      expect(seen.events).toMatchObject([
        { name: 'exception', attributes: { 'exception.type': 'TypeError', 'exception.message': 'broken', 'exception.stacktrace': error.stack } },
      ]);
      expect(seen.status.code).toBe(0);
    });
    check('recordException takes a text', () => {
      expect(made((span) => span.recordException('broken')).events).toMatchObject([{ name: 'exception', attributes: { 'exception.message': 'broken' } }]);
    });
    check('status: an error has a message, Ok is final, Unset changes nothing', () => {
      const seen = made((span) => span.setStatus({ code: SpanStatusCode.ERROR, message: 'no' }).setStatus({ code: SpanStatusCode.UNSET }));
      expect(seen.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
      const span = tracer().startSpan('fine');
      span
        .setStatus({ code: SpanStatusCode.ERROR, message: 'no' })
        .setStatus({ code: SpanStatusCode.OK, message: 'ignored' })
        .setStatus({ code: SpanStatusCode.ERROR, message: 'late' });
      span.end();
      expect(one('fine').status).toEqual({ code: SpanStatusCode.OK });
    });
    check('updateName', () => {
      tracer().startSpan('before').updateName('after').end();
      expect(running.spans().map(({ name }) => name)).toEqual(['after']);
    });
    check('nothing changes after the end, and the end counts once', () => {
      const span = tracer().startSpan('ended');
      span.end();
      expect(span.isRecording()).toBe(false);
      span.setAttribute('late', 1).addEvent('late').addLink({ context: REMOTE }).setStatus({ code: SpanStatusCode.ERROR }).updateName('late').end();
      expect(one('ended')).toMatchObject({ attributes: {}, events: [], links: [], status: { code: 0 } });
    });
    for (const [form, start, end] of [
      ['dates', new Date(1_700_000_000_000), new Date(1_700_000_002_500)],
      ['milliseconds since the epoch', 1_700_000_000_000, 1_700_000_002_500],
      ['seconds and nanoseconds', [1_700_000_000, 0], [1_700_000_002, 500_000_000]],
    ] as [string, TimeInput, TimeInput][]) {
      check(`explicit times as ${form}`, () => {
        tracer().startSpan('timed', { startTime: start }).end(end);
        expect(one('timed').startMs).toBeCloseTo(1_700_000_000_000, -0.5);
        expect(one('timed').endMs - one('timed').startMs).toBeCloseTo(2_500, -0.5);
      });
    }
    check('explicit times as readings of performance.now()', async () => {
      const start = performance.now() - 100;
      tracer()
        .startSpan('timed', { startTime: start })
        .end(start + 40);
      expect(one('timed').endMs - one('timed').startMs).toBeCloseTo(40, 0);
      expect(Math.abs(one('timed').startMs - (performance.timeOrigin + start))).toBeLessThan(1_000);
    });
    check('an end before the start is the start', () => {
      tracer()
        .startSpan('backwards', { startTime: new Date(1_700_000_000_000) })
        .end(new Date(1_600_000_000_000));
      expect(one('backwards').endMs).toBe(one('backwards').startMs);
    });
    check('the clock runs', async () => {
      const span = tracer().startSpan('slept');
      await sleep(15);
      span.end();
      const { startMs, endMs } = one('slept');
      expect(endMs - startMs).toBeGreaterThan(13);
      expect(endMs - startMs).toBeLessThan(10_000);
      expect(Math.abs(endMs - Date.now())).toBeLessThan(10_000);
    });
  });

  describe(`${subject.name}: parents and context`, () => {
    beforeEach(async () => {
      running = await subject.start(1);
    });
    afterEach(() => running.stop());

    check('startActiveSpan nests, in all its forms, and gives what its function gives', () => {
      const result = tracer().startActiveSpan('outer', (outer) => {
        expect(trace.getActiveSpan()).toBe(outer);
        const inner = tracer().startActiveSpan('inner', { kind: SpanKind.SERVER }, (span) => {
          span.end();
          return 1;
        });
        tracer().startActiveSpan('aside', {}, ROOT_CONTEXT, (span) => span.end());
        outer.end();
        return inner + 1;
      });
      expect(result).toBe(2);
      expect(trace.getActiveSpan()).toBeUndefined();
      expect(one('inner')).toMatchObject({ parentSpanId: one('outer').spanId, traceId: one('outer').traceId, kind: SpanKind.SERVER });
      expect(one('aside').parentSpanId).toBeUndefined();
      expect(one('aside').traceId).not.toBe(one('outer').traceId);
    });
    check('root: true begins a trace', () => {
      tracer().startActiveSpan('outer', (outer) => {
        tracer().startSpan('fresh', { root: true }).end();
        outer.end();
      });
      expect(one('fresh').parentSpanId).toBeUndefined();
      expect(one('fresh').traceId).not.toBe(one('outer').traceId);
    });
    check('a remote parent is continued, its trace state kept', () => {
      const parent = propagation.extract(ROOT_CONTEXT, { traceparent: `00-${REMOTE.traceId}-${REMOTE.spanId}-01`, tracestate: 'a=1,b=2' });
      tracer().startSpan('continued', {}, parent).end();
      expect(one('continued')).toMatchObject({ traceId: REMOTE.traceId, parentSpanId: REMOTE.spanId, traceState: 'a=1,b=2' });
    });
    check("trace.setSpanContext on the API's own root is continued", () => {
      tracer().startSpan('continued', {}, trace.setSpanContext(ROOT_CONTEXT, REMOTE)).end();
      expect(one('continued')).toMatchObject({ traceId: REMOTE.traceId, parentSpanId: REMOTE.spanId });
    });
    check('an invalid parent begins a trace', () => {
      tracer()
        .startSpan('fresh', {}, trace.setSpanContext(ROOT_CONTEXT, { ...REMOTE, traceId: '0'.repeat(32) }))
        .end();
      expect(one('fresh').parentSpanId).toBeUndefined();
      expect(one('fresh').traceId).not.toBe('0'.repeat(32));
    });
    check('a span inside a suppressed context is not made', () => {
      const suppressed = ROOT_CONTEXT.setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true);
      const span = tracer().startSpan('suppressed', {}, suppressed);
      span.end();
      expect([span.isRecording(), running.spans().length]).toEqual([false, 0]);
    });
    check('context.with: values, arguments, this, result and errors', () => {
      const key = createContextKey('key');
      const inner = context.active().setValue(key, 5);
      const fn = function (this: { base: number }, n: number): number {
        expect(context.active().getValue(key)).toBe(5);
        return this.base + n;
      };
      const result = context.with(inner, fn as (n: number) => number, { base: 1 } as never, 2);
      expect(result).toBe(3);
      expect(context.active().getValue(key)).toBeUndefined();
      expect(() =>
        context.with(inner, () => {
          throw new Error('out');
        }),
      ).toThrow('out');
      expect(context.active().getValue(key)).toBeUndefined();
    });
    check('context.with on a context of another maker keeps its values', () => {
      const [a, b] = [createContextKey('a'), createContextKey('b')];
      context.with(ROOT_CONTEXT.setValue(a, 1), () => {
        expect(context.active().getValue(a)).toBe(1);
        context.with(context.active().setValue(b, 2), () => {
          expect([context.active().getValue(a), context.active().getValue(b)]).toEqual([1, 2]);
          expect(context.active().deleteValue(a).getValue(a)).toBeUndefined();
        });
      });
    });
    check('context.active() is the very object that context.with was given', () => {
      const own = ROOT_CONTEXT.setValue(createContextKey('own'), 1);
      expect(context.with(own, () => context.active()) === own).toBe(true);
    });
    check('context survives await, timers, microtasks and promises', async () => {
      const key = createContextKey('key');
      const value = (): unknown => context.active().getValue(key);
      await context.with(context.active().setValue(key, 7), async () => {
        await sleep(1);
        expect(value()).toBe(7);
        expect(await new Promise((resolve) => setTimeout(() => resolve(value()), 1))).toBe(7);
        expect(await new Promise((resolve) => setImmediate(() => resolve(value())))).toBe(7);
        expect(await new Promise((resolve) => process.nextTick(() => resolve(value())))).toBe(7);
        expect(await new Promise((resolve) => queueMicrotask(() => resolve(value())))).toBe(7);
      });
      expect(value()).toBeUndefined();
    });
    check('context.bind of a function', () => {
      const key = createContextKey('key');
      const bound = context.bind(context.active().setValue(key, 8), function (this: number, _a: number) {
        return [this, context.active().getValue(key)];
      });
      expect(bound.call(3, 1)).toEqual([3, 8]);
      expect(bound.length).toBe(1);
    });
    check('context.bind of an event emitter: on, once, prepend, removal', () => {
      const key = createContextKey('key');
      const emitter = new EventEmitter();
      const seen: unknown[] = [];
      const listener = (): void => void seen.push(context.active().getValue(key));
      expect(context.bind(context.active().setValue(key, 9), emitter)).toBe(emitter);
      emitter.on('a', listener);
      emitter.once('a', listener);
      emitter.prependOnceListener('a', listener);
      emitter.emit('a');
      expect(seen).toEqual([9, 9, 9]);
      emitter.emit('a');
      expect(seen).toHaveLength(4);
      emitter.off('a', listener);
      emitter.once('a', listener);
      emitter.removeListener('a', listener);
      expect(emitter.emit('a')).toBe(false);
      emitter.on('a', listener);
      emitter.removeAllListeners('a');
      expect(emitter.listenerCount('a')).toBe(0);
    });
    check("inject and extract are each other's inverse", () => {
      tracer().startActiveSpan('out', (span) => {
        const carrier: Record<string, string> = {};
        propagation.inject(propagation.setBaggage(context.active(), propagation.createBaggage({ plan: { value: 'größer, ok' } })), carrier);
        expect(carrier.traceparent).toMatch(new RegExp(`^00-${span.spanContext().traceId}-${span.spanContext().spanId}-0[13]$`));
        const inner = propagation.extract(ROOT_CONTEXT, carrier);
        expect(trace.getSpanContext(inner)).toMatchObject({ traceId: span.spanContext().traceId, spanId: span.spanContext().spanId, isRemote: true });
        expect(propagation.getBaggage(inner)?.getEntry('plan')?.value).toBe('größer, ok');
        span.end();
      });
    });
  });

  describe(`${subject.name}: traced functions`, () => {
    beforeEach(async () => {
      running = await subject.start(1);
    });
    afterEach(() => running.stop());

    check('nest with spans of the API, both ways', async () => {
      const inner = traced('traced.inner', async () => {
        await sleep(1);
        tracer().startSpan('api.inner').end();
      });
      await tracer().startActiveSpan('api.outer', async (span) => {
        await inner();
        span.end();
      });
      expect(one('traced.inner').parentSpanId).toBe(one('api.outer').spanId);
      expect(one('api.inner').parentSpanId).toBe(one('traced.inner').spanId);
      expect(one('api.inner').traceId).toBe(one('api.outer').traceId);
    });
    check('are the active span, which the API can write to', () => {
      traced('active', () => {
        trace.getActiveSpan()?.setAttribute('api', 1).addEvent('hello');
        annotate({ own: 2 });
      })();
      expect(one('active')).toMatchObject({ attributes: { api: 1, own: 2 }, events: [{ name: 'hello' }] });
    });
    check('fail with status and error.type', () => {
      expect(() =>
        traced('failing', { kind: 'producer' }, () => {
          throw new RangeError('too far');
        })(),
      ).toThrow('too far');
      expect(one('failing')).toMatchObject({
        status: { code: SpanStatusCode.ERROR, message: 'too far' },
        attributes: { 'error.type': 'RangeError' },
        kind: SpanKind.PRODUCER,
      });
    });
    check('carry bound values; their own attributes win', () => {
      bind({ 'request.id': 'r1', plan: 'free' }, () => {
        traced('valued', { attributes: { plan: 'pro' } }, () => tracer().startSpan('below').end())();
      });
      expect(one('valued').attributes).toEqual({ 'request.id': 'r1', plan: 'pro' });
      expect(one('below').attributes).toEqual({ 'request.id': 'r1', plan: 'free' });
    });
    check('an async generator is one span over its iteration', async () => {
      const work = traced('work', async function* () {
        for (let i = 0; i < 3; i++) {
          await sleep(5);
          inSpan(`child ${i}`, () => undefined);
          yield i;
        }
      });
      for await (const _ of work()) expect(trace.getActiveSpan()).toBeUndefined();
      expect(one('work').endMs - one('work').startMs).toBeGreaterThan(13);
      for (const i of [0, 1, 2]) expect(one(`child ${i}`).parentSpanId).toBe(one('work').spanId);
    });
    check('context.with inside a call keeps bound values below', () => {
      bind({ 'request.id': 'r2' }, () => {
        context.with(context.active().setValue(createContextKey('k'), 1), () => traced('below', () => undefined)());
      });
      expect(one('below').attributes).toEqual({ 'request.id': 'r2' });
    });
  });

  describe(`${subject.name}: sampling`, () => {
    afterEach(() => running.stop());

    check('ratio 0 keeps no trace, but follows a sampled parent', async () => {
      running = await subject.start(0);
      const span = tracer().startSpan('refused');
      expect([span.isRecording(), span.spanContext().traceFlags & 1]).toEqual([false, 0]);
      tracer().startSpan('child of refused', {}, trace.setSpan(ROOT_CONTEXT, span)).end();
      span.end();
      tracer().startSpan('follows', {}, trace.setSpanContext(ROOT_CONTEXT, REMOTE)).end();
      traced('traced refused', () => traced('inner refused', () => 1)())();
      expect(running.spans().map(({ name }) => name)).toEqual(['follows']);
    });
    check('an unsampled parent is followed at ratio 1', async () => {
      running = await subject.start(1);
      const parent = trace.setSpanContext(ROOT_CONTEXT, { ...REMOTE, traceFlags: 0 });
      const span = tracer().startSpan('refused', {}, parent);
      expect(span.spanContext()).toMatchObject({ traceId: REMOTE.traceId, traceFlags: 0 });
      span.end();
      context.with(
        parent,
        traced('refused too', () => 1),
      );
      expect(running.spans()).toEqual([]);
    });
    check('a ratio keeps the traces that OpenTelemetry keeps, by trace ID', async () => {
      running = await subject.start(0.25);
      const kept = Array.from({ length: 400 }, (_, i) => {
        const span = tracer().startSpan(`s${i}`);
        const { traceId, traceFlags } = span.spanContext();
        span.end();
        let folded = 0;
        for (let at = 0; at < 32; at += 8) folded = (folded ^ Number.parseInt(traceId.slice(at, at + 8), 16)) >>> 0;
        expect((traceFlags & 1) === 1).toBe(folded < Math.floor(0.25 * 0xffffffff));
        return traceFlags & 1;
      }).filter((flag) => flag === 1).length;
      expect(running.spans()).toHaveLength(kept);
      expect(kept).toBeGreaterThan(40);
      expect(kept).toBeLessThan(180);
    });
  });

  it(`${subject.name}: every listed deviation is a case of the suite`, () => {
    expect(Object.keys(subject.deviations).filter((name) => !used.has(name))).toEqual([]);
  });
}
