import { isatty } from 'node:tty';
import { beforeEnd } from '../core/before-end.ts';
import type { ErrorReported } from '../core/events.ts';
import { LEVELS, type LevelName, parseLevel } from '../core/level.ts';
import { redactor } from '../core/redact.ts';
import { auditLevels } from './audit.ts';
import { captureConsole } from './console.ts';
import { forgetContext } from './context.ts';
import { type Destination, openDestination } from './destination.ts';
import { setRedaction } from './fields.ts';
import { keepLeases } from './lease-file.ts';
import { nodeOf, passes } from './level-tree.ts';
import { configureLevels, setGroups } from './levels.ts';
import { closeLoggers, openLoggers } from './logger.ts';
import { configureRetro, type RetroOptions } from './retro.ts';
import { type Gate, type RateLimitOptions, rateLimiter, type SamplingOptions, sampler } from './sampling.ts';
import { textLine } from './text-format.ts';
import { type LineSink, setSink } from './writer.ts';

/** How lines are written; the runtime sets it. */
export interface LogOptions {
  /** Level of the root; default `info`. */
  readonly level?: string | undefined;
  /** Levels by logger or group name. */
  readonly levels?: Readonly<Record<string, string>> | undefined;
  /** Names that stand for several loggers. */
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Default: `text` where standard output is a terminal, else `json`. */
  readonly format?: 'json' | 'text' | undefined;
  /** Where lines go: a file descriptor (default 1), something with `write`, or `false` for nowhere. */
  readonly destination?: number | { write(line: string): void } | false | undefined;
  /** Further keys whose values are secrets. */
  readonly redact?: readonly string[] | undefined;
  /** Takes every JSON line, whatever the format; the pipeline. */
  readonly onLine?: ((line: string, severity: number) => void) | undefined;
  /** Lets the first lines of a kind through and then every so-many-th; off by default. */
  readonly sampling?: SamplingOptions | undefined;
  /** Lines a second; off by default. */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** Is told of every line that sampling or the rate limit leaves out; the ledger. */
  readonly onSampled?: (() => void) | undefined;
  /** Holds lines below the level, and writes them when their trace fails; off by default. */
  readonly retro?: RetroOptions | boolean | undefined;
  /** Sends `console.*` through the logger `console`; off by default. */
  readonly console?: boolean | undefined;
  /** Where leases are kept over a restart; without it a restart ends them. */
  readonly leaseFile?: string | undefined;
}

/** Logs under way. */
export interface Logs {
  /** Writes what a slow reader made wait; blocks at most `withinMs`. */
  flushSync(withinMs: number): void;
  counts(): { readonly written: number; readonly dropped: number; readonly pending: number };
  close(): void;
}

/** How long the end of the process waits for a slow reader of standard output. */
const EXIT_WAIT_MS = 1_000;

let writeToDestination: ((line: string) => void) | undefined;
let endLate: (() => void) | undefined;

/** Puts `options` in force and lets lines through; those written before come first. Throws where an option is wrong. */
export function configureLogs(options: LogOptions = {}): Logs {
  const level = checkedLevel('root', options.level ?? 'info');
  const levels = Object.fromEntries(Object.entries(options.levels ?? {}).map(([name, text]) => [name, checkedLevel(name, text)]));
  const gates = gatesOf(options);
  setRedaction(redactor(options.redact));
  forgetContext();
  setGroups(options.groups ?? {});
  configureLevels(level, levels);

  endLate?.();
  endLate = undefined;
  const destination = destinationOf(options.destination);
  const asText = options.format === undefined ? options.destination === undefined && isatty(1) : options.format === 'text';
  const colours = asText && isatty(typeof options.destination === 'number' ? options.destination : 1) && !process.env['NO_COLOR'];
  const shown = (line: string): string => (asText ? textLine(line, colours) : line);
  const write = (line: string): void => destination.write(shown(line));
  const { onLine } = options;
  const sink: LineSink = onLine ? toBoth(onLine, write) : write;
  writeToDestination = write;
  setSink(sink);
  configureRetro(options.retro === true ? {} : options.retro || undefined);
  openLoggers(gates, options.onSampled);
  const undo = [auditLevels(), () => configureRetro(undefined)];
  if (options.leaseFile !== undefined) undo.push(keepLeases(options.leaseFile));
  if (options.console) undo.push(captureConsole());

  const onExit = (): void => destination.flushSync(EXIT_WAIT_MS);
  process.on('exit', onExit);
  undo.push(beforeEnd(onExit));
  return {
    flushSync: (withinMs) => destination.flushSync(withinMs),
    counts: () => destination.counts,
    close() {
      process.off('exit', onExit);
      for (const step of undo) step();
      if (writeToDestination !== write) return;
      writeToDestination = undefined;
      destination.flushSync(EXIT_WAIT_MS);
      destination.close();
      const { destination: given } = options;
      if (given === undefined || typeof given === 'number') {
        const late = lateLines(given, shown);
        endLate = late.end;
        setSink(late.write);
        openLoggers(gates);
      } else {
        closeLoggers();
        setSink(undefined);
      }
    },
  };
}

/**
 * The application's lines of after the end of telemetry: they are written as before, and nobody stores or sends them. The
 * descriptor is opened by the first one, so that a program that says nothing more has nothing open.
 */
function lateLines(fd: number | undefined, shown: (line: string) => string): { write(line: string): void; end(): void } {
  let opened: Destination | undefined;
  const flush = (): void => opened?.flushSync(EXIT_WAIT_MS);
  return {
    write(line) {
      if (opened === undefined) {
        opened = openDestination(fd);
        process.on('exit', flush);
      }
      opened.write(shown(line));
    },
    end() {
      process.off('exit', flush);
      flush();
      opened?.close();
    },
  };
}

/** Writes an error record as a line, where its logger's level lets it. The pipeline has it already: it comes from the journal. */
export function writeErrorRecord({ level, logger, line }: Pick<ErrorReported, 'level' | 'logger' | 'line'>): void {
  if (writeToDestination === undefined || !passes(level, nodeOf(logger).effective)) return;
  writeToDestination(line);
}

function gatesOf({ sampling, rateLimit }: LogOptions): Gate[] {
  return [...(sampling ? [sampler(sampling)] : []), ...(rateLimit ? [rateLimiter(rateLimit)] : [])];
}

function toBoth(onLine: LineSink, write: (line: string) => void): LineSink {
  return (line, severity) => {
    try {
      onLine(line, severity);
    } catch {
      // Whoever listens counts its own failures; the line is still written.
    }
    write(line);
  };
}

function checkedLevel(name: string, text: string): LevelName {
  const level = parseLevel(text);
  if (level === undefined)
    throw new RangeError(`Cannot set the level of "${name}": unrecognized level "${String(text)}", expected one of ${LEVELS.join(', ')}`);
  return level;
}

function destinationOf(given: LogOptions['destination']): Destination {
  if (given === undefined || typeof given === 'number') return openDestination(given);
  const counts = { written: 0, dropped: 0, pending: 0 };
  return {
    counts,
    write(line) {
      if (given === false) return;
      try {
        given.write(line);
        counts.written++;
      } catch {
        counts.dropped++; // the application's own destination failed; its failure must not reach the caller of a logger
      }
    },
    flushSync() {},
    close() {},
  };
}
