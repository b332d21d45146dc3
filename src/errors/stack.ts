import { safeJson, safeMessage } from '../core/json.ts';
import { settings } from './configure.ts';
import { directCauses, fieldOf, isAggregate, isObject } from './identity.ts';

/** How the line begins that says that there is none. */
export const NO_STACK = '[no stack';
const MAX_STACK = 65_536; // characters of the whole text: the collector's limit of a log body is far above, a reader's far below
const MAX_HEAD = 16_384; // characters of one error's name and message: a query in it must not push the frames out
const MAX_FRAMES = 24_576; // characters of one error's frames; with `Error.stackTraceLimit = Infinity` there are thousands
const MAX_OBJECT = 2_000; // characters of a thrown object that is no error
const LAST_FRAMES = 6_144; // of these for the outermost ones, which say where the call came from
const MAX_DEPTH = 20; // causes below causes; of a deeper chain the last one is shown too, for it began there
const MAX_CHAIN = 100_000; // causes that are walked to find the last one
const MAX_MEMBERS = 20; // of one aggregate that are shown whole

/**
 * The whole stack of a failure as V8 prints it: each cause follows as a `Caused by:` block, the members of an
 * aggregate are indented below it. `.stack` is read once per error. Never throws.
 */
export function stackText(error: unknown): string {
  const text = isObject(error) && directCauses(error).length === 0 ? ownStack(error) : withCauses(error);
  return text.length > MAX_STACK ? `${text.slice(0, MAX_STACK)}\n    … [${text.length - MAX_STACK} more characters]` : text;
}

function withCauses(error: unknown): string {
  const out: Blocks = { lines: [], length: 0 };
  write(error, '', '', out, new Set(), 0);
  return out.lines.join('\n');
}

/** The text so far; past {@link MAX_STACK} nobody reads it, and reading a stack is what costs most. */
interface Blocks {
  readonly lines: string[];
  length: number;
}

function put(out: Blocks, text: string): void {
  out.lines.push(text);
  out.length += text.length;
}

function write(error: unknown, lead: string, indent: string, out: Blocks, seen: Set<unknown>, depth: number): void {
  if (out.length > MAX_STACK) return;
  if (isObject(error)) {
    if (seen.has(error)) {
      put(out, `${indent}${lead}[circular: ${headOf(error)}]`);
      return;
    }
    seen.add(error);
  }
  if (depth > MAX_DEPTH) {
    const { last, skipped } = lastCause(error, seen);
    if (skipped > 0) put(out, `${indent}… [${skipped} more causes]`);
    put(out, `${indent}${lead}${indented(ownStack(last), indent)}`);
    return;
  }
  put(out, `${indent}${lead}${indented(ownStack(error), indent)}`);
  if (!isObject(error)) return;
  const causes = directCauses(error);
  if (causes.length === 0) return;
  const hasCause = (error as { cause?: unknown }).cause !== undefined;
  const members = hasCause ? causes.slice(1) : causes;
  members.slice(0, MAX_MEMBERS).forEach((member, at) => {
    write(member, `[${at}] `, `${indent}    `, out, seen, depth + 1);
  });
  const count = members.length > MAX_MEMBERS ? Math.max(members.length, sizeOf(error)) : 0;
  if (count > 0) put(out, `${indent}    … [${count - MAX_MEMBERS} more errors]`);
  if (hasCause) write(causes[0], 'Caused by: ', indent, out, seen, depth + 1);
}

function indented(text: string, indent: string): string {
  return indent === '' ? text : text.replace(/\n/g, `\n${indent}`);
}

/** How many members an aggregate has; {@link directCauses} gives the first ones. */
function sizeOf(error: object): number {
  const members = fieldOf(error, 'errors');
  return Array.isArray(members) ? members.length : 0;
}

/** The end of a chain of causes, and how many stand between. */
function lastCause(error: unknown, seen: Set<unknown>): { last: unknown; skipped: number } {
  let last = error;
  let skipped = 0;
  while (isObject(last) && skipped < MAX_CHAIN) {
    const cause = fieldOf(last, 'cause');
    if (cause === undefined || seen.has(cause)) break;
    if (isObject(cause)) seen.add(cause);
    last = cause;
    skipped++;
  }
  return { last, skipped };
}

