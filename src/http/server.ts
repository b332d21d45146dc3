import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clock } from '../core/clock.ts';
import type { AttributeBag } from '../core/records.ts';
import { ROOT, type Scope, storage } from '../core/scope.ts';
import { bounded, knownMethod, splitHost, splitTarget } from './attributes.ts';
import { readDeadlineHeader } from './deadline-header.ts';
import { type OpenRequest, OpenRequests } from './open-requests.ts';
import { type HttpOutcome, type HttpRecorder, type HttpSpans, KIND_SERVER } from './port.ts';
import { type NeededHeaders, neededHeaders } from './request-headers.ts';
import { RequestLimit } from './request-limit.ts';
import { routeOf } from './route.ts';

interface ServerMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly server: Server;
}

/** How requests to this process are watched. */
export interface HttpServerOptions {
  readonly spans: HttpSpans;
  readonly recorder?: HttpRecorder | undefined;
  /** The server's own limit per request in milliseconds; without one only the header limits. */
  readonly limitMs?: number | undefined;
  /** Requests that are not watched at all, such as those to the admin port. */
  readonly ignore?: ((request: IncomingMessage, server: Server) => boolean) | undefined;
  /** Where the requests under way are kept for who wants to see them. */
  readonly open?: OpenRequests<Exchange> | undefined;
}

const EXCHANGE = Symbol('sonde.http.exchange');
const OPEN = Symbol('sonde.http.open');

/** One request and its response. */
export interface Exchange extends OpenRequest {
  readonly scope: Scope;
  readonly limit: RequestLimit;
  readonly startMono: number;
  readonly target: { readonly path: string; readonly query: string | undefined };
  readonly headers: NeededHeaders;
  readonly message: ServerMessage;
}
type Carrier = ServerResponse & { [EXCHANGE]?: Exchange | undefined };
/** What a connection has under way: most often one exchange, several where requests are pipelined. */
type Connection = Socket & { [OPEN]?: Exchange | Exchange[] | undefined };

/**
 * Makes a server span, a scope and a measurement for each request, from Node's own channels.
 *
 * No channel of Node 20 wraps the handler, so the scope is entered (`AsyncLocalStorage.enterWith`) in the subscriber of
 * `http.server.request.start`, which Node publishes in the same synchronous step as the `request` event: the handler and
 * all that follows from it run inside, the next request of the connection enters its own.
 *
 * Returns a function that stops watching; requests under way are finished and recorded.
 */
export function watchServers(options: HttpServerOptions): () => void {
  const { spans, recorder, ignore } = options;
  const underWay = options.open ?? new OpenRequests<Exchange>();
  const limitMs = options.limitMs ?? Number.POSITIVE_INFINITY;

  const finish = (exchange: Exchange, aborted: boolean): void => {
    const { request, response, socket } = exchange.message;
    const carrier = response as Carrier;
    if (carrier[EXCHANGE] !== exchange) return;
    carrier[EXCHANGE] = undefined;
    closeOn(socket, exchange);
    underWay.remove(exchange);
    const status = aborted && !response.headersSent ? 0 : response.statusCode;
    const outcome: HttpOutcome = { cancelled: aborted, errorType: status >= 500 ? String(status) : undefined };
    if (aborted) exchange.limit.cancel();
    else exchange.limit.settle();
    const route = routeOf(request);
    const method = knownMethod(request.method);
    const { scope } = exchange;
    // What a sampler refused needs no attributes.
    const attributes = scope.span?.isRecording() ? serverAttributes(exchange, method, status, route, outcome) : NO_ATTRIBUTES;
    const endMono = clock.mono();
    spans.end(scope, route === undefined ? nameOf(method) : `${nameOf(method)} ${route}`, attributes, outcome, endMono);
    recorder?.server(endMono - exchange.startMono, { method, scheme: schemeOf(socket), status, route, errorType: outcome.errorType }, scope);
  };

  const cancelAll = guarded((open) => {
    for (const exchange of Array.isArray(open) ? [...(open as Exchange[])] : [open as Exchange]) finish(exchange, true);
  });
  function closed(this: Connection): void {
    if (this[OPEN] !== undefined) cancelAll(this[OPEN]);
  }

  const onStart = (raw: unknown): void => {
    const message = raw as ServerMessage;
    const { request, response, socket } = message;
    if (ignore?.(request, message.server)) {
      storage.enterWith(undefined);
      return;
    }
    const target = splitTarget(request.url ?? '/');
    const headers = neededHeaders(request.rawHeaders);
    const parent = headers.traced ? spans.extract(request.headers) : ROOT;
    const scope = spans.start(nameOf(knownMethod(request.method)), KIND_SERVER, parent, { 'url.path': target.path });
    const { startMono } = scope;
    const limit = new RequestLimit(startMono + Math.min(limitMs, headerLimit(headers.deadline, recorder)));
    scope.limit = limit;
    const exchange: Exchange = { scope, limit, startMono, target, headers, message, previous: undefined, next: undefined };
    (response as Carrier)[EXCHANGE] = exchange;
    underWay.add(exchange);
    if (openOn(socket, exchange)) socket.on('close', closed);
    storage.enterWith(scope);
  };
  const onFinish = (raw: unknown): void => {
    const exchange = ((raw as ServerMessage).response as Carrier)[EXCHANGE];
    if (exchange) finish(exchange, false);
  };
  const start = guarded(onStart);
  const finished = guarded(onFinish);
  subscribe('http.server.request.start', start);
  subscribe('http.server.response.finish', finished);
  return () => {
    unsubscribe('http.server.request.start', start);
    unsubscribe('http.server.response.finish', finished);
  };
}

