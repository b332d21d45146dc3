/**
 * The layout of a row: a finished span as 64 bytes in memory that both threads see. What is no number of fixed size lies
 * in the side bytes of the batch's slot, in the order of the bits below (see `side-writer.ts`).
 *
 * | 32-bit words | content |
 * |---|---|
 * | 0-3 | start and end, two doubles, monotonic milliseconds |
 * | 4-11 | trace ID (4), span ID (2), parent span ID (2) |
 * | 12 | {@link packMeta}: flags, kind, status, and which side entries follow |
 * | 13 | name: dictionary number, or -1 where it lies in the side bytes |
 * | 14 | instrumentation library: number from the batch's list, 0 is ours |
 * | 15 | where the row's entries begin, counted from the beginning of the slot's side bytes |
 */
export const ROW_WORDS = 16;
export const ROW_BYTES = ROW_WORDS * 4;

/** Rows of a batch: at 2 to 6 µs of work a span in the worker a batch is some milliseconds of work. */
export const BATCH_ROWS = 1_024;
export const BATCH_BYTES = BATCH_ROWS * ROW_BYTES;

/** Batches that may be under way, 8 MiB of rows. */
export const SLOTS = 128;

/** Spans that may be under way: a burst of 100,000 fits while the worker starts, and eight slots are left for lines. */
export const QUEUE_ROWS: number = (SLOTS - 8) * BATCH_ROWS;

/** Side bytes of a batch: 256 a row, a dozen attributes. All slots together are 32 MiB of address space, used from the front. */
export const SIDE_BYTES = 262_144;

export const META = 12;
export const NAME = 13;
export const LIBRARY = 14;
export const SIDE = 15;

export const KIND_SHIFT = 8;
export const STATUS_SHIFT = 11;
export const HAS_ATTRIBUTES = 1 << 13;
/** Bound values; the entry says where the block begins, so that spans of one scope share it. */
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

/** Texts of up to this many characters lie in the side bytes; a longer one travels beside them, and so does a list. */
export const INLINE_CHARS = 1_024;

/** A length (16 bits) that stands for the number (32 bits) of a {@link Beside}. */
export const BESIDE = 0xffff;

/** A dictionary number (16 bits) that stands for a key which follows as text. */
export const RAW_KEY = 0xffff;

/** What travels beside the side bytes: a long text, or a list. */
export type Beside = string | readonly (string | number | boolean | null)[];

// What a value begins with.
export const VALUE_FALSE = 0;
export const VALUE_TRUE = 1;
export const VALUE_INT32 = 2;
export const VALUE_DOUBLE = 3;
export const VALUE_TEXT = 4;
export const VALUE_LIST = 5;

/** New entries of a dictionary, from the number `from` on. Setting them twice is harmless. */
export interface DictionaryPart {
  readonly from: number;
  readonly texts: readonly string[];
}

/** What a worker has to learn before it can read a batch; what is absent is nothing new. */
export interface Learning {
  readonly names: DictionaryPart | undefined;
  readonly keys: DictionaryPart | undefined;
  readonly libraries: readonly Library[] | undefined;
}

/** A library that made spans; number 0 is ours. */
export interface Library {
  readonly name: string;
  readonly version: string | undefined;
}
