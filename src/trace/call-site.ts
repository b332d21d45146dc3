import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a function was wrapped. */
export interface CallSite {
  /** The file, from the working directory, without its extension: `src/orders`. */
  readonly module: string;
  /** `file:line`. */
  readonly text: string | undefined;
  /** The file's own name and the line. */
  readonly short: string;
}

const UNKNOWN: CallSite = { module: 'unknown', text: undefined, short: 'unknown' };
// The frames of our own files lie on top: traced, the wrapper maker, a decorator's helper of the compiler.
const MAX_FRAMES = 12;

/** The first frame outside Sonde; one structured stack, about 3 µs, when a function is wrapped and never on a call. */
export function callSite(): CallSite {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = MAX_FRAMES;
    Error.prepareStackTrace = (_error, frames) => frames;
    const holder: { stack?: NodeJS.CallSite[] } = {};
    Error.captureStackTrace(holder, callSite);
    const frame = holder.stack?.find((candidate) => isUserFile(candidate.getFileName()));
    return frame === undefined ? UNKNOWN : describe(frame);
  } catch {
    return UNKNOWN;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const OWN_URL = new URL('..', import.meta.url).href;
const OWN_PATH = fileURLToPath(OWN_URL);

function isUserFile(file: string | null | undefined): file is string {
  if (!file || file.startsWith('node:')) return false;
  // TypeScript's decorator helpers come from `tslib` where `importHelpers` is on.
  return !file.startsWith(OWN_URL) && !file.startsWith(OWN_PATH) && !/[\\/]tslib[\\/]/.test(file);
}

function describe(frame: NodeJS.CallSite): CallSite {
  const file = frame.getFileName() as string;
  const path = relative(process.cwd(), file.startsWith('file:') ? fileURLToPath(file) : file).split(sep).join('/');
  const line = frame.getLineNumber();
  return { module: path.replace(/\.[cm]?[jt]sx?$/, ''), text: `${path}:${line}`, short: `${path.slice(path.lastIndexOf('/') + 1)}:${line}` };
}
