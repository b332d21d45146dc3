import { createServer, type Server } from 'node:http';
import { failure, send } from '../../admin/answer.ts';
import { judge } from '../../admin/guard.ts';
import type { Lookup } from '../../store/lookup.ts';
import type { Receiver } from '../../store/server/receive.ts';
import { unreachable } from '../exit-codes.ts';
import { serveUi } from './handler.ts';

const MAX_HEADER_BYTES = 16_384; // a browser's cookies of localhost
const HEADERS_MS = 5_000; // no honest client on this machine needs longer
const REQUEST_MS = 30_000; // a batch of 20 MB over a slow link
const MAX_CONNECTIONS = 256; // exporters keep one each

export interface UiServerOptions {
  readonly port: number;
  readonly host: string;
  /** Needed of everybody where it is given; without one only this machine is served. */
  readonly token: string | undefined;
  readonly lookup: Lookup;
  /** Takes what others send; absent where only pages are served. */
  readonly receiver: Receiver | undefined;
  now(): number;
}

/** Opens the server; its address is answered, or one line why there is none. */
export async function openUiServer(options: UiServerOptions): Promise<{ readonly server: Server; readonly url: string; close(): Promise<void> }> {
  const { receiver, lookup, token } = options;
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }, async (request, response) => {
    try {
      const verdict = await judge(request, { token, authorize: undefined }, true);
      if (!verdict.allowed) send(response, verdict.answer, request.method === 'HEAD');
      else if (!(await receiver?.handle(request, response))) await serveUi(request, response, lookup, options.now());
    } catch {
      send(response, failure(500, 'internal error'), false); // the request is bad beyond words; the next one is served
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(unreachable(`Cannot listen on ${options.host}:${options.port}: ${error.code ?? error.message}; choose another with --port`)),
    );
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : options.port;
  return {
    server,
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
