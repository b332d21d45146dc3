import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OWN_FOLDER, OWN_URL } from '../core/package-paths.ts';

/** Where a function was wrapped. */
export interface CallSite {
  /** The file, from the working directory, without its extension: `src/orders`. */
  readonly module: string;
  /** The file, from the working directory; `undefined` where nobody knows. */
  readonly path: string | undefined;
  readonly line: number;
}

const UNKNOWN: CallSite = { module: 'unknown', path: undefined, line: 0 };
// The frames of our own files can lie on top (a stack of wrappers), and the decorator's helper of the compiler.
const MAX_FRAMES = 12;

/**
 * The frame that called `above`; where that is no file of the user, the first one below it. One structured stack, when
 * a function is wrapped and never on a call.
 */
export function callSite(above: (...args: never[]) => unknown): CallSite {
  return siteWithin(above, 1) ?? siteWithin(above, MAX_FRAMES) ?? UNKNOWN;
}

/** `file:line` of a site. */
export function siteText({ path, line }: CallSite): string | undefined {
  return path === undefined ? undefined : `${path}:${line}`;
}

function siteWithin(above: (...args: never[]) => unknown, frames: number): CallSite | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = frames;
    Error.prepareStackTrace = structured;
    const holder: { stack?: NodeJS.CallSite[] } = {};
    Error.captureStackTrace(holder, above);
    for (const frame of holder.stack ?? []) {
      const file = frame.getFileName();
      const known = file ? placeOf(file) : undefined;
      if (known?.isUser) return { module: known.module, path: known.path, line: frame.getLineNumber() ?? 0 };
    }
  } catch {
    // A frozen Error or a foreign engine of stacks: the site stays unknown.
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
  return undefined;
}

const structured: typeof Error.prepareStackTrace = (_error, frames) => frames;

interface Place {
  readonly isUser: boolean;
  readonly path: string;
  readonly module: string;
}

// One entry a source file; a program that makes files up (a bundler in watch mode) must not fill the memory.
const MAX_PLACES = 10_000;
const places = new Map<string, Place>();

function placeOf(file: string): Place {
  const known = places.get(file);
  if (known) return known;
  // TypeScript's decorator helpers come from `tslib` where `importHelpers` is on.
  const isUser = !file.startsWith('node:') && !file.startsWith(OWN_URL) && !file.startsWith(OWN_FOLDER) && !/[\\/]tslib[\\/]/.test(file);
  const path = relative(process.cwd(), file.startsWith('file:') ? fileURLToPath(file) : file)
    .split(sep)
    .join('/');
  const place = { isUser, path, module: path.replace(/\.[cm]?[jt]sx?$/, '') };
  if (places.size < MAX_PLACES) places.set(file, place);
  return place;
}
