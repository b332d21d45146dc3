// Looks IDs up as an operator's tools do: in the store, and in the journals that no store has taken yet.
import { sameAs, unfold } from '../../../dist/errors/fold.js';
import { readJournals } from '../../../dist/errors/journal-reader.js';
import { openReader } from '../../../dist/store/query.js';

const FUNCTION = { string: /it was reported here/, default: /at (async )?(query|load) |at traced drill\.(query|load)/ };

/** Checks every shown ID; gives those that are found nowhere, and what is wrong with the records that are found. */
export async function lookUp(dir, shown, elsewhere = new Map()) {
  const journaled = new Map();
  for (const { content } of readJournals(dir)) for (const record of content.records) journaled.set(record['error.id'], record);
  const reader = openReader(dir);
  const result = { orphans: [], faults: [], inStore: 0, inJournal: 0, elsewhere: 0 };
  for (const item of shown) {
    const stored = await fromStore(reader, item.id);
    // A failure that was wrapped has two records, of which either may be the one that was not saved: the later one knows more.
    const known = [elsewhere.get(item.id), stored, journaled.get(item.id)].filter(Boolean);
    let record = known.find((one) => one['sonde.error.amends']) ?? known[0];
    const whole = sameAs(record);
    if (whole !== undefined) record = unfold(record, journaled.get(whole) ?? (await fromStore(reader, whole)) ?? elsewhere.get(whole));
    if (record === undefined) {
      result.orphans.push(item);
      continue;
    }
    if (stored) result.inStore++;
    else if (journaled.has(item.id)) result.inJournal++;
    else result.elsewhere++;
    const fault = faultOf(record, item);
    if (fault) result.faults.push(`${item.id}: ${fault}`);
  }
  await reader.close();
  return result;
}

/** A store that nobody has made yet knows nothing. */
async function fromStore(reader, id) {
  try {
    return await reader.error(id);
  } catch (error) {
    if (error.code === 'missing') return undefined;
    throw error;
  }
}

/** What a found record lacks of: the whole stack, UTC time, context, trace ID. */
function faultOf(record, { n, what, status }) {
  const stack = record['exception.stacktrace'] ?? '';
  if (!(FUNCTION[what] ?? FUNCTION.default).test(stack)) return `its stack does not show where it was thrown: ${stack}`;
  if ((what === 'wrapped' || what === 'reported') && !/Caused by: Error: no answer/.test(stack)) return `its stack lacks the cause: ${stack}`;
  if (what === 'aggregate' && !/\[1\] RangeError: second/.test(stack)) return `its stack lacks a member: ${stack}`;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(record.timestamp)) return `its time is "${record.timestamp}"`;
  if (record['request.n'] !== n) return `its context is of request ${record['request.n']}, expected ${n}`;
  if (!/^[0-9a-f]{32}$/.test(record.trace_id ?? '')) return `its trace ID is "${record.trace_id}"`;
  if ((record['sonde.error.kind'] === 'known') !== (status === 402)) return `its kind is ${record['sonde.error.kind']} for status ${status}`;
  return undefined;
}
