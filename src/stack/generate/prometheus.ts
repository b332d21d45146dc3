import { stringify } from 'yaml';
import type { Alert, AlertCase, AlertGroup } from '../alerts/alert.ts';

const HEAD = '# Generated from src/stack/alerts by `sonde stack generate`; change it there.\n';
/** Where the runbooks are served from: the repository, or a mirror of it. */
export const RUNBOOKS_URL = 'https://github.com/sonde/sonde/blob/main/collector/runbooks';
export const GRAFANA_URL = 'http://127.0.0.1:3000';

/** The annotations of an alert. */
export function annotations(alert: Alert): Record<string, string> {
  return {
    summary: alert.summary,
    description: alert.description,
    runbook_url: `${RUNBOOKS_URL}/${alert.name}.md`,
    dashboard_url: `${GRAFANA_URL}/d/${alert.dashboard}`,
  };
}

/** A rule file: recording rules first, then the alerts in one of the two languages. */
export function ruleFile(group: AlertGroup, language: Alert['language']): string | undefined {
  const alerts = group.alerts.filter((alert) => alert.language === language);
  const recordings = language === 'promql' ? (group.recordings ?? []) : [];
  if (alerts.length + recordings.length === 0) return undefined;
  const rules = [
    ...recordings,
    ...alerts.map((alert) => ({ alert: alert.name, expr: alert.expr, for: alert.for, labels: { severity: alert.severity }, annotations: annotations(alert) })),
  ];
  return HEAD + yaml({ groups: [{ name: group.name, ...(group.interval ? { interval: group.interval } : {}), rules }] });
}

/** The promtool tests of a group: per alert one case that fires and one that must not. */
export function promtoolTests(group: AlertGroup): string | undefined {
  const alerts = group.alerts.filter((alert) => alert.language === 'promql');
  if (alerts.length === 0) return undefined;
  const tests = alerts.flatMap((alert) => {
    const { fires, silent } = alert.test;
    return silent ? [testCase(alert, fires, true), testCase(alert, silent, false)] : [testCase(alert, fires, true)];
  });
  return HEAD + yaml({ rule_files: [`../rules/${group.name}.yml`], evaluation_interval: '1m', tests });
}

function testCase(alert: Alert, input: AlertCase, fires: boolean): unknown {
  return {
    name: `${alert.name} ${fires ? 'fires' : 'is silent'}`,
    interval: input.every ?? '1m',
    input_series: Object.entries(input.series ?? {}).map(([series, values]) => ({ series, values })),
    // Values in annotations are Prometheus' business; the test is about which series fire, so it asks for the alert by its labels.
    promql_expr_test: [
      {
        expr: `count by (${['alertname', ...Object.keys(input.labels ?? {})].join(', ')}) (ALERTS{alertname="${alert.name}", alertstate="firing"})`,
        eval_time: input.at,
        exp_samples: fires ? [{ labels: labelSet({ alertname: alert.name, ...input.labels }), value: 1 }] : [],
      },
    ],
  };
}

function labelSet(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;
}

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
