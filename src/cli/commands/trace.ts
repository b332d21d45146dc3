import { formatMs } from '../../core/duration.ts';
import type { CliContext } from '../context.ts';
import { notFound, unreachable } from '../exit-codes.ts';
import { readTraceId } from '../options.ts';
import { cleanLine } from '../output/clean.ts';
import { eventLines } from '../output/event-lines.ts';
import { logLine } from '../output/log-line.ts';
import { traceDurationMs, traceTree } from '../output/trace-tree.ts';
import { showTime } from '../output/values.ts';

const MAX_LOGS = 200;

/** `sonde trace <id>`: the spans as a tree, what happened during them, and the log lines. */
export async function traceCommand(context: CliContext, text: string): Promise<void> {
  const traceId = readTraceId('the trace', text) as string;
  await context.lookup(async (lookup) => {
    const trace = await lookup.trace(traceId);
    const [problem] = lookup.problems();
    if (trace === undefined && problem) throw unreachable(`Cannot tell whether trace ${traceId} exists: ${problem.message}`, problem.code);
    if (trace === undefined)
      throw notFound(`No span of trace ${traceId} in ${context.place}: it was not sampled, is another store's, or older than its retention`);
    // The lines are an extra: the spans are shown also where those cannot be read.
    const { items } = await lookup.logs({ traceId, limit: MAX_LOGS }).catch(() => ({ items: [] }));
    const logs = [...items].reverse();
    if (context.json) {
      context.printJson({ trace, logs });
      return;
    }
    const { style } = context;
    const start = Math.min(...trace.spans.map((span) => span.startMs));
    context.print(`${style.bold(`Trace ${cleanLine(traceId)}`)}  ${showTime(start)}, ${trace.spans.length} spans, ${formatMs(traceDurationMs(trace.spans))}\n`);
    context.print(traceTree(trace, style, context.width));
    const events = eventLines(trace.spans, style);
    if (events) context.print(`\n${style.bold('Events')}\n${events}`);
    if (logs.length > 0) context.print(`\n${style.bold('Log')}\n${logs.map((log) => logLine(log, style, true)).join('')}`);
  });
}
