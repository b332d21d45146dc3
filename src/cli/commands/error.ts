import type { ErrorRecord } from '../../core/records.ts';
import { parseErrorId } from '../../errors/error-id.ts';
import type { Lookup } from '../../store/lookup.ts';
import type { CliContext } from '../context.ts';
import { notFound, unreachable, wrongUsage } from '../exit-codes.ts';
import { type ErrorView, errorText } from '../output/error-text.ts';

const MAX_LOGS = 200; // around one error; `sonde logs --trace` pages through all
const MAX_RELATED = 50; // errors of one trace; a loop that fails makes more

export interface ErrorOptions {
  /** Shows the related errors whole. */
  readonly followTrace?: boolean;
}

/** `sonde error <id>`: an ID as a user reads it out leads to the record, its trace and the log lines around it. */
export async function errorCommand(context: CliContext, words: readonly string[], options: ErrorOptions = {}): Promise<void> {
  const text = words.join(' ');
  const parsed = parseErrorId(text);
  if (!parsed.ok) {
    throw wrongUsage(
      parsed.reason === 'check'
        ? `"${text}" is not a Sonde error ID: one symbol is wrong; compare it with what was shown`
        : `"${text}" is not a Sonde error ID: expected 16 letters and digits, such as 7X2K-9QD4-MB3H-TRVG`,
    );
  }
  await context.lookup(async (lookup) => {
    const error = await lookup.error(parsed.id);
    if (error === undefined) throw noSuchError(parsed.id, lookup, context.place);
    const view = await errorView(lookup, error);
    if (context.json) context.printJson(view);
    else context.print(errorText(view, context.style, context.width, context.io.now(), options.followTrace ?? false));
  });
}

/** All but the record are extras: the error is shown also where they cannot be read. */
export async function errorView(lookup: Lookup, error: ErrorRecord): Promise<ErrorView> {
  const traceId = error.trace_id;
  const [trace, logs, group, related] = await Promise.all([
    orElse(undefined, async () => (traceId === undefined ? undefined : lookup.trace(traceId, Date.parse(error.timestamp)))),
    orElse([], async () => (traceId === undefined ? [] : [...(await lookup.logs({ traceId, limit: MAX_LOGS })).items].reverse())),
    orElse(undefined, async () => (await lookup.groups({ fingerprint: error['sonde.error.fingerprint'] })).items[0]),
    orElse([], async () => relatedErrors(lookup, error)),
  ]);
  return { error, trace, logs, group, related };
}

async function orElse<T>(fallback: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch {
    return fallback;
  }
}

async function relatedErrors(lookup: Lookup, error: ErrorRecord): Promise<ErrorRecord[]> {
  const byId = new Map<string, ErrorRecord>();
  if (error.trace_id !== undefined)
    for (const other of (await lookup.errors({ traceId: error.trace_id, limit: MAX_RELATED })).items) byId.set(other['error.id'], other);
  const causeId = error['sonde.error.cause_id'];
  const cause = typeof causeId === 'string' ? await lookup.error(causeId) : undefined;
  if (cause) byId.set(cause['error.id'], cause);
  byId.delete(error['error.id']);
  return [...byId.values()].sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
}

function noSuchError(id: string, lookup: Lookup, place: string): Error {
  const [problem] = lookup.problems();
  if (problem) return unreachable(`Cannot tell whether ${id} exists: ${problem.message}`, problem.code);
  return notFound(`No error ${id} in ${place}: the ID is well formed, so it is another store's, or older than its retention`);
}
