import { formatMs } from '../../core/duration.ts';
import type { CliContext } from '../context.ts';
import { cleanLine } from '../output/clean.ts';
import { type Cell, table } from '../output/table.ts';
import { askJson, findProcess, type ProcessOptions } from '../process-client.ts';

/** The fields of a handle that are shown; the answer has more. */
interface Handle {
  readonly kind?: string;
  readonly type?: string;
  readonly detail?: string;
  readonly site?: string;
  readonly owner?: string;
  readonly ageMs?: number;
  readonly holdsProcess?: boolean;
  readonly close?: string;
}

/** `sonde handles`: what a running process holds open, grouped by the line that opened it. */
export async function handlesCommand(context: CliContext, options: ProcessOptions): Promise<void> {
  const target = findProcess(context, options);
  const answer = await askJson(target, 'GET', '/debug/handles?format=json');
  if (context.json) {
    context.printJson(answer);
    return;
  }
  const handles = handlesOf(answer);
  if (handles.length === 0) context.print('no handles are open\n');
  else context.print(table([HEAD, ...groups(handles).map((group) => row(group, context))], context.tableWidth));
}

function handlesOf(answer: unknown): Handle[] {
  const list = Array.isArray(answer) ? answer : (answer as { handles?: unknown } | undefined)?.handles;
  return Array.isArray(list) ? (list as Handle[]) : [];
}

/** Handles of one kind from one line; the most numerous first. */
function groups(handles: readonly Handle[]): Handle[][] {
  const bySite = new Map<string, Handle[]>();
  for (const handle of handles) {
    const key = `${kindOf(handle)} ${handle.site ?? handle.detail}`;
    const same = bySite.get(key);
    if (same) same.push(handle);
    else bySite.set(key, [handle]);
  }
  return [...bySite.values()].sort((a, b) => b.length - a.length);
}

const HEAD: Cell[] = ['COUNT', 'KIND', 'WHAT', 'OLDEST', 'HOLDS', 'OWNER', 'CLOSE WITH', 'OPENED AT'].map((text) => ({ text, right: text === 'COUNT' }));

function row(group: readonly Handle[], { style }: CliContext): Cell[] {
  const [first] = group;
  const ages = group.map(({ ageMs }) => ageMs ?? Number.NaN).filter(Number.isFinite);
  return [
    { text: String(group.length), right: true, colour: style.bold },
    { text: cleanLine(kindOf(first)), colour: style.accent },
    { text: cleanLine(first?.detail ?? '') },
    { text: ages.length > 0 ? formatMs(Math.max(...ages)) : '' },
    { text: group.some(({ holdsProcess }) => holdsProcess) ? 'yes' : 'no' },
    { text: cleanLine(first?.owner ?? '') },
    { text: cleanLine(first?.close ?? ''), colour: style.faint },
    { text: cleanLine(first?.site ?? 'unknown'), keepEnd: true },
  ];
}

function kindOf(handle: Handle | undefined): string {
  return handle?.kind ?? handle?.type ?? '';
}
