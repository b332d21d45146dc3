import { findInJournals } from '../errors/journal-reader.ts';
import { StoreError } from './failure.ts';
import type { Lookup } from './lookup.ts';
import { openReader } from './query.ts';

/** Opens the store in `dir`, with the journals beside it: a record that nobody has stored yet is found there. */
export function openLookup(dir: string): Lookup {
  const store = openReader(dir);
  return {
    ...store,
    async error(id) {
      const stored = await inStore(store, id);
      if (stored.record) return stored.record;
      // Once more after the journals: between the two looks the record may have been stored and its journal deleted.
      const record = findInJournals(dir, id) ?? (await inStore(store, id)).record;
      if (record === undefined && stored.missing) throw stored.missing;
      return record;
    },
  };
}

/** No store is no obstacle yet: a program that was killed at once has left a journal only. */
async function inStore(store: Lookup, id: string) {
  try {
    return { record: await store.error(id), missing: undefined };
  } catch (error) {
    if (error instanceof StoreError && error.code === 'missing') return { record: undefined, missing: error };
    throw error;
  }
}
