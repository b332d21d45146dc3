import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { median } from './meter.mjs';

const DEFAULT_COLUMNS = { main: 'µs a call, app thread', process: 'µs a call, process' };

/** The Markdown table of one run. The first column is the one whose ratio to the reference is shown. */
export function tableOf(scenario, figures, bytes, left) {
  const columns = scenario.columns ?? DEFAULT_COLUMNS;
  const [first] = Object.keys(columns);
  const base = figures[scenario.reference] && median(figures[scenario.reference].map((round) => round[first]));
  const withBytes = Object.values(bytes).some((value) => value !== undefined);
  const kept = Object.entries(scenario.kept ?? {});
  const head = ['variant', 'ratio', ...kept.map(([, { title }]) => title), ...Object.values(columns), ...(withBytes ? ['bytes a call'] : [])];
  const rows = Object.entries(figures).map(([variant, rounds]) => {
    const ratio = base === undefined ? '' : show(median(rounds.map((round) => round[first])) / base);
    const cells = Object.keys(columns).map((key) => withSpread(rounds.map((round) => round[key])));
    const shares = kept.map(([key, { lower }]) => shareKept(figures[scenario.reference], rounds, key, lower));
    return [variant, ratio, ...shares, ...cells, ...(withBytes ? [bytes[variant] === undefined ? '' : String(Math.round(bytes[variant]))] : [])];
  });
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const rounds = Math.max(...Object.values(figures).map((list) => list.length));
  const missing = Object.entries(left).map(([variant, why]) => `\n\nNot run: ${variant} (${why}).`);
  const ratios = Object.fromEntries(rows.map(([variant, ratio]) => [variant, Number(ratio)]));
  const heading = `Node ${process.versions.node}, ${availableParallelism()} cores, ${rounds} alternated rounds, load ${(loadavg()[0] ?? 0).toFixed(1)} (these processes are about 1 of it); ${scenario.reference} = 1.0`;
  return `${heading}\n\n${lines.join('\n')}${pairedLine(scenario, figures, first)}${scenario.note ? `\n\n${scenario.note}` : ''}${targetLines(scenario, ratios, process.versions.node.split('.')[0])}${missing.join('')}`;
}

/** The share of the reference that is kept: the median over the rounds of the ratio within a round, so that a busy moment hits both sides of it. */
function shareKept(reference = [], rounds, key, lower) {
  const shares = rounds.map((round, i) => {
    const base = reference[i]?.[key];
    return lower ? base / round[key] : round[key] / base;
  });
  const known = shares.filter((share) => Number.isFinite(share));
  return known.length === 0 ? '' : show(median(known));
}

/** One line for each target: what is wanted, what was measured, whether that is enough. */
export function targetLines({ targets = [] }, ratios, line) {
  return targets
    .filter(({ variant }) => Number.isFinite(ratios[variant]))
    .map(({ variant, atMost, atLeast }) => {
      const wanted = (atMost ?? atLeast)[line];
      if (wanted === undefined) return '';
      const reached = atMost ? ratios[variant] <= wanted : ratios[variant] >= wanted;
      return `\n\nTarget for "${variant}": ${atMost ? 'at most' : 'at least'} ${wanted}; ${ratios[variant]} is ${reached ? 'enough' : 'not enough'}.`;
    })
    .join('');
}

/**
 * Differences of a few per cent (`paired: true`): each round is set against the reference's own round beside it, which knew the same machine.
 * The median of those ratios, with the interval that holds the true median 95 times of 100 (by the order of the rounds, whatever their spread).
 */
export function pairedLine({ paired, reference }, figures, column) {
  if (!paired || figures[reference] === undefined) return '';
  const lines = Object.entries(figures).flatMap(([variant, rounds]) => {
    if (variant === reference) return [];
    const ratios = rounds.map((round, i) => round[column] / figures[reference][i][column]).sort((a, b) => a - b);
    const half = 0.98 * Math.sqrt(ratios.length); // 1.96 standard deviations of a binomial of one half
    const low = ratios[Math.max(0, Math.floor(ratios.length / 2 - half))];
    const high = ratios[Math.min(ratios.length - 1, Math.ceil(ratios.length / 2 + half))];
    return [`${variant} ${median(ratios).toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`];
  });
  return `\n\nRound by round against "${reference}", median and its 95 % interval: ${lines.join('; ')}.`;
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

/** Puts the table into the section of its scenario, in place of the last one for this line of Node. */
export function writeTable(path, name, { title }, table) {
  mkdirSync(dirname(path), { recursive: true });
  const line = process.versions.node.split('.')[0];
  const [start, end] = [`<!-- bench: ${name}, Node ${line} -->`, `<!-- /bench: ${name}, Node ${line} -->`];
  const block = `${start}\n${table}\n${end}`;
  const text = existsSync(path) ? readFileSync(path, 'utf8') : INTRODUCTION;
  const from = text.indexOf(start);
  if (from >= 0) return writeFileSync(path, `${text.slice(0, from)}${block}${text.slice(text.indexOf(end) + end.length)}`);
  const heading = `## ${name}\n`;
  const at = text.indexOf(heading);
  if (at < 0) return writeFileSync(path, `${text.trimEnd()}\n\n${heading}\n${title}.\n\n${block}\n`);
  const next = text.indexOf('\n## ', at);
  const sectionEnd = next < 0 ? text.length : next;
  writeFileSync(path, `${text.slice(0, sectionEnd).trimEnd()}\n\n${block}\n${text.slice(sectionEnd)}`);
}

const INTRODUCTION = `# Benchmarks

What Sonde costs, beside what the same costs with other means. \`npm run bench\` installs the peers (a package of its own, \`test/bench\`), runs
every scenario and writes the tables of this page; \`npm run bench traced-sync\` runs one.

- Each variant runs in a process of its own, started and warmed up before anything is measured. The rounds alternate between the variants, so that a
  busy moment of the machine hits all of them.
- "App thread" is the CPU time of the main thread as the kernel counts it; "process" adds worker threads and the collector of garbage. Waiting costs nothing
  in either. A cell is the median of the rounds, in brackets the middle half of them; bytes are what one call allocates on the heap.
- Peers discard what they make in process, where they can: their exporter is not in the figure, except where the scenario says so. Ours hands
  every record to its worker, which stores or sends it; that work is in the figure of the process.
- Trust the ratios, not the microseconds: they move together from machine to machine.
`;
