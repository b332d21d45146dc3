import type { ErrorRecord } from '../core/records.ts';
import { completeRecord } from '../errors/complete.ts';
import { sameAs, unfold } from '../errors/fold.ts';
import { findInJournals } from '../errors/journal-reader.ts';
import { StoreError } from './failure.ts';
import { errorTimeMs } from './ingest/errors.ts';
import type { ErrorQuery, Lookup, Page } from './lookup.ts';
import { openReader } from './query.ts';
import { readUnstored, type Unstored } from './unstored.ts';

// Records that wait in journals: a worker stores them within a second, so there are many only where it died.
const MAX_UNSTORED = 1_000;
const NONE: Unstored = { journaled: false, records: [] };

/** Opens the store in `dir`, with the journals beside it: a record that nobody has stored yet is found there. */
export function openLookup(dir: string): Lookup {
  const store = openReader(dir);
  const inStore = async (id: string): Promise<ErrorRecord | undefined> => (await orMissing(store.error(id))).found;
  return {
    ...store,
    async error(id) {
      const stored = await orMissing(store.error(id));
      if (stored.found) return stored.found;
      // Once more after the journals: between the two looks the record may have been stored and its journal deleted.
      const record = findInJournals(dir, id) ?? (await orMissing(store.error(id))).found;
      if (record === undefined) {
        if (stored.missing) throw stored.missing;
        return undefined;
      }
      const whole = sameAs(record); // stored already, where the compact record is not
      return completeRecord(whole === undefined ? record : unfold(record, (await orMissing(store.error(whole))).found));
    },
    async errors(query) {
      const page = await orMissing(store.errors(query));
      const { journaled, records } = query.after === undefined ? await readUnstored(dir, inStore) : NONE;
      if (page.missing && !journaled) throw page.missing;
      return joinPages(records.filter((record) => matches(record, query)).slice(0, MAX_UNSTORED), page.found);
    },
    async groups(query) {
      const { journaled, records } = await readUnstored(dir, inStore);
      return journaled ? store.groups(query, records) : store.groups(query);
    },
  };
}

/** No store is no obstacle yet: a program that was killed at once has left a journal only. */
async function orMissing<T>(asked: Promise<T>): Promise<{ readonly found: T | undefined; readonly missing: StoreError | undefined }> {
  try {
    return { found: await asked, missing: undefined };
  } catch (error) {
    if (error instanceof StoreError && error.code === 'missing') return { found: undefined, missing: error };
    throw error;
  }
}

function matches(record: ErrorRecord, query: ErrorQuery): boolean {
  const timeMs = errorTimeMs(record);
  const wanted: [unknown, unknown][] = [
    [query.service, record['service.name']],
    [query.kind, record['sonde.error.kind']],
    [query.type, record['error.type']],
    [query.traceId, record.trace_id],
    [query.fingerprint, record['sonde.error.fingerprint']],
  ];
  return timeMs >= (query.sinceMs ?? -Infinity) && timeMs < (query.untilMs ?? Infinity) && wanted.every(([asked, is]) => asked === undefined || asked === is);
}

/** The first page may be longer than asked by what is not stored yet: those records have no place in the order of pages. */
function joinPages(unstored: readonly ErrorRecord[], page: Page<ErrorRecord> | undefined): Page<ErrorRecord> {
  const items = unstored.length === 0 ? (page?.items ?? []) : [...unstored, ...(page?.items ?? [])].sort((a, b) => errorTimeMs(b) - errorTimeMs(a));
  return { items, next: page?.next };
}
