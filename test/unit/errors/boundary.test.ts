import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { boundary } from '../../../src/errors/boundary.ts';
import { BoundaryError } from '../../../src/errors/boundary-error.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { defineError } from '../../../src/errors/define-error.ts';
import { type Journal, openJournal } from '../../../src/errors/journal.ts';
import { readJournal } from '../../../src/errors/journal-reader.ts';
import { problem } from '../../../src/errors/problem.ts';
import { report } from '../../../src/errors/report.ts';

let dir: string;
let journal: Journal;
let undo: () => void;
const records = (): readonly ErrorRecord[] => readJournal(journal.path).records;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-boundary-'));
  journal = openJournal(dir);
  undo = configureErrors({ journal });
});
afterEach(() => {
  undo();
  journal.close();
  rmSync(dir, { recursive: true, force: true });
});

function caught(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}

const throwing = (error: unknown) => (): never => {
  throw error;
};

describe('boundary', () => {
  it('follows what is no promise of the language: a lazy query stays itself, and a promise keeps what hangs on it', async () => {
    let started = 0;
    const query = {
      limit: (n: number) => n,
      then(_done: unknown, failed: (error: unknown) => unknown): unknown {
        started++;
        return Promise.reject(new Error('no such table')).catch(failed);
      },
    };
    const given = boundary('payments')(() => query)();
    expect([given, started]).toEqual([query, 0]);
    await expect(Promise.resolve(given as unknown as Promise<never>)).rejects.toMatchObject({ boundary: 'payments', message: 'no such table' });
    class Lazy<T> extends Promise<T> {}
    const lazy = boundary('payments')(() => Lazy.reject(new Error('lazy')))();
    expect(lazy).toBeInstanceOf(Lazy);
    await expect(lazy).rejects.toBeInstanceOf(BoundaryError);
    await expect(lazy.catch((error) => error.boundary)).resolves.toBe('payments');
    const child = boundary('payments')(() => Object.assign(Promise.reject(new Error('exit 1')), { pid: 7 }))();
    expect(child.pid).toBe(7);
    await expect(child).rejects.toBeInstanceOf(BoundaryError);
    const frozen = Object.freeze({ then: (_done: unknown, failed: (error: unknown) => void) => failed(new Error('frozen')) });
    expect(boundary('payments')(() => frozen)()).toBe(frozen);
  });

  it('wraps a foreign error once, with its cause, and reports it as a bug of the module', () => {
    const foreign = new TypeError('x is not a function');
    const error = caught(boundary('payments')(throwing(foreign))) as BoundaryError;
    expect(error).toBeInstanceOf(BoundaryError);
    expect(error).toMatchObject({ name: 'BoundaryError', boundary: 'payments', code: 'payments/unexpected', message: 'x is not a function', cause: foreign });
    expect(records()).toHaveLength(1);
    expect(records()[0]).toMatchObject({
      'sonde.error.boundary': 'payments',
      'sonde.error.mechanism': 'boundary',
      'sonde.error.handled': false,
      'sonde.error.kind': 'bug',
      'error.type': 'payments/unexpected',
      'sonde.error.chain': ['payments/unexpected', 'TypeError'],
    });
    expect(records()[0]?.['exception.stacktrace']).toMatch(/\nCaused by: TypeError: x is not a function\n/);
    expect(report(error).id).toBe(report(foreign).id);
    expect(records()).toHaveLength(1);
  });

  it('tells the user nothing of the module', () => {
    const answer = problem(caught(boundary('payments')(throwing(new Error('no')))));
    expect(JSON.stringify(answer)).not.toContain('payments');
    expect(answer).toMatchObject({ type: 'about:blank', status: 500 });
  });

  const Own = defineError('payments/declined', { status: 402 });
  const OwnBug = defineError('payments/broken', { kind: 'bug' });
  const Other = defineError('orders/unknown', { status: 404 });
  const OtherBug = defineError('orders/broken', { kind: 'bug' });
  it.each([
    ["the module's own error", new Own('x')],
    ["the module's own bug", new OwnBug('x')],
    ['a known edge case of a module below', new Other('x')],
    ['a cancellation', new DOMException('gone', 'AbortError')],
    ['what a boundary wrapped before', new BoundaryError('bank', new Error('x'))],
  ])('keeps %s as it is', (_what, error) => {
    expect(caught(boundary('payments')(throwing(error)))).toBe(error);
    expect(records()).toHaveLength(0);
  });

  it.each([
    ['an error', new Error('x')],
    ["another module's bug", new OtherBug('x')],
    ['a frozen error', Object.freeze(new Error('x'))],
    ['a text', 'boom'],
    ['nothing', undefined],
  ])('wraps %s', (_what, error) => {
    expect(caught(boundary('payments')(throwing(error)))).toMatchObject({ boundary: 'payments', cause: error });
  });

  it('gives the same wrapper for the same failure', () => {
    const charge = boundary('payments')(throwing(new Error('cached')));
    expect(caught(charge)).toBe(caught(charge));
    expect(caught(boundary('checkout')(charge))).toBe(caught(charge));
  });

  it('follows promises and keeps sync functions sync', async () => {
    const guard = boundary('payments');
    expect(guard((a: number, b: number) => a + b)(1, 2)).toBe(3);
    expect(await guard(async (a: number) => a)(1)).toBe(1);
    await expect(guard(async () => Promise.reject(new Error('later')))()).rejects.toMatchObject({ boundary: 'payments', message: 'later' });
  });

  it('follows generators', async () => {
    const guard = boundary('payments');
    const numbers = guard(function* () {
      yield 1;
      throw new Error('in the middle');
    })();
    expect(numbers.next()).toEqual({ value: 1, done: false });
    expect(caught(() => numbers.next())).toMatchObject({ boundary: 'payments' });
    const later = guard(async function* () {
      yield 1;
      throw new Error('later');
    })();
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const value of later) seen.push(value);
      })(),
    ).rejects.toMatchObject({ boundary: 'payments' });
    expect(seen).toEqual([1]);
  });

  it('keeps name, length and this', () => {
    const shop = {
      plan: 'pro',
      charge: boundary('payments')(function charge(this: { plan: string }, _a: number, _b: number) {
        return this.plan;
      }),
    };
    expect([shop.charge.name, shop.charge.length, shop.charge(1, 2)]).toEqual(['charge', 2, 'pro']);
  });

  it('stands on a class: methods, static ones, accessors', async () => {
    @boundary('payments')
    class Payments {
      static load(): never {
        throw new Error('static');
      }
      get balance(): number {
        throw new Error('getter');
      }
      async charge(): Promise<never> {
        throw new Error('method');
      }
      refund(): never {
        throw new Own('declined');
      }
    }
    const payments = new Payments();
    expect(payments).toBeInstanceOf(Payments);
    expect(caught(() => Payments.load())).toMatchObject({ boundary: 'payments', message: 'static' });
    expect(caught(() => payments.balance)).toMatchObject({ boundary: 'payments', message: 'getter' });
    await expect(payments.charge()).rejects.toMatchObject({ boundary: 'payments', message: 'method' });
    expect(caught(() => payments.refund())).toBeInstanceOf(Own);
  });

  it('stands on a method', () => {
    class Payments {
      @boundary('payments')
      charge(): never {
        throw new Error('no');
      }
    }
    expect(caught(() => new Payments().charge())).toBeInstanceOf(BoundaryError);
  });

  it.each(['', 'has space', 'a/', 'x'.repeat(61), 7 as unknown as string])('refuses the name %j', (name) => {
    expect(() => boundary(name)).toThrow(/^Cannot make the boundary/);
  });

  it('is known across copies of the package', async () => {
    const copy = (await import(
      /* @vite-ignore */ new URL('../../../src/errors/boundary-error.ts?copy=2', import.meta.url).href
    )) as typeof import('../../../src/errors/boundary-error.ts');
    expect(copy.BoundaryError).not.toBe(BoundaryError);
    const theirs = new copy.BoundaryError('bank', new Error('x'));
    expect(theirs).toBeInstanceOf(BoundaryError);
    expect(caught(boundary('payments')(throwing(theirs)))).toBe(theirs);
    expect(new Error('x')).not.toBeInstanceOf(BoundaryError);
  });
});
