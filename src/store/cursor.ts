import type { Day } from './day-files.ts';

/** Where a page ended: the day file, and the time and row in it. Rows before it in this order come next. */
export interface Cursor {
  readonly day: Day;
  readonly timeMs: number;
  readonly row: number;
}

const PATTERN = /^(\d{4}-\d{2}-\d{2})\/(-?\d{1,16}(?:\.\d{1,12})?)\/(\d{1,16})$/;

export function formatCursor(cursor: Cursor): string {
  return `${cursor.day}/${cursor.timeMs}/${cursor.row}`;
}

/** Reads a cursor; throws `RangeError` where `text` is none. */
export function parseCursor(text: string): Cursor {
  const match = PATTERN.exec(text);
  if (!match) throw new RangeError(`Cannot continue after "${text.slice(0, 100)}": expected the "next" of the page before`);
  return { day: match[1] as Day, timeMs: Number(match[2]), row: Number(match[3]) };
}
