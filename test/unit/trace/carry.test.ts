import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind, bound } from '../../../src/core/bind.ts';
import { clock } from '../../../src/core/clock.ts';
import { deadline, narrowLimit, signal } from '../../../src/core/limit.ts';
import { currentScope, ROOT, runInScope, Scope } from '../../../src/core/scope.ts';
import { type CarriedScope, carryScope, resumeScope } from '../../../src/trace/carry.ts';
import { alwaysOff } from '../../../src/trace/engine/sampler.ts';
import { extractScope } from '../../../src/trace/propagation.ts';
import { span } from '../../../src/trace/span.ts';
import { recordSpans } from './recorder.ts';

let seen: ReturnType<typeof recordSpans>;
beforeEach(() => {
  seen = recordSpans();
});
afterEach(() => seen.stop());

/** To another thread and back, as far as the data can tell. */
function posted<T>(value: T): T {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(value);
  const { message } = receiveMessageOnPort(port2) as { message: T };
  port1.close();
  return message;
}

describe('carryScope and resumeScope', () => {
  it.each([
    ['postMessage', posted],
    ['JSON', <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T],
  ])('by %s: the trace, baggage and bound values go on', (_how, send) => {
    const incoming = extractScope(ROOT, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'v=1', baggage: 'k=v' });
    const carried = runInScope(incoming, () => span('here', () => bind({ 'request.id': 'r1', tries: 2, tags: ['a'] }, carryScope)));
    const values = resumeScope(send(carried), () => {
      span('there', () => undefined);
      expect(carryScope().headers).toMatchObject({ baggage: 'k=v', tracestate: 'v=1' });
      return { ...bound() };
    });
    expect(values).toEqual({ 'request.id': 'r1', tries: 2, tags: ['a'] });
    expect(seen.named('there')).toMatchObject({ parent: seen.named('here').id, trace: 'a'.repeat(32), attributes: values });
    expect(currentScope()).toBe(ROOT);
  });

  it('what was not sampled here is not sampled there', () => {
    seen.stop();
    seen = recordSpans({ sampler: alwaysOff });
    const carried = span('here', carryScope);
    resumeScope(posted(carried), () => expect(span('there', () => currentScope().span?.isRecording())).toBe(false));
  });

  it('the deadline goes on with what was left of it', async () => {
    const scope = new Scope();
    scope.limit = narrowLimit(undefined, clock.mono() + 500, new AbortController().signal);
    const carried = posted(runInScope(scope, carryScope));
    expect(carried.leftMs).toBeGreaterThan(0);
    await resumeScope(carried, async () => {
      expect(deadline()?.leftMs).toBeLessThanOrEqual(500);
      const abort = signal() as AbortSignal;
      if (!abort.aborted)
        await new Promise((resolve) => {
          abort.addEventListener('abort', resolve);
          setTimeout(() => undefined, 1_000).unref();
        });
      expect((abort.reason as Error).name).toBe('TimeoutError');
    });
  });

  it('outside of everything there is nothing to carry', () => {
    expect(carryScope()).toEqual({ headers: {} });
    resumeScope(carryScope(), () => span('fresh', () => undefined));
    expect(seen.named('fresh').parent).toBeUndefined();
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'traceparent'],
    ['bad headers', { headers: { traceparent: 7, tracestate: ['a'], baggage: null } }],
    ['bad values', { headers: {}, values: { fn: 1n, nested: { a: 1 } } }],
    ['a bad deadline', { headers: {}, leftMs: Number.NaN }],
    ['a deadline that never comes', { headers: {}, leftMs: 2 ** 40 }],
    ['a deadline in the past', { headers: {}, leftMs: -5 }],
  ])('%s runs the function all the same', (_what, carried) => {
    expect(resumeScope(carried as unknown as CarriedScope, () => [deadline(), { ...bound() }])).toEqual([undefined, {}]);
  });
});
