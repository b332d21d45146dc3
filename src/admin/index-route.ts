import { htmlAnswer, json } from './answer.ts';
import type { AdminDeps, LeaseRow } from './deps.ts';
import { html, page, table } from './html.ts';
import { showLedger } from './ledger-route.ts';
import { type Route, type RouteContext, wantsJson } from './route.ts';

/** `/debug`: what the process says of itself, and the way to the rest. */
export const indexRoute: Route = {
  path: '/debug',
  methods: ['GET', 'HEAD'],
  isPage: true,
  answer: show,
};

/** The mount point shows the same page. */
export const rootRoute: Route = { ...indexRoute, path: '/' };

function show(context: RouteContext) {
  const { deps, up } = context;
  const memory = process.memoryUsage();
  const facts = {
    service: deps.service,
    pid: process.pid,
    node: process.version,
    uptimeSeconds: Math.round(process.uptime()),
    rssBytes: memory.rss,
    heapUsedBytes: memory.heapUsed,
    rootLevel: deps.levels.get('').level,
    handles: deps.handles().length,
  };
  const problems = deps.problems();
  const leases = deps.levels.leases();
  const bottleneck = deps.bottleneck?.();
  if (wantsJson(context)) return json(200, { ...facts, bottleneck, problems, leases, ledger: deps.ledger() });
  const body = html`${table(['fact', 'value'], Object.entries(facts))}
<h2>What limits it</h2>${bottleneckTable(bottleneck)}
<h2>Problems of the SDK</h2>${table(
    ['since', 'kind', 'times', 'message'],
    problems.map((one) => [one.since, one.kind, one.count, one.message]),
  )}
<h2>Levels on lease</h2>${table(['logger', 'level', 'until', 'only for', 'reason', 'actor'], leases.map(leaseRow))}
<h2>Ledger</h2>${showLedger(deps.ledger())}`;
  return htmlAnswer(200, page(deps.service, up, body));
}

function leaseRow({ logger, level, expiresAtMs, scope, reason, actor }: LeaseRow): readonly unknown[] {
  const only = Object.entries(scope ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
  return [logger, level, expiresAtMs === undefined ? '' : new Date(expiresAtMs).toISOString(), only, reason, actor];
}

function bottleneckTable(found: ReturnType<NonNullable<AdminDeps['bottleneck']>> | undefined): ReturnType<typeof table> {
  const pressure = Object.entries(found?.pressure ?? {});
  return table(
    ['limited by', 'why', ...pressure.map(([resource]) => resource)],
    found ? [[found.resource, found.why, ...pressure.map(([, value]) => value.toFixed(2))]] : [],
  );
}
