import { configRoute } from './config-route.ts';
import { errorRoute, errorsRoute } from './errors-route.ts';
import { handlesRoute } from './handles-route.ts';
import { liveRoute, readyRoute } from './health-route.ts';
import { indexRoute, rootRoute } from './index-route.ts';
import { ledgerRoute } from './ledger-route.ts';
import { levelRoute } from './level-route.ts';
import { loggerRoute, loggersRoute } from './loggers-route.ts';
import { metricsRoute } from './metrics-route.ts';
import { allocsRoute, cpuRoute, goroutineRoute, heapRoute, pprofRoute } from './pprof-route.ts';
import type { Route } from './route.ts';
import { traceRoute, tracesRoute } from './traces-route.ts';

/** Every path of the admin surface. */
export const routes: readonly Route[] = [
  rootRoute,
  metricsRoute,
  levelRoute,
  loggersRoute,
  loggerRoute,
  liveRoute,
  readyRoute,
  indexRoute,
  errorsRoute,
  errorRoute,
  handlesRoute,
  ledgerRoute,
  tracesRoute,
  traceRoute,
  configRoute,
  pprofRoute,
  cpuRoute,
  heapRoute,
  allocsRoute,
  goroutineRoute,
];