/** The stack of one error, its head line first, whatever others did to `.stack`. */
function ownStack(error: unknown): string {
  if (!isObject(error))
    return `${headOf(error)}\n    ${NO_STACK}: ${error === null || error === undefined ? String(error) : `a ${typeof error}`} was thrown; it was reported here]`;
  const stack = readStack(error);
  if (stack === '') return `${headOf(error)}\n    ${NO_STACK}]`;
  const head = headOf(error);
  // V8 writes the head when the error is made: a message that was set later, or a class name, is put right.
  const at = stack.startsWith(head) && stack.startsWith('\n    at ', head.length) ? head.length : firstFrame(stack);
  if (at < 0) return stack;
  if (stack.startsWith(head)) return at <= MAX_HEAD && stack.length <= MAX_FRAMES ? stack : cut(stack, at);
  const message = messageOf(error);
  return message !== '' && !stack.slice(0, at).includes(message) ? cut(head + stack.slice(at), head.length) : cut(stack, at);
}

const MAX_SITES = 1_000; // frames of an error, where it has them as a list

/**
 * `.stack` as text, '' where there is none: an `Error.prepareStackTrace` of others may have made anything of it, and may
 * throw. A list of call sites is written as V8 would have.
 */
export function readStack(error: object): string {
  try {
    const { stack } = error as { stack?: unknown };
    if (typeof stack === 'string') return stack;
    if (!Array.isArray(stack) || typeof stack[0]?.getFileName !== 'function') return '';
    return [headOf(error), ...stack.slice(0, MAX_SITES).map((site) => `    at ${String(site)}`)].join('\n');
  } catch {
    return '';
  }
}

/** Where the line end before the first frame is, -1 without frames. Looks at each line once, whatever a message is made of. */
export function firstFrame(stack: string): number {
  for (let at = stack.indexOf('\n'); at >= 0; at = stack.indexOf('\n', at + 1)) if (isFrame(stack, at + 1)) return at;
  return -1;
}

/** Bounds the text before the frames, which begin at `at`, and the frames themselves: the innermost and the outermost stay. */
function cut(stack: string, at: number): string {
  const head = at > MAX_HEAD ? `${stack.slice(0, MAX_HEAD)}… [${at - MAX_HEAD} more characters]` : stack.slice(0, at);
  if (stack.length - at <= MAX_FRAMES) return head + stack.slice(at);
  const from = stack.lastIndexOf('\n', at + MAX_FRAMES - LAST_FRAMES);
  const to = stack.indexOf('\n', stack.length - LAST_FRAMES);
  return to <= from ? head + stack.slice(at) : `${head}${stack.slice(at, from)}\n    … [${to - from} more characters of frames]${stack.slice(to)}`;
}

/** Whether the line of a stack that begins at `start` is a frame: white space, then `at `. */
export function isFrame(text: string, start: number): boolean {
  let at = start;
  for (let code = text.charCodeAt(at); code === 32 || code === 9; code = text.charCodeAt(at)) at++;
  return at > start && text.startsWith('at ', at);
}

/** `Type: message` of anything that was thrown. */
export function headOf(error: unknown): string {
  const type = typeNameOf(error);
  const message = messageOf(error);
  return message === '' ? type : `${type}: ${message}`;
}

/** The class name of an error, `string` and so on for other values. */
export function typeNameOf(error: unknown): string {
  if (!isObject(error)) return error === null ? 'null' : typeof error;
  try {
    const { name } = error as { name?: unknown };
    const own = (error as object).constructor?.name;
    if (typeof name === 'string' && name !== '' && (name !== 'Error' || own === undefined)) return name.slice(0, 200);
    return typeof own === 'string' && own !== '' ? own.slice(0, 200) : 'Error';
  } catch {
    return 'Error';
  }
}

/** The internal message of anything that was thrown; objects that are no errors are shown as JSON-like text. */
export function messageOf(error: unknown): string {
  if (!isObject(error)) return safeMessage(error);
  try {
    const { message } = error as { message?: unknown };
    if (typeof message === 'string') return message;
    if (error instanceof Error || isAggregate(error)) return '';
    return safeJson(error, settings.revise).slice(0, MAX_OBJECT);
  } catch {
    return 'unprintable value';
  }
}
