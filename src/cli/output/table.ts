/** A cell: its text, and how the padded text is coloured. */
export interface Cell {
  readonly text: string;
  readonly colour?: (text: string) => string;
  readonly right?: boolean;
  /** What is cut when it is too long: a path is told by its end. */
  readonly keepEnd?: boolean;
}

/**
 * Lays rows out in columns, two spaces apart. The last column is cut to what is left of `width`, the others are as wide as they
 * need. With an infinite width, on a pipe, nothing is cut.
 */
export function table(rows: readonly (readonly Cell[])[], width: number, maxColumn = Number.isFinite(width) ? 48 : Infinity): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths: number[] = [];
  for (let column = 0; column < count; column++) {
    widths.push(Math.min(maxColumn, Math.max(0, ...rows.map((row) => size(row[column]?.text ?? '')))));
  }
  const before = widths.slice(0, -1).reduce((sum, w) => sum + w + 2, 0);
  if (count > 0) widths[count - 1] = Number.isFinite(width) ? Math.max(20, width - before) : (widths[count - 1] as number);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => layOut(cell, widths[column] as number, column === row.length - 1))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function layOut(cell: Cell, width: number, last: boolean): string {
  const text = cell.keepEnd ? cutFront(cell.text, width) : cut(cell.text, width);
  const room = last && !cell.right ? '' : ' '.repeat(Math.max(0, width - size(text)));
  const shown = cell.colour ? cell.colour(text) : text;
  return cell.right ? room + shown : shown + room;
}

/** At most `width` characters, with an ellipsis where something was cut. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const chars = [...text];
  return chars.length <= width ? text : `${chars.slice(0, Math.max(0, width - 1)).join('')}…`;
}

function cutFront(text: string, width: number): string {
  const chars = [...text];
  return chars.length <= width ? text : `…${chars.slice(chars.length - Math.max(0, width - 1)).join('')}`;
}

/** Characters, not UTF-16 units. */
export function size(text: string): number {
  return [...text].length;
}
