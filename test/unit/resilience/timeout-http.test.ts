import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deadline, signal } from '../../../src/core/limit.ts';
import { ROOT } from '../../../src/core/scope.ts';
import { watchHttp } from '../../../src/http/watch.ts';
import { TimedOut, timeout } from '../../../src/resilience/timeout.ts';
import { httpSpans } from '../../../src/runtime/http-spans.ts';
import { MemorySpans } from '../../../src/testing/memory-spans.ts';
import { createNativeEngine } from '../../../src/trace/engine/native.ts';

const closers: (() => void)[] = [];
beforeEach(() => {
  closers.push(watchHttp({ spans: httpSpans(createNativeEngine({ output: new MemorySpans() }), { extract: () => ROOT, inject() {} }) }));
});
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

async function serve(handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
/** Answers with the time that the request says it has, in ms. */
const told = (req: IncomingMessage, res: ServerResponse): unknown => res.end(req.headers['x-request-timeout-ms']);
const ask = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
  Number(await (await fetch(url, { headers, signal: signal() ?? null })).text());

it('a request tells the time that the call has left', async () => {
  const url = await serve(told);
  const leftMs = await timeout('1m', ask)(url);
  expect(leftMs).toBeGreaterThan(0);
  expect(leftMs).toBeLessThanOrEqual(60_000);
});

it('the time that a request brings and the limit in its handler hold both', async () => {
  const back = await serve(told);
  const limited = timeout('10m', ask);
  const front = await serve(async (_req, res) => res.end(JSON.stringify([deadline()?.leftMs, await limited(back)])));
  const answer = await fetch(front, { headers: { 'x-request-timeout-ms': '60000' } });
  const [outer, inner] = (await answer.json()) as [number, number];
  expect(outer).toBeLessThanOrEqual(60_000);
  expect(inner).toBeLessThanOrEqual(Math.ceil(outer));
});

it('a request that hangs is given up with the call', async () => {
  let closed: () => void;
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const url = await serve((_req, res) => res.on('close', () => closed()));
  await expect(timeout('300ms', ask)(url)).rejects.toBeInstanceOf(TimedOut);
  await isClosed;
});
