import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createAdminHandler } from '../../src/admin/handler.ts';
import { adminDeps } from '../unit/admin/admin-deps.ts';

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 100_000);
const CONNECTIONS = 32;
const HANG_MS = 100_000; // a request that waits longer is a hang, however busy the machine is
const LIMIT_MS = 3_600_000; // half a minute on two cores of a laptop; each request has its own limit
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_121);

/** A generator of numbers that a seed repeats (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const METHODS = ['GET', 'GET', 'PUT', 'PUT', 'PUT', 'POST', 'POST', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'];
const PATHS = [
  '/log/level',
  '/log/level',
  '/log/level',
  '/loggers',
  '/loggers/orders',
  '/loggers/web',
  '/loggers/ROOT',
  '/debug',
  '/debug/errors',
  '/debug/errors/7X2K-9QD4-MB3H-TRVG',
  '/debug/traces',
  '/debug/handles',
  '/debug/ledger',
  '/debug/config',
  '/debug/pprof',
  '/metrics',
  '/healthz',
  '/',
  '/a/b/c',
];
const WORDS = [
  'level',
  'ttl',
  'rollbackAfter',
  'reason',
  'logger',
  'debug',
  'INFO',
  'warn',
  'off',
  '10m',
  '1h30m',
  '-1',
  '25h',
  '999999999s',
  '__proto__',
  'constructor',
  'configuredLevel',
  'null',
  '<script>',
  '"',
  '\\',
  '%00',
  '%zz',
  '%E0%A4',
  '€',
  '\u2028',
  '..',
  'format',
  'json',
  'limit',
  'after',
  'name',
  'bucket',
  '8',
  'trace',
  '0'.repeat(32),
];
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/vnd.spring-boot.actuator.v3+json',
  'APPLICATION/JSON; charset=x',
  ';;;',
  'a'.repeat(300),
  '',
];
const HEADERS = [
  'Origin: http://localhost',
  'Origin: http://evil.example',
  'Origin: null',
  'Sec-Fetch-Site: cross-site',
  'Sec-Fetch-Site: same-origin',
  'Accept: application/json',
  'Accept: text/html',
  'X-Forwarded-For: 1.2.3.4',
  'Authorization: Bearer x',
  'Accept: */*;q=x',
];

class Fuzz {
  readonly #next: () => number;
  constructor(seed: number) {
    this.#next = random(seed);
  }
  chance(share: number): boolean {
    return this.#next() < share;
  }
  upTo(bound: number): number {
    return Math.floor(this.#next() * bound);
  }
  one<T>(items: readonly T[]): T {
    return items[this.upTo(items.length)] as T;
  }
  word(): string {
    if (this.chance(0.8)) return this.one(WORDS);
    return Array.from({ length: this.upTo(12) }, () => String.fromCharCode(this.chance(0.9) ? 32 + this.upTo(95) : this.upTo(0xd7ff))).join('');
  }
  pairs(): string {
    return Array.from({ length: this.upTo(4) }, () =>
      this.chance(0.7) ? `${encodeURIComponent(this.word())}=${encodeURIComponent(this.word())}` : this.word(),
    ).join('&');
  }
  json(depth = 0): unknown {
    switch (this.upTo(depth > 2 ? 4 : 7)) {
      case 0:
        return this.word();
      case 1:
        return this.upTo(1e6) - 5e5;
      case 2:
        return null;
      case 3:
        return this.chance(0.5);
      case 4:
        return Array.from({ length: this.upTo(4) }, () => this.json(depth + 1));
      default:
        return Object.fromEntries(Array.from({ length: this.upTo(4) }, () => [this.word(), this.json(depth + 1)]));
    }
  }
  body(): string {
    switch (this.upTo(6)) {
      case 0:
        return '';
      case 1:
        return this.pairs();
      case 2:
        return JSON.stringify({ level: this.word(), configuredLevel: this.word() });
      case 3:
        return this.word().repeat(1 + this.upTo(800));
      default: {
        const text = JSON.stringify(this.json());
        return this.chance(0.2) ? text.slice(0, this.upTo(text.length + 1)) : text;
      }
    }
  }
  request(): { text: Buffer; method: string; path: string } {
    const method = this.one(METHODS);
    let path = this.one(PATHS);
    if (this.chance(0.1)) path += `/${encodeURIComponent(this.word())}`;
    if (this.chance(0.05)) path = `/${path}`;
    const query = this.chance(0.5) ? `?${this.pairs()}` : '';
    // What cannot stand in a request line at all is the parser's matter and is tested with raw bytes elsewhere.
    const target = (path + query).replace(/[^\x21-\x7e]/g, (char) => encodeURIComponent(char).slice(0, 9));
    const body = Buffer.from(this.body());
    const lines = [`${method} ${target} HTTP/1.1`, `Host: ${this.chance(0.95) ? 'localhost' : 'evil.example'}`];
    if (this.chance(0.7)) lines.push(`Content-Type: ${this.one(TYPES)}`);
    if (this.chance(0.2)) lines.push(this.one(HEADERS));
    lines.push(`Content-Length: ${body.length}`);
    return { text: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]), method, path: path };
  }
}

interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** One connection that sends a request at a time and opens itself anew when the server has closed it. */
class Client {
  readonly #port: number;
  #socket: Socket | undefined;
  constructor(port: number) {
    this.#port = port;
  }
  send(bytes: Buffer, isHead: boolean): Promise<Reply> {
    this.#socket ??= connect(this.#port, '127.0.0.1').setNoDelay();
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      const done = (result: Reply | Error, close: boolean): void => {
        clearTimeout(timer);
        socket.off('data', onData).off('close', onClose).off('error', onClose);
        if (close) {
          socket.on('error', () => {}).destroy();
          this.#socket = undefined;
        }
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      const onData = (chunk: Buffer): void => {
        received = Buffer.concat([received, chunk]);
        const end = received.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = received.toString('latin1', 0, end);
        const length = isHead ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        done({ status: Number(head.slice(9, 12)), head, body: received.toString('utf8', end + 4, end + 4 + length) }, /^connection: close/im.test(head));
      };
      const timer = setTimeout(
        () =>
          done(
            new Error(`no answer: ${JSON.stringify(bytes.toString('latin1').slice(0, 500))} got ${JSON.stringify(received.toString('latin1').slice(0, 300))}`),
            true,
          ),
        HANG_MS,
      );
      const onClose = (): void => done(new Error(`closed without an answer: ${JSON.stringify(bytes.toString('latin1').slice(0, 500))}`), true);
      socket.on('data', onData).on('close', onClose).on('error', onClose);
      socket.write(bytes);
    });
  }
  close(): void {
    this.#socket?.destroy();
  }
}

const DOCUMENTED = new Set([200, 204, 400, 403, 404, 405, 413, 415, 503]);

function check(reply: Reply, method: string, path: string): string | undefined {
  if (!DOCUMENTED.has(reply.status)) return `status ${reply.status}`;
  if (!/^cache-control: no-store/im.test(reply.head) || !/^x-content-type-options: nosniff/im.test(reply.head)) return 'a header is missing';
  if (reply.status === 503 && !path.startsWith('/readyz')) return 'status 503';
  if (method === 'HEAD' || reply.status === 204) return reply.body === '' ? undefined : 'a body where none may be';
  if (reply.status >= 400) {
    const { error } = JSON.parse(reply.body) as { error?: unknown };
    if (typeof error !== 'string' || error.length > 200) return 'no error of at most 200 characters';
    if (/[<>]/.test(reply.body) || /\n\s+at /.test(error)) return 'a tag or a stack';
  }
  if (path === '/log/level' && reply.status === 200 && !/^\{"level":"(trace|debug|info|warn|error|fatal|off)"[^\n]*\}\n$/.test(reply.body)) return 'no level';
  return undefined;
}

describe('the admin handler', () => {
  it(`answers ${REQUESTS} random requests as documented (FUZZ_SEED=${SEED})`, { timeout: LIMIT_MS }, async () => {
    const server = createServer(createAdminHandler(adminDeps()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const fuzz = new Fuzz(SEED);
    const wrong: string[] = [];
    const seen = new Map<number, number>();
    let sent = 0;
    const run = async (): Promise<void> => {
      const client = new Client(port);
      while (sent < REQUESTS && wrong.length < 10) {
        sent++;
        const { text, method, path } = fuzz.request();
        const reply = await client.send(text, method === 'HEAD');
        seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
        const problem = check(reply, method, path);
        if (problem) wrong.push(`${problem}: ${JSON.stringify(text.toString('utf8').slice(0, 600))} → ${reply.body.slice(0, 300)}`);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, run));
    server.closeAllConnections();
    server.close();
    expect(wrong).toEqual([]);
    expect(sent).toBe(REQUESTS);
    for (const status of [200, 204, 400, 403, 404, 405, 413, 415]) expect(seen.get(status) ?? 0, `no answer with ${status}`).toBeGreaterThan(REQUESTS / 5_000);
  });
});
