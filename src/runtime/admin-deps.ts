import type { AdminDeps, HandleRow } from '../admin/deps.ts';
import { openProblems } from '../core/diag.ts';
import { suspectedLeaks } from '../handles/growth.ts';
import type { HandleInfo } from '../handles/handle-info.ts';
import { listHandles } from '../handles/list-handles.ts';
import { counter } from '../metrics/counter.ts';
import { renderMetrics } from '../metrics/render.ts';
import { currentBottleneck } from '../metrics/watch-bottleneck.ts';
import { openSpans } from '../trace/open-spans.ts';
import { activeWork } from './active-work.ts';
import { adminLevels } from './admin-levels.ts';
import type { Config } from './config/config.ts';
import type { ErrorLookUp } from './error-look-up.ts';
import { readHealth } from './health.ts';
import type { Telemetry } from './wiring.ts';

/** What the admin handler shows of this process. */
export function adminDeps(config: Config, telemetry: Telemetry, lookUp: ErrorLookUp): AdminDeps & Required<Pick<AdminDeps, 'refused'>> {
  const refused = counter('sonde_admin_refused_total', { help: 'Requests to the admin routes that were refused', labels: ['reason', 'status'] });
  const { token, authorize, requireTtl } = config.admin;
  return {
    service: config.service,
    metrics: renderMetrics,
    levels: adminLevels,
    health: readHealth,
    error: (id) => lookUp.error(id),
    errors: (query) => lookUp.errors(query),
    traces: telemetry.traces,
    active: () => activeWork(telemetry.openRequests, telemetry.traces),
    openSpans: () => openSpans(0).count,
    trace: (id) => lookUp.trace(id),
    config: () => config,
    handles: () => listHandles().map(handleRow),
    leaks: suspectedLeaks,
    bottleneck: currentBottleneck,
    ledger: () => telemetry.ledger(),
    problems: openProblems,
    refused: (reason, status) => refused.inc({ reason, status: status === 0 ? 'none' : String(status) }),
    token,
    authorize,
    requireTtl,
  };
}

function handleRow({ type, site, ...rest }: HandleInfo): HandleRow {
  return { kind: type, site, ...rest };
}
