import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { functionDefs } from '../../../src/core/function-def.ts';
import { currentScope, type Scope } from '../../../src/core/scope.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordSpans } from './recorder.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

let seen: ReturnType<typeof recordSpans>;
beforeEach(() => {
  seen = recordSpans();
});
afterEach(() => seen.stop());

it('calls nest 1,000 deep, each below the one around it', () => {
  const down = traced('down', (left: number): number => (left === 0 ? 0 : 1 + down(left - 1)));
  expect(down(999)).toBe(999);
  expect(seen.spans).toHaveLength(1_000);
  // The innermost one ends first.
  for (let i = 0; i < 999; i++) expect(seen.spans[i]?.parent).toBe(seen.spans[i + 1]?.id);
  expect(new Set(seen.spans.map(({ trace }) => trace)).size).toBe(1);
});

it('asynchronous calls nest 1,000 deep too', async () => {
  const down = traced('down', async (left: number): Promise<number> => {
    await undefined;
    return left === 0 ? 0 : 1 + (await down(left - 1));
  });
  expect(await down(999)).toBe(999);
  for (let i = 0; i < 999; i++) expect(seen.spans[i]?.parent).toBe(seen.spans[i + 1]?.id);
});

it('10,000 calls under way keep apart', async () => {
  const work = traced('work', async (n: number) => {
    const { span } = currentScope();
    await undefined;
    await new Promise((resolve) => setImmediate(resolve));
    return [currentScope().span === span, n] as const;
  });
  const results = await Promise.all(Array.from({ length: 10_000 }, (_, i) => work(i)));
  expect(results.every(([same, n], i) => same && n === i)).toBe(true);
  expect(new Set(seen.spans.map(({ id }) => id)).size).toBe(10_000);
});

it('a scope does not hold the scopes that it came from', async () => {
  const first: WeakRef<Scope>[] = [];
  const step = traced('step', (left: number, done: () => void): void => {
    if (first.length === 0) first.push(new WeakRef(currentScope()));
    if (left === 0) done();
    else setTimeout(() => step(left - 1, done), 0);
  });
  // A chain of timers, as a poll that never ends.
  await new Promise<void>((resolve) => step(20, resolve));
  for (let i = 0; i < 20 && first[0]?.deref() !== undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    gc();
  }
  expect(first[0]?.deref()).toBeUndefined();
});

it('wrapping a closure again and again does not add functions', () => {
  const before = functionDefs().length;
  for (let i = 0; i < 1_000; i++) traced('closure', () => i)();
  expect(functionDefs().length - before).toBe(1);
});

it('the stack of an error still tells who awaited whom', async () => {
  const inner = traced(async function inner() {
    await undefined;
    throw new Error('deep');
  });
  const middle = traced(async function middle() {
    return await inner();
  });
  const handler = async (): Promise<void> => {
    await middle();
  };
  const error = await handler().catch((thrown: Error) => thrown);
  expect((error as Error).stack).toMatch(/at inner.*\n.*at (?:async )?middle.*\n.*at (?:async )?handler/);
});
