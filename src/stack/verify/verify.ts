import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from '../generate/files.ts';
import { collectorProblems } from './collector.ts';
import { dashboardProblems } from './dashboards.ts';
import { readDocuments, type StackDocument } from './documents.ts';
import { type Language, syntaxError } from './expressions.ts';
import type { Finding } from './finding.ts';
import { logqlProblems, promqlProblems, traceqlProblems } from './names.ts';
import { COLLECTOR, COMPOSE, DASHBOARD, DATASOURCES, RULES, shapeProblems } from './shapes.ts';

const NAME_PROBLEMS: Readonly<Record<Language, (expr: string) => string[]>> = { promql: promqlProblems, logql: logqlProblems, traceql: traceqlProblems };
const PATHS = ['docker-compose.yml', 'collector', 'grafana'];

/** What was looked at, and what is wrong. */
export interface Verified {
  readonly files: number;
  readonly expressions: number;
  readonly findings: readonly Finding[];
}

/**
 * Checks the stack's files below `root` without any server: shapes, components, expressions, and that every metric,
 * label and attribute in a rule or a panel is one that somebody emits. Generated files must be current.
 */
export function verifyStack(root: string): Verified {
  const { documents, findings } = readDocuments(root, PATHS);
  let expressions = 0;
  const sources = new Set(
    documents
      .filter((d) => d.file.includes('provisioning/datasources'))
      .flatMap((d) => (d.value as { datasources?: { uid: string }[] }).datasources?.map((source) => source.uid) ?? []),
  );
  for (const document of documents) {
    const add = (message: string, line = 0): void => void findings.push({ file: document.file, line, message });
    for (const problem of problemsOf(document, sources)) add(problem, lineFor(document, problem));
    for (const { text, line, language } of expressionsOf(document)) {
      expressions++;
      const syntax = syntaxError(language, text);
      if (syntax) add(`this ${language} does not parse ${syntax}`, line);
      else for (const problem of NAME_PROBLEMS[language](text)) add(problem, line);
    }
  }
  for (const [file, text] of generatedFiles()) {
    const path = join(root, file);
    if (!existsSync(path)) findings.push({ file, line: 0, message: 'is missing; run `sonde stack generate`' });
    else if (readFileSync(path, 'utf8') !== text) findings.push({ file, line: 0, message: 'is not what the catalogue gives; run `sonde stack generate`' });
  }
  return { files: documents.length, expressions, findings };
}

function problemsOf({ file, value }: StackDocument, sources: ReadonlySet<string>): string[] {
  if (file === 'docker-compose.yml') return shapeProblems(COMPOSE, value);
  if (file === join('collector', 'config.yaml')) {
    const problems = shapeProblems(COLLECTOR, value);
    return problems.length > 0 ? problems : collectorProblems(value as Parameters<typeof collectorProblems>[0]);
  }
  if (/[\\/]rules[\\/]/.test(file)) return shapeProblems(RULES, value);
  if (/provisioning[\\/]datasources/.test(file)) return shapeProblems(DATASOURCES, value);
  if (/grafana[\\/]dashboards/.test(file)) {
    const problems = shapeProblems(DASHBOARD, value);
    return problems.length > 0 ? problems : dashboardProblems(value as Parameters<typeof dashboardProblems>[0], sources);
  }
  return [];
}

/** The line a problem is about: that of the first quoted name in it which stands in the file. */
function lineFor(document: StackDocument, problem: string): number {
  for (const [, name = ''] of problem.matchAll(/"([^"]+)"/g)) {
    const line = document.lineOf(name);
    if (line > 0) return line;
  }
  return 0;
}

function expressionsOf(document: StackDocument): { text: string; line: number; language: Language }[] {
  if (/[\\/]rules[\\/]/.test(document.file)) {
    const language: Language = document.file.includes('loki') ? 'logql' : 'promql';
    return document.strings(['expr']).map((found) => ({ ...found, language }));
  }
  if (!/grafana[\\/]dashboards/.test(document.file)) return [];
  const languages = new Map<string, Language>();
  for (const panel of (document.value as { panels?: { targets?: { expr?: string; query?: string; datasource?: { type?: string } }[] }[] }).panels ?? []) {
    for (const target of panel.targets ?? []) {
      const text = target.expr ?? target.query;
      if (text !== undefined) languages.set(text, target.datasource?.type === 'loki' ? 'logql' : target.datasource?.type === 'tempo' ? 'traceql' : 'promql');
    }
  }
  return document.strings(['expr', 'query']).flatMap((found) => {
    const language = languages.get(found.text);
    return language ? [{ ...found, language }] : [];
  });
}
