import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorType } from '../core/error-type.ts';
import type { SpanScope } from './port.ts';
import type { NeededHeaders } from './request-headers.ts';
import type { RequestLimit } from './request-limit.ts';

/** What Node's channels of servers publish. */
export interface ServerMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly server: Server;
}

/** One request and its response. */
export class Exchange {
  readonly connection: Connection;
  readonly message: ServerMessage;
  readonly scope: SpanScope;
  readonly limit: RequestLimit;
  readonly startMono: number;
  readonly target: { readonly path: string; readonly query: string | undefined };
  readonly headers: NeededHeaders;
  readonly method: string;
  /** The `error.type` of what cut the answer; see {@link noteCut}. */
  cutBy: string | undefined = undefined;
  // Links of the list of open requests.
  previous: Exchange | undefined = undefined;
  next: Exchange | undefined = undefined;

  constructor(
    connection: Connection,
    message: ServerMessage,
    scope: SpanScope,
    limit: RequestLimit,
    target: Exchange['target'],
    headers: NeededHeaders,
    method: string,
  ) {
    this.connection = connection;
    this.message = message;
    this.scope = scope;
    this.limit = limit;
    this.startMono = scope.startMono;
    this.target = target;
    this.headers = headers;
    this.method = method;
  }
}

const CONNECTION = Symbol('sonde.http.connection');
type Carrier = Socket & { [CONNECTION]?: Connection };

/**
 * What is known of a connection, and what it has under way: most often one exchange, several where requests are
 * pipelined. It is the only thing left on an object of Node's, once a connection: a property for each request made the
 * requests and responses slower for Node too.
 */
export class Connection {
  readonly scheme: 'http' | 'https';
  /** The peer's address; `undefined` where it had gone before it was asked. */
  readonly address: string | undefined;
  /** Whether its server is watched. */
  readonly watched: boolean;
  private one: Exchange | undefined = undefined;
  private more: Exchange[] | undefined = undefined;

  constructor(socket: Socket, watched: boolean) {
    this.scheme = (socket as { encrypted?: boolean }).encrypted ? 'https' : 'http';
    this.address = socket.remoteAddress;
    this.watched = watched;
  }

  add(exchange: Exchange): void {
    if (this.one === undefined) this.one = exchange;
    else if (this.more === undefined) this.more = [exchange];
    else this.more.push(exchange);
  }

  /** The exchange of a response, where it is under way. */
  find(response: ServerResponse): Exchange | undefined {
    if (this.one?.message.response === response) return this.one;
    return this.more?.find((exchange) => exchange.message.response === response);
  }

  /** Takes out the exchange of a response; `undefined` where it is not under way (any more). */
  take(response: ServerResponse): Exchange | undefined {
    const { one } = this;
    if (one !== undefined && one.message.response === response) {
      this.one = undefined;
      return one;
    }
    const at = this.more?.findIndex((exchange) => exchange.message.response === response) ?? -1;
    return at < 0 ? undefined : this.more?.splice(at, 1)[0];
  }

  /** Takes out everything. */
  takeAll(): Exchange[] {
    const all = this.one === undefined ? [] : [this.one];
    if (this.more) all.push(...this.more);
    this.one = undefined;
    this.more = undefined;
    return all;
  }
}

/** The connection of a socket, once it has had a request. */
export function connectionOf(socket: Socket): Connection | undefined {
  return (socket as Carrier)[CONNECTION];
}

/** Notes a socket's connection. */
export function setConnection(socket: Socket, connection: Connection): void {
  (socket as Carrier)[CONNECTION] = connection;
}

/**
 * Tells that an answer which was begun is about to be cut because of `error`: the request has failed then, and is not one
 * that its client gave up.
 */
export function noteCut(response: ServerResponse, error: unknown): void {
  const exchange = response.socket ? connectionOf(response.socket)?.find(response) : undefined;
  if (exchange) exchange.cutBy = errorType(error);
}

/** The `error.type` of what ended an answer before its end; `undefined` where the client went away. */
export function cutBy({ cutBy: told, message: { response } }: Exchange): string | undefined {
  if (told !== undefined) return told;
  // `stream.pipeline(source, response)` and `response.destroy(error)` leave the error here.
  const { errored } = response as { errored?: unknown };
  if (errored === undefined || errored === null) return undefined;
  const { code, name } = errored as { code?: unknown; name?: unknown };
  return name === 'AbortError' || CONNECTION_CODES.has(code) ? undefined : errorType(errored);
}

/** What a client's going away looks like from here. */
const CONNECTION_CODES: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_HTTP2_STREAM_ERROR']);
