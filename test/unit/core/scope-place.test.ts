import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { currentScope, ROOT, runInScope, Scope, storage } from '../../../src/core/scope.ts';
import { enterScope, findScopePlace, leaveScope, scopeAt, scopePlace } from '../../../src/core/scope-place.ts';

beforeAll(findScopePlace);

/** What the hot path does around a call. */
function within<T>(scope: Scope, fn: () => T): T {
  const place = scopePlace();
  const former = scopeAt(place);
  const entered = enterScope(place, scope);
  try {
    return fn();
  } finally {
    leaveScope(place, former, entered);
  }
}

it('is found on this Node', () => {
  // Where it is not, everything works as slowly as the public methods of the storage.
  const [place, entered] = runInScope(new Scope(), () => [scopePlace(), enterScope(scopePlace(), new Scope())]);
  expect(place).toBeDefined();
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major >= 24) expect(entered).toBeDefined();
});

it('is what the storage itself says, nested, over asynchronous work and after it', async () => {
  const [outer, inner] = [new Scope(), new Scope()];
  const later = within(outer, () => {
    expect([currentScope(), scopeAt(scopePlace())]).toEqual([outer, outer]);
    const below = within(inner, async () => {
      expect(currentScope()).toBe(inner);
      await sleep(1);
      return currentScope();
    });
    expect(currentScope()).toBe(outer);
    return below;
  });
  expect(currentScope()).toBe(ROOT);
  expect(await later).toBe(inner);
  expect(currentScope()).toBe(ROOT);
});

it('timers, ticks and immediates begin in the scope that made them', async () => {
  const scope = new Scope();
  const seen = await within(scope, () =>
    Promise.all([
      new Promise((resolve) => setTimeout(() => resolve(currentScope()), 1)),
      new Promise((resolve) => setImmediate(() => resolve(currentScope()))),
      new Promise((resolve) => process.nextTick(() => resolve(currentScope()))),
      new Promise((resolve) => queueMicrotask(() => resolve(currentScope()))),
    ]),
  );
  expect(seen.every((one) => one === scope)).toBe(true);
});

it('leaves the stores of others as they are, above and below', async () => {
  const other = new AsyncLocalStorage<string>();
  const [a, b] = [new Scope(), new Scope()];
  const late = other.run('low', () =>
    within(a, () => {
      expect(other.getStore()).toBe('low');
      const above = other.run('high', () => {
        expect([currentScope(), other.getStore()]).toEqual([a, 'high']);
        return within(b, async () => {
          await sleep(1);
          return [currentScope(), other.getStore()];
        });
      });
      expect([currentScope(), other.getStore()]).toEqual([a, 'low']);
      return above;
    }),
  );
  expect([currentScope(), other.getStore()]).toEqual([ROOT, undefined]);
  expect(await late).toEqual([b, 'high']);
});

it('what was entered inside of it by others outlives it, as without it', () => {
  const other = new AsyncLocalStorage<string>();
  runInScope(new Scope(), () => {
    within(new Scope(), () => other.enterWith('kept'));
    expect(other.getStore()).toBe('kept');
  });
});

it('a storage that is disabled forgets only its own', () => {
  const other = new AsyncLocalStorage<string>();
  const scope = new Scope();
  other.run('low', () =>
    within(scope, () => {
      other.disable();
      expect([currentScope(), other.getStore()]).toEqual([scope, undefined]);
    }),
  );
});

it('takes the scope that somebody entered by the storage', () => {
  const [first, second, third] = [new Scope(), new Scope(), new Scope()];
  within(first, () => {
    storage.run(second, () => {
      expect(scopeAt(scopePlace())).toBe(second);
      within(third, () => expect(currentScope()).toBe(third));
      expect(currentScope()).toBe(second);
    });
    expect(currentScope()).toBe(first);
  });
});
