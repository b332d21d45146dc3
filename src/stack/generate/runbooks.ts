import type { Alert, AlertGroup } from '../alerts/alert.ts';

/** The runbook of an alert as Markdown. */
export function runbook(alert: Alert): string {
  const steps = (lines: readonly string[]): string => lines.map((line, i) => `${i + 1}. ${line}`).join('\n');
  return `# ${alert.name}

Severity: **${alert.severity}** · holds for ${alert.for} · dashboard \`${alert.dashboard}\`

## What it means

${alert.runbook.meaning} ${alert.description}

## What to look at

${steps(alert.runbook.check)}

## What has helped

${steps(alert.runbook.mend)}

## The rule

\`\`\`${alert.language}
${alert.expr}
\`\`\`
`;
}

/** The index of all runbooks. */
export function runbookIndex(groups: readonly AlertGroup[]): string {
  const rows = groups.map(
    (group) =>
      `## ${group.title}\n\n${group.alerts.map((alert) => `- [${alert.name}](${alert.name}.md) (${alert.severity}): ${alert.description}`).join('\n')}\n`,
  );
  return `# Runbooks\n\nOne page an alert, generated from \`src/stack/alerts\` by \`sonde stack generate\`.\n\n${rows.join('\n')}`;
}
