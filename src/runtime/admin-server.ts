import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Answer, FIXED_HEADERS, failure, send } from '../admin/answer.ts';
import type { Refusal } from '../admin/deps.ts';
import type { AdminHandler } from '../admin/handler.ts';
import { warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';
import { nodeHttp } from '../core/node-http.ts';

/** A server of our own for the admin handler. It never holds the process. */
export interface AdminServer {
  readonly server: Server;
  /** The port it got; `undefined` where it could not listen. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 16_384; // a browser's cookies of localhost
const HEADERS_MS = 5_000; // no honest client on this machine needs longer
const REQUEST_MS = 10_000;
const MAX_CONNECTIONS = 64; // people and scrapers need a few; each costs some kB

const own = new WeakSet<Server>();

/** Whether requests to a server are for its admin pages only: they are not watched. */
export function isAdminServer(server: Server): boolean {
  return own.has(server);
}

/** Is told of a refusal; status 0: the connection was closed without a word. */
export type OnRefused = (reason: Refusal, status: number) => void;

/** Serves `handler`; a port that is taken is one line on stderr, and the application runs on. */
export async function openAdminServer(
  handler: AdminHandler,
  where: { readonly port: number; readonly host: string } | { readonly path: string },
  onRefused: OnRefused,
): Promise<AdminServer> {
  const server = nodeHttp().createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: HEADERS_MS,
      connectionsCheckingInterval: 1_000,
      requireHostHeader: false, // the handler refuses it, in its own words and counted
    },
    handler,
  );
  own.add(server);
  server.maxHeadersCount = 0; // Node would not show what comes after 2,000: the size is the bound
  server.unref();
  answerBadRequests(server, boundConnections(server, onRefused), onRefused);
  const problem = await new Promise<unknown>((resolve) => {
    server.once('error', resolve);
    server.listen(where, () => resolve(undefined));
  });
  if (problem !== undefined) {
    const place = 'path' in where ? where.path : `${where.host}:${where.port}`;
    warn(
      'admin-listen',
      `cannot serve the admin pages on ${place}: ${safeMessage(problem)}; choose another with start({ admin: { port } }) or SONDE_ADMIN_PORT`,
    );
  }
  server.on('error', (error) => warn('admin-server', `the admin server has failed: ${error.message}`));
  const address = problem === undefined ? server.address() : null;
  return {
    server,
    port: typeof address === 'object' ? (address?.port ?? undefined) : undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Keeps the number of connections bounded without locking anybody out: where there are too many, the longest idle one
 * goes. Returns the connections that have a request under way, with its response.
 */
function boundConnections(server: Server, onRefused: OnRefused): ReadonlyMap<Duplex, ServerResponse> {
  const idle = new Set<Socket>();
  const busy = new Map<Duplex, ServerResponse>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    socket.unref();
    open++;
    idle.add(socket);
    socket.once('close', () => {
      open--;
      idle.delete(socket);
      busy.delete(socket);
    });
    if (open <= MAX_CONNECTIONS) return;
    const [longest] = idle;
    (longest ?? socket).destroy();
    onRefused('connections', 0);
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    busy.set(socket, response);
    response.once('close', () => {
      busy.delete(socket);
      if (!socket.destroyed) idle.add(socket);
    });
  });
  return busy;
}

/** What Node's parser refuses never reaches the handler: it is answered in the same words, counted, and its connection ends. */
function answerBadRequests(server: Server, busy: ReadonlyMap<Duplex, ServerResponse>, onRefused: OnRefused): void {
  const refuse = (socket: Duplex, reason: Refusal, answer: Answer): void => {
    // In the middle of an answer another one would be read as its body.
    const mayAnswer = socket.writable && busy.get(socket)?.headersSent !== true;
    onRefused(reason, mayAnswer ? answer.status : 0);
    if (mayAnswer) socket.end(rawAnswer(answer));
    (socket as Socket).destroySoon();
  };
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || socket.destroyed) socket.destroy();
    else if (error.code === 'HPE_HEADER_OVERFLOW') refuse(socket, 'too_large', failure(431, `the header is larger than ${MAX_HEADER_BYTES >> 10} KiB`));
    else if (error.code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') refuse(socket, 'too_large', failure(413, 'the chunk extensions are too large'));
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuse(socket, 'too_slow', failure(408, 'the request took too long'));
    else refuse(socket, 'malformed', failure(400, 'the request cannot be read'));
  });
  server.on('connect', (_request, socket) => refuse(socket, 'method', failure(405, 'CONNECT is not supported', { allow: 'GET, HEAD, PUT, POST' })));
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    const answer = failure(417, 'only 100-continue is expected here', { connection: 'close' });
    onRefused('malformed', answer.status);
    send(response, answer, false);
  });
}

function rawAnswer(answer: Answer): string {
  const headers = { connection: 'close', 'content-type': answer.type, 'content-length': Buffer.byteLength(answer.body), ...FIXED_HEADERS, ...answer.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${nodeHttp().STATUS_CODES[answer.status]}\r\n${lines.join('')}\r\n${String(answer.body)}`;
}
