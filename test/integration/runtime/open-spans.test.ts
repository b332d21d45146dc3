import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { logger, type Sonde, start, traced } from 'sonde';
import { afterAll, beforeAll, expect, it } from 'vitest';

let dir: string;
let sonde: Sonde;
const server = createServer((request, response) => sonde.admin(request, response));
let base: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-open-'));
  sonde = await start({ service: 'open', dir, logs: { format: 'json', level: 'off', levels: { orders: 'info' } } });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

interface Row {
  readonly name: string;
  readonly ageMs: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly isSlow: boolean;
}

async function active(): Promise<Row[]> {
  const { active: rows } = (await (await fetch(`${base}/debug/traces?format=json`)).json()) as { active: Row[] };
  return rows;
}

it('finds the call that never ends, with its trace and the log lines in it, and lets go of it when it ends after all', async () => {
  let answer: (() => void) | undefined;
  const query = traced('db.query <script>', async (isHanging: boolean) => {
    if (!isHanging) return;
    logger('orders').info('asking the database');
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
  });
  for (let i = 0; i < 200; i++) await query(false);
  const hanging = query(true);
  const forgotten = trace.getTracer('pg').startSpan('SELECT');
  // Until it takes longer than its other calls did.
  await expect.poll(async () => (await active()).find(({ name }) => name.startsWith('db.query'))?.isSlow).toBe(true);

  const rows = await active();
  const row = rows.find(({ name }) => name === 'db.query <script>') as Row;
  expect(row.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(row.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(row.ageMs).toBeGreaterThan(0);
  expect(rows.find(({ name }) => name === 'SELECT')).toMatchObject({ detail: 'pg', spanId: forgotten.spanContext().spanId });

  const page = await (await fetch(`${base}/debug/traces`)).text();
  expect(page).toContain('db.query &lt;script&gt; (slow)');
  expect(page).not.toContain('<script>');

  await sonde.flush({ within: '60s' });
  const one = (await (await fetch(`${base}/debug/traces/${row.traceId}?format=json`)).json()) as { open: Row[]; logs: { message: string }[] };
  expect(one.open.map(({ spanId }) => spanId)).toEqual([row.spanId]);
  expect(one.logs.map(({ message }) => message)).toEqual(['asking the database']);

  answer?.();
  await hanging;
  forgotten.end();
  expect((await active()).filter(({ name }) => name.startsWith('db.query') || name === 'SELECT')).toEqual([]);
});
