import { httpScenario } from '../http-scenario.mjs';
import { fastifyServer } from '../peers/http-servers.mjs';

export const scenario = httpScenario({
  title: 'One JSON route on fastify, 50 connections: the throughput that is kept',
  serve: () => fastifyServer(),
  withStorage: (storage) => fastifyServer({ hook: (request, _reply, done) => storage.run(request, done) }),
  sondeServer: async () => fastifyServer({ plugin: (await import('../../../dist/public/fastify.js')).sondeFastify }),
});
