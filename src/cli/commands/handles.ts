import { formatMs } from '../../core/duration.ts';
import type { CliContext } from '../context.ts';
import { cleanLine } from '../output/clean.ts';
import { type Cell, table } from '../output/table.ts';
import { askJson, findProcess, type ProcessOptions } from '../process-client.ts';

/** The fields of a handle that are shown; the answer has more. */
interface Handle {
  readonly kind?: string;
  readonly name?: string;
  readonly site?: string;
  readonly ageMs?: number;
  readonly idleMs?: number;
  readonly refed?: boolean;
  readonly owner?: string;
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
  else context.print(table([HEAD, ...groups(handles).map((group) => row(group, context))], context.width));
}

function handlesOf(answer: unknown): Handle[] {
  const list = Array.isArray(answer) ? answer : (answer as { handles?: unknown } | undefined)?.handles;
  return Array.isArray(list) ? (list as Handle[]) : [];
}

/** Handles of one kind from one line; the most numerous first. */
function groups(handles: readonly Handle[]): Handle[][] {
  const bySite = new Map<string, Handle[]>();
  for (const handle of handles) {
    const key = `${handle.kind} ${handle.site ?? handle.name}`;
    bySite.set(key, [...(bySite.get(key) ?? []), handle]);
  }
  return [...bySite.values()].sort((a, b) => b.length - a.length);
}

const HEAD: Cell[] = ['COUNT', 'KIND', 'OLDEST', 'HOLDS', 'OWNER', 'OPENED AT'].map((text) => ({ text, right: text === 'COUNT' }));

function row(group: readonly Handle[], { style }: CliContext): Cell[] {
  const [first] = group;
  const ages = group.map(({ ageMs }) => ageMs ?? Number.NaN).filter(Number.isFinite);
  return [
    { text: String(group.length), right: true, colour: style.bold },
    { text: cleanLine(first?.kind ?? ''), colour: style.accent },
    { text: ages.length > 0 ? formatMs(Math.max(...ages)) : '' },
    { text: group.some(({ refed }) => refed !== false) ? 'yes' : 'no' },
    { text: cleanLine(first?.owner ?? '') },
    { text: cleanLine(first?.site ?? first?.name ?? '') },
  ];
}
