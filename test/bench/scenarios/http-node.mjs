import { httpScenario } from '../http-scenario.mjs';
import { plainServer } from '../peers/http-servers.mjs';

export const scenario = httpScenario({
  title: 'One JSON route on plain node:http, 50 connections: the throughput that is kept',
  serve: () => plainServer(),
  withStorage: (storage) => plainServer((request, next) => storage.run(request, next)),
  sondeServer: () => plainServer(),
});
