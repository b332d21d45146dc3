import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { bounded, maskUrl } from './attributes.ts';
import { ClientCall, type HttpClientOptions, watched } from './client-call.ts';

/** undici's request object, as its channels publish it. */
interface UndiciRequest {
  readonly origin?: string | URL;
  readonly path: string;
  readonly method: string;
  /** Pairs in one list since undici 6, text before. */
  readonly headers?: readonly unknown[] | string;
  addHeader(name: string, value: string): unknown;
}
interface UndiciMessage {
  readonly request: UndiciRequest;
  readonly response?: { readonly statusCode: number; readonly headers?: readonly unknown[] };
  readonly error?: unknown;
}

/** Makes a client span for each request of `fetch` and undici, from undici's own channels, and writes the headers. */
export function watchFetch(options: HttpClientOptions): () => void {
  const calls = new WeakMap<UndiciRequest, ClientCall>();
  const begin = (request: UndiciRequest): void => {
    const origin = new URL(String(request.origin));
    const port = origin.port === '' ? (origin.protocol === 'https:' ? 443 : 80) : Number(origin.port);
    if (!watched(options, origin.hostname, port)) return;
    const call = new ClientCall(options, { method: request.method, host: origin.hostname, port, url: maskUrl(bounded(origin.origin + request.path)) });
    calls.set(request, call);
    const given = headerNames(request.headers);
    call.inject((name, value) => {
      if (!given.has(name)) request.addHeader(name, value);
    });
  };
  const stops = [
    on('undici:request:create', ({ request }) => begin(request)),
    on('undici:request:headers', ({ request, response }) => calls.get(request)?.responded(response?.statusCode ?? 0, undefined, errorIdOf(response))),
    on('undici:request:trailers', ({ request }) => calls.get(request)?.end()),
    on('undici:request:error', ({ request, error }) => calls.get(request)?.end(error ?? new Error('unknown'))),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function on(name: string, fn: (message: UndiciMessage) => void): () => void {
  const listener = (message: unknown): void => {
    try {
      fn(message as UndiciMessage);
    } catch {
      // The request goes on without telemetry.
    }
  };
  subscribe(name, listener);
  return () => {
    unsubscribe(name, listener);
  };
}

function headerNames(headers: readonly unknown[] | string | undefined): ReadonlySet<string> {
  const names = new Set<string>();
  if (typeof headers === 'string') for (const line of headers.split('\r\n')) names.add((line.split(':', 1)[0] ?? '').toLowerCase());
  else if (Array.isArray(headers)) for (let i = 0; i < headers.length; i += 2) names.add(String(headers[i]).toLowerCase());
  return names;
}

/** The `X-Error-Id` of an answer that is a failure; names and values stand in turn. */
function errorIdOf(response: UndiciMessage['response']): string | undefined {
  if (response?.headers === undefined || response.statusCode < 400) return undefined;
  for (let i = 0; i + 1 < response.headers.length; i += 2)
    if (String(response.headers[i]).toLowerCase() === 'x-error-id') return String(response.headers[i + 1]);
  return undefined;
}
