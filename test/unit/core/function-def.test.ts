import { expect, it } from 'vitest';
import { defineFunction, functionDefs, watchFunctionDefs } from '../../../src/core/function-def.ts';

it('gives the same definition for the same name at the same place', () => {
  const first = defineFunction('handler', 'm', 'm.ts:7');
  expect(defineFunction('handler', 'm', 'm.ts:7')).toBe(first);
  expect(new Set([first, defineFunction('handler', 'm', 'm.ts:8'), defineFunction('other', 'm', 'm.ts:7'), defineFunction('handler', 'm')]).size).toBe(4);
});

it('gives dense IDs, and tells a watcher of all there are and all to come', () => {
  const before = functionDefs().length;
  const first = defineFunction('a', 'm', 'm.ts:1');
  expect(first).toEqual({ id: before, name: 'a', module: 'm', site: 'm.ts:1', active: 0, cell: undefined, slo: undefined });
  const seen: string[] = [];
  const stop = watchFunctionDefs((def) => seen.push(def.name));
  defineFunction('b', 'm');
  stop();
  defineFunction('c', 'm');
  expect(seen).toEqual([
    ...functionDefs()
      .slice(0, before)
      .map(({ name }) => name),
    'a',
    'b',
  ]);
  expect(functionDefs()[before + 2]?.name).toBe('c');
});
