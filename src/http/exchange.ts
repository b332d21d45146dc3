import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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
