import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { EventEmitter, on, once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { setInterval as every, setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel, MessageChannel, Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HandleInfo } from '../../../src/handles/handle-info.ts';
import { installHandles } from '../../../src/handles/install.ts';
import { handleCounts, listHandles } from '../../../src/handles/list-handles.ts';
import { watermark } from '../../../src/handles/registry.ts';
import { startLoopWatchdog } from '../../../src/resilience/loop-watchdog.ts';
import { openAdminServer } from '../../../src/runtime/admin-server.ts';

const HERE = fileURLToPath(import.meta.url);
let uninstall: () => void;
beforeAll(() => {
  uninstall = installHandles();
});
afterAll(() => uninstall());

interface Case {
  readonly name: string;
  readonly open: () => unknown;
  readonly close: (handle: never) => unknown;
  readonly expected: Partial<HandleInfo>;
}

const server = (): Promise<http.Server> =>
  new Promise((resolve) => {
    const made: http.Server = http.createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1', () => resolve(made));
  });

const CASES: readonly Case[] = [
  {
    name: 'an interval',
    open: () => setInterval(() => {}, 50),
    close: (t: NodeJS.Timeout) => clearInterval(t),
    expected: { type: 'interval', holdsProcess: true, close: 'clearInterval(timer)', detail: '50ms' },
  },
  {
    name: 'an unref interval',
    open: () => setInterval(() => {}, 50).unref(),
    close: (t: NodeJS.Timeout) => clearInterval(t),
    expected: { type: 'interval', holdsProcess: false },
  },
  {
    name: 'a long timeout',
    open: () => setTimeout(() => {}, 60_000),
    close: (t: NodeJS.Timeout) => clearTimeout(t),
    expected: { type: 'timeout', holdsProcess: true, close: 'clearTimeout(timer)', detail: '60000ms' },
  },
  {
    name: 'a timeout closed by its own close()',
    open: () => setTimeout(() => {}, 60_000),
    close: (t: NodeJS.Timeout) => t.close(),
    expected: { type: 'timeout' },
  },
  {
    name: 'a timeout cleared by its number',
    open: () => setTimeout(() => {}, 60_000),
    close: (t: NodeJS.Timeout) => clearTimeout(t[Symbol.toPrimitive]()),
    expected: { type: 'timeout' },
  },

  { name: 'an HTTP server', open: server, close: (s: http.Server) => s.close(), expected: { type: 'server', holdsProcess: true, close: 'server.close()' } },
  {
    name: 'a server that was unref',
    open: async () => (await server()).unref(),
    close: (s: http.Server) => s.close(),
    expected: { type: 'server', holdsProcess: false },
  },
  {
    name: 'a watcher',
    open: () => fs.watch(HERE),
    close: (w: fs.FSWatcher) => w.close(),
    expected: { type: 'watcher', holdsProcess: true, close: 'watcher.close()', detail: HERE },
  },
  {
    name: 'a stat watcher',
    open: () => fs.watchFile(HERE, () => {}),
    close: () => fs.unwatchFile(HERE),
    expected: { type: 'watcher', holdsProcess: true, close: 'fs.unwatchFile(path)' },
  },
  {
    name: 'a file handle',
    open: () => fs.promises.open(HERE),
    close: (f: fs.promises.FileHandle) => f.close(),
    expected: { type: 'file', holdsProcess: false, close: 'await fileHandle.close()', detail: HERE },
  },
  {
    name: 'a file descriptor',
    open: () => fs.openSync(HERE, 'r'),
    close: (fd: number) => fs.closeSync(fd),
    expected: { type: 'file', close: 'fs.closeSync(fd)', detail: HERE },
  },
  {
    name: 'a read stream',
    open: () => fs.createReadStream(HERE),
    close: (s: fs.ReadStream) => once(s.destroy(), 'close'),
    expected: { type: 'stream', detail: HERE },
  },
  {
    name: 'a worker',
    open: () => new Worker('setInterval(() => {}, 1000)', { eval: true }),
    close: (w: Worker) => w.terminate(),
    expected: { type: 'worker', holdsProcess: true, close: 'await worker.terminate()' },
  },
  {
    name: 'an unref worker',
    open: () => {
      const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
      worker.unref();
      return worker;
    },
    close: (w: Worker) => w.terminate(),
    expected: { type: 'worker', holdsProcess: false },
  },
  {
    name: 'a child process',
    open: () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }),
    close: async (c: ReturnType<typeof spawn>) => {
      c.kill('SIGKILL');
      await once(c, 'exit');
    },
    expected: { type: 'child', holdsProcess: true, close: 'child.kill()' },
  },
  {
    name: 'a datagram socket',
    open: async () => {
      const s = createSocket('udp4').bind(0);
      await once(s, 'listening');
      return s;
    },
    close: (s: ReturnType<typeof createSocket>) => s.close(),
    expected: { type: 'udp', holdsProcess: true },
  },
  {
    name: 'a port that listens',
    open: () => {
      const { port1 } = new MessageChannel();
      port1.on('message', () => {});
      return port1;
    },
    close: (p: MessageChannel['port1']) => p.close(),
    expected: { type: 'port', holdsProcess: true },
  },
  {
    name: 'a broadcast channel',
    open: () => new BroadcastChannel('c'),
    close: (c: BroadcastChannel) => c.close(),
    expected: { type: 'port', holdsProcess: true, detail: 'broadcast "c"' },
  },
  {
    name: 'an interval that is iterated',
    open: () => {
      const i = every(10);
      void i.next();
      return i;
    },
    close: (i: AsyncIterator<unknown>) => i.return?.(),
    expected: { type: 'iterator', holdsProcess: true, close: 'await iterator.return()' },
  },
  {
    name: 'an unref interval that is iterated',
    open: () => {
      const i = every(10, undefined, { ref: false });
      void i.next();
      return i;
    },
    close: (i: AsyncIterator<unknown>) => i.return?.(),
    expected: { type: 'iterator', holdsProcess: false },
  },
  {
    name: 'an interval that is not iterated yet',
    open: () => every(10),
    close: (i: AsyncIterator<unknown>) => i.return?.(),
    expected: { type: 'iterator', holdsProcess: false },
  },
  {
    name: 'an interval whose signal aborts between two steps',
    open: async () => {
      const abort = new AbortController();
      const i = every(1, undefined, { signal: abort.signal });
      await i[Symbol.asyncIterator]().next();
      return { abort, i };
    },
    close: ({ abort }: { abort: AbortController }) => abort.abort(),
    expected: { type: 'iterator', holdsProcess: true },
  },
  {
    name: 'an iterator of events whose signal aborts between two steps',
    open: () => {
      const abort = new AbortController();
      return { abort, i: on(new EventEmitter(), 'x', { signal: abort.signal }) };
    },
    close: ({ abort }: { abort: AbortController }) => abort.abort(),
    expected: { type: 'iterator', holdsProcess: false },
  },
  {
    name: 'an iterator of events',
    open: () => on(new EventEmitter(), 'x'),
    close: (i: AsyncIterator<unknown>) => i.return?.(),
    expected: { type: 'iterator', detail: 'events.on(x)' },
  },
];

