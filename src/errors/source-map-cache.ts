import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TraceMap } from '@jridgewell/trace-mapping';
import { warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';
import { traceMapping } from './trace-mapping.ts';

const MAX_MAPS = 200; // files that appear in the stacks of one program
const MAX_BYTES = 128 * 1024 * 1024; // of map text that stays decoded: two bundles of 50 MB
const MAX_MAP_BYTES = 64 * 1024 * 1024; // one map; a bigger one takes seconds to read
const MAX_INLINE_BYTES = 32 * 1024 * 1024; // of a file with an inline map
const TAIL_BYTES = 4_096; // the comment is the last line

/** The source maps of generated files, read once each; a bounded number of them stays in memory. */
export class SourceMapCache {
  readonly #maps = new Map<string, { map: TraceMap | undefined; bytes: number }>();
  #bytes = 0;

  /** The map of a generated file; `undefined` where there is none that can be used. */
  mapOf(file: string): TraceMap | undefined {
    const known = this.#maps.get(file);
    if (known) {
      this.#maps.delete(file);
      this.#maps.set(file, known); // the least recently used one goes first
      return known.map;
    }
    const loaded = load(file);
    this.#maps.set(file, loaded);
    this.#bytes += loaded.bytes;
    for (const [oldest, entry] of this.#maps) {
      if (this.#maps.size <= MAX_MAPS && this.#bytes <= MAX_BYTES) break;
      if (oldest === file) break;
      this.#maps.delete(oldest);
      this.#bytes -= entry.bytes;
    }
    return loaded.map;
  }
}

function load(file: string): { map: TraceMap | undefined; bytes: number } {
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    const found = readMap(path);
    if (found === undefined) return { map: undefined, bytes: 0 };
    return { map: decode(found.text, pathToFileURL(found.path).href), bytes: found.text.length };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'; // packages often ship without the maps they name
    if (!missing) warn(`source-map:${file}`, `cannot use the source map of ${file}: ${safeMessage(error)}; its stack frames stay as they are`);
    return { map: undefined, bytes: 0 };
  }
}

/** The decoder reads any characters as numbers: a map that is damaged must give no positions rather than wrong ones. */
function decode(text: string, url: string): TraceMap {
  const raw = JSON.parse(text) as { mappings?: unknown; sections?: unknown };
  const isSound = Array.isArray(raw.sections) || (typeof raw.mappings === 'string' && /^[A-Za-z0-9+/,;]*$/.test(raw.mappings));
  if (!isSound) throw new Error('it has no mappings that can be read');
  const { AnyMap } = traceMapping();
  return AnyMap(raw as Parameters<typeof AnyMap>[0], url);
}

/** The text of the map that a file names in its last lines. */
function readMap(path: string): { text: string; path: string } | undefined {
  const url = mappingUrl(path);
  if (url === undefined) return undefined;
  if (url.startsWith('data:')) return { text: decodeDataUrl(url), path };
  if (/^[a-z][a-z0-9+.-]+:/i.test(url) && !url.startsWith('file:')) return undefined; // nothing is fetched from a network
  const target = url.startsWith('file:') ? fileURLToPath(url) : resolve(dirname(path), decodeURIComponent(url));
  const text = withFile(target, (fd, size) => {
    if (size > MAX_MAP_BYTES) throw new Error(`it has ${size} bytes, at most ${MAX_MAP_BYTES} are read`);
    return readTail(fd, size, size);
  });
  return { text, path: target };
}

/** Without waiting for a pipe, and for a real file only: a device has no end, and would take the whole process's memory. */
const OPEN = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

function withFile<T>(path: string, use: (fd: number, size: number) => T): T {
  const fd = openSync(path, OPEN);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error(`${path} is no file`);
    return use(fd, stat.size);
  } finally {
    closeSync(fd);
  }
}

function mappingUrl(path: string): string | undefined {
  return withFile(path, (fd, size) => {
    const tail = readTail(fd, size, TAIL_BYTES);
    const short = lastUrl(tail);
    if (short !== undefined || size <= TAIL_BYTES || /[\n\r]/.test(tail.trimEnd())) return short;
    // One long last line: an inline map, or a bundle without one.
    return size > MAX_INLINE_BYTES ? undefined : lastUrl(readTail(fd, size, size));
  });
}

function readTail(fd: number, size: number, bytes: number): string {
  const length = Math.min(size, bytes);
  const buffer = Buffer.alloc(length);
  return buffer.toString('utf8', 0, readSync(fd, buffer, 0, length, size - length));
}

/** The URL of the last `sourceMappingURL` comment that has nothing but comments after it. */
function lastUrl(tail: string): string | undefined {
  for (const line of tail
    .trimEnd()
    .split(/\r\n|\n|\r/)
    .reverse()) {
    const at = line.search(/\/[/*][#@]\s*sourceMappingURL=/);
    if (at >= 0)
      return (
        line
          .slice(line.indexOf('=', at) + 1)
          .replace(/\*\/\s*$/, '')
          .trim() || undefined
      );
    if (line.trim() !== '' && !line.trim().startsWith('//')) return undefined;
  }
  return undefined;
}

function decodeDataUrl(url: string): string {
  const comma = url.indexOf(',');
  const head = url.slice(0, comma);
  const body = url.slice(comma + 1);
  return head.endsWith(';base64') ? Buffer.from(body, 'base64').toString('utf8') : decodeURIComponent(body);
}
