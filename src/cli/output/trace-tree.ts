import { formatMs } from '../../core/duration.ts';
import type { StoredSpan, StoredTrace } from '../../store/lookup.ts';
import { cleanLine } from './clean.ts';
import { type SpanRow, spanRows } from './span-tree.ts';
import type { Style } from './style.ts';
import { cut, size } from './table.ts';

const MAX_ROWS = 500; // what one can scroll through
const MAX_INDENT = 12; // deeper calls stay at this indent, with their depth in front
const NAME = 24; // what is left for a name at the deepest indent
const BAR = 24;

/** A trace as an indented tree, each span with its duration and a bar of when it ran. */
export function traceTree(trace: StoredTrace, style: Style, width: number, mark?: string): string {
  const maxLabel = Math.max(NAME, width - BAR - 14);
  const rows = spanRows(trace.spans, Math.min(MAX_INDENT, Math.floor((maxLabel - NAME) / 3)));
  const start = Math.min(...trace.spans.map((span) => span.startMs));
  const end = Math.max(...trace.spans.map((span) => span.startMs + span.durationMs));
  const shown = rows.slice(0, MAX_ROWS);
  const services = new Set(trace.spans.map(serviceOf));
  const labels = shown.map((row) => {
    const label = `${row.branch}${cleanLine(row.span.name)}${services.size > 1 ? ` [${cleanLine(serviceOf(row.span))}]` : ''}`;
    return row.span.status.code === 2 ? `${cut(label, maxLabel - 2)} ✗` : cut(label, maxLabel);
  });
  const labelWidth = Math.max(...labels.map(size));
  const lines = shown.map((row, i) => {
    const { span } = row;
    const failed = span.status.code === 2;
    const label = labels[i] as string;
    const name = `${failed ? style.bad(label) : label}${' '.repeat(labelWidth - size(label) + 1)}`;
    const time = formatMs(span.durationMs).padStart(7);
    const bar = barOf(span, start, end);
    return `${name}${style.bold(time)}  ${failed ? style.bad(bar) : style.accent(bar)}${notes(row, style, mark)}`.trimEnd();
  });
  if (rows.length > shown.length || trace.truncated) lines.push(style.faint(`… more spans than ${shown.length} are not shown; --json has them`));
  return `${lines.join('\n')}\n`;
}

/** How long the whole trace took. */
export function traceDurationMs(spans: readonly StoredSpan[]): number {
  return Math.max(...spans.map((span) => span.startMs + span.durationMs)) - Math.min(...spans.map((span) => span.startMs));
}

function notes(row: SpanRow, style: Style, mark: string | undefined): string {
  const { span, orphan } = row;
  const parts: string[] = [];
  if (span.status.code === 2) {
    const why = span.status.message || text(span.attributes['error.type']);
    if (why) parts.push(style.bad(cut(cleanLine(why), 60)));
  }
  const id = text(span.attributes['error.id']);
  if (id && id !== mark) parts.push(style.bad(cleanLine(id)));
  if (mark !== undefined && id === mark) parts.push(style.bold('← this error'));
  if (orphan) parts.push(style.faint('(its parent is not stored)'));
  return parts.length > 0 ? `  ${parts.join('  ')}` : '';
}

function barOf(span: StoredSpan, startMs: number, endMs: number): string {
  const scale = BAR / Math.max(endMs - startMs, 0.000_001);
  const from = Math.min(BAR - 1, Math.floor((span.startMs - startMs) * scale));
  const length = Math.max(1, Math.min(BAR - from, Math.round(span.durationMs * scale)));
  return `${'·'.repeat(from)}${'█'.repeat(length)}${'·'.repeat(BAR - from - length)}`;
}

function serviceOf(span: StoredSpan): string {
  return text(span.resource['service.name']) ?? '';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
