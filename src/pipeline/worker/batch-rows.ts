import type { Beside } from '../rows.ts';
import type { Texts } from './texts.ts';

/** The rows of one batch, as the worker sees them. */
export interface SpanRows {
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  /** First row of the batch in the shared memory, and how many there are. */
  readonly first: number;
  readonly count: number;
  readonly epochMs: number;
  /** Side bytes of all batches, and where those of this batch begin. */
  readonly side: Buffer;
  readonly sideStart: number;
  readonly beside: readonly Beside[];
  readonly texts: Texts;
}
