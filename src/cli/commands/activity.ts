import { formatMs } from '../../core/duration.ts';
import type { Activity, ActivityPoint, OperationCount } from '../../store/lookup.ts';
import type { CliContext } from '../context.ts';
import { unreachable } from '../exit-codes.ts';
import { readCount, readTime } from '../options.ts';
import { cleanLine } from '../output/clean.ts';
import { showProblems } from '../output/problems.ts';
import { sparkline } from '../output/sparkline.ts';
import { type Cell, table } from '../output/table.ts';
import { showTime } from '../output/values.ts';

const HOUR_MS = 3_600_000;
const COLUMNS = 60; // of a sparkline: a column a minute for the hour that is shown by default

export interface ActivityOptions {
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
}

/** `sonde activity`: how much happened, minute by minute, and where the time went. */
export async function activityCommand(context: CliContext, options: ActivityOptions): Promise<void> {
  const nowMs = context.io.now();
  const untilMs = readTime('--until', options.until, nowMs) ?? nowMs;
  const sinceMs = readTime('--since', options.since, nowMs) ?? untilMs - HOUR_MS;
  const limit = readCount('--limit', options.limit, 50) ?? 15;
  await context.lookup(async (lookup) => {
    if (!lookup.activity) throw unreachable('Cannot count there: the stack has dashboards for it; name a store with --dir');
    const activity = await lookup.activity({ sinceMs, untilMs, stepMs: (untilMs - sinceMs) / COLUMNS });
    showProblems(context, lookup);
    if (context.json) context.printJson({ ...activity, operations: activity.operations.slice(0, limit) });
    else context.print(activityText(activity, limit, context));
  });
}

function activityText(activity: Activity, limit: number, context: CliContext): string {
  const { style, tableWidth } = context;
  const [first] = activity.points;
  const rows = (['spans', 'failed', 'errors', 'logs'] as const).map((name): Cell[] => {
    const values = activity.points.map((point: ActivityPoint) => point[name]);
    const total = values.reduce((sum, value) => sum + value, 0);
    const colour = (name === 'failed' || name === 'errors') && total > 0 ? style.bad : style.accent;
    return [{ text: name }, { text: String(total), right: true, colour: style.bold }, { text: sparkline(values), colour }];
  });
  const head = first ? `${style.faint(`from ${showTime(first.timeMs)}, ${formatMs(activity.stepMs)} a column`)}\n` : '';
  const chart = table(rows, tableWidth, Infinity);
  return `${head}${chart}${activity.operations.length > 0 ? `\n${operationTable(activity.operations.slice(0, limit), context)}` : ''}`;
}

const HEAD: Cell[] = ['CALLS', 'FAILED', 'MEAN', 'MAX', 'SPAN'].map((text, i) => ({ text, right: i < 4 }));

function operationTable(operations: readonly OperationCount[], { style, tableWidth }: CliContext): string {
  const rows = operations.map((one): Cell[] => [
    { text: String(one.count), right: true },
    { text: String(one.failed), right: true, ...(one.failed > 0 ? { colour: style.bad } : {}) },
    { text: formatMs(one.meanMs), right: true, colour: style.bold },
    { text: formatMs(one.maxMs), right: true },
    { text: cleanLine(one.name), colour: style.accent },
  ]);
  return table([HEAD, ...rows], tableWidth);
}
