import { stringify } from 'yaml';
import type { Alert, AlertGroup } from '../alerts/alert.ts';
import { SOURCES } from '../dashboards/panel.ts';
import { annotations } from './prometheus.ts';

const HEAD =
  '# Generated from src/stack/alerts by `sonde stack generate`; change it there. The same alerts as in collector/, for those who want Grafana to evaluate them.\n';
const LOOK_BACK_S = 600; // an instant query needs only its own range; Grafana wants one all the same

/** The alerts as Grafana-managed rules. Recording rules stay with Prometheus: these rules use what it records. */
export function grafanaManaged(groups: readonly AlertGroup[]): string {
  return (
    HEAD +
    stringify(
      {
        apiVersion: 1,
        groups: groups.map((group) => ({ orgId: 1, name: group.name, folder: 'Sonde', interval: '1m', rules: group.alerts.map(rule) })),
      },
      { lineWidth: 0, aliasDuplicateObjects: false },
    )
  );
}

function rule(alert: Alert): unknown {
  const source = alert.language === 'promql' ? SOURCES.prometheus : SOURCES.loki;
  const range = { from: LOOK_BACK_S, to: 0 };
  return {
    uid: `sonde-${alert.name}`.toLowerCase().slice(0, 40),
    title: alert.name,
    condition: 'fires',
    data: [
      {
        refId: 'query',
        relativeTimeRange: range,
        datasourceUid: source.uid,
        model: { refId: 'query', expr: alert.expr, ...(alert.language === 'promql' ? { instant: true, range: false } : { queryType: 'instant' }) },
      },
      // The expression filters by itself: every series that it returns is one that fires, whatever its value.
      {
        refId: 'fires',
        relativeTimeRange: range,
        datasourceUid: '__expr__',
        model: { refId: 'fires', type: 'math', expression: '($query == 0) || ($query != 0)' },
      },
    ],
    noDataState: 'OK',
    execErrState: 'Error',
    for: alert.for,
    labels: { severity: alert.severity },
    annotations: {
      ...Object.fromEntries(Object.entries(annotations(alert)).map(([name, text]) => [name, inGrafana(text)])),
      __dashboardUid__: alert.dashboard,
    },
  };
}

/** In Prometheus `$value` is the number; in Grafana it is a sentence about all queries, which no `humanize` takes. */
function inGrafana(template: string): string {
  return template.replaceAll(/\$value\b/g, () => '$values.query.Value');
}
