import { expect, it } from 'vitest';
import { oneATurn } from '../../../src/pipeline/worker/one-a-turn.ts';

it('does one task a turn, in order, and lets others in between', async () => {
  const work = oneATurn();
  const seen: string[] = [];
  let turns = 0;
  const watch = (): void => {
    seen.push('other');
    if (++turns < 6) setImmediate(watch);
  };
  work(() => {
    seen.push('first');
    work(() => seen.push('third'));
  });
  work(() => seen.push('second'));
  setImmediate(watch);
  while (turns < 6) await new Promise((resolve) => setImmediate(resolve));
  expect(seen.filter((name) => name !== 'other')).toEqual(['first', 'second', 'third']);
  expect(seen.join(' ')).toMatch(/first (?:other )+second (?:other )+third/);
});

it('goes on after a task that throws', async () => {
  const work = oneATurn();
  const caught: unknown[] = [];
  const former = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (error) => caught.push(error));
  const done = new Promise<void>((resolve) => {
    work(() => {
      throw new Error('a task failed');
    });
    work(resolve);
  });
  await done;
  for (const listener of former) process.on('uncaughtException', listener);
  expect(caught).toHaveLength(1);
});
