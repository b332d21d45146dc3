import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineError, rateLimit } from 'sonde';
import { configureErrors } from '../../dist/errors/configure.js';
import { openJournal } from '../../dist/errors/journal.js';
import { readJournals } from '../../dist/errors/journal-reader.js';

/** What must never leave a service: it stands in the message, the stack, the cause, a header and the body of the tests. */
export const SECRET = 'hunter2-secret';

export const CardDeclined = defineError<{ orderId: string }>('shop/card-declined', { status: 402, public: 'Your card was declined.', hint: SECRET });

/** An error that holds the secret wherever an error can hold one. */
export function secretError(): Error {
  const error = new Error(`cannot connect with ${SECRET}`, { cause: new Error(`cause ${SECRET}`) });
  return Object.assign(error, { headers: { 'X-Secret': SECRET, 'Set-Cookie': SECRET }, body: SECRET, detail: SECRET, status: 500, expose: true });
}

const withFields = (fields: object, message = `no access for ${SECRET}`): Error =>
  Object.assign(new Error(message, { cause: new Error(`cause ${SECRET}`) }), { body: SECRET, detail: SECRET }, fields);

const nearlyNever = rateLimit('adapter-tests', { rate: 2, per: '5m', burst: 1 }, () => {});
const Closed = defineError<{ retryAfterMs: number }>('shop/closed', { status: 503, public: 'The shop is closed.' });
const Teapot = defineError<{ retryAfterMs: number }>('shop/teapot', { status: 418, public: 'I am a teapot.' });

/** What a handler may throw besides: GET /thrown/:name throws it. */
export const THROWN: Readonly<Record<string, () => unknown>> = {
  /** As `http-errors` and fastify make them. */
  unavailable: () => withFields({ status: 503, statusCode: 503, expose: false, headers: { 'Retry-After': '7', 'X-Secret': SECRET } }),
  /** The client's fault, with a message that was not written for it. */
  forbidden: () => withFields({ status: 403, statusCode: 403, headers: { 'WWW-Authenticate': 'Basic', 'Set-Cookie': SECRET } }),
  /** The client's fault, with a sentence for it that holds what it sent. */
  exposed: () => Object.assign(new Error('There is no plan <img src=x onerror="alert(1)">.'), { status: 422, statusCode: 422, expose: true }),
  /** What the SDK of another service throws when that service refuses us. */
  sdk: () => withFields({ status: 401, requestID: 'req_1' }),
  axios: () => withFields({ status: 404, response: { status: 404, data: SECRET } }),
  /** A status that is none. */
  zero: () => withFields({ status: 0, statusCode: 1_000, expose: true }),
  /** Refusals that know when to come again, and one that is none. */
  limited() {
    nearlyNever();
    nearlyNever();
  },
  closed: () => Object.assign(new Closed(`closed for ${SECRET}`, { data: { retryAfterMs: 1_001 } }), { headers: { 'retry-after': '900' } }),
  teapot: () => new Teapot(`short and stout ${SECRET}`, { data: { retryAfterMs: 1_001 } }),
  undefined: () => undefined,
  frozen: () => Object.freeze(withFields({})),
};

/** A body that is larger than what a socket takes at once. */
export const LARGE: string = 'x'.repeat(4_000_000);

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The whole answer as it came over the wire, headers included. */
  readonly wire: string;
  json(): Record<string, unknown>;
}

/** One request over a real socket. */
export function ask(port: number, path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request({ port, host: '127.0.0.1', path, method: options.method ?? 'GET', headers: options.headers ?? {}, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text, wire: `${res.rawHeaders.join('\n')}\n\n${text}`, json: () => JSON.parse(text) });
      });
    });
    req.on('error', reject);
    req.end(options.body);
  });
}

/** Errors are journaled in a folder of their own until `stop`. */
export function recordErrors(): { record(id: unknown): Record<string, unknown> | undefined; count(): number; stop(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-adapter-'));
  const journal = openJournal(dir);
  const undo = configureErrors({ journal });
  const all = (): Record<string, unknown>[] => readJournals(dir).flatMap(({ content }) => [...content.records]);
  return {
    record: (id) => all().find((record) => record['error.id'] === id),
    count: () => all().length,
    stop() {
      undo();
      journal.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
