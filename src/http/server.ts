import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { clock } from '../core/clock.ts';
import type { AttributeBag } from '../core/records.ts';
import { ROOT, storage } from '../core/scope.ts';
import { bounded, knownMethod, splitTarget } from './attributes.ts';
import { readDeadlineHeader } from './deadline-header.ts';
import { Connection, connectionOf, cutBy, Exchange, type ServerMessage, setConnection } from './exchange.ts';
import { OpenRequests } from './open-requests.ts';
import { type HttpRecorder, type HttpSpans, KIND_SERVER } from './port.ts';
import { neededHeaders } from './request-headers.ts';
import { nameOf, RequestKinds } from './request-kinds.ts';
import { RequestLimit } from './request-limit.ts';
import { routeOf } from './route.ts';

/** How requests to this process are watched. */
export interface HttpServerOptions {
  readonly spans: HttpSpans;
  readonly recorder?: HttpRecorder | undefined;
  /** The server's own limit per request in milliseconds; without one only the header limits. */
  readonly limitMs?: number | undefined;
  /** Servers that are not watched at all, such as the admin pages'; asked once a connection. */
  readonly ignoreServer?: ((server: Server) => boolean) | undefined;
  /** Requests that are not watched at all. */
  readonly ignore?: ((request: IncomingMessage) => boolean) | undefined;
  /** Where the requests under way are kept for who wants to see them. */
  readonly open?: OpenRequests<Exchange> | undefined;
}

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
  const { spans, recorder, ignore, ignoreServer } = options;
  const underWay = options.open ?? new OpenRequests<Exchange>();
  const limitMs = options.limitMs ?? Number.POSITIVE_INFINITY;
  const kinds = new RequestKinds(recorder);

  const finish = (exchange: Exchange, aborted: boolean): void => {
    underWay.remove(exchange);
    const { scope, limit, connection, message } = exchange;
    if (aborted) limit.cancel();
    else limit.settle();
    const status = aborted && !message.response.headersSent ? 0 : message.response.statusCode;
    const cut = aborted ? cutBy(exchange) : undefined;
    const cancelled = aborted && cut === undefined;
    const kind = kinds.of(exchange.method, connection.scheme, routeOf(message.request), status, cut);
    // What a sampler refused needs no attributes.
    const recording = scope.span?.isRecording() === true;
    const attributes = recording ? ownAttributes(exchange, cancelled) : NO_ATTRIBUTES;
    const shared = recording ? kind.attributesFor(exchange.headers.host) : NO_ATTRIBUTES;
    const endMono = clock.mono();
    spans.end(scope, kind.name, attributes, { cancelled, errorType: kind.measure.errorType }, endMono, shared);
    kind.series?.observeIn((endMono - exchange.startMono) / 1_000, scope);
  };

  const cancelAll = guarded((connection) => {
    for (const exchange of (connection as Connection).takeAll()) finish(exchange, true);
  });
  function closed(this: Socket): void {
    cancelAll(connectionOf(this));
  }

  const connect = (socket: Socket, server: Server): Connection => {
    const connection = new Connection(socket, ignoreServer?.(server) !== true);
    setConnection(socket, connection);
    socket.on('close', closed);
    return connection;
  };

  const onStart = (raw: unknown): void => {
    const message = raw as ServerMessage;
    const { request, socket } = message;
    const connection = connectionOf(socket) ?? connect(socket, message.server);
    if (!connection.watched || ignore?.(request)) {
      storage.enterWith(undefined);
      return;
    }
    const target = splitTarget(request.url ?? '/');
    const headers = neededHeaders(request.rawHeaders);
    const method = knownMethod(request.method);
    const parent = headers.traced ? spans.extract(request.headers) : ROOT;
    const scope = spans.start(nameOf(method), KIND_SERVER, parent, { 'url.path': target.path });
    const limit = new RequestLimit(scope.startMono + Math.min(limitMs, headerLimit(headers.deadline, recorder)));
    scope.limit = limit;
    const exchange = new Exchange(connection, message, scope, limit, target, headers, method);
    connection.add(exchange);
    underWay.add(exchange);
    storage.enterWith(scope);
  };
  const onFinish = (raw: unknown): void => {
    const { socket, response } = raw as ServerMessage;
    const exchange = connectionOf(socket)?.take(response);
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

/** What other requests of the same kind may have otherwise. */
function ownAttributes({ connection, message: { request }, target, headers, method }: Exchange, cancelled: boolean): AttributeBag {
  const { address } = connection; // a Unix socket has none
  const bag: AttributeBag = address === undefined ? { 'url.path': target.path } : { 'url.path': target.path, 'client.address': address };
  if (method === '_OTHER') bag['http.request.method_original'] = bounded(request.method ?? '');
  if (target.query !== undefined) bag['url.query'] = target.query;
  if (cancelled) bag['sonde.cancelled'] = true;
  if (request.httpVersion !== '1.1') bag['network.protocol.version'] = request.httpVersion;
  if (headers.userAgent !== undefined) bag['user_agent.original'] = bounded(headers.userAgent);
  return bag;
}
