import { clock } from '../../core/clock.ts';
import { warn } from '../../core/diag.ts';
import { safeMessage } from '../../core/json.ts';
import { countPoints } from '../../core/metric-data.ts';
import type { ErrorRecord } from '../../core/records.ts';
import { completeRecord } from '../../errors/complete.ts';
import { parseJournalLine } from '../../errors/journal-reader.ts';
import type { WorkerLedger } from '../ledger.ts';
import { type BatchMessage, IN_WORK, POSTED, SLOT_STATES } from '../messages.ts';
import { BATCH_ROWS, SIDE_BYTES } from '../rows.ts';
import type { Part, Sink } from '../sinks/sink.ts';
import type { SpanRows } from './batch-rows.ts';
import { cleanBeside } from './clean-beside.ts';
import { parseLogLine } from './log-lines.ts';
import { Settlement } from './settlement.ts';
import type { Texts } from './texts.ts';

/** What the intake works with. */
export interface IntakeOptions {
  readonly rows: SharedArrayBuffer;
  readonly side: SharedArrayBuffer;
  readonly control: Int32Array;
  readonly ledger: WorkerLedger;
  readonly texts: Texts;
  readonly sink: Sink;
}

/** Takes batches apart and hands their parts to the sink. */
export function createIntake(options: IntakeOptions): (message: BatchMessage) => void {
  const ints = new Int32Array(options.rows);
  const doubles = new Float64Array(options.rows);
  const side = Buffer.from(options.side);
  return (message) => {
    const { texts, sink } = options;
    texts.learn(message.learning);
    const state = SLOT_STATES + message.slot;
    if (Atomics.compareExchange(options.control, state, POSTED, IN_WORK) !== POSTED) return; // given up meanwhile
    const settlement = new Settlement(message.slot, options.control, options.ledger);
    const spans = settlement.part('span', message.rows);
    const logs = settlement.part('log', message.logs.length);
    const errors = settlement.part('error', message.errors.length);
    const metrics = settlement.part('metric', countPoints(message.metrics));
    settlement.seal();
    guard(errors, () => takeErrors(sink, message.errors, errors));
    guard(metrics, () => sink.metrics(message.metrics, metrics));
    guard(logs, () => {
      const nowMs = clock.now();
      sink.logs(
        message.logs.map((line, i) => parseLogLine(line, message.severities[i] ?? 0, nowMs)),
        logs,
      );
    });
    guard(spans, () => {
      const { slot, rows: count, epochMs, beside } = message;
      const rows: SpanRows = {
        ints,
        doubles,
        first: slot * BATCH_ROWS,
        count,
        epochMs,
        side,
        sideStart: slot * SIDE_BYTES,
        beside: cleanBeside(beside),
        texts,
      };
      sink.spans(rows, spans);
    });
    Atomics.compareExchange(options.control, state, IN_WORK, POSTED);
  };
}

/** A part that cannot be taken apart must not take the worker, and the other parts, with it. */
function guard(part: Part, take: () => void): void {
  if (part.left === 0) return;
  try {
    take();
  } catch (error) {
    warn('pipeline-batch', `cannot handle ${part.left} ${part.signal} records: ${safeMessage(error)}; they are counted as rejected`);
    part.settle({ dropped: { rejected: part.left } });
  }
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
