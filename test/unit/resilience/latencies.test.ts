import { expect, it } from 'vitest';
import { HedgeBudget } from '../../../src/resilience/hedge-budget.ts';
import { Latencies } from '../../../src/resilience/latencies.ts';

it('says nothing of too few calls', () => {
  const latencies = new Latencies();
  for (let i = 1; i < 20; i++) latencies.add(i);
  expect(latencies.quantile(0.95)).toBeUndefined();
  latencies.add(20);
  expect([latencies.quantile(0.5), latencies.quantile(0.95), latencies.quantile(0.99)]).toEqual([10, 19, undefined]);
});

it('forgets what is long ago', () => {
  const latencies = new Latencies();
  for (let i = 0; i < 256; i++) latencies.add(1_000);
  for (let i = 0; i < 256; i++) latencies.add(i % 100);
  expect(latencies.quantile(0.99)).toBe(98);
});

it('a budget is a share of the calls, and some at once', () => {
  const budget = new HedgeBudget(0.1);
  let taken = 0;
  while (budget.take()) taken++;
  expect(taken).toBe(10);
  for (let i = 0; i < 1_000; i++) {
    budget.called();
    if (budget.take()) taken++;
  }
  expect(taken).toBe(110);
  for (let i = 0; i < 1_000; i++) budget.called();
  while (budget.take()) taken++;
  expect(taken).toBe(120);
});
