import { ALERT_GROUPS } from '../alerts/groups.ts';
import { SLO_ALERTS } from '../alerts/slo.ts';
import { DASHBOARDS } from '../dashboards/all.ts';
import { dashboardJson } from '../dashboards/dashboard.ts';
import { type ServiceSlo, SLO_FOLDER } from '../slo/declared.ts';
import { sloGroups } from '../slo/rules.ts';
import { grafanaManaged } from './grafana-managed.ts';
import { promtoolTests, ruleFile } from './prometheus.ts';
import { runbook, runbookIndex } from './runbooks.ts';

/** Begins what is generated from declared objectives. */
export const SLO_HEAD = `# Generated from ${SLO_FOLDER} by \`sonde stack generate\`; change it there.\n`;

/** Every generated file of the stack: its path below the folder that holds docker-compose.yml, and its text. */
export function generatedFiles(declared: readonly ServiceSlo[] = []): Map<string, string> {
  const files = new Map<string, string>();
  const add = (path: string, text: string | undefined): void => {
    if (text !== undefined) files.set(path, text);
  };
  for (const group of ALERT_GROUPS) {
    add(`collector/prometheus/rules/${group.name}.yml`, ruleFile([group], 'promql'));
    add(`collector/prometheus/tests/${group.name}.yml`, promtoolTests(group));
    // Loki's tenant without authentication is called "fake": its rules stand in a folder of that name.
    add(`collector/loki/rules/fake/${group.name}.yml`, ruleFile([group], 'logql'));
    for (const alert of group.alerts) add(`collector/runbooks/${alert.name}.md`, runbook(alert));
  }
  for (const service of declared) {
    const groups = sloGroups(service);
    const [alerts] = groups;
    add(`collector/prometheus/rules/slo-${service.service}.yml`, ruleFile(groups, 'promql', SLO_HEAD));
    if (alerts) add(`collector/prometheus/tests/${alerts.name}.yml`, promtoolTests(alerts, [SLO_ALERTS.name], SLO_HEAD));
  }
  add('collector/runbooks/README.md', runbookIndex(ALERT_GROUPS));
  add('grafana/managed/alerting/rules.yaml', grafanaManaged(ALERT_GROUPS));
  for (const dashboard of DASHBOARDS) add(`grafana/dashboards/${dashboard.uid.replace('sonde-', '')}.json`, dashboardJson(dashboard));
  return files;
}
