import type { StackDocument } from './documents.ts';
import type { Language } from './expressions.ts';

/** An expression as it stands in a file. */
export interface Written {
  readonly text: string;
  readonly line: number;
  readonly language: Language;
}

const LANGUAGES: Readonly<Record<string, Language>> = { prometheus: 'promql', loki: 'logql', tempo: 'traceql' };

/** The expressions of rules, panels, variables and Grafana-managed alerts. */
export function writtenExpressions(document: StackDocument): Written[] {
  if (/^collector\/(?:prometheus|loki)\/rules\//.test(document.file)) {
    const language: Language = document.file.startsWith('collector/loki') ? 'logql' : 'promql';
    return document.strings(['expr']).map((found) => ({ ...found, language }));
  }
  const { panels, templating, groups } = (document.value ?? {}) as Partial<Record<'panels' | 'groups', unknown[]>> & { templating?: { list?: unknown[] } };
  const languages = new Map<string, Language>();
  const add = (text: unknown, language: Language | undefined): void => {
    if (typeof text === 'string' && language !== undefined) languages.set(text, language);
  };
  if (document.file.startsWith('grafana/dashboards/')) {
    // A query that is one variable is a trace ID, which TraceQL's grammar does not know.
    for (const { text, type } of targetsOf(panels)) if (!/^\$\w+$/.test(text ?? '')) add(text, LANGUAGES[type]);
    return [...located(document, languages), ...variableExpressions(document, templating?.list)];
  }
  if (/^grafana\/(?:managed|provisioning)\/alerting\//.test(document.file)) {
    for (const { uid, expr } of managedQueries(groups)) add(expr, LANGUAGES[uid.replace(/^sonde-/, '')]);
    return located(document, languages);
  }
  return [];
}

function located(document: StackDocument, languages: ReadonlyMap<string, Language>): Written[] {
  return document.strings(['expr', 'query']).flatMap((found) => {
    const language = languages.get(found.text);
    return language ? [{ ...found, language }] : [];
  });
}

function targetsOf(panels: unknown): { text: string | undefined; type: string }[] {
  const list = (Array.isArray(panels) ? panels : []) as { targets?: { expr?: string; query?: string; datasource?: { type?: string } }[] }[];
  return list.flatMap((panel) => (panel?.targets ?? []).map((target) => ({ text: target.expr ?? target.query, type: target.datasource?.type ?? '' })));
}

function managedQueries(groups: unknown): { uid: string; expr: string | undefined }[] {
  const list = (Array.isArray(groups) ? groups : []) as { rules?: { data?: { datasourceUid?: string; model?: { expr?: string } }[] }[] }[];
  return list.flatMap((group) =>
    (group?.rules ?? []).flatMap((rule) => (rule?.data ?? []).map((query) => ({ uid: query.datasourceUid ?? '', expr: query.model?.expr }))),
  );
}

/** `label_values(metric{...}, label)` of a variable, as the expression that has its names. */
function variableExpressions(document: StackDocument, list: unknown): Written[] {
  const variables = (Array.isArray(list) ? list : []) as { type?: string; definition?: string }[];
  return variables.flatMap(({ type, definition = '' }) => {
    const match = type === 'query' ? /^label_values\((.+),\s*(\w+)\)$/.exec(definition) : null;
    return match ? [{ text: `group by (${match[2]}) (${match[1]})`, line: document.lineOf(definition), language: 'promql' as const }] : [];
  });
}
