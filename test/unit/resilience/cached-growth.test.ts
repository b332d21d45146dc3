import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { currentScope, type Scope } from '../../../src/core/scope.ts';
import { cached } from '../../../src/resilience/cached.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

it('what is kept holds no scope of a caller', async () => {
  const load = cached(async (key: string) => key);
  const scopes: WeakRef<Scope>[] = [];
  const request = (key: string): Promise<string> =>
    bind({ request: key }, () => {
      scopes.push(new WeakRef(currentScope()));
      return load(key);
    });
  for (let i = 0; i < 100; i++) await request(`key ${i}`);
  await new Promise((resolve) => setImmediate(resolve));
  gc();
  expect([load.size, await load('key 5')]).toEqual([100, 'key 5']);
  // The last ones may still be on the stack.
  expect(scopes.filter((scope) => scope.deref() !== undefined).length).toBeLessThan(10);
});

it('a function that nobody holds takes its results with it', async () => {
  const made = (): WeakRef<object> => {
    const result = {};
    cached('short-lived', () => result)();
    return new WeakRef(result);
  };
  const results = Array.from({ length: 20 }, made);
  await new Promise((resolve) => setImmediate(resolve));
  gc();
  expect(results.filter((result) => result.deref() !== undefined).length).toBeLessThan(5);
});
