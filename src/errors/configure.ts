import type { Attributes } from '../core/attributes.ts';
import { warn } from '../core/diag.ts';
import { callFailed } from '../core/events.ts';
import type { ErrorRecord } from '../core/records.ts';
import { redactor } from '../core/redact.ts';
import type { Scope } from '../core/scope.ts';
import { writeStderr } from '../core/stderr.ts';
import { watchDownstream } from './downstream.ts';
import { sight } from './identity.ts';
import type { Journal } from './journal.ts';
import { watchVitals } from './vitals.ts';

/** How errors are recorded; the runtime sets it. */
export interface ErrorsOptions {
  /** Where records are put before an ID is handed out. Without one they go to standard error. */
  readonly journal?: Journal | undefined;
  /** Takes every record, as a line of JSON with its end, and whether the journal has it; the pipeline. */
  readonly onRecord?: ((line: string, journaled: boolean) => void) | undefined;
  /** What is known of the request in which a scope runs. */
  readonly request?: ((scope: Scope) => Attributes | undefined) | undefined;
  /** Further keys whose values are secrets. */
  readonly redact?: readonly string[] | undefined;
  /** Takes a record that is on no disk, whole; default: standard error. */
  readonly lastResort?: ((line: string) => void) | undefined;
}

interface Settings extends ErrorsOptions {
  /** Memory, uptime, event-loop delay at the moment. */
  readonly vitals: () => Attributes;
  readonly revise: (key: string, value: unknown, path: readonly string[]) => unknown;
}

const EARLY_RECORDS = 100; // reported before telemetry starts: a start-up that fails reports a few

/** The settings in use: a live binding, read on every report. */
export let settings: Settings = { revise: redactor(), vitals: () => ({}) };

/** Counts of this process. `unjournaled` records went to standard error whole. */
export const errorCounts = { reported: 0, repeated: 0, unjournaled: 0, failed: 0 };

const early: string[] = [];

/** Puts `options` in force; returns a function that puts the former ones back. Records that were made before are journaled now. */
export function configureErrors(options: ErrorsOptions): () => void {
  const former = settings;
  const vitals = watchVitals();
  const next: Settings = { ...options, vitals: vitals.read, revise: redactor(options.redact) };
  settings = next;
  const stops = [callFailed.subscribe(({ error, scope }) => sight(error, scope)), watchDownstream(), vitals.stop];
  for (const line of early.splice(0)) {
    if (options.journal?.append(line)) options.onRecord?.(line, true);
  }
  return () => {
    for (const stop of stops) stop();
    if (settings === next) settings = former;
  };
}

/** Puts the line on disk. Where that fails the line goes whole to standard error, and is counted. */
export function journalLine(line: string): boolean {
  const { journal, lastResort = toStderr } = settings;
  if (journal?.append(line)) return true;
  errorCounts.unjournaled++;
  if (journal)
    warn(
      'error-journal',
      `cannot write the error journal ${journal.path}: ${journal.lastProblem ?? 'unknown'}; error records go to standard error until it can be written`,
    );
  else if (early.length < EARLY_RECORDS) early.push(line);
  lastResort(line);
  return false;
}

/** Takes a record that was made elsewhere (of a process that died): journals it and hands it on. */
export function takeRecord(record: ErrorRecord): boolean {
  const line = `${JSON.stringify(record)}\n`;
  if (settings.journal?.append(line) !== true) return false;
  settings.onRecord?.(line, true);
  return true;
}

function toStderr(line: string): void {
  writeStderr(line);
}
