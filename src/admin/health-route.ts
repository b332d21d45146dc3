import { json } from './answer.ts';
import type { Route } from './route.ts';

function healthRoute(path: string, kind: 'live' | 'ready'): Route {
  return {
    path,
    methods: ['GET', 'HEAD'],
    async answer({ deps }) {
      const { ok, reasons, checks } = await deps.health(kind);
      return json(ok ? 200 : 503, { status: ok ? 'ok' : 'unavailable', reasons, ...(checks ? { checks } : {}) });
    },
  };
}

/** `/healthz`: whether the process should go on living. */
export const liveRoute = healthRoute('/healthz', 'live');
/** `/readyz`: whether it should get traffic. */
export const readyRoute = healthRoute('/readyz', 'ready');
