import { clock } from '../../core/clock.ts';
import type { ErrorRecord } from '../../core/records.ts';
import { completeRecord } from '../../errors/complete.ts';
import { parseJournalLine } from '../../errors/journal-reader.ts';
import type { WorkerLedger } from '../ledger.ts';
import type { BatchMessage } from '../messages.ts';
import { BATCH_ROWS } from '../rows.ts';
import type { Part, Sink } from '../sinks/sink.ts';
import { parseLogLine } from './log-lines.ts';
import { Settlement } from './settlement.ts';
import type { SpanRows } from './span-rows.ts';
import type { Texts } from './texts.ts';

/** What the intake works with. */
export interface IntakeOptions {
  readonly rows: SharedArrayBuffer;
  readonly control: Int32Array;
  readonly ledger: WorkerLedger;
  readonly texts: Texts;
  readonly sink: Sink;
}

/** Takes batches apart and hands their parts to the sink. */
export function createIntake(options: IntakeOptions): (message: BatchMessage) => void {
  const ints = new Int32Array(options.rows);
  const doubles = new Float64Array(options.rows);
  return (message) => {
    const { texts, sink } = options;
    texts.learn(message.dictionary);
    if (message.libraries) texts.libraries = message.libraries;
    const settlement = new Settlement(message.slot, options.control, options.ledger);
    const spans = settlement.part('span', message.rows);
    const logs = settlement.part('log', message.logs.length);
    const errors = settlement.part('error', message.errors.length);
    settlement.seal();
    if (message.errors.length > 0) takeErrors(sink, message.errors, errors);
    if (message.logs.length > 0) {
      const nowMs = clock.now();
      sink.logs(
        message.logs.map((line, i) => parseLogLine(line, message.severities[i] ?? 0, nowMs)),
        logs,
      );
    }
    if (message.rows > 0) {
      const rows: SpanRows = { ints, doubles, first: message.slot * BATCH_ROWS, count: message.rows, epochMs: message.epochMs, side: message.side, texts };
      sink.spans(rows, spans);
    }
  };
}

/** Journal lines as complete records; a line that is no record is counted as rejected. */
function takeErrors(sink: Sink, lines: readonly string[], part: Part): void {
  const records: ErrorRecord[] = [];
  for (const line of lines) {
    const record = parseJournalLine(line);
    if (record !== 'broken' && record !== 'header') records.push(completeRecord(record));
  }
  if (records.length < lines.length) part.settle({ dropped: { rejected: lines.length - records.length } });
  if (records.length > 0) sink.errors(records, part);
}