describe('listHandles', () => {
  it.each(CASES)('lists $name with its line and forgets it when it is closed', async ({ open, close, expected }) => {
    const first = watermark();
    const handle = await open();
    const mine = listHandles().filter((info) => info.id >= first && info.type === expected.type);
    expect(mine[0]).toMatchObject({ ...expected, package: 'app' });
    expect(mine[0]?.site).toMatch(/list-handles\.test\.ts:\d+:\d+$/);
    await close(handle as never);
    await turn();
    expect(listHandles().filter((info) => info.id >= first && info.type === expected.type)).toEqual([]);
  });

  it('lists a promised timeout until it is over', async () => {
    const abort = new AbortController();
    const first = watermark();
    const slept = sleep(60_000, undefined, { signal: abort.signal });
    expect(listHandles().find((info) => info.id >= first)).toMatchObject({ type: 'timeout', holdsProcess: true, detail: '60000ms' });
    abort.abort();
    await expect(slept).rejects.toThrow('aborted');
    expect(listHandles().find((info) => info.id >= first)).toBeUndefined();
  });

  it('lists both ends of a connection; the accepted one by the line of its server', async () => {
    const listening = await server();
    const first = watermark();
    const socket = net.connect((listening.address() as net.AddressInfo).port, '127.0.0.1');
    await Promise.all([once(socket, 'connect'), once(listening, 'connection')]);
    const sockets = listHandles().filter((info) => info.id >= first && info.type === 'socket');
    expect(sockets.map(({ detail }) => detail?.split(' ')[0])).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+/), 'accepted']);
    const lines = listHandles().find((info) => info.type === 'server' && info.site === sockets[1]?.site);
    expect(lines).toBeDefined();
    socket.destroy();
    listening.close();
    listening.closeAllConnections();
    await turn();
    expect(listHandles().filter((info) => info.id >= first && info.type === 'socket')).toEqual([]);
  });

  it('shows a keep-alive socket as idle and not as holding the process', async () => {
    const listening = await server();
    const agent = new http.Agent({ keepAlive: true });
    const first = watermark();
    const { port } = listening.address() as net.AddressInfo;
    await new Promise<void>((resolve) => {
      http.get({ port, agent, host: '127.0.0.1' }, (response) => response.resume().on('end', () => setImmediate(resolve)));
    });
    const client = listHandles().find((info) => info.id >= first && info.type === 'socket' && !info.detail?.startsWith('accepted'));
    expect(client).toMatchObject({ state: 'idle', holdsProcess: false });
    agent.destroy();
    listening.close();
    listening.closeAllConnections();
  });

  it('tells two fetches of one address apart, and gives a redirect to the line that asked', async () => {
    const held: http.ServerResponse[] = [];
    const made = http.createServer((request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: '/' }).end();
      else held.push(response);
    });
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', () => resolve()));
    const url = `http://127.0.0.1:${(made.address() as net.AddressInfo).port}`;
    const first = watermark();
    // The later call is the first to be made on its way: the other one still waits for what it sends.
    const slow = new ReadableStream({
      async start(controller) {
        await sleep(20);
        controller.enqueue(new TextEncoder().encode('x'));
        controller.close();
      },
    });
    const ask = {
      slowly: () => fetch(`${url}/`, { method: 'POST', body: slow, duplex: 'half' } as RequestInit),
      plainly: () => fetch(`${url}/`),
      elsewhere: () => fetch(`${url}/away`),
    };
    const calls = [ask.slowly(), ask.plainly(), ask.elsewhere()];
    while (held.length < 3) await sleep(5);
    const found = listHandles().filter(({ id, type }) => id >= first && type === 'fetch');
    const lines = found.map(({ detail, site }) => ({ method: detail?.split(' ')[0], line: Number(site?.split(':').at(-2)) })).sort((a, b) => a.line - b.line);
    for (const response of held) response.end();
    await Promise.all(calls.map(async (call) => (await call).text()));
    made.close();
    made.closeAllConnections();
    const line = lines[0]?.line ?? 0;
    expect(lines).toEqual([
      { method: 'POST', line },
      { method: 'GET', line: line + 1 },
      { method: 'GET', line: line + 2 },
    ]);
  });

  it('lists a fetch by the line that called it until its body was read', async () => {
    let answer: () => void = () => {};
    const slow = http.createServer((_request, response) => {
      answer = () => response.end('body');
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const first = watermark();
    const url = `http://127.0.0.1:${(slow.address() as net.AddressInfo).port}/a/b?secret=1`;
    const fetched = fetch(url);
    await once(slow, 'request');
    expect(listHandles().find((info) => info.id >= first && info.type === 'fetch')).toMatchObject({
      detail: `GET ${url.split('?')[0]}`,
      site: expect.stringContaining('list-handles.test.ts'),
      holdsProcess: true,
    });
    answer();
    expect(await (await fetched).text()).toBe('body');
    expect(listHandles().find((info) => info.id >= first && info.type === 'fetch')).toBeUndefined();
    slow.close();
    slow.closeAllConnections();
  });

  it.each([
    ['with a callback', (done: () => void) => dns.lookup('localhost', done)],
    ['promised', (done: () => void) => void dns.promises.lookup('localhost').then(done)],
  ])('lists a look-up under way, %s', async (_name, lookUp) => {
    const first = watermark();
    const found = (): HandleInfo | undefined => listHandles().find((info) => info.id >= first && info.type === 'dns');
    const over = new Promise<void>((resolve) => lookUp(resolve));
    expect(found()).toMatchObject({ detail: 'localhost', site: expect.stringContaining('list-handles.test.ts') });
    await over;
    expect(found()).toBeUndefined();
  });

  it('lists an emitter with more listeners than its bound, until they are gone', async () => {
    const crowded = new EventEmitter();
    const first = watermark();
    for (let i = 0; i < 11; i++) crowded.on('data', () => {});
    await turn();
    const found = (): HandleInfo | undefined => listHandles().find((info) => info.id >= first && info.type === 'listeners');
    expect(found()).toMatchObject({ detail: '11 listeners of "data" on EventEmitter', close: 'emitter.off(event, listener)' });
    crowded.removeAllListeners();
    expect(found()).toBeUndefined();
  });

  it('looks at a datagram socket that it has not seen being made without a warning of deprecation', async () => {
    uninstall();
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const warned: string[] = [];
    const hear = ({ message }: Error): void => void warned.push(message);
    process.on('warning', hear);
    uninstall = installHandles();
    const found = listHandles().filter(({ type }) => type === 'udp');
    await turn();
    process.off('warning', hear);
    socket.close();
    expect([found.length, warned]).toEqual([1, []]);
  });

  it('leaves out who asks for the list: the own server and its connections', async () => {
    const admin = await openAdminServer(
      (_request, response) => void response.end(JSON.stringify(listHandles())),
      { port: 0, host: '127.0.0.1' },
      () => {},
    );
    const answer = await new Promise<string>((resolve, reject) => {
      http
        .get({ port: admin.port, host: '127.0.0.1', agent: false }, (response) => {
          let text = '';
          response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
        })
        .on('error', reject);
    });
    await admin.close();
    expect((JSON.parse(answer) as HandleInfo[]).filter(({ detail }) => detail?.startsWith('accepted'))).toEqual([]);
  });

  it('lists an immediate that schedules itself again, and not a burst of them', async () => {
    for (let i = 0; i < 200; i++) setImmediate(() => {});
    await turn();
    expect(listHandles().find((info) => info.type === 'immediate')).toBeUndefined();
    let left = 3_000;
    await new Promise<void>((resolve) => {
      (function again(): void {
        if (left-- > 0) setImmediate(again);
        else resolve();
      })();
    });
    expect(listHandles().find((info) => info.type === 'immediate')).toMatchObject({
      site: expect.stringContaining('list-handles.test.ts'),
      holdsProcess: true,
    });
  });

  it('takes up what was open before it was put in, without a line', async () => {
    uninstall();
    const early = await server();
    uninstall = installHandles();
    const { port } = early.address() as net.AddressInfo;
    expect(listHandles().find(({ detail }) => detail === `127.0.0.1:${port}`)).toMatchObject({
      type: 'server',
      site: undefined,
      package: 'unknown',
      holdsProcess: true,
    });
    early.close();
    expect(listHandles().some(({ detail }) => detail === `127.0.0.1:${port}`)).toBe(false);
  });

  it('leaves out what Sonde itself opens', () => {
    const first = watermark();
    const watchdog = startLoopWatchdog(60_000);
    expect(listHandles().filter((info) => info.id >= first && info.type === 'worker')).toEqual([]);
    watchdog.stop();
  });

  it('counts by type', () => {
    const before = handleCounts().get('interval') ?? 0;
    const timers = [1, 2, 3].map(() => setInterval(() => {}, 1_000));
    expect(handleCounts().get('interval')).toBe(before + 3);
    for (const timer of timers) clearInterval(timer);
    expect(handleCounts().get('interval') ?? 0).toBe(before);
  });
});
