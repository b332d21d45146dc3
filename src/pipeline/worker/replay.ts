import { renameSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { completeRecord } from '../../errors/complete.ts';
import { abandonedJournals, listJournals, readJournal } from '../../errors/journal-reader.ts';
import { countOf, type WorkerLedger } from '../ledger.ts';
import type { Part, Sink } from '../sinks/sink.ts';

/** Segments of a running journal are counted from 0; those taken over from here, so that they never meet. */
const FIRST_SEGMENT = 500_000;

/**
 * Brings the error records home that processes which are gone left in their journals. Each file is renamed first, so
 * that of several processes that start together one takes it, and deleted when all its records are safe. A record counts
 * as inherited when its fate is known: a worker that dies before leaves the file, and nothing to correct, to the next one.
 */
export function replayJournals(dir: string, own: readonly string[], sink: Sink, ledger: WorkerLedger, startMs: number): void {
  let taken = 0;
  for (const { path, pid, startMs: since, segment } of listJournals(dir)) {
    if (pid !== process.pid || since !== Math.floor(startMs) || segment < FIRST_SEGMENT) continue;
    replay(path, sink, ledger); // a worker that died had taken it over
    taken = segment - FIRST_SEGMENT + 1;
  }
  for (const file of abandonedJournals(dir, own)) {
    const path = join(dirname(file.path), `${process.pid}-${Math.floor(startMs)}.${FIRST_SEGMENT + taken}.ndjson`);
    try {
      renameSync(file.path, path);
    } catch {
      continue; // another process was faster
    }
    taken++;
    replay(path, sink, ledger);
  }
}

function replay(path: string, sink: Sink, ledger: WorkerLedger): void {
  const records = readJournal(path).records.map(completeRecord);
  let open = records.length;
  const part: Part = {
    signal: 'error',
    get left() {
      return open;
    },
    settle(tally) {
      const count = countOf(tally);
      ledger.add('error', { ...tally, inherited: count });
      open -= count;
      if (open <= 0) remove(path);
    },
  };
  if (records.length === 0) remove(path);
  else sink.errors(records, part);
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is replayed once more; a record that is stored twice counts once.
  }
}
