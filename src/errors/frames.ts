/** One line of a V8 stack, taken apart. */
export interface Frame {
  /** What stands before the function: the indent and `at `. */
  readonly lead: string;
  /** The function as V8 names it; empty for top-level code. */
  readonly fn: string;
  /** A path or an address (`file:`, `node:`, `webpack:`). */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const MAX_LINE = 4_096; // characters: a longer line is an inlined address, not a frame

/**
 * Reads one line of a stack, `undefined` where it is no frame with a position.
 *
 * @example
 * parseFrame('    at place (/app/orders.js:12:7)')?.line === 12;
 */
export function parseFrame(text: string): Frame | undefined {
  if (text.length > MAX_LINE) return undefined;
  const start = text.search(/\S/);
  if (start < 0 || !text.startsWith('at ', start)) return undefined;
  const lead = text.slice(0, start + 3);
  const rest = text.slice(start + 3);
  const open = rest.endsWith(')') ? openOf(rest) : -1;
  const isAsync = rest.startsWith('async ') && open < 0;
  const place = open < 0 ? rest.slice(isAsync ? 6 : 0) : rest.slice(open + 2, -1);
  const position = /^(.*):(\d{1,9}):(\d{1,9})$/.exec(place);
  if (!position) return undefined;
  return {
    lead,
    fn: open < 0 ? (isAsync ? 'async' : '') : rest.slice(0, open),
    file: position[1] as string,
    line: Number(position[2]),
    column: Number(position[3]),
  };
}

/** Where ` (` of the position begins; a path may hold parentheses itself, so the balance is counted from the end. */
function openOf(text: string): number {
  let depth = 0;
  for (let at = text.length - 1; at > 0; at--) {
    if (text[at] === ')') depth++;
    else if (text[at] === '(' && --depth === 0) return text[at - 1] === ' ' ? at - 1 : -1;
  }
  return -1;
}

/** Prints a frame as V8 does. */
export function formatFrame(frame: Frame): string {
  const place = `${frame.file}:${frame.line}:${frame.column}`;
  if (frame.fn === '') return frame.lead + place;
  return frame.fn === 'async' ? `${frame.lead}async ${place}` : `${frame.lead}${frame.fn} (${place})`;
}
