import { tryDurationMs } from '../../core/duration.ts';
import type { AlertGroup, Recording } from '../alerts/alert.ts';
import { matchers, SLO_TEST_STEP, sloAlerts } from '../alerts/slo-alerts.ts';
import { declaredLimit } from '../alerts/slo-limit.ts';
import { FUNCTION_SLO, ROUTE_SLO, type SloSubject } from '../alerts/slo-subject.ts';
import type { ServiceSlo } from './declared.ts';

/**
 * The rules of what one service promises. The alerts have the names and the labels of the generic ones, so that
 * Alertmanager takes both for one; these hold also while no process runs that would show its objective.
 */
export function sloGroups({ service, objectives }: ServiceSlo): AlertGroup[] {
  const known = objectives.map((objective) => ({ ...subjectOf(service, objective), share: objective.objective, latency: secondsOf(objective.latency) }));
  return [
    {
      name: `slo-${service}`,
      title: `Objectives of ${service}`,
      testStep: SLO_TEST_STEP,
      alerts: known.flatMap(({ subject, labels, share, latency }) => sloAlerts(subject, declaredLimit(labels, share, latency))),
    },
    // Thirty days are read for one number: more often than each five minutes nobody looks at it.
    {
      name: `slo-${service}-budget`,
      title: `Error budgets of ${service}`,
      interval: '5m',
      recordings: known.map(({ subject, labels, share }) => budgetLeft(subject, labels, share)),
      alerts: [],
    },
  ];
}

function secondsOf(latency: string | undefined): number | undefined {
  const ms = tryDurationMs(latency);
  return ms === undefined ? undefined : ms / 1_000;
}

function subjectOf(service: string, objective: ServiceSlo['objectives'][number]): { subject: SloSubject; labels: Record<string, string> } {
  if ('function' in objective) return { subject: FUNCTION_SLO, labels: { service_name: service, function: objective.function, module: objective.module } };
  const [method = '', route = ''] = objective.route.split(' ');
  return { subject: ROUTE_SLO, labels: { service_name: service, http_request_method: method, http_route: route } };
}

/** What is left of the error budget of 30 days: 1 is untouched, below 0 is overspent. */
function budgetLeft({ calls, labels: names }: SloSubject, labels: Record<string, string>, share: number): Recording {
  const by = names.join(', ');
  const of = matchers(labels);
  const all = `sum by (${by}) (increase(${calls.metric}{${of}}[30d]))`;
  const failed = `sum by (${by}) (increase(${calls.metric}{${of},${calls.failed}}[30d]))`;
  return { record: 'sonde:slo_budget_left:ratio30d', expr: `1 - (${failed} or 0 * ${all}) / (${all} > 0) / ${Number((1 - share).toPrecision(6))}` };
}
