import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isCancellation } from '../../../src/core/cancelled.ts';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { deadline, isAborted, narrowLimit, signal, withSignal } from '../../../src/core/limit.ts';
import { type Limit, ROOT, runInScope, Scope } from '../../../src/core/scope.ts';

let restore: () => void;
beforeEach(() => {
  restore = useClock({ ...systemClock, now: () => 1_000_000, mono: () => 500 });
});
afterEach(() => restore());

function under<T>(deadlineMs: number, abort: AbortSignal, fn: () => T): T {
  const scope = new Scope(ROOT);
  scope.limit = { deadlineMs, signal: abort };
  return runInScope(scope, fn);
}

describe('deadline', () => {
  it('says what is left, and when it ends', () => {
    expect(under(750, new AbortController().signal, deadline)).toEqual({ leftMs: 250, at: new Date(1_000_250) });
  });
  it('is not below 0', () => {
    expect(under(100, new AbortController().signal, deadline)?.leftMs).toBe(0);
  });
  it('is absent without one, or with a signal only', () => {
    expect([deadline(), withSignal(new AbortController().signal, deadline)]).toEqual([undefined, undefined]);
  });
});

describe('signal', () => {
  it('is absent without a limit', () => {
    expect(signal()).toBeUndefined();
  });
  it('follows both the outer and the inner one', () => {
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()] as const;
      withSignal(controllers[0].signal, () =>
        withSignal(controllers[1].signal, () => {
          expect(signal()?.aborted).toBe(false);
          (controllers[which as 0] as AbortController).abort(`by ${which}`);
          expect([signal()?.aborted, signal()?.reason]).toEqual([true, `by ${which}`]);
        }),
      );
    }
  });
});

describe('narrowLimit', () => {
  it('keeps the earlier deadline', () => {
    const { signal: abort } = new AbortController();
    const outer = narrowLimit(undefined, 300, abort);
    expect([outer.deadlineMs, outer.signal]).toEqual([300, abort]);
    expect([narrowLimit(outer, 200, abort).deadlineMs, narrowLimit(outer, 400, abort).deadlineMs]).toEqual([200, 300]);
  });
});

describe('a signal that need not exist', () => {
  const lazy = () => {
    let asked = 0;
    const { signal: abort } = new AbortController();
    const limit: Limit = {
      deadlineMs: 900,
      get isAsked() {
        return asked > 0;
      },
      get signal() {
        asked++;
        return abort;
      },
    };
    return { limit, asked: () => asked };
  };
  it('is not made by a limit around which another is put, until that is asked', () => {
    const { limit, asked } = lazy();
    const inner = narrowLimit(limit, 800, new AbortController().signal);
    expect([inner.deadlineMs, asked()]).toEqual([800, 0]);
    expect(inner.signal).toBe(inner.signal);
    expect(asked()).toBe(1);
  });
  it('is not made to tell whether it aborted, or whether an error says so', () => {
    const { limit, asked } = lazy();
    const scope = new Scope(ROOT);
    scope.limit = limit;
    expect([isAborted(limit), isCancellation(scope, new Error('no')), isCancellation(scope, new DOMException('gone', 'AbortError'))]).toEqual([
      false,
      false,
      true,
    ]);
    expect(asked()).toBe(0);
    expect(isAborted({ deadlineMs: 900, signal: AbortSignal.abort() })).toBe(true);
  });
});

describe('signals that live long', () => {
  it('get one listener, however many calls run under them, and joined ones none', () => {
    const outer = new AbortController();
    const inner = new AbortController();
    const joined = new Set<AbortSignal>();
    for (let i = 0; i < 100; i++) withSignal(outer.signal, () => withSignal(inner.signal, () => joined.add(signal() as AbortSignal)));
    expect([outer.signal, inner.signal].map((one) => getEventListeners(one, 'abort').length)).toEqual([1, 1]);
    expect([...joined].every((one) => getEventListeners(one, 'abort').length === 0)).toBe(true);
  });

  it('tell when the first of them aborted', () => {
    const outer = new AbortController();
    const inner = new AbortController();
    const limit = narrowLimit(narrowLimit(undefined, 1_000, outer.signal), 1_000, inner.signal);
    expect(limit.abortedMono).toBeUndefined();
    outer.abort();
    expect([limit.signal.aborted, limit.abortedMono]).toEqual([true, 500]);
  });
});
