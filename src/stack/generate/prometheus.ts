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

/** A rule file: of each group recording rules first, then the alerts in one of the two languages. */
export function ruleFile(groups: readonly AlertGroup[], language: Alert['language'], head = HEAD): string | undefined {
  const written = groups.flatMap((group) => {
    const rules = rulesOf(group, language);
    return rules.length === 0 ? [] : [{ name: group.name, ...(group.interval ? { interval: group.interval } : {}), rules }];
  });
  return written.length === 0 ? undefined : head + yaml({ groups: written });
}

function rulesOf(group: AlertGroup, language: Alert['language']): unknown[] {
  const alerts = group.alerts.filter((alert) => alert.language === language);
  return [
    ...(language === 'promql' ? (group.recordings ?? []) : []),
    ...alerts.map((alert) => ({ alert: alert.name, expr: alert.expr, for: alert.for, labels: { severity: alert.severity }, annotations: annotations(alert) })),
  ];
}

/** The promtool tests of a group: per alert one case that fires and one that must not. `besides`: rule files that it builds on. */
export function promtoolTests(group: AlertGroup, besides: readonly string[] = [], head = HEAD): string | undefined {
  const alerts = group.alerts.filter((alert) => alert.language === 'promql');
  if (alerts.length === 0) return undefined;
  const tests = alerts.flatMap((alert) => {
    const { fires, silent } = alert.test;
    return silent ? [testCase(alert, fires, true), testCase(alert, silent, false)] : [testCase(alert, fires, true)];
  });
  const names = [...besides, group.name];
  return (
    head +
    yaml({
      rule_files: names.map((name) => `../rules/${name}.yml`),
      evaluation_interval: group.testStep ?? '1m',
      // What is recorded has to be there before what looks at it: a step earlier it is too old.
      ...(besides.length > 0 ? { group_eval_order: names } : {}),
      tests,
    })
  );
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
