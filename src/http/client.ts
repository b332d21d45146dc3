import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { nodeHttp } from '../core/node-http.ts';
import { bounded, maskUrl } from './attributes.ts';
import { ClientCall, type HttpClientOptions, watched } from './client-call.ts';

const CALL = Symbol('sonde.http.call');
const RESPONSE = Symbol('sonde.http.response');
type Watched = ClientRequest & { [CALL]?: ClientCall; [RESPONSE]?: IncomingMessage };

/**
 * Makes a client span for each request of `node:http` and `node:https` and writes the trace and deadline headers.
 *
 * From Node 22.12 the channel `http.client.request.created` comes while headers can still be set. Node 20 has no such
 * moment, so there the one method every request passes before its headers are rendered, `Agent.prototype.addRequest`,
 * calls us first; it is put back when watching stops.
 */
export function watchClients(options: HttpClientOptions): () => void {
  const begin = (request: Watched): void => {
    if (request[CALL] !== undefined) return;
    const { host, protocol } = request;
    const port = portOf(request);
    if (!watched(options, host, port)) return;
    const url = maskUrl(bounded(`${protocol}//${host}:${port}${request.path}`));
    const call = new ClientCall(options, { method: request.method, host, port, url });
    request[CALL] = call;
    call.inject((name, value) => {
      if (!request.headersSent && !request.hasHeader(name)) request.setHeader(name, value);
    });
    request.once('close', () => call.end(cutOff(request[RESPONSE])));
  };
  const stops = [
    on('http.client.request.start', ({ request }) => begin(request)),
    on('http.client.response.finish', ({ request, response }) => {
      request[RESPONSE] = response;
      request[CALL]?.responded(response.statusCode ?? 0, response.httpVersion, oneHeader(response.headers['x-error-id']));
    }),
    on('http.client.request.error', ({ request, error }) => request[CALL]?.end(error ?? new Error('unknown'))),
    hasCreatedChannel() ? on('http.client.request.created', ({ request }) => begin(request)) : wrapAddRequest(begin),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * The error of an answer that its server cut off in the middle, which the answer alone tells. Where the application itself ended
 * the request (`destroy()`, `abort()`, `break` in a loop over the answer) the answer has the same error: Node empties it then, and
 * remembers that it did (tested on Node 20 to 26).
 */
function cutOff(response: (IncomingMessage & { readonly _dumped?: boolean }) | undefined): Error | undefined {
  return response === undefined || response._dumped === true ? undefined : (response.errored ?? undefined);
}

interface ClientMessage {
  readonly request: Watched;
  readonly response: IncomingMessage;
  readonly error?: unknown;
}

function on(name: string, fn: (message: ClientMessage) => void): () => void {
  const listener = (message: unknown): void => {
    try {
      fn(message as ClientMessage);
    } catch {
      // The request goes on without telemetry.
    }
  };
  subscribe(name, listener);
  return () => {
    unsubscribe(name, listener);
  };
}

/** `http.client.request.created` came with Node 22.12 and 23.2. */
function hasCreatedChannel(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12);
}

type AddRequest = (this: unknown, request: ClientRequest, ...rest: unknown[]) => unknown;

function wrapAddRequest(begin: (request: Watched) => void): () => void {
  const proto = nodeHttp().Agent.prototype as unknown as { addRequest: AddRequest };
  const plain = proto.addRequest;
  let watching = true;
  function addRequest(this: unknown, request: ClientRequest, ...rest: unknown[]): unknown {
    if (watching) {
      try {
        begin(request);
      } catch {
        // The request goes on without telemetry.
      }
    }
    return plain.call(this, request, ...rest);
  }
  proto.addRequest = addRequest;
  return () => {
    watching = false;
    if (proto.addRequest === addRequest) proto.addRequest = plain; // else somebody wrapped ours; it only passes through now
  };
}

function portOf(request: ClientRequest): number {
  const header = request.getHeader('host');
  const match = typeof header === 'string' ? /:(\d{1,5})$/.exec(header) : null;
  if (match) return Number(match[1]);
  return request.protocol === 'https:' ? 443 : 80;
}

function oneHeader(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
