import { setTimeout as sleep } from 'node:timers/promises';
import type { LogQuery, Lookup, StoredLog } from '../../store/lookup.ts';
import type { CliContext } from '../context.ts';
import { readCount, readSeverity, readTime, readTraceId } from '../options.ts';
import { cleanLine } from '../output/clean.ts';
import { logLine } from '../output/log-line.ts';
import { showProblems } from '../output/problems.ts';

const POLL_MS = 250; // a look costs well under a millisecond

export interface LogsOptions {
  readonly level?: string;
  readonly logger?: string;
  readonly since?: string;
  readonly until?: string;
  readonly trace?: string;
  readonly service?: string;
  readonly limit?: string;
  readonly after?: string;
  readonly follow?: boolean;
}

/** `sonde logs`: the last lines, oldest of them first; `--follow` goes on with what comes. */
export async function logsCommand(context: CliContext, options: LogsOptions): Promise<void> {
  const nowMs = context.io.now();
  const query: LogQuery = {
    minSeverity: readSeverity('--level', options.level),
    logger: options.logger,
    sinceMs: readTime('--since', options.since, nowMs),
    untilMs: readTime('--until', options.until, nowMs),
    traceId: readTraceId('--trace', options.trace),
    service: options.service,
    limit: readCount('--limit', options.limit, 1_000),
    after: options.after,
  };
  await context.lookup(async (lookup) => {
    if (options.follow) {
      await follow(context, lookup, query);
      return;
    }
    const page = await lookup.logs(query);
    showProblems(context, lookup);
    const logs = [...page.items].reverse();
    if (context.json) context.printJson({ logs, next: page.next ?? null });
    else if (logs.length === 0) context.print('no lines\n');
    else context.print((page.next === undefined ? '' : `older: --after ${cleanLine(page.next)}\n`) + logs.map((log) => logLine(log, context.style)).join(''));
  });
}

async function follow(context: CliContext, lookup: Lookup, query: LogQuery): Promise<void> {
  const show = (log: StoredLog): void => (context.json ? context.printJson(log, true) : context.print(logLine(log, context.style)));
  let { position } = await lookup.tailLogs(query, undefined);
  for (const log of [...(await lookup.logs({ ...query, limit: query.limit ?? 10 })).items].reverse()) show(log);
  while (!context.io.stop?.aborted) {
    const tail = await lookup.tailLogs({ ...query, limit: 1_000 }, position);
    position = tail.position;
    for (const log of tail.items) show(log);
    if (tail.items.length === 0) await sleep(POLL_MS, undefined, { ...(context.io.stop ? { signal: context.io.stop } : {}) }).catch(() => {});
  }
}
