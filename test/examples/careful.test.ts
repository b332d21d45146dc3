import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { placeDeclined, placeOne } from '../../examples/checkout/src/demo/drive.ts';
import { buildExample, type Example, startExample } from './services.ts';

let example: Example;
let dir: string;

beforeAll(async () => {
  await buildExample();
  dir = await mkdtemp(join(tmpdir(), 'sonde-careful-'));
  example = await startExample({ SONDE_DIR: dir, CHECKOUT_DIR: dir });
});
afterAll(async () => {
  await example?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** The value of one series on the page. */
async function value(series: string): Promise<number> {
  const page = await (await fetch(`${example.admin}/metrics`)).text();
  return Number(
    page
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length),
  );
}

it('a declined card is not tried again and does not open the breaker', async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => placeDeclined(example.app)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([402]));
  expect(await value('resilience4j_circuitbreaker_calls_seconds_count{name="payments",kind="ignored"}')).toBe(30);
  expect(await value('resilience4j_circuitbreaker_state{name="payments",state="closed"}')).toBe(1);
  expect(await value('resilience4j_retry_calls_total{name="payments",kind="failed_without_retry"}')).toBe(30);
});

it('without payments orders are refused, and all else goes on', async () => {
  const placed = await placeOne(example.app);
  expect(placed.status).toBe(201);
  example.payments.kill('SIGKILL');
  const answers = [];
  for (let i = 0; i < 8; i++) answers.push(await placeOne(example.app));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(503));
  expect(answers[0]?.body).toContain('orders/payments-failed');
  expect(answers.filter(({ body }) => body.includes('sonde/breaker-open')).length).toBeGreaterThan(0);
  expect(new Set(answers.map(({ errorId }) => errorId)).size).toBe(8);
  expect(await value('resilience4j_circuitbreaker_transitions_total{name="payments",state="open"}')).toBeGreaterThan(0);
  const { id } = JSON.parse(placed.body) as { id: string };
  expect((await fetch(`${example.app}/orders/${id}`)).status).toBe(200);
  expect((await fetch(`${example.admin}/readyz`)).status).toBe(200);
});
