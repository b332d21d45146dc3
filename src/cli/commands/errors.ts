import type { ErrorRecord } from '../../core/records.ts';
import type { ErrorGroup } from '../../store/lookup.ts';
import type { CliContext } from '../context.ts';
import { wrongUsage } from '../exit-codes.ts';
import { readCount, readTime, readTraceId } from '../options.ts';
import { cleanLine } from '../output/clean.ts';
import { ago } from '../output/error-text.ts';
import { showProblems } from '../output/problems.ts';
import { levelStyle } from '../output/style.ts';
import { type Cell, cut, table } from '../output/table.ts';
import { showTime } from '../output/values.ts';

const NEW_MS = 3_600_000; // "new" without --since: the last hour, about one deployment

export interface ErrorsOptions {
  readonly since?: string;
  readonly until?: string;
  readonly service?: string;
  readonly kind?: string;
  readonly type?: string;
  readonly fingerprint?: string;
  readonly trace?: string;
  readonly release?: string;
  readonly limit?: string;
  readonly after?: string;
  readonly group?: boolean;
  readonly new?: boolean;
  readonly regressed?: boolean;
}

/** `sonde errors`: the errors, newest first; with `--group` or `--new` by fingerprint. */
export async function errorsCommand(context: CliContext, options: ErrorsOptions): Promise<void> {
  const nowMs = context.io.now();
  const paging = {
    sinceMs: readTime('--since', options.since, nowMs),
    untilMs: readTime('--until', options.until, nowMs),
    limit: readCount('--limit', options.limit, 1_000),
    after: options.after,
    service: options.service,
  };
  if (options.group || options.new || options.regressed || options.release !== undefined) {
    const sinceMs = paging.sinceMs ?? (options.new && options.release === undefined ? nowMs - NEW_MS : undefined);
    const { new: firstSeen, release, regressed, fingerprint } = options;
    await listGroups(context, { ...paging, sinceMs, firstSeen, release, regressed, fingerprint });
    return;
  }
  const kind = readKind(options.kind);
  await context.lookup(async (lookup) => {
    const page = await lookup.errors({ ...paging, kind, type: options.type, fingerprint: options.fingerprint, traceId: readTraceId('--trace', options.trace) });
    showProblems(context, lookup);
    if (context.json) context.printJson({ errors: page.items, next: page.next ?? null });
    else if (page.items.length === 0) context.print('no errors\n');
    else
      context.print(
        table(
          page.items.map((record) => errorRow(record, context)),
          context.tableWidth,
        ) + more(page.next),
      );
  });
}

async function listGroups(context: CliContext, query: Parameters<Parameters<Parameters<CliContext['lookup']>[0]>[0]['groups']>[0]): Promise<void> {
  await context.lookup(async (lookup) => {
    const page = await lookup.groups(query);
    showProblems(context, lookup);
    if (context.json) context.printJson({ groups: page.items, next: page.next ?? null });
    else if (page.items.length === 0) context.print(query.firstSeen ? 'no new errors\n' : query.regressed ? 'no errors came back\n' : 'no errors\n');
    else context.print(page.items.map((group) => groupText(group, context)).join('') + more(page.next));
  });
}

function errorRow(record: ErrorRecord, { style }: CliContext): Cell[] {
  return [
    { text: cleanLine(record.timestamp), colour: style.faint },
    { text: cleanLine(record['error.id']), colour: style.bold },
    { text: cleanLine(record['sonde.error.kind']), colour: levelStyle(style, record.severity_number) },
    { text: cleanLine(String(record['service.name'] ?? '')) },
    { text: cleanLine(record['error.type']), colour: style.accent },
    { text: cleanLine(record.message) },
  ];
}

/** Two lines a group: what it is, and when and where it was seen. */
function groupText(group: ErrorGroup, { style, io, width }: CliContext): string {
  const type = cleanLine(group.type);
  const what = cut(cleanLine(group.message), Math.max(20, width - 12 - type.length));
  const facts = [
    `last ${ago(io.now() - group.lastMs)}`,
    `first ${showTime(group.firstMs)}`,
    `in ${releasesText(group)}`,
    `such as ${group.lastErrorId}`,
    group.fingerprint,
  ];
  return `${style.bold(`${group.count}×`.padStart(8))}  ${(group.kind === 'bug' ? style.bad : style.warn)(type)}  ${what}\n${' '.repeat(10)}${style.faint(cleanLine(facts.join(' · ')))}\n`;
}

function releasesText({ releases }: ErrorGroup): string {
  const names = releases.map(({ release }) => release || 'no release');
  return names.length > 3 ? `${names[0]} to ${names.at(-1)} (${names.length} releases)` : names.join(', ');
}

function more(next: string | undefined): string {
  return next === undefined ? '' : `more: --after ${cleanLine(next)}\n`;
}

function readKind(text: string | undefined): 'bug' | 'known' | undefined {
  if (text === undefined || text === 'bug' || text === 'known') return text;
  throw wrongUsage(`Cannot use "${text}" as --kind: expected bug or known`);
}
