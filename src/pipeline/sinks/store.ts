import { clock, type TimerHandle } from '../../core/clock.ts';
import type { ErrorRecord } from '../../core/records.ts';
import type { WriteResult } from '../../store/write-result.ts';
import type { StoreWriter } from '../../store/writer.ts';
import { materialiseSpans } from '../worker/span-rows.ts';
import type { Part, Sink } from './sink.ts';

/** A store that cannot be written is tried again after this, doubled up to half a minute. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Retention is looked after this often; days are removed whole. */
const MAINTAIN_MS = 60_000;

/** Puts everything in the embedded store. What cannot be written now waits in memory (bounded by the batches' slots). */
export function createStoreSink(writer: StoreWriter): Sink {
  return new StoreSink(writer);
}

/** A write that is not done: answers whether it is now. */
type Waiting = () => boolean;

class StoreSink implements Sink {
  readonly #writer: StoreWriter;
  #waiting: Waiting[] = [];
  #failures = 0;
  #retry: TimerHandle | undefined;
  #maintain: TimerHandle;

  constructor(writer: StoreWriter) {
    this.#writer = writer;
    this.#maintain = clock.setTimeout(() => this.#lookAfter(), MAINTAIN_MS);
  }

  spans(rows: Parameters<Sink['spans']>[0], part: Part): void {
    this.#write(part, materialiseSpans(rows), (spans) => this.#writer.writeSpans(spans));
  }

  logs(logs: Parameters<Sink['logs']>[0], part: Part): void {
    this.#write(part, logs, (rest) => this.#writer.writeLogs(rest));
  }

  errors(errors: readonly ErrorRecord[], part: Part): void {
    this.#write(part, errors, (rest) => this.#writer.writeErrors(rest));
  }

  metrics(_: unknown, part: Part): void {
    part.settle({ dropped: { rejected: part.left } });
  }

  async flush(): Promise<void> {
    this.#tryAgain();
  }

  close(): void {
    clock.clearTimeout(this.#maintain);
    if (this.#retry !== undefined) clock.clearTimeout(this.#retry);
    this.#writer.close();
  }

  #write<T>(part: Part, records: readonly T[], write: (records: readonly T[]) => WriteResult<T>): void {
    let rest = records;
    const attempt = (): boolean => {
      const result = write(rest);
      if (result.stored + result.rejected > 0) part.settle({ stored: result.stored, dropped: { rejected: result.rejected } });
      rest = result.rest;
      return rest.length === 0;
    };
    if (this.#waiting.length === 0 && attempt()) return;
    this.#waiting.push(attempt);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#retry !== undefined) return;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
    this.#retry = clock.setTimeout(() => {
      this.#retry = undefined;
      this.#tryAgain();
    }, pauseMs);
  }

  #tryAgain(): void {
    while (this.#waiting.length > 0) {
      if (!(this.#waiting[0] as Waiting)()) return this.#schedule();
      this.#waiting.shift();
    }
    this.#failures = 0;
  }

  #lookAfter(): void {
    this.#writer.maintain();
    this.#maintain = clock.setTimeout(() => this.#lookAfter(), MAINTAIN_MS);
  }
}
