import { fileURLToPath } from 'node:url';
import { type Frame, formatFrame, parseFrame } from './frames.ts';
import { SourceMapCache } from './source-map-cache.ts';
import { traceMapping } from './trace-mapping.ts';

const MAX_FRAMES = 1_000; // of one text with all its causes
const MAX_MINIFIED = 2; // characters of a name that a minifier made
let cache = new SourceMapCache();

/** Forgets every map that was read (tests; a process that reloads its code). */
export function forgetSourceMaps(): void {
  cache = new SourceMapCache();
}

/**
 * Puts the positions of the sources into a V8 stack, by the source maps that its files name. Runs in the worker: reading
 * and decoding a map can take long. What has no map, or a broken one, stays as it is; so does text that was mapped already
 * (`--enable-source-maps`), because source files name no map. Never throws.
 */
export function symbolicateStack(text: string): string {
  const lines = text.split('\n');
  let frames = 0;
  let inner: { index: number; frame: Frame } | undefined; // the frame above, which a name at the call can correct
  for (let index = 0; index < lines.length; index++) {
    const frame = parseFrame(lines[index] as string);
    if (frame === undefined) {
      inner = undefined;
      continue;
    }
    if (++frames > MAX_FRAMES) break;
    const mapped = mapFrame(frame);
    if (mapped === undefined) {
      inner = undefined;
      continue;
    }
    if (inner && mapped.calls !== undefined && isMinified(inner.frame.fn)) {
      lines[inner.index] = formatFrame({ ...inner.frame, fn: rename(inner.frame.fn, mapped.calls) });
    }
    lines[index] = formatFrame(mapped.frame);
    inner = { index, frame: mapped.frame };
  }
  return lines.join('\n');
}

function mapFrame(frame: Frame): { frame: Frame; calls: string | undefined } | undefined {
  if (!/^(?:file:|\/|[A-Za-z]:[\\/])/.test(frame.file)) return undefined; // node:, native, eval
  const file = frame.file.replace(/[?#].*$/, ''); // a module loaded anew with ?version
  if (!/\.[cm]?jsx?$/.test(file)) return undefined;
  const map = cache.mapOf(file);
  if (map === undefined) return undefined;
  try {
    const found = traceMapping().originalPositionFor(map, { line: frame.line, column: Math.max(0, frame.column - 1) });
    if (found.source === null) return undefined;
    const source = found.source.startsWith('file:') ? fileURLToPath(found.source) : found.source;
    return { frame: { ...frame, file: source, line: found.line, column: found.column + 1 }, calls: found.name ?? undefined };
  } catch {
    return undefined;
  }
}

function isMinified(fn: string): boolean {
  const name = lastName(fn);
  return name.length > 0 && name.length <= MAX_MINIFIED;
}

function rename(fn: string, name: string): string {
  return fn.slice(0, fn.length - lastName(fn).length) + name;
}

function lastName(fn: string): string {
  return /[\w$]*$/.exec(fn)?.[0] ?? '';
}
