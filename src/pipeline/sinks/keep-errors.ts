import { clock, type TimerHandle } from '../../core/clock.ts';
import type { StoreWriter } from '../../store/writer.ts';
import type { Sink } from './sink.ts';
import { createStoreSink } from './store.ts';

/** Retention is looked after this often; days are removed whole. */
const MAINTAIN_MS = 60_000;

/**
 * Error records stay in the embedded store also where everything is sent to a collector: the journal is trimmed when a
 * record is sent or spooled, and an ID that was shown must be found on this machine whatever becomes of the collector.
 * The ledger counts the collector, not this copy; a store that cannot be written says so itself.
 */
export function keepErrors(sink: Sink, writer: StoreWriter, sends = true): Sink {
  if (!sends) return onlyKeepErrors(sink, createStoreSink(writer));
  let timer: TimerHandle;
  const lookAfter = (): void => {
    writer.maintain();
    timer = clock.setTimeout(lookAfter, MAINTAIN_MS);
  };
  timer = clock.setTimeout(lookAfter, MAINTAIN_MS);
  return {
    spans: (rows, part) => sink.spans(rows, part),
    logs: (logs, part) => sink.logs(logs, part),
    metrics: (metrics, part) => sink.metrics(metrics, part),
    errors(errors, part) {
      writer.writeErrors(errors);
      sink.errors(errors, part);
    },
    flush: (untilMono, mode) => sink.flush(untilMono, mode),
    close() {
      clock.clearTimeout(timer);
      sink.close();
      writer.close();
    },
  };
}

/** Where log records are not sent at all. */
function onlyKeepErrors(sink: Sink, store: Sink): Sink {
  return {
    spans: (rows, part) => sink.spans(rows, part),
    logs: (logs, part) => sink.logs(logs, part),
    metrics: (metrics, part) => sink.metrics(metrics, part),
    errors: (errors, part) => store.errors(errors, part),
    async flush(untilMono, mode) {
      await store.flush(untilMono, mode);
      await sink.flush(untilMono, mode);
    },
    close() {
      sink.close();
      store.close();
    },
  };
}
