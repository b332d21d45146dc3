import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bind, bound } from '../../../src/core/bind.ts';
import { currentScope, mergeValues, ROOT, runInScope, Scope, SPAN_KEY, type SpanLike } from '../../../src/core/scope.ts';

const KEY = Symbol('key');

describe('Scope', () => {
  it('is an immutable context: values by key, the span by its own', () => {
    const span = {} as SpanLike;
    const inner = ROOT.setValue(KEY, 1).setValue(SPAN_KEY, span);
    expect([inner.getValue(KEY), inner.getValue(SPAN_KEY), inner.span]).toEqual([1, span, span]);
    const without = inner.deleteValue(KEY).deleteValue(SPAN_KEY);
    expect([without.getValue(KEY), without.span]).toEqual([undefined, undefined]);
    expect([inner.getValue(KEY), ROOT.getValue(KEY), ROOT.span]).toEqual([1, undefined, undefined]);
  });

  it('inherits everything from its parent', () => {
    const parent = ROOT.setValue(KEY, 1);
    parent.values = { a: 1 };
    const child = new Scope(parent);
    expect([child.getValue(KEY), child.values, child.span, child.limit]).toEqual([1, { a: 1 }, undefined, undefined]);
  });
});

describe('runInScope', () => {
  it('holds over asynchronous work and ends with the function', async () => {
    const scope = new Scope();
    expect(currentScope()).toBe(ROOT);
    const later = runInScope(scope, async () => {
      await sleep(1);
      return currentScope();
    });
    expect(currentScope()).toBe(ROOT);
    expect(await later).toBe(scope);
  });

  it('ends when the function throws', () => {
    expect(() =>
      runInScope(new Scope(), () => {
        throw new Error('out');
      }),
    ).toThrow('out');
    expect(currentScope()).toBe(ROOT);
  });
});

describe('bind', () => {
  it('holds for the function, inherits, and the inner value wins', () => {
    bind({ a: 1, b: 1 }, () => {
      bind({ b: 2, c: undefined }, () => expect({ ...bound() }).toEqual({ a: 1, b: 2 }));
      expect({ ...bound() }).toEqual({ a: 1, b: 1 });
    });
    expect(bound()).toEqual({});
  });

  it('gives what the function gives', () => {
    expect(bind({ a: 1 }, () => 7)).toBe(7);
  });

  it('without a function holds to the end of the call it stands in', () => {
    bind({ a: 1 }, () => {
      bind({ b: 2 });
      expect({ ...bound() }).toEqual({ a: 1, b: 2 });
    });
    expect(bound()).toEqual({});
  });

  it('without a function at the root holds for the asynchronous flow, not for others', async () => {
    const flow = async (id: number): Promise<unknown> => {
      await sleep(0);
      bind({ id });
      await sleep(1);
      return bound().id;
    };
    expect(await Promise.all([flow(1), flow(2)])).toEqual([1, 2]);
    expect(ROOT.values).toBeUndefined();
  });
});

describe('mergeValues', () => {
  it('has no prototype: no name is special', () => {
    const merged = mergeValues(undefined, JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>);
    expect(Object.getPrototypeOf(merged)).toBeNull();
    expect(Object.entries(merged)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});
