import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { SondeContextManager } from '../../../src/trace/engine/context.ts';
import { createNativeEngine } from '../../../src/trace/engine/native.ts';
import { NativeTracerProvider } from '../../../src/trace/engine/provider.ts';
import { listOpen, MAX_LISTED, NOT_LISTED, type OpenScope, openSpans, unlistOpen } from '../../../src/trace/open-spans.ts';
import { span } from '../../../src/trace/span.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordEach } from './recorder.ts';

recordEach();

const names = (): unknown[] => openSpans(10).oldest.map(({ span: open, def }) => def?.name ?? open?.name);

describe('open spans', () => {
  it('lists an asynchronous call until its promise is settled, oldest first', async () => {
    const finish: (() => void)[] = [];
    const work = traced('work', () => new Promise<void>((resolve) => finish.push(resolve)));
    const fail = traced('fail', () => new Promise<void>((_, reject) => finish.push(() => reject(new Error('no')))));
    const [first, second] = [work(), fail()];
    expect(names()).toEqual(['work', 'fail']);
    finish[0]?.();
    await first;
    expect(names()).toEqual(['fail']);
    finish[1]?.();
    await expect(second).rejects.toThrow('no');
    expect(names()).toEqual([]);
  });

  it('never lists a call that ends when its function returns', () => {
    traced('sync', () => expect(names()).toEqual([]))();
    expect(names()).toEqual([]);
  });

  it('lists blocks, generators and callbacks as long as they last', async () => {
    const { promise, resolve } = withResolvers();
    const block = span('block', () => promise);
    const steps = traced('steps', function* () {
      yield 1;
      yield 2;
    })();
    let called: (() => void) | undefined;
    traced('called back', { callback: true }, (done: () => void) => {
      called = done;
    })(() => {});
    expect(names()).toEqual(['block', 'steps', 'called back']);
    resolve();
    await block;
    for (const _ of steps);
    called?.();
    expect(names()).toEqual([]);
  });

  it('lists the spans of libraries, which may forget to end them', () => {
    const output = { ended: () => {}, sampledOut: () => {} };
    const tracer = new NativeTracerProvider(createNativeEngine({ output })).getTracer('pg', '8.0.0');
    const query = tracer.startSpan('SELECT', {}, new SondeContextManager().active() ?? ROOT_CONTEXT);
    expect(openSpans(10).oldest.map(({ span: open, library }) => [open?.name, library?.name])).toEqual([['SELECT', 'pg']]);
    query.end();
    query.end();
    expect(names()).toEqual([]);
  });

  it('tells them by their start, also where a place is taken again', () => {
    const [first, second, third] = [1, 2, 3].map((startMono) => ({ startMono, openAt: NOT_LISTED }) as OpenScope) as [OpenScope, OpenScope, OpenScope];
    for (const one of [third, first]) listOpen(one);
    unlistOpen(third);
    unlistOpen(third);
    for (const one of [second, third]) listOpen(one);
    expect(openSpans(10)).toEqual({ oldest: [first, second, third], count: 3 });
    expect(openSpans(2).oldest).toEqual([first, second]);
    for (const one of [first, second, third]) unlistOpen(one);
    expect(openSpans(10)).toEqual({ oldest: [], count: 0 });
  });

  it('holds no more than its bound and counts the rest', () => {
    const open = Array.from({ length: MAX_LISTED + 5 }, () => ({ startMono: 0, openAt: NOT_LISTED }) as OpenScope);
    for (const one of open) listOpen(one);
    expect(openSpans(MAX_LISTED * 2).count).toBe(MAX_LISTED + 5);
    expect(openSpans(MAX_LISTED * 2).oldest).toHaveLength(MAX_LISTED);
    expect(openSpans(3).oldest).toHaveLength(3);
    for (const one of open) unlistOpen(one);
  });
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
