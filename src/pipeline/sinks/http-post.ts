import { readFileSync } from 'node:fs';
import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { brotliDecompressSync, unzipSync } from 'node:zlib';
import { clock } from '../../core/clock.ts';
import { nodeHttp, nodeHttps } from '../../core/node-http.ts';
import type { TlsFiles } from '../messages.ts';

/** What a receiver answered, or why there was no answer. */
export type PostResult =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter: string | undefined; readonly contentType: string; readonly body: Buffer }
  | { readonly kind: 'failed'; readonly reason: string };

export interface PostOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Until the head of the answer is there. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer of OTLP is some bytes, or the text of a problem. */
const MAX_ANSWER_BYTES = 65_536;
/** The head of the answer tells what became of the records; its body is only waited for this long. */
const BODY_MS = 2_000;
/** Connections to one receiver; more would not be served faster by one receiver. */
const MAX_SOCKETS = 4;

/** Posts over connections that are kept. Never rejects: whatever a receiver does is a {@link PostResult}. */
export class Poster {
  readonly #tls: TlsFiles;
  #http: HttpAgent | undefined;
  #https: HttpsAgent | undefined;

  constructor(tls: TlsFiles = {}) {
    this.#tls = tls;
  }

  async post(options: PostOptions): Promise<PostResult> {
    const first = await this.#once(options);
    // A kept connection that the receiver closed just now: not a failure of the receiver, a new connection will do.
    if (first.kind === 'failed' && 'stale' in first) return this.#once(options);
    return first;
  }

  close(): void {
    this.#http?.destroy();
    this.#https?.destroy();
  }

  #plain(): HttpAgent {
    this.#http ??= new (nodeHttp().Agent)({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS });
    return this.#http;
  }

  /** Reads the files with the first request; one that cannot be read is what that request fails of, and tried again. */
  #secure(): HttpsAgent {
    this.#https ??= new (nodeHttps().Agent)({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, ...readFiles(this.#tls) });
    return this.#https;
  }

  #once(options: PostOptions): Promise<PostResult | { kind: 'failed'; reason: string; stale: true }> {
    return new Promise((resolve) => {
      const secure = options.url.protocol === 'https:';
      let request: ClientRequest;
      try {
        request = (secure ? nodeHttps() : nodeHttp()).request(options.url, {
          method: 'POST',
          agent: secure ? this.#secure() : this.#plain(),
          headers: { ...options.headers, 'content-length': String(options.body.byteLength) },
        });
      } catch (error) {
        resolve({ kind: 'failed', reason: reasonOf(error) });
        return;
      }
      const timer = clock.setTimeout(() => request.destroy(new Error(`no answer within ${options.timeoutMs} ms`)), options.timeoutMs);
      const abort = (): void => {
        request.destroy(new Error('given up'));
      };
      options.signal?.addEventListener('abort', abort, { once: true });
      if (options.signal?.aborted) abort();
      const done = (result: PostResult | { kind: 'failed'; reason: string; stale: true }): void => {
        clock.clearTimeout(timer);
        options.signal?.removeEventListener('abort', abort);
        resolve(result);
      };
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        done(stale ? { kind: 'failed', reason: reasonOf(error), stale } : { kind: 'failed', reason: reasonOf(error) });
      });
      // Node closes a connection that the receiver wants to upgrade (101), with neither an answer nor an error.
      const closed = (): void => done({ kind: 'failed', reason: 'the connection was closed without an answer' });
      request.on('close', closed);
      request.on('response', (response) => {
        request.off('close', closed);
        clock.clearTimeout(timer);
        readAnswer(response, done);
      });
      request.end(options.body);
    });
  }
}

function readFiles({ certificate, clientCertificate, clientKey }: TlsFiles): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ...(certificate !== undefined && { ca: readFileSync(certificate) }),
    ...(clientCertificate !== undefined && { cert: readFileSync(clientCertificate) }),
    ...(clientKey !== undefined && { key: readFileSync(clientKey) }),
  };
}

/** Reads the answer as far as it comes within its bounds; half an answer is an answer. */
function readAnswer(response: IncomingMessage, done: (result: PostResult) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let over = false;
  const finish = (): void => {
    if (over) return;
    over = true;
    clock.clearTimeout(timer);
    done({
      kind: 'answer',
      status: response.statusCode ?? 0,
      retryAfter: response.headers['retry-after'],
      contentType: response.headers['content-type'] ?? '',
      body: decoded(response.headers['content-encoding'], Buffer.concat(chunks)),
    });
  };
  const cutOff = (): void => {
    finish();
    response.destroy();
  };
  const timer = clock.setTimeout(cutOff, BODY_MS);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) cutOff();
    else chunks.push(chunk);
  });
  response.on('end', finish);
  response.on('error', finish);
  response.on('close', finish);
}

/** Not asked for, but proxies compress all the same; what cannot be read within the bound is left out. */
function decoded(encoding: string | undefined, body: Buffer): Buffer {
  if (encoding === undefined || body.length === 0) return body;
  const bound = { maxOutputLength: MAX_ANSWER_BYTES };
  try {
    if (/^\s*(x-)?gzip\s*$|^\s*deflate\s*$/i.test(encoding)) return unzipSync(body, bound);
    if (/^\s*br\s*$/i.test(encoding)) return brotliDecompressSync(body, bound);
    return body;
  } catch {
    return Buffer.alloc(0);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[error.errors.length - 1]);
  const { code, message } = error as NodeJS.ErrnoException;
  return code !== undefined && !message.includes(code) ? `${code} ${message}` : message;
}
