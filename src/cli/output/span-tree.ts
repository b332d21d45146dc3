import type { StoredSpan } from '../../store/lookup.ts';

/** A span in its place of the tree. */
export interface SpanRow {
  readonly span: StoredSpan;
  readonly depth: number;
  /** The lines of the tree in front of the name. */
  readonly branch: string;
  /** The parent is named but not here: another process, or not sampled. */
  readonly orphan: boolean;
}

/** The spans in the order of a tree. Iterative, and each span once: a trace may be deep, and a bad one may hold a circle. */
export function spanRows(spans: readonly StoredSpan[], maxIndent = Infinity): SpanRow[] {
  const ids = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, StoredSpan[]>();
  const roots: StoredSpan[] = [];
  for (const span of spans) {
    if (span.parentSpanId === undefined || !ids.has(span.parentSpanId) || span.parentSpanId === span.spanId) roots.push(span);
    else {
      const siblings = children.get(span.parentSpanId);
      if (siblings) siblings.push(span);
      else children.set(span.parentSpanId, [span]);
    }
  }
  const rows: SpanRow[] = [];
  const seen = new Set<StoredSpan>();
  const walk = (root: StoredSpan, orphan: boolean): void => {
    const open: { span: StoredSpan; lead: string; last: boolean; depth: number }[] = [{ span: root, lead: '', last: true, depth: 0 }];
    for (let item = open.pop(); item; item = open.pop()) {
      if (seen.has(item.span)) continue;
      seen.add(item.span);
      const { depth, lead, last } = item;
      const branch = depth === 0 ? '' : depth > maxIndent ? `${lead}[${depth}] ` : `${lead}${last ? '└─ ' : '├─ '}`;
      rows.push({ span: item.span, depth, branch, orphan: orphan && depth === 0 && item.span.parentSpanId !== undefined });
      const below = depth === 0 ? '' : depth >= maxIndent ? lead : `${lead}${last ? '   ' : '│  '}`;
      const kids = children.get(item.span.spanId) ?? [];
      for (let i = kids.length - 1; i >= 0; i--) open.push({ span: kids[i] as StoredSpan, lead: below, last: i === kids.length - 1, depth: depth + 1 });
    }
  };
  for (const root of roots) walk(root, true);
  for (const span of spans) if (!seen.has(span)) walk(span, false); // spans in a circle have no root
  return rows;
}
