import type { ErrorRecord } from '../core/records.ts';
import { completeRecord } from '../errors/complete.ts';
import { sameAs, unfold } from '../errors/fold.ts';
import { readJournals } from '../errors/journal-reader.ts';

// Records that wait in journals: a worker stores them within a second, so there are many only where it died, or where a
// storm of compact ones goes on. A journal holds 64 MiB at most.
const MAX_UNSTORED = 200_000;

/** What the journals hold that the store does not have. */
export interface Unstored {
  /** Whether there are any records in journals, stored or not: then a store that is missing is no obstacle. */
  readonly journaled: boolean;
  /** Newest first, complete; of an ID the last record. */
  readonly records: readonly ErrorRecord[];
}

/** Reads the journals under `dir`. `stored` looks an ID up in the store. */
export async function readUnstored(dir: string, stored: (id: string) => Promise<ErrorRecord | undefined>): Promise<Unstored> {
  const byId = new Map<string, ErrorRecord>();
  for (const { content } of readJournals(dir)) {
    for (const record of content.records) {
      byId.delete(record['error.id']); // what comes last tells most, and is the newest
      byId.set(record['error.id'], record);
    }
  }
  const records: ErrorRecord[] = [];
  for (const record of [...byId.values()].reverse()) {
    if (records.length === MAX_UNSTORED) break;
    if (await stored(record['error.id'])) continue;
    const id = sameAs(record);
    const whole = id === undefined ? undefined : (byId.get(id) ?? (await stored(id)));
    records.push(whole === undefined ? completeRecord(record) : unfold(record, completeRecord(whole)));
  }
  return { journaled: byId.size > 0, records };
}
