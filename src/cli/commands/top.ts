import { setTimeout as sleep } from 'node:timers/promises';
import { formatMs } from '../../core/duration.ts';
import type { CliContext } from '../context.ts';
import { showBytes } from '../doctor/finding.ts';
import { readCount } from '../options.ts';
import { cleanLine } from '../output/clean.ts';
import { type Cell, table } from '../output/table.ts';
import { findProcess, type ProcessOptions } from '../process-client.ts';
import { type Figures, type FunctionFigures, figuresBetween } from '../top/figures.ts';
import { takeSnapshot } from '../top/snapshot.ts';

export interface TopOptions extends ProcessOptions {
  readonly seconds?: string;
  readonly limit?: string;
  readonly watch?: boolean;
}

/** `sonde top`: what a running process does, what limits it, and the functions that the time goes to. */
export async function topCommand(context: CliContext, options: TopOptions): Promise<void> {
  const seconds = readCount('--seconds', options.seconds, 3_600) ?? 2;
  const limit = readCount('--limit', options.limit, 1_000) ?? 15;
  const target = findProcess(context, options);
  let before = await takeSnapshot(target);
  do {
    await sleep(seconds * 1_000, undefined, context.io.stop ? { signal: context.io.stop } : {}).catch(() => {});
    const after = await takeSnapshot(target);
    const figures = figuresBetween(before, after);
    before = after;
    if (context.json) context.printJson({ ...figures, functions: figures.functions.slice(0, limit) }, options.watch ?? false);
    else context.print(topText(figures, limit, context));
  } while (options.watch && !context.io.stop?.aborted);
}

function topText(figures: Figures, limit: number, context: CliContext): string {
  const { style } = context;
  const { resource, why } = figures.bottleneck ?? { resource: 'unknown', why: 'this process does not tell' };
  const mark = resource === 'none' ? style.good : style.bad;
  const head = `${style.bold(cleanLine(figures.service))}  pid ${figures.pid}, over ${formatMs(figures.seconds * 1_000)}\n`;
  const limits = `${style.faint('limited by  ')}${mark(cleanLine(resource))}  ${cleanLine(why)}\n`;
  return `${head}${limits}${resources(figures, context)}\n${functions(figures.functions.slice(0, limit), context)}`;
}

function resources(figures: Figures, { style }: CliContext): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const perSecond = (what: string, bytes: number): string => `${what} ${showBytes(Math.round(bytes))}/s`;
  const lines: [string, string[]][] = [
    [
      'cpu',
      [
        `${figures.cpuCores.toFixed(2)} cores`,
        `waiting for one ${percent(figures.processorWait)}`,
        `event loop busy ${percent(figures.loopBusy)}`,
        `delay p99 ${formatMs(figures.loopDelayP99Ms)}`,
      ],
    ],
    ['memory', [`rss ${showBytes(figures.rssBytes)}`, `heap ${showBytes(figures.heapUsedBytes)}`, `collecting ${percent(figures.gcShare)}`]],
    ['disk', [perSecond('read', figures.diskRead), perSecond('written', figures.diskWritten)]],
    ['network', [perSecond('received', figures.networkReceived), perSecond('sent', figures.networkSent)]],
    ['calls', [`${figures.callsUnderWay} under way`]],
  ];
  return lines.map(([name, parts]) => `${style.faint(name.padEnd(12))}${parts.join(', ')}\n`).join('');
}

const HEAD: Cell[] = ['CALLS/S', 'FAILED/S', 'MEAN', 'UNDER WAY', 'FUNCTION'].map((text, i) => ({ text, right: i < 4 }));

function functions(list: readonly FunctionFigures[], { style, tableWidth }: CliContext): string {
  if (list.length === 0) return 'no traced function was called\n';
  const rows = list.map((one): Cell[] => [
    { text: one.callsPerSecond.toFixed(1), right: true },
    { text: one.failuresPerSecond === 0 ? '0' : one.failuresPerSecond.toFixed(1), right: true, ...(one.failuresPerSecond > 0 ? { colour: style.bad } : {}) },
    { text: formatMs(one.meanMs), right: true, colour: style.bold },
    { text: one.underWay.toFixed(2), right: true },
    { text: cleanLine(one.name), colour: style.accent },
  ]);
  return table([HEAD, ...rows], tableWidth);
}
