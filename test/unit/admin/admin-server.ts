import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { AdminDeps, Refusal } from '../../../src/admin/deps.ts';
import { createAdminHandler, type Mount } from '../../../src/admin/handler.ts';
import { adminDeps, memoryLevels } from './admin-deps.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface AdminServer {
  readonly server: Server;
  readonly port: number;
  readonly refusals: Refusal[];
  readonly changes: ReturnType<typeof memoryLevels>['changes'];
  call(path: string, call?: Call): Promise<Reply>;
  /** Sends a request line and headers as they are; gives what comes back. */
  raw(...lines: string[]): Promise<string>;
  close(): void;
}

/** An admin handler over a real server with everything behind it in memory. */
export async function adminServer(
  extra: Partial<AdminDeps> = {},
  mount?: (handler: ReturnType<typeof createAdminHandler>) => Server,
  where?: Mount,
): Promise<AdminServer> {
  const refusals: Refusal[] = [];
  const { levels, changes } = memoryLevels();
  const handler = createAdminHandler(adminDeps({ levels, refused: (reason) => void refusals.push(reason), ...extra }), where);
  const server = mount ? mount(handler) : createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const call = (path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const client = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      });
      client.on('error', reject).end(body);
    });
  const raw = (...lines: string[]): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`));
      socket
        .on('data', (chunk) => (text += chunk))
        .on('error', () => {})
        .on('close', () => resolve(text));
    });
  return {
    server,
    port,
    refusals,
    changes,
    call,
    raw,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
