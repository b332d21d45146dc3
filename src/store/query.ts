import type { ErrorRecord } from '../core/records.ts';
import { errorIdTime, parseErrorId } from '../errors/error-id.ts';
import { sameAs, unfold } from '../errors/fold.ts';
import { DAY_MS, type Day, dayOf } from './day-files.ts';
import type { ErrorGroup, GroupQuery, Lookup, Page, StoredTrace } from './lookup.ts';
import { readActivity } from './query-activity.ts';
import { readErrors } from './query-errors.ts';
import { readGroups } from './query-groups.ts';
import { readLogs, tailLogs } from './query-logs.ts';
import { ReadFiles } from './read-files.ts';
import { errorOf, spanOf } from './rows.ts';

// A trace of more spans is a loop; the first ones by start tell the story.
const MAX_SPANS = 5_000;

/** A {@link Lookup} in the store alone. */
export interface StoreReader extends Lookup {
  /** `unstored` are further error records, which are counted with those in the store; with them a store may be missing. */
  groups(query: GroupQuery, unstored?: readonly ErrorRecord[]): Promise<Page<ErrorGroup>>;
}

/** Opens the store in `dir` for reading, while others write. Files are opened when a look-up needs them. */
export function openReader(dir: string): StoreReader {
  const files = new ReadFiles(dir);
  const find = (id: string): ErrorRecord | undefined => {
    for (const day of daysFor(id, files.days())) {
      const row = files.read(day, (file) => file.get('SELECT record FROM errors WHERE error_id = ?', id));
      if (row) return errorOf(row);
    }
    return undefined;
  };
  return {
    async error(id) {
      const record = find(id);
      const whole = sameAs(record);
      return record && whole !== undefined ? unfold(record, find(whole)) : record;
    },
    errors: async (query) => readErrors(files, query),
    groups: async (query, unstored) => readGroups(files, query, unstored),
    async trace(traceId, aroundMs) {
      const found = readTrace(files, traceId, aroundMs);
      return found || aroundMs === undefined ? found : readTrace(files, traceId, undefined);
    },
    logs: async (query) => readLogs(files, query),
    activity: async (query) => readActivity(files, query),
    tailLogs: async (query, position) => tailLogs(files, query, position),
    problems: () => files.problems,
    async close() {
      files.close();
    },
  };
}

/** The days around the second that the ID carries come first: the others are opened only where a clock was wrong. */
function daysFor(id: string, days: readonly Day[]): Day[] {
  if (!parseErrorId(id).ok) return [...days];
  const timeMs = errorIdTime(id).getTime();
  return [...days.filter((day) => near(day, timeMs)), ...days.filter((day) => !near(day, timeMs))];
}

function readTrace(files: ReadFiles, traceId: string, aroundMs: number | undefined): StoredTrace | undefined {
  const spans = files.days().flatMap((day) => (near(day, aroundMs) ? (files.read(day, (file) => readSpans(file, traceId)) ?? []) : []));
  if (spans.length === 0) return undefined;
  spans.sort((a, b) => a.startMs - b.startMs);
  return { traceId, spans: spans.slice(0, MAX_SPANS), truncated: spans.length > MAX_SPANS };
}

function readSpans(file: Parameters<typeof spanOf>[0], traceId: string) {
  return file.all('SELECT * FROM spans WHERE trace_id = ? ORDER BY start_ms LIMIT ?', traceId, MAX_SPANS + 1).map((row) => spanOf(file, row));
}

function near(day: Day, aroundMs: number | undefined): boolean {
  return aroundMs === undefined || (day >= dayOf(aroundMs - DAY_MS) && day <= dayOf(aroundMs + DAY_MS));
}
