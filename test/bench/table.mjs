import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { median } from './meter.mjs';

const DEFAULT_COLUMNS = { main: 'µs a call, app thread', process: 'µs a call, process' };

/** The Markdown table of one run. The first column is the one whose ratio to the reference is shown. */
export function tableOf(scenario, figures, bytes, left) {
  const columns = scenario.columns ?? DEFAULT_COLUMNS;
  const [first] = Object.keys(columns);
  const base = figures[scenario.reference] && median(figures[scenario.reference].map((round) => round[first]));
  const withBytes = Object.values(bytes).some((value) => value !== undefined);
  const head = ['variant', 'ratio', ...Object.values(columns), ...(withBytes ? ['bytes a call'] : [])];
  const rows = Object.entries(figures).map(([variant, rounds]) => {
    const ratio = base === undefined ? '' : show(median(rounds.map((round) => round[first])) / base);
    const cells = Object.keys(columns).map((key) => withSpread(rounds.map((round) => round[key])));
    return [variant, ratio, ...cells, ...(withBytes ? [bytes[variant] === undefined ? '' : String(Math.round(bytes[variant]))] : [])];
  });
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const rounds = Math.max(...Object.values(figures).map((list) => list.length));
  const missing = Object.entries(left).map(([variant, why]) => `\n\nNot run: ${variant} (${why}).`);
  return `Node ${process.versions.node}, ${availableParallelism()} cores, ${rounds} alternated rounds; ${scenario.reference} = 1.0\n\n${lines.join('\n')}${missing.join('')}`;
}

/** The median, and in brackets the middle half of the rounds. */
function withSpread(values) {
  const known = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (known.length === 0) return '';
  const at = (share) => known[Math.min(known.length - 1, Math.floor(share * known.length))];
  return `${show(median(known))} (${show(at(0.25))} to ${show(at(0.75))})`;
}

function show(value) {
  return String(Number(value.toPrecision(value < 0.1 ? 2 : 3)));
}

/** Puts the table between its markers in the document; each line of Node has its own. */
export function writeTable(path, name, table) {
  const key = `${name} on Node ${process.versions.node.split('.')[0]}`;
  const [start, end] = [`<!-- bench: ${key} -->`, `<!-- /bench: ${key} -->`];
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '# Benchmarks\n';
  const block = `${start}\n${table}\n${end}`;
  const from = text.indexOf(start);
  const next = from < 0 ? `${text.trimEnd()}\n\n## ${key}\n\n${block}\n` : `${text.slice(0, from)}${block}${text.slice(text.indexOf(end) + end.length)}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, next);
}
