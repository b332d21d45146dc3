import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below what Linux (from 32,768) and others give to whoever connects or asks for any port: a port from here stays free until its server starts. */
const [FIRST, LAST] = [10_000, 32_000];

/** Ports of loopback that nobody uses, by chance: other tests look for theirs at the same time. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (isFree) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}