const NO_ATTRIBUTES: AttributeBag = Object.freeze(Object.create(null));

/** Notes an exchange; answers whether it is the first one of its connection. */
function openOn(socket: Connection, exchange: Exchange): boolean {
  const isFirst = !(OPEN in socket);
  const open = socket[OPEN];
  if (open === undefined) socket[OPEN] = exchange;
  else if (Array.isArray(open)) open.push(exchange);
  else socket[OPEN] = [open, exchange];
  return isFirst;
}

function closeOn(socket: Connection, exchange: Exchange): void {
  const open = socket[OPEN];
  if (open === exchange) socket[OPEN] = undefined;
  else if (Array.isArray(open)) open.splice(open.indexOf(exchange), 1);
}

/** A fault of ours in a subscriber would surface as an uncaught exception of the application; it is dropped here instead. */
function guarded(fn: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      fn(message);
    } catch {
      // The request goes on without telemetry.
    }
  };
}

function headerLimit(text: string | undefined, recorder: HttpRecorder | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const ms = readDeadlineHeader(text);
  if (ms === undefined) recorder?.badDeadline();
  return ms ?? Number.POSITIVE_INFINITY;
}

function nameOf(method: string): string {
  return method === '_OTHER' ? 'HTTP' : method;
}

function schemeOf(socket: Socket): string {
  return (socket as { encrypted?: boolean }).encrypted ? 'https' : 'http';
}

function serverAttributes(
  { message, target, headers }: Exchange,
  method: string,
  status: number,
  route: string | undefined,
  outcome: HttpOutcome,
): AttributeBag {
  const { request, socket } = message;
  const scheme = schemeOf(socket);
  const host = splitHost(headers.host, scheme === 'https' ? 443 : 80);
  const bag: AttributeBag = {
    'http.request.method': method,
    'url.path': target.path,
    'url.scheme': scheme,
    'server.address': host.address,
    'server.port': host.port,
  };
  if (method === '_OTHER') bag['http.request.method_original'] = bounded(request.method ?? '');
  if (target.query !== undefined) bag['url.query'] = target.query;
  if (route !== undefined) bag['http.route'] = route;
  if (status !== 0) bag['http.response.status_code'] = status;
  if (outcome.errorType !== undefined) bag['error.type'] = outcome.errorType;
  if (outcome.cancelled) bag['sonde.cancelled'] = true;
  if (request.httpVersion !== '1.1') bag['network.protocol.version'] = request.httpVersion;
  if (headers.userAgent !== undefined) bag['user_agent.original'] = bounded(headers.userAgent);
  if (socket.remoteAddress !== undefined) bag['client.address'] = socket.remoteAddress;
  return bag;
}
