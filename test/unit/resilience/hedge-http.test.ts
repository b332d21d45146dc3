import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { signal, withSignal } from '../../../src/core/limit.ts';
import { cached } from '../../../src/resilience/cached.ts';
import { hedge } from '../../../src/resilience/hedge.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server whose requests are answered by the test. */
async function serve() {
  const requests: { readonly res: ServerResponse; readonly isClosed: Promise<void> }[] = [];
  let onRequest = (): void => {};
  const server = createServer((_req, res) => {
    requests.push({ res, isClosed: new Promise((resolve) => res.on('close', resolve)) });
    onRequest();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { signal: signal() ?? null })).text();
  const arrived = async (count: number): Promise<void> => {
    while (requests.length < count) {
      await new Promise<void>((resolve) => {
        onRequest = resolve;
      });
    }
  };
  return { ask, arrived, requests };
}

it('the request that lost is closed', async () => {
  const { ask, arrived, requests } = await serve();
  const given = hedge({ after: '20ms' }, ask)();
  await arrived(2);
  requests[1]?.res.end('second');
  expect(await given).toBe('second');
  await requests[0]?.isClosed;
});

it('a shared request is closed when all callers are gone, and no sooner', async () => {
  const { ask, arrived, requests } = await serve();
  const load = cached(ask);
  const callers = [new AbortController(), new AbortController()];
  const all = callers.map((caller) => withSignal(caller.signal, () => load()).catch((error: Error) => error.message));
  await arrived(1);
  callers[0]?.abort(new Error('first gone'));
  expect([await all[0], requests[0]?.res.closed]).toEqual(['first gone', false]);
  callers[1]?.abort(new Error('second gone'));
  expect(await all[1]).toBe('second gone');
  await requests[0]?.isClosed;
  expect(requests).toHaveLength(1);
});
