import { formatMs } from '../../core/duration.ts';
import type { ErrorRecord } from '../../core/records.ts';
import type { ErrorGroup, StoredLog, StoredTrace } from '../../store/lookup.ts';
import { cleanBlock, cleanLine } from './clean.ts';
import { logLine } from './log-line.ts';
import { levelStyle, type Style } from './style.ts';
import { traceDurationMs, traceTree } from './trace-tree.ts';
import { showTime, showValue } from './values.ts';

/** Everything that belongs to one error. */
export interface ErrorView {
  readonly error: ErrorRecord;
  readonly trace: StoredTrace | undefined;
  /** Oldest first. */
  readonly logs: readonly StoredLog[];
  /** What is known of its fingerprint. */
  readonly group: ErrorGroup | undefined;
  /** The other errors of its trace, in any service, and the one that another service named as its cause; oldest first. */
  readonly related: readonly ErrorRecord[];
}

/** Keys that have a place of their own in the text. The others are the running context. */
const PLACED =
  /^(?:timestamp|observed_timestamp|level|severity_number|message|event\.name|logger|trace_id|span_id|trace_flags|error\.(?:id|type|code)|exception\..+|sonde\.error\..+)$/;
const OF_PROCESS = /^(?:service|host|process|deployment|os|telemetry|container|k8s|cloud|vcs)\./;
// The same in every record; --json has it.
const NOT_SHOWN = /^telemetry\./;

/** An error with all that belongs to it, for people. */
export function errorText(view: ErrorView, style: Style, width: number, nowMs: number, followTrace = false): string {
  const { error, trace, logs } = view;
  const sections = [headText(view, style, nowMs), section('Stack', stackText(error, style), style)];
  const entries = Object.entries(error).filter(([key, value]) => !PLACED.test(key) && value !== undefined && !NOT_SHOWN.test(key));
  sections.push(
    section(
      'Context',
      pairsText(
        entries.filter(([key]) => !OF_PROCESS.test(key)),
        style,
      ),
      style,
    ),
  );
  sections.push(
    section(
      'Process',
      pairsText(
        entries.filter(([key]) => OF_PROCESS.test(key)),
        style,
      ),
      style,
    ),
  );
  if (trace) {
    const title = `Trace ${cleanLine(trace.traceId)}, ${count(trace.spans.length, 'span')}, ${formatMs(traceDurationMs(trace.spans))}`;
    sections.push(section(title, traceTree(trace, style, width - 2, error['error.id']), style));
  } else if (error.trace_id)
    sections.push(section(`Trace ${cleanLine(error.trace_id)}`, style.faint('no span of it is stored (not sampled, or not written yet)\n'), style));
  else sections.push(section('Trace', style.faint('none: it happened outside of any\n'), style));
  if (error.trace_id)
    sections.push(
      section(
        `Log, ${count(logs.length, 'line')}`,
        logs.map((log) => logLine(log, style, true)).join('') || style.faint('no line of this trace is stored\n'),
        style,
      ),
    );
  sections.push(section(`Related, ${count(view.related.length, 'error')}`, view.related.map((other) => relatedLine(other, view, style)).join(''), style));
  if (followTrace) for (const other of view.related) sections.push(relatedText(other, style, nowMs));
  return sections.filter(Boolean).join('\n');
}

function relatedLine(other: ErrorRecord, { error }: ErrorView, style: Style): string {
  const isCause = error['sonde.error.cause_id'] === other['error.id'];
  const parts = [style.bold(cleanLine(other['error.id'])), other.timestamp, String(other['service.name'] ?? ''), other['error.type'], other.message].filter(
    Boolean,
  );
  return `${parts.map((part, i) => (i === 0 ? part : cleanLine(part))).join('  ')}${isCause ? style.bad('  ← its cause') : ''}\n`;
}

/** A related error, with what differs from the first: what it is, and its stack. */
function relatedText(error: ErrorRecord, style: Style, nowMs: number): string {
  return [headText({ error, group: undefined }, style, nowMs), section('Stack', stackText(error, style), style)].join('\n');
}

function headText({ error, group }: Pick<ErrorView, 'error' | 'group'>, style: Style, nowMs: number): string {
  const release = [error['service.name'], error['service.version']].filter(Boolean).map(String).join(' ');
  const kind = error['sonde.error.kind'];
  const facts: [string, unknown][] = [
    ['Occurred', `${error.timestamp} (${ago(nowMs - Date.parse(error.timestamp))})`],
    ['User saw', error['sonde.error.public_message']],
    ['Message', error.message],
    ['Type', [error['exception.type'], error['error.code']].filter(Boolean).join(', ')],
    ['Release', release],
    ['Hint', error['sonde.error.hint']],
    ['Owner', error['sonde.error.owner']],
    ['Caught', caught(error)],
    ['Logger', error.logger],
    ['Group', groupText(error, group)],
  ];
  const title = `${style.bold(cleanLine(error['error.id']))}  ${levelStyle(style, error.severity_number)(`${cleanLine(error.level)}, ${kind === 'bug' ? 'a bug' : 'a known case'}`)}\n`;
  return (
    title +
    facts
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => `${style.faint(name.padEnd(10))}${indented(showText(value), 10)}\n`)
      .join('')
  );
}

function showText(value: unknown): string {
  return typeof value === 'string' ? cleanBlock(value).trimEnd() : showValue(value);
}

function indented(text: string, columns: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(columns)}`);
}

function caught(error: ErrorRecord): string {
  const boundary = error['sonde.error.boundary'];
  const handled = error['sonde.error.handled'];
  return [error['sonde.error.mechanism'], boundary && `boundary ${String(boundary)}`, handled === false ? 'not handled' : undefined].filter(Boolean).join(', ');
}

function groupText(error: ErrorRecord, group: ErrorGroup | undefined): string {
  const folded = error['sonde.error.suppressed'];
  const parts = [error['sonde.error.fingerprint']];
  if (typeof folded === 'number' && folded > 0) parts.push(`stands for ${folded} more`);
  if (group) parts.push(group.count === 1 ? 'the first of its kind' : `${group.count} times since ${showTime(group.firstMs)}`);
  if (group && group.releases.length > 1) parts.push(`in ${group.releases.length} releases`);
  return parts.join(', ');
}

function stackText(error: ErrorRecord, style: Style): string {
  const lines = cleanBlock(error['exception.stacktrace'] ?? '').split('\n');
  return lines.map((line) => `${/^\s*at .*(?:node:|node_modules)/.test(line) ? style.faint(line) : /^\s*at /.test(line) ? line : style.bad(line)}\n`).join('');
}

function pairsText(entries: readonly (readonly [string, unknown])[], style: Style): string {
  const width = Math.min(32, Math.max(0, ...entries.map(([key]) => key.length))) + 2;
  return entries.map(([key, value]) => `${style.faint(`${cleanLine(key)}  `.padEnd(width))}${showValue(value)}\n`).join('');
}

function section(title: string, body: string, style: Style): string {
  return body === '' ? '' : `${style.bold(title)}\n${body.replace(/^(?=.)/gm, '  ')}`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** How long ago, in the one unit that fits. */
export function ago(ms: number): string {
  if (!Number.isFinite(ms)) return 'no time';
  if (ms < 0) return 'in the future: a clock is wrong';
  if (ms < 1_000) return 'just now';
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const)
    if (ms >= 2 * size) return `${Math.floor(ms / size)}${unit} ago`;
  return `${Math.floor(ms / 1_000)}s ago`;
}
