import type { ActiveWork } from '../admin/deps.ts';
import type { TraceBook } from '../admin/trace-book.ts';
import { clock } from '../core/clock.ts';
import { functionDefs } from '../core/function-def.ts';
import type { Exchange } from '../http/exchange.ts';
import type { OpenRequests } from '../http/open-requests.ts';
import { routeOf } from '../http/route.ts';

const MAX_REQUESTS = 200; // the oldest ones: those that may hang

/** What is under way: the oldest requests one by one, traced functions by number. */
export function activeWork(open: OpenRequests<Exchange>, traces: Pick<TraceBook, 'families'>): ActiveWork[] {
  const p99 = new Map(traces.families().map(({ name, p99Ms }) => [name, p99Ms]));
  const nowMono = clock.mono();
  const requests = open.oldest(MAX_REQUESTS).map(({ startMono, target, scope, message: { request } }): ActiveWork => {
    const route = routeOf(request);
    const name = route === undefined ? (request.method ?? 'HTTP') : `${request.method} ${route}`;
    const ageMs = nowMono - startMono;
    return {
      name,
      detail: target.path,
      ageMs,
      traceId: scope.span?.spanContext().traceId,
      count: 1,
      isSlow: ageMs > (p99.get(name) ?? Number.POSITIVE_INFINITY),
    };
  });
  const calls = functionDefs()
    .filter((def) => def.active > 0)
    .map((def): ActiveWork => ({ name: def.name, detail: def.site ?? def.module, ageMs: 0, traceId: undefined, count: def.active, isSlow: false }));
  return [...requests, ...calls];
}
