import { httpScenario } from '../http-scenario.mjs';
import { plainServer } from '../peers/http-servers.mjs';

/** One JSON route on plain node:http, 50 connections: the throughput that is kept. */
export const scenario = httpScenario({
  serve: () => plainServer(),
  withStorage: (storage) => plainServer((request, next) => storage.run(request, next)),
  sondeServer: () => plainServer(),
});
