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
  return (frame, line = frame.lineNumber + 1) => {
    const key = `${line} ${frame.columnNumber} ${frame.url} ${frame.functionName}`;
    let place = known.get(key);
    if (place === undefined) {
      place = placeOf(maps, frame, line, frame.functionName || names.get(placeKey(frame)) || '(anonymous)');
      known.set(key, place);
    }
    return place;
  };
}

function placeOf(maps: SourceMapCache, { url, lineNumber, columnNumber }: CallFrame, line: number, name: string): Place {
  const file = pathOf(url);
  const generated = { name, file, line: Math.max(0, line) };
  if (file === '' || file.startsWith('node:') || line < 1) return generated;
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
