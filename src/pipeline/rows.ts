/**
 * The layout of a row: a finished span as 64 bytes in memory that both threads see. What is no number lies in the
 * batch's flat side array, in the order of the bits below.
 *
 * | 32-bit words | content |
 * |---|---|
 * | 0-3 | start and end, two doubles, monotonic milliseconds |
 * | 4-11 | trace ID (4), span ID (2), parent span ID (2) |
 * | 12 | {@link packMeta}: flags, kind, status, and which side entries follow |
 * | 13 | name: dictionary number, or -1 where it lies on the side |
 * | 14 | instrumentation library: number from the batch's list, 0 is ours |
 * | 15 | where the row's entries begin in the side array |
 */
export const ROW_WORDS = 16;
export const ROW_BYTES = ROW_WORDS * 4;

/** Rows of a batch: at 2 to 6 µs of work a span in the worker a batch is some milliseconds of work. */
export const BATCH_ROWS = 1_024;
export const BATCH_BYTES = BATCH_ROWS * ROW_BYTES;

/** Batches that may be under way: 131,072 spans in 8 MiB. A burst of 100,000 fits while the worker starts. */
export const SLOTS = 128;

export const META = 12;
export const NAME = 13;
export const LIBRARY = 14;
export const SIDE = 15;

export const KIND_SHIFT = 8;
export const STATUS_SHIFT = 11;
export const HAS_ATTRIBUTES = 1 << 13;
/** Bound values; the entry is where the block begins in the side array, so that spans of one scope share it. */
export const HAS_VALUES = 1 << 14;
export const HAS_EVENTS = 1 << 15;
export const HAS_LINKS = 1 << 16;
export const HAS_STATUS_MESSAGE = 1 << 17;
export const HAS_TRACE_STATE = 1 << 18;
export const HAS_DROPS = 1 << 19;

/** Flags (8 bits), kind (3 bits) and status (2 bits) in one word. */
export function packMeta(flags: number, kind: number, status: number): number {
  return (flags & 0xff) | ((kind & 7) << KIND_SHIFT) | ((status & 3) << STATUS_SHIFT);
}

/** An entry of the side array. Lists are the rare exception to "primitives only". */
export type SideEntry = string | number | boolean | readonly (string | number | boolean | null)[];

/** New entries of the dictionary, from the number `from` on. Setting them twice is harmless. */
export interface DictionaryPart {
  readonly from: number;
  readonly texts: readonly string[];
}

/** A library that made spans; number 0 is ours. */
export interface Library {
  readonly name: string;
  readonly version: string | undefined;
}
