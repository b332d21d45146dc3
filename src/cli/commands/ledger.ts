import { formatMs } from '../../core/duration.ts';
import { DROP_REASONS, type LedgerReport, SIGNALS, type SignalLedger } from '../../core/records.ts';
import type { CliContext } from '../context.ts';
import { unreachable } from '../exit-codes.ts';
import { type Cell, table } from '../output/table.ts';
import { askJson, findProcess, type ProcessOptions } from '../process-client.ts';

const COLUMNS = ['produced', 'stored', 'sent', 'spooled', 'pending'] as const;

/** `sonde ledger`: what became of every record of a running process. */
export async function ledgerCommand(context: CliContext, options: ProcessOptions): Promise<void> {
  const target = findProcess(context, options);
  const report = (await askJson(target, 'GET', `/debug/ledger?format=json${context.json ? '' : '&overhead'}`)) as LedgerReport;
  if (context.json) {
    context.printJson(report);
    return;
  }
  if (typeof report?.span !== 'object') throw unreachable(`Cannot read the ledger of ${target.name}: it is not one that this version knows`);
  const { style } = context;
  const head: Cell[] = ['SIGNAL', ...COLUMNS.map((name) => name.toUpperCase()), 'DROPPED'].map((text, i) => ({
    text,
    right: i > 0 && i <= COLUMNS.length,
    colour: style.faint,
  }));
  const rows = SIGNALS.filter((signal) => report[signal]).map((signal): Cell[] => [
    { text: signal, colour: style.bold },
    ...COLUMNS.map((name) => ({ text: String(report[signal][name]), right: true })),
    droppedCell(report[signal], context),
  ]);
  context.print(table([head, ...rows], context.tableWidth));
  const { overhead } = report;
  if (overhead)
    context.print(
      `${style.faint(`carrying them took about ${seconds(overhead.appSeconds)} on the app thread, ${seconds(overhead.workerSeconds)} in the worker`)}\n`,
    );
}

function seconds(value: number): string {
  return formatMs(value * 1_000);
}

function droppedCell({ dropped }: SignalLedger, { style }: CliContext): Cell {
  const reasons = DROP_REASONS.filter((reason) => dropped[reason] > 0);
  const bad = reasons.some((reason) => reason !== 'sampled');
  return { text: reasons.map((reason) => `${dropped[reason]} ${reason}`).join(', ') || '0', colour: bad ? style.bad : style.faint };
}
