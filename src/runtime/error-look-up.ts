import type { ErrorAnswer, ErrorPage } from '../admin/deps.ts';
import { errorReported } from '../core/events.ts';
import type { ErrorRecord, LogData, SpanData } from '../core/records.ts';
import { Ring } from '../core/ring.ts';
import { parseErrorId } from '../errors/error-id.ts';
import { findInJournals } from '../errors/journal-reader.ts';
import type { Lookup } from '../store/lookup.ts';

const RECENT = 200; // pages of the last minutes, also where the records leave for a collector: at most a few MB

const MAX_LINES = 500; // of one trace, on one page

/** Errors and traces for the admin pages: the last ones from memory, older ones from the store where there is one. */
export interface ErrorLookUp {
  error(id: string): Promise<ErrorAnswer>;
  errors(query: { readonly limit: number; readonly after: string | undefined }): Promise<ErrorPage>;
  trace(id: string): Promise<{ readonly spans: readonly SpanData[]; readonly logs: readonly LogData[] } | undefined>;
  close(): Promise<void>;
}

/** Opens the look-up. `store` is opened by the first request that needs it; it is absent where records are sent away. */
export function openErrorLookUp(dir: string, store: (() => Promise<Lookup>) | undefined): ErrorLookUp {
  const lines = new Ring<string>(RECENT);
  const unsubscribe = errorReported.subscribe(({ line }) => lines.push(line));
  const recent = (): ErrorRecord[] => lines.toArray().map((line) => JSON.parse(line) as ErrorRecord);
  let opened: Promise<Lookup> | undefined;
  const lookup = (): Promise<Lookup> | undefined => {
    opened ??= store?.();
    return opened;
  };
  return {
    async error(text) {
      const parsed = parseErrorId(text);
      if (!parsed.ok)
        return {
          malformed:
            parsed.reason === 'check' ? 'not a Sonde error ID: one symbol is wrong' : 'not a Sonde error ID: expected 16 symbols such as 7X2K-9QD4-MB3H-TRVG',
        };
      const found = (await inStore(lookup(), parsed.id)) ?? findInJournals(dir, parsed.id) ?? recent().findLast((record) => record['error.id'] === parsed.id);
      return found ? { found } : { missing: `no error ${parsed.id} in this process or its store` };
    },
    async errors({ limit, after }) {
      const page = await storePage(lookup(), limit, after);
      if (after !== undefined) return page ?? { items: [], next: undefined };
      return { items: newestFirst(recent(), page?.items ?? []).slice(0, limit), next: page?.next };
    },
    async trace(id) {
      try {
        const reader = await lookup();
        if (reader === undefined) return undefined;
        const [trace, logs] = await Promise.all([reader.trace(id), reader.logs({ traceId: id, limit: MAX_LINES })]);
        return { spans: trace?.spans ?? [], logs: [...logs.items].reverse() };
      } catch {
        return undefined; // no store yet, or none that can be read: the page says that it has no such trace
      }
    },
    async close() {
      unsubscribe();
      await (await opened?.catch(() => undefined))?.close();
    },
  };
}

/** A store that is missing or unreadable hides nothing that memory and journal know. */
async function inStore(lookup: Promise<Lookup> | undefined, id: string): Promise<ErrorRecord | undefined> {
  try {
    return await (await lookup)?.error(id);
  } catch {
    return undefined;
  }
}

async function storePage(lookup: Promise<Lookup> | undefined, limit: number, after: string | undefined): Promise<ErrorPage | undefined> {
  try {
    return await (await lookup)?.errors({ limit, after });
  } catch {
    return undefined;
  }
}

function newestFirst(recent: readonly ErrorRecord[], stored: readonly ErrorRecord[]): ErrorRecord[] {
  const byId = new Map<string, ErrorRecord>();
  for (const record of [...recent, ...stored]) byId.set(record['error.id'], record);
  return [...byId.values()].sort((a, b) => (a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0));
}
