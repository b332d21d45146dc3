import type { CounterCell, GaugeCell, HistogramCell } from './cells.ts';
import { type Exemplar, traceKept } from './exemplars.ts';
import type { Family, FamilyShape } from './family.ts';
import { familyName } from './names.ts';
import type { Format } from './negotiate.ts';
import type { AnyFamily } from './registry.ts';

/** Writes metrics as a page of text. Only strings are joined: labels are text since the series was made. */
export function writeFamilies(families: Iterable<AnyFamily>, format: Format): string {
  let page = '';
  for (const family of families) {
    const { shape, cells } = family;
    if (cells.length === 0) continue;
    if (shape.type === 'histogram') page += writeHistogram(family as Family<HistogramCell>, format);
    else if (shape.type === 'counter') page += writeCounter(family as Family<CounterCell>, format);
    else page += header(shape, shape.name, format) + writeGauge(family as Family<GaugeCell>);
  }
  return page;
}

/** `# HELP` and `# TYPE`. */
export function header(shape: { readonly type: string; readonly help: string }, name: string, format: Format): string {
  const help = escapeHelp(shape.help, format);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${shape.type}\n`;
}

/** A number as both formats write it. */
export function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

/** A bound in OpenMetrics' canonical form: always with a fraction, so that both formats name the same series. */
export function canonical(bound: number): string {
  return Number.isInteger(bound) && Math.abs(bound) < 1e16 ? `${bound}.0` : number(bound);
}

/** ` # {trace_id="…"} 0.012 1700000000.123`, or nothing. */
export function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return '';
  return ` # {${exemplar.labels}} ${number(exemplar.value)} ${(exemplar.timestampMs / 1_000).toFixed(3)}`;
}

function writeCounter(family: Family<CounterCell>, format: Format): string {
  const { shape, cells } = family;
  const open = format === 'openmetrics';
  const name = open ? familyName('counter', shape.name) : shape.name;
  const sample = open ? `${name}_total` : shape.name;
  let out = header(shape, name, format);
  for (const cell of cells) {
    out += cell.pairs === '' ? `${sample} ` : `${sample}{${cell.pairs}} `;
    out += number(cell.value);
    if (open && cell.exemplar !== undefined) out += exemplarText(kept(cell.exemplar));
    out += '\n';
  }
  return out;
}

function writeGauge(family: Family<GaugeCell>): string {
  const { name } = family.shape;
  let out = '';
  for (const cell of family.cells) {
    out += cell.pairs === '' ? `${name} ` : `${name}{${cell.pairs}} `;
    out += `${number(cell.value)}\n`;
  }
  return out;
}

function writeHistogram(family: Family<HistogramCell>, format: Format): string {
  const { shape, cells } = family;
  const open = format === 'openmetrics';
  const tails = bucketTails(shape);
  const { name } = shape;
  let out = header(shape, name, format);
  for (const cell of cells) {
    const head = cell.pairs === '' ? `${name}_bucket{` : `${name}_bucket{${cell.pairs},`;
    let count = 0;
    for (let i = 0; i < tails.length; i++) {
      count += cell.counts[i] as number;
      out += head + tails[i] + count;
      const exemplar = open ? cell.exemplars[i] : undefined;
      out += exemplar === undefined ? '\n' : `${exemplarText(kept(exemplar))}\n`;
    }
    if (open && !maySum(cell.sum, shape.bounds?.[0])) continue;
    const labels = cell.pairs === '' ? ' ' : `{${cell.pairs}} `;
    out += `${name}_sum${labels}${number(cell.sum)}\n${name}_count${labels}${count}\n`;
  }
  return out;
}

/**
 * Whether OpenMetrics has `_sum` and `_count` of a histogram: a sum is like a counter, so none of negative measurements. One
 * such histogram would have a strict reader refuse the whole page; the count is the last bucket's.
 */
export function maySum(sum: number, lowestBound: number | undefined): boolean {
  return sum >= 0 && !((lowestBound ?? 0) < 0);
}

/** `le="0.1"} ` for each bucket. */
function bucketTails(shape: FamilyShape): string[] {
  return [...(shape.bounds ?? []), Number.POSITIVE_INFINITY].map((bound) => `le="${canonical(bound)}"} `);
}

function kept(exemplar: Exemplar): Exemplar | undefined {
  const traceId = /trace_id="([0-9a-f]{32})"/.exec(exemplar.labels)?.[1];
  return traceId === undefined || traceKept(traceId) ? exemplar : undefined;
}

function escapeHelp(help: string, format: Format): string {
  const text = help.replaceAll('\\', '\\\\').replaceAll('\r', '').replaceAll('\n', '\\n');
  return format === 'openmetrics' ? text.replaceAll('"', '\\"') : text;
}
