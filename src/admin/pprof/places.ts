import { fileURLToPath } from 'node:url';
import { LEAST_UPPER_BOUND, originalPositionFor } from '@jridgewell/trace-mapping';
import { SourceMapCache } from '../../errors/source-map-cache.ts';
import type { Place } from './profile-builder.ts';

/** A function as V8's profiles name it; lines and columns from 0. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** Turns V8's frames into places of the sources, by the source maps that the files name; each file is read once. */
export function placeFinder(): (frame: CallFrame, line?: number) => Place {
  const known = new Map<string, Place>();
  const maps = new SourceMapCache();
  return (frame, line = frame.lineNumber + 1) => {
    const key = `${line} ${frame.columnNumber} ${frame.url} ${frame.functionName}`;
    let place = known.get(key);
    if (place === undefined) {
      place = placeOf(maps, frame, line);
      known.set(key, place);
    }
    return place;
  };
}

function placeOf(maps: SourceMapCache, { functionName, url, lineNumber, columnNumber }: CallFrame, line: number): Place {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const file = pathOf(url);
  const generated = { name, file, line: Math.max(0, line) };
  if (file === '' || file.startsWith('node:') || line < 1) return generated;
  const map = maps.mapOf(file);
  if (map === undefined) return generated;
  // A tick knows its line only; the column is that of the function's beginning, which is right for its first line.
  const column = line === lineNumber + 1 ? Math.max(0, columnNumber) : 0;
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
