import type { ErrorRecord } from '../../core/records.ts';
import { parseErrorId } from '../../errors/error-id.ts';
import type { Lookup, StoredLog, StoredTrace } from '../../store/lookup.ts';
import type { CliContext } from '../context.ts';
import { notFound, unreachable, wrongUsage } from '../exit-codes.ts';
import { errorText } from '../output/error-text.ts';

const MAX_LOGS = 200; // around one error; `sonde logs --trace` pages through all

/** Everything that belongs to one error. */
export interface ErrorView {
  readonly error: ErrorRecord;
  readonly trace: StoredTrace | undefined;
  /** Oldest first. */
  readonly logs: readonly StoredLog[];
}

/** `sonde error <id>`: an ID as a user reads it out leads to the record, its trace and the log lines around it. */
export async function errorCommand(context: CliContext, words: readonly string[]): Promise<void> {
  const text = words.join(' ');
  const parsed = parseErrorId(text);
  if (!parsed.ok) {
    throw wrongUsage(
      parsed.reason === 'check'
        ? `"${text}" is not a Sonde error ID: one symbol is wrong; compare it with what was shown`
        : `"${text}" is not a Sonde error ID: expected 16 letters and digits, such as 7X2K-9QD4-MB3H-TRVZ`,
    );
  }
  await context.lookup(async (lookup) => {
    const error = await lookup.error(parsed.id);
    if (error === undefined) throw noSuchError(parsed.id, lookup, context.dir);
    const view = await viewOf(lookup, error);
    if (context.json) context.printJson(view);
    else context.print(errorText(view, context.style, context.width, context.io.now()));
  });
}

/** The trace and the logs are extras: the error is shown also where they cannot be read. */
async function viewOf(lookup: Lookup, error: ErrorRecord): Promise<ErrorView> {
  const traceId = error.trace_id;
  if (traceId === undefined) return { error, trace: undefined, logs: [] };
  const trace = await lookup.trace(traceId, Date.parse(error.timestamp)).catch(() => undefined);
  const logs = await lookup.logs({ traceId, limit: MAX_LOGS }).then(
    (page) => [...page.items].reverse(),
    () => [],
  );
  return { error, trace, logs };
}

function noSuchError(id: string, lookup: Lookup, dir: string): Error {
  const [problem] = lookup.problems();
  if (problem) return unreachable(`Cannot tell whether ${id} exists: ${problem.message}`, problem.code);
  return notFound(`No error ${id} in "${dir}": the ID is well formed, so it is another store's, or older than its retention`);
}
