import { httpScenario } from '../http-scenario.mjs';
import { fastifyServer } from '../peers/http-servers.mjs';

/** One JSON route on fastify, 50 connections: the throughput that is kept. */
export const scenario = httpScenario({
  serve: () => fastifyServer(),
  withStorage: (storage) => fastifyServer({ hook: (request, _reply, done) => storage.run(request, done) }),
  sondeServer: async () => fastifyServer({ plugin: (await import('../../../dist/public/fastify.js')).sondeFastify }),
});
