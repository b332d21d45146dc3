import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { AdminHandler } from '../admin/handler.ts';
import { warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';

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

/** Serves `handler`; a port that is taken is one line on stderr, and the application runs on. */
export async function openAdminServer(
  handler: AdminHandler,
  where: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<AdminServer> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: HEADERS_MS,
      connectionsCheckingInterval: 1_000,
    },
    handler,
  );
  own.add(server);
  server.unref();
  boundConnections(server);
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

/** Keeps the number of connections bounded without locking anybody out: where there are too many, the longest idle one goes. */
function boundConnections(server: Server): void {
  const idle = new Set<Socket>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    socket.unref();
    open++;
    idle.add(socket);
    socket.once('close', () => {
      open--;
      idle.delete(socket);
    });
    if (open <= MAX_CONNECTIONS) return;
    const [longest] = idle;
    (longest ?? socket).destroy();
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
}
