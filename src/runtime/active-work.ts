import type { ActiveWork } from '../admin/deps.ts';
import type { TraceBook } from '../admin/trace-book.ts';
import { clock } from '../core/clock.ts';
import { type FunctionDef, functionDefs } from '../core/function-def.ts';
import type { Exchange } from '../http/exchange.ts';
import type { OpenRequests } from '../http/open-requests.ts';
import { routeOf } from '../http/route.ts';
import { type OpenScope, openSpans } from '../trace/open-spans.ts';

const MAX_REQUESTS = 200; // the oldest ones: those that may hang
const MAX_SPANS = 200;
/** Open for longer, and for many times what is usual: nobody waits for it any more. */
const STUCK_MS = 60_000;
const STUCK_FACTOR = 10;
/** What an infinite 99th percentile counts as: the last bound of the histogram of calls. */
const LONGEST_MS = 10_000;

/** What is under way: the oldest requests and open spans one by one, other calls of traced functions by number. */
export function activeWork(open: OpenRequests<Exchange>, traces: Pick<TraceBook, 'families'>): ActiveWork[] {
  const p99 = new Map(traces.families().map(({ name, p99Ms }) => [name, p99Ms]));
  const nowMono = clock.mono();
  const requests = open.oldest(MAX_REQUESTS).map(({ startMono, target, scope, message: { request } }): ActiveWork => {
    const route = routeOf(request);
    const name = route === undefined ? (request.method ?? 'HTTP') : `${request.method} ${route}`;
    return { name, detail: target.path, ...idsOf(scope.span?.spanContext()), count: 1, ...ageOf(nowMono - startMono, p99.get(name)) };
  });
  const { oldest } = openSpans(MAX_SPANS);
  const spans = oldest.map((scope): ActiveWork => {
    const { def } = scope;
    const name = scope.span?.name ?? def?.name ?? 'span';
    const p99Ms = def?.cell?.p99Ms?.() ?? p99.get(name);
    return { name, detail: detailOf(scope), ...idsOf(scope.span?.spanContext()), count: 1, ...ageOf(nowMono - scope.startMono, p99Ms) };
  });
  return [...requests, ...spans, ...otherCalls(oldest)];
}

/** Calls that run at this moment, and those beyond the oldest, by function. */
function otherCalls(shown: readonly OpenScope[]): ActiveWork[] {
  const counts = new Map<FunctionDef, number>();
  for (const { def } of shown) if (def !== undefined) counts.set(def, (counts.get(def) ?? 0) + 1);
  return functionDefs()
    .map((def) => ({ def, count: def.active - (counts.get(def) ?? 0) }))
    .filter(({ count }) => count > 0)
    .map(({ def, count }) => ({ name: def.name, detail: def.site ?? def.module, ageMs: 0, traceId: undefined, count, isSlow: false }));
}

function ageOf(ageMs: number, p99Ms: number | undefined): Pick<ActiveWork, 'ageMs' | 'p99Ms' | 'isSlow' | 'isStuck'> {
  const isStuck = ageMs > STUCK_MS && ageMs > STUCK_FACTOR * Math.min(p99Ms ?? 0, LONGEST_MS);
  return { ageMs, p99Ms, isSlow: ageMs > (p99Ms ?? Number.POSITIVE_INFINITY), isStuck };
}

function idsOf(context: { readonly traceId: string; readonly spanId: string } | undefined): Pick<ActiveWork, 'traceId' | 'spanId'> {
  return { traceId: context?.traceId, spanId: context?.spanId };
}

function detailOf({ def, library }: OpenScope): string {
  return def?.site ?? def?.module ?? library?.name ?? '';
}
