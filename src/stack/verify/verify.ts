import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GenericSchema } from 'valibot';
import { generatedFiles } from '../generate/files.ts';
import { leftOvers, readSlos } from '../slo/files.ts';
import { collectorProblems } from './collector.ts';
import { composeReferences } from './composition.ts';
import { dashboardProblems } from './dashboards.ts';
import { readDocuments, type StackDocument } from './documents.ts';
import { syntaxError } from './expressions.ts';
import type { Finding } from './finding.ts';
import { type StackNames, stackNames } from './links.ts';
import { NAME_PROBLEMS } from './names.ts';
import {
  alertingReferences,
  alertmanagerReferences,
  hostReferences,
  type Reference,
  textReferences,
  variableReferences,
  writeReferences,
} from './references.ts';
import { shapeFindings } from './shape.ts';
import { ALERTMANAGER } from './shapes/alertmanager.ts';
import { COLLECTOR } from './shapes/collector.ts';
import { COMPOSE } from './shapes/compose.ts';
import { ALERTING, DASHBOARD, DATASOURCES, PROVIDERS } from './shapes/grafana.ts';
import { LOKI } from './shapes/loki.ts';
import { PROMETHEUS } from './shapes/prometheus.ts';
import { RULES } from './shapes/rules.ts';
import { TEMPO } from './shapes/tempo.ts';
import { writtenExpressions } from './written.ts';

const PATHS = ['docker-compose.yml', 'collector', 'grafana'];

/** What was looked at, and what is wrong. */
export interface Verified {
  readonly files: number;
  readonly expressions: number;
  readonly findings: readonly Finding[];
}

type Deeper = (value: unknown, names: StackNames, root: string) => readonly Reference[];
/** A problem whose first quoted name says where it stands. */
const byName = (problems: readonly string[]): Reference[] => problems.map((problem) => [problem, /"([^"]+)"/.exec(problem)?.[1] ?? '']);

/** Each kind of file: where it is, its shape, and what a shape does not see. */
const KINDS: readonly { readonly at: RegExp; readonly shape: GenericSchema; readonly deeper?: Deeper }[] = [
  { at: /^docker-compose\.yml$/, shape: COMPOSE, deeper: (value, _names, root) => composeReferences(value, root) },
  { at: /^collector\/config\.yaml$/, shape: COLLECTOR, deeper: (value) => byName(collectorProblems(value as Parameters<typeof collectorProblems>[0])) },
  { at: /^collector\/(?:prometheus|loki)\/rules\//, shape: RULES },
  { at: /^collector\/prometheus\/prometheus\.yml$/, shape: PROMETHEUS },
  { at: /^collector\/loki\/loki\.yaml$/, shape: LOKI },
  { at: /^collector\/tempo\/tempo\.yaml$/, shape: TEMPO },
  { at: /^collector\/alertmanager\/alertmanager\.yml$/, shape: ALERTMANAGER, deeper: alertmanagerReferences },
  { at: /^grafana\/provisioning\/datasources\//, shape: DATASOURCES },
  { at: /^grafana\/provisioning\/dashboards\//, shape: PROVIDERS },
  { at: /^grafana\/(?:provisioning|managed)\/alerting\//, shape: ALERTING, deeper: alertingReferences },
  {
    at: /^grafana\/dashboards\//,
    shape: DASHBOARD,
    deeper: (value, names) => byName(dashboardProblems(value as Parameters<typeof dashboardProblems>[0], names.sources)),
  },
];

/**
 * Checks the stack's files below `root` without any server: shapes, components, names that files give each other,
 * expressions, and that every metric, label and attribute in a rule or a panel is one that somebody emits. Generated files
 * must be current.
 */
export function verifyStack(root: string): Verified {
  const { documents, findings } = readDocuments(root, PATHS);
  const names = stackNames(documents);
  let expressions = 0;
  for (const document of documents) {
    findings.push(...documentFindings(document, names, root));
    for (const { text, line, language } of writtenExpressions(document)) {
      expressions++;
      const syntax = syntaxError(language, text);
      const problems = syntax ? [`this ${language} does not parse ${syntax}`] : NAME_PROBLEMS[language](text);
      findings.push(...problems.map((message) => ({ file: document.file, line, message })));
    }
  }
  findings.push(...staleFiles(root));
  return { files: documents.length, expressions, findings };
}

function documentFindings(document: StackDocument, names: StackNames, root: string): Finding[] {
  const { file, value } = document;
  const kind = KINDS.find(({ at }) => at.test(file));
  const found = kind ? shapeFindings(kind.shape, document) : [];
  if (found.length > 0) return found;
  const references = [
    ...(kind?.deeper?.(value, names, root) ?? []),
    ...textReferences(document, names, root),
    ...hostReferences(document, names),
    ...writeReferences(document, names),
  ];
  if (/^grafana\/(?:provisioning|managed)\//.test(file)) references.push(...variableReferences(document, names));
  const seen = new Map(references.map(([message, text]) => [message, { file, line: document.lineOf(text), message }]));
  return [...seen.values()];
}

/** Objectives that are declared wrong, and generated files that are not what they would be if they were written now. */
function staleFiles(root: string): Finding[] {
  const { declared, findings } = readSlos(root);
  const generated = generatedFiles(declared);
  for (const [file, text] of generated) {
    const path = join(root, file);
    if (!existsSync(path)) findings.push({ file, line: 0, message: 'is missing; run `sonde stack generate`' });
    else if (readFileSync(path, 'utf8') !== text) findings.push({ file, line: 0, message: 'is not what the catalogue gives; run `sonde stack generate`' });
  }
  for (const file of leftOvers(root, generated))
    findings.push({ file, line: 0, message: 'is of an objective that is no longer declared; run `sonde stack generate`' });
  return findings;
}
