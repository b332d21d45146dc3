import { parser as logqlParser } from '@grafana/lezer-logql';
import { parser as traceqlParser } from '@grafana/lezer-traceql';
import type { SyntaxNode, Tree } from '@lezer/common';
import { parser as promqlParser } from '@prometheus-io/lezer-promql';

export type Language = 'promql' | 'logql' | 'traceql';

/** What an expression says about names. */
export interface Names {
  /** Metrics with the labels that are matched on them; a metric written as a pattern on `__name__` is given as a RegExp. */
  readonly metrics: readonly { readonly name: string | RegExp; readonly labels: readonly string[] }[];
  /** Labels of groupings and joins. */
  readonly labels: readonly string[];
}

const PARSERS = { promql: promqlParser, logql: logqlParser, traceql: traceqlParser };

/** Grafana puts values in place of these before a server sees the query; a duration of the same kind parses as well. */
function withoutVariables(expr: string): string {
  return expr.replace(/\$(?:__rate_interval|__range|__auto|__interval)\b/g, '5m').replace(/\$\{?__\w+\}?/g, '1');
}

/** Where an expression does not parse, or `undefined` where it does. */
export function syntaxError(language: Language, expr: string): string | undefined {
  const text = withoutVariables(expr);
  if (text.trim() === '') return 'it is empty';
  const tree: Tree = PARSERS[language].parse(text);
  let problem: string | undefined;
  tree.iterate({
    enter(node) {
      if (!node.type.isError || problem !== undefined) return;
      problem = `near "${text.slice(Math.max(0, node.from - 20), node.to + 20)}" (column ${node.from + 1})`;
    },
  });
  // Loki's own grammar knows no negative offset; the one for editors does.
  const offset = language === 'logql' ? /\boffset\s+-/.exec(text) : null;
  if (offset) return `near "${offset[0]}" (column ${offset.index + 1}): Loki takes no negative offset`;
  return problem ?? wrongRange(language, tree, text);
}

// Functions of PromQL that read a range of samples; the grammar takes them without one, the server does not.
const OF_RANGE =
  /^(?:rate|irate|increase|delta|idelta|deriv|changes|resets|predict_linear|double_exponential_smoothing|(?:avg|min|max|sum|count|quantile|stddev|stdvar|last|first|present|absent|mad)_over_time)$/i;

/** A range where a moment is expected, or the other way round. */
function wrongRange(language: Language, tree: Tree, text: string): string | undefined {
  if (language !== 'promql') return undefined;
  let problem: string | undefined;
  tree.iterate({
    enter({ node }) {
      if (problem !== undefined || (node.name !== 'FunctionCall' && node.name !== 'AggregateExpr')) return;
      const name = /^\w+/.exec(text.slice(node.from, node.to))?.[0] ?? '';
      const body = node.getChild('FunctionCallBody');
      const operand = body?.getChild('OffsetExpr') ?? body;
      const hasRange = Boolean(operand?.getChild('MatrixSelector') ?? operand?.getChild('SubqueryExpr'));
      if (OF_RANGE.test(name) !== hasRange)
        problem = `near "${text.slice(node.from, node.from + 60)}" (column ${node.from + 1}): ${name} reads ${hasRange ? 'no range' : 'a range, such as [5m]'}`;
    },
  });
  return problem;
}

/** The metrics and labels of a PromQL expression. */
export function promqlNames(expr: string): Names {
  const text = withoutVariables(expr);
  const metrics: { name: string | RegExp; labels: string[] }[] = [];
  const labels: string[] = [];
  promqlParser.parse(text).iterate({
    enter(ref) {
      if (ref.name === 'VectorSelector') metrics.push(selector(ref.node, text));
      else if (ref.name === 'GroupingLabels') labels.push(...ref.node.getChildren('LabelName').map((node) => text.slice(node.from, node.to)));
    },
  });
  return { metrics, labels };
}

function selector(node: SyntaxNode, text: string): { name: string | RegExp; labels: string[] } {
  const identifier = node.getChild('Identifier');
  let name: string | RegExp = identifier ? text.slice(identifier.from, identifier.to) : '';
  const labels: string[] = [];
  for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []) {
    const label = matcher.getChild('LabelName');
    const value = matcher.getChild('StringLiteral');
    if (!label) continue;
    const labelName = text.slice(label.from, label.to);
    if (labelName === '__name__' && value) name = new RegExp(`^(?:${text.slice(value.from + 1, value.to - 1)})$`);
    else labels.push(labelName);
  }
  return { name, labels };
}

/** The labels of a LogQL expression: of selectors, filters and groupings, but not those that it makes itself (`label_format x=...`). */
export function logqlLabels(expr: string): string[] {
  const text = withoutVariables(expr);
  const made = new Set([...text.matchAll(/\blabel_format\s+(\w+)\s*=/g)].map(([, name]) => name));
  return identifiers(logqlParser.parse(text), text, 'Identifier').filter((name) => !made.has(name));
}

/** The span attributes of a TraceQL expression. */
export function traceqlAttributes(expr: string): string[] {
  return identifiers(traceqlParser.parse(withoutVariables(expr)), withoutVariables(expr), 'Identifier');
}

function identifiers(tree: Tree, text: string, name: string): string[] {
  const found: string[] = [];
  tree.iterate({
    enter(node) {
      if (node.name === name) found.push(text.slice(node.from, node.to));
    },
  });
  return found;
}
