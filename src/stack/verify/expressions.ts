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

/** The labels of a LogQL expression: of selectors, filters and groupings. */
export function logqlLabels(expr: string): string[] {
  return identifiers(logqlParser.parse(withoutVariables(expr)), withoutVariables(expr), 'Identifier');
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
