import { createRequire } from 'node:module';
import { load } from '../load.mjs';
import { processCpu, timed } from '../meter.mjs';

// Loaded by require(), after the peer has started: that is where instrumentations hook in.
const require = createRequire(import.meta.url);

const ORDER = { id: 'o-17', plan: 'pro', total: 129.5, items: ['book', 'pen'] };

/** A server of plain node:http with one JSON route. */
export async function plainServer(handle = (_request, next) => next()) {
  const { createServer } = require('node:http');
  const server = createServer((request, response) =>
    handle(request, () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(ORDER));
    }),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/orders/17`, close: () => server.close() };
}

/** The same route on fastify. */
export async function fastifyServer({ plugin, hook } = {}) {
  const { fastify } = require('fastify');
  const app = fastify();
  if (plugin) await app.register(plugin);
  if (hook) app.addHook('onRequest', hook);
  app.get('/orders/:id', async () => ORDER);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url: `${url}/orders/17`, close: () => app.close() };
}

/** Samples of a server under load: throughput, latency, CPU a request of the whole process and of the app thread. */
export function underLoad({ url, close }, end) {
  return {
    async sample({ smoke, warm } = {}) {
      let seen;
      const before = processCpu();
      const { mainUs } = await timed(async () => {
        seen = await load(url, { seconds: smoke || warm ? 1 : 2 });
      });
      if (seen.errors > 0 || seen.requests === 0) throw new Error(`the load saw ${seen.errors} errors in ${seen.requests} requests`);
      // What the app thread could answer if it had a core to itself: the load generator and its neighbours do not move it.
      const capacity = (seen.requests * 1e6) / mainUs;
      return {
        capacity,
        perSecond: seen.requests / seen.seconds,
        p99: seen.p99,
        main: mainUs / seen.requests,
        process: (processCpu() - before) / seen.requests,
      };
    },
    async end() {
      await close();
      await end?.();
    },
  };
}
