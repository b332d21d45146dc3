import { json } from './answer.ts';
import type { Route } from './route.ts';

function healthRoute(path: string, kind: 'live' | 'ready'): Route {
  return {
    path,
    methods: ['GET', 'HEAD'],
    async answer({ deps }) {
      const { ok, reasons, checks } = await deps.health(kind);
      return json(statusOf(ok), { status: wordOf(ok), reasons, ...(checks ? { checks } : {}) });
    },
    // The probes of an orchestrator carry no token: they learn the status and nothing of what is behind it.
    async answerStranger({ deps }) {
      const { ok } = await deps.health(kind);
      return json(statusOf(ok), { status: wordOf(ok) });
    },
  };
}

function statusOf(ok: boolean): number {
  return ok ? 200 : 503;
}

function wordOf(ok: boolean): string {
  return ok ? 'ok' : 'unavailable';
}

/** `/healthz`: whether the process should go on living. */
export const liveRoute = healthRoute('/healthz', 'live');
/** `/readyz`: whether it should get traffic. */
export const readyRoute = healthRoute('/readyz', 'ready');
