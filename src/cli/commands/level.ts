import { tryDurationMs } from '../../core/duration.ts';
import type { CliContext } from '../context.ts';
import { wrongUsage } from '../exit-codes.ts';
import { isLevelName, readTraceId } from '../options.ts';
import { cleanLine } from '../output/clean.ts';
import { table } from '../output/table.ts';
import { askJson, findProcess, type ProcessOptions, type RunningProcess } from '../process-client.ts';

export interface LevelOptions extends ProcessOptions {
  readonly for?: string;
  readonly reason?: string;
  readonly reset?: boolean;
  /** The change holds for the contexts of this trace, route or user only. */
  readonly trace?: string;
  readonly route?: string;
  readonly user?: string;
}

const SCOPES = ['trace', 'route', 'user'] as const;

interface LevelAnswer {
  readonly level: string;
  readonly expiresAt?: string;
  readonly revertsTo?: string;
}

/** `sonde level [logger] [level]`: shows the levels of a running process, one level, or changes it. One word that is a level is the root's. */
export async function levelCommand(context: CliContext, first: string | undefined, second: string | undefined, options: LevelOptions): Promise<void> {
  const rootLevel = second === undefined && first !== undefined && isLevelName(first);
  const logger = rootLevel ? undefined : first;
  const level = rootLevel ? first : second;
  if (level !== undefined && !isLevelName(level)) throw wrongUsage(`Cannot use "${level}" as a level: expected trace, debug, info, warn, error, fatal or off`);
  if (level === undefined && (options.for !== undefined || options.reason !== undefined))
    throw wrongUsage('Cannot use --for or --reason without a level, such as "sonde level orders debug --for 10m"');
  if (options.for !== undefined && tryDurationMs(options.for) === undefined)
    throw wrongUsage(`Cannot use "${options.for}" as --for: expected a duration, such as "10m"`);
  if (options.reset && level !== undefined) throw wrongUsage('Cannot use --reset with a level: it goes back to the inherited one');
  const scope = scopeOf(options);
  if (scope.size > 0 && level === undefined && !options.reset) throw wrongUsage('Cannot use --trace, --route or --user without a level or --reset');
  const target = findProcess(context, options);
  if (options.reset) await reset(context, target, logger, scope);
  else if (level !== undefined && scope.size > 0) await changeScoped(context, target, logger, level, scope, options);
  else if (level !== undefined) await change(context, target, logger, level, options);
  else if (logger !== undefined) await show(context, target, logger);
  else await list(context, target);
}

function levelPath(logger: string | undefined): string {
  return logger === undefined || isRoot(logger) ? '/log/level' : `/log/level?logger=${encodeURIComponent(logger)}`;
}

function isRoot(logger: string): boolean {
  return logger.toLowerCase() === 'root';
}

async function change(context: CliContext, target: RunningProcess, logger: string | undefined, level: string, options: LevelOptions): Promise<void> {
  const answer = (await askJson(target, 'PUT', levelPath(logger), { level, ttl: options.for, reason: options.reason ?? 'sonde level' })) as LevelAnswer;
  print(context, logger, answer);
}

function scopeOf(options: LevelOptions): URLSearchParams {
  const scope = new URLSearchParams();
  for (const name of SCOPES) {
    const value = name === 'trace' ? readTraceId('--trace', options.trace) : options[name];
    if (value !== undefined) scope.set(name, value);
  }
  return scope;
}

function loggerPath(logger: string | undefined, query: URLSearchParams): string {
  const text = query.toString();
  return `/loggers/${encodeURIComponent(logger === undefined || isRoot(logger) ? 'ROOT' : logger)}${text ? `?${text}` : ''}`;
}

async function changeScoped(
  context: CliContext,
  target: RunningProcess,
  logger: string | undefined,
  level: string,
  scope: URLSearchParams,
  options: LevelOptions,
): Promise<void> {
  const query = new URLSearchParams(scope);
  query.set('reason', options.reason ?? 'sonde level');
  await askJson(target, 'POST', loggerPath(logger, query), { configuredLevel: level, ttl: options.for });
  if (context.json) context.printJson({ logger: logger ?? 'root', level, ...Object.fromEntries(scope), ...(options.for ? { for: options.for } : {}) });
  else
    context.print(
      `${cleanLine([logger ?? 'root', level, `where ${[...scope].map((pair) => pair.join('=')).join(', ')}`, options.for && `for ${options.for}`].filter(Boolean).join('  '))}\n`,
    );
}

async function show(context: CliContext, target: RunningProcess, logger: string): Promise<void> {
  print(context, logger, (await askJson(target, 'GET', levelPath(logger))) as LevelAnswer);
}

async function reset(context: CliContext, target: RunningProcess, logger: string | undefined, scope: URLSearchParams): Promise<void> {
  await askJson(target, 'POST', loggerPath(logger, scope), { configuredLevel: null });
  await show(context, target, logger ?? 'root');
}

function print(context: CliContext, logger: string | undefined, answer: LevelAnswer): void {
  if (context.json) {
    context.printJson({ logger: logger ?? 'root', ...answer });
    return;
  }
  const lease = answer.expiresAt ? `until ${answer.expiresAt}${answer.revertsTo ? `, then ${answer.revertsTo}` : ''}` : '';
  context.print(`${cleanLine([logger ?? 'root', answer.level, lease].filter(Boolean).join('  '))}\n`);
}

interface LoggersAnswer {
  readonly loggers?: Readonly<Record<string, { readonly configuredLevel?: string | null; readonly effectiveLevel?: string }>>;
}

async function list(context: CliContext, target: RunningProcess): Promise<void> {
  const answer = (await askJson(target, 'GET', '/loggers')) as LoggersAnswer;
  if (context.json) {
    context.printJson(answer);
    return;
  }
  const rows = Object.entries(answer.loggers ?? {}).map(([name, { configuredLevel, effectiveLevel }]) => [
    { text: cleanLine(isRoot(name) ? 'root' : name) },
    { text: cleanLine(String(effectiveLevel ?? '').toLowerCase()), colour: context.style.bold },
    { text: configuredLevel ? 'set' : 'inherited', colour: context.style.faint },
  ]);
  context.print(rows.length > 0 ? table(rows, context.tableWidth) : 'no loggers\n');
}
