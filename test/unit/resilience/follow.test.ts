import { describe, expect, it } from 'vitest';
import { follow, isThenable } from '../../../src/resilience/follow.ts';

/** What `follow` told, and what the caller got. */
function watched(run: () => unknown): { told: unknown[]; result: unknown } {
  const told: unknown[] = [];
  let result: unknown;
  try {
    result = follow(
      run,
      (value) => told.push(['value', value]),
      (error) => told.push(['error', error]),
    );
  } catch (error) {
    result = { thrown: error };
  }
  return { told, result };
}

describe('follow', () => {
  it('tells at once what a synchronous call gives, and gives that itself', () => {
    const object = {};
    const { told, result } = watched(() => object);
    expect([told, result]).toEqual([[['value', object]], object]);
    expect(result).toBe(object);
  });

  it('tells what is thrown, and throws that itself', () => {
    const error = new Error('no');
    const { told, result } = watched(() => {
      throw error;
    });
    expect([told, result]).toEqual([[['error', error]], { thrown: error }]);
  });

  it('tells the outcome of a promise before the caller has it', async () => {
    const { told, result } = watched(async () => 7);
    expect(told).toEqual([]);
    expect(await result).toBe(7);
    expect(told).toEqual([['value', 7]]);
    const error = new Error('no');
    const failed = watched(() => Promise.reject(error));
    await expect(failed.result).rejects.toBe(error);
    expect(failed.told).toEqual([['error', error]]);
  });

  it('makes a promise of a thenable, and calls its then once', async () => {
    let began = 0;
    const query: PromiseLike<string> = {
      then: (done, failed) => {
        began++;
        return Promise.resolve('rows').then(done, failed);
      },
    };
    const { told, result } = watched(() => query);
    expect(result).toBeInstanceOf(Promise);
    expect([await result, began, told]).toEqual(['rows', 1, [['value', 'rows']]]);
  });

  it('leaves on a promise what hangs on it, as on those of promisify(exec)', async () => {
    const child = { pid: 1 };
    const { result } = watched(() => Object.assign(Promise.resolve('out'), { child }));
    expect((result as { child?: unknown }).child).toBe(child);
    expect(await result).toBe('out');
  });

  it('has no rejection of its own beside the one that the caller gets', async () => {
    const unhandled: unknown[] = [];
    const take = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', take);
    const { result } = watched(() => Promise.reject(new Error('handled')));
    await expect(result).rejects.toThrow('handled');
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', take);
    expect(unhandled).toEqual([]);
  });
});

it.each<[unknown, boolean]>([
  [Promise.resolve(), true],
  [{ then() {} }, true],
  [Object.assign(() => {}, { then() {} }), true],
  [{ then: 1 }, false],
  [null, false],
  [undefined, false],
  ['then', false],
])('isThenable(%s) is %s', (value, is) => {
  expect(isThenable(value)).toBe(is);
});
