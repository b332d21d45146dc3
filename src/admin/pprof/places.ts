import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SourceMapCache } from '../../errors/source-map-cache.ts';
import { traceMapping } from '../../errors/trace-mapping.ts';
import type { SpanNames } from './job.ts';
import { placeKey } from './place-key.ts';
import type { Place } from './profile-builder.ts';
import type { CallFrame } from './v8-profile.ts';

/**
 * Turns V8's frames into places of the sources, by the source maps that the files name; each file is read once. A function
 * without a name that is traced has the name of its span.
 */
export function placeFinder(names: SpanNames = new Map()): (frame: CallFrame, line?: number) => Place {
  const known = new Map<string, Place>();
  const maps = new SourceMapCache();
  const lengths = new Map<string, number>();
  const find = (frame: CallFrame, line: number): Place => {
    const first = frame.lineNumber + 1;
    const key = `${first} ${line} ${frame.columnNumber} ${frame.url} ${frame.functionName}`;
    let place = known.get(key);
    if (place === undefined) {
      const name = frame.functionName || names.get(placeKey(frame)) || '(anonymous)';
      const { line: startLine } = line === first ? placeOf(maps, frame, line, name) : find(frame, first);
      place = { ...placeOf(maps, frame, line, name), startLine };
      known.set(key, place);
    }
    return place;
  };
  return (frame, line = frame.lineNumber + 1) => find(frame, isWithin(frame, line, lengths) ? line : frame.lineNumber + 1);
}

/**
 * Whether a line can be one of the function. V8 gives a tick in code that it has inlined the line of the inlined function,
 * of whatever file, and says it of the function around it.
 */
function isWithin({ url, lineNumber }: CallFrame, line: number, lengths: Map<string, number>): boolean {
  if (line <= lineNumber + 1) return line === lineNumber + 1;
  const file = pathOf(url);
  let length = lengths.get(file);
  if (length === undefined) {
    length = linesOf(file);
    lengths.set(file, length);
  }
  return line <= length;
}

const MAX_FILE = 32 * 1024 * 1024; // a bundle; a bigger file is not read for this

/** How many lines a file has; endless where that cannot be told. */
function linesOf(file: string): number {
  if (file === '') return 0; // V8's own code
  try {
    if (file.startsWith('node:') || statSync(file).size > MAX_FILE) return Number.POSITIVE_INFINITY;
    return readFileSync(file, 'latin1').split('\n').length;
  } catch {
    return Number.POSITIVE_INFINITY; // it is gone, or never was a file
  }
}

function placeOf(maps: SourceMapCache, { url, lineNumber, columnNumber }: CallFrame, line: number, name: string): Place {
  const file = pathOf(url);
  if (file === '') return { name, file, line: 0 };
  const generated = { name, file, line: Math.max(0, line) };
  if (file.startsWith('node:') || line < 1) return generated;
  const map = maps.mapOf(file);
  if (map === undefined) return generated;
  // A tick knows its line only; the column is that of the function's beginning, which is right for its first line.
  const column = line === lineNumber + 1 ? Math.max(0, columnNumber) : 0;
  const { LEAST_UPPER_BOUND, originalPositionFor } = traceMapping();
  const exact = originalPositionFor(map, { line, column });
  const found = exact.source === null ? originalPositionFor(map, { line, column, bias: LEAST_UPPER_BOUND }) : exact;
  return found.source === null ? generated : { name, file: pathOf(found.source), line: found.line };
}

function pathOf(url: string): string {
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : url;
  } catch {
    return url;
  }
}
