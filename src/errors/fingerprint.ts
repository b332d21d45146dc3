import { createHash } from 'node:crypto';
import { OWN_FOLDER } from '../core/package-paths.ts';
import { parseFrame } from './frames.ts';
import { NO_STACK } from './stack.ts';

/** What a fingerprint is made of; an error record has it. */
export interface FingerprintInput {
  readonly type: string;
  readonly code: string | undefined;
  readonly message: string;
  /** The whole text, causes included. */
  readonly stack: string;
  /** Types of the cause chain, outermost first. */
  readonly chain: readonly string[] | undefined;
}

const MAX_PERIOD = 4; // functions of one recursion: a calls b calls c calls d calls a

/**
 * The fingerprint of a failure: `v1:` and 16 hex digits over type, code and the application's frames (module and
 * function; no lines, no columns, recursion folded) of every error in its text. A failure without frames of the
 * application, or without a stack, goes by its message with the variable parts taken out.
 */
export function fingerprint(input: FingerprintInput): string {
  const blocks = blocksOf(input.stack);
  const frames = blocks.map((block) => foldRecursion(block.frames).join('<'));
  const parts = [input.type, input.code ?? '', (input.chain ?? []).join('>'), blocks.map((block) => block.type).join('>')];
  // Frames below "no stack" are of the place where it was reported, which many failures share.
  if (input.stack.includes(NO_STACK)) parts.push(parameterise(input.message));
  parts.push(frames.some((text) => text !== '') ? frames.join('|') : parameterise(input.message));
  return `v1:${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)}`;
}

interface Block {
  readonly type: string;
  readonly frames: string[];
}

/** One block an error: the text up to the next `Caused by:` or member of an aggregate. */
function blocksOf(stack: string): Block[] {
  const blocks: Block[] = [];
  let current: Block | undefined;
  for (const line of stack.split('\n')) {
    if (current === undefined || /^\s*(?:Caused by: |\[\d+\] )/.test(line)) {
      current = { type: typeOf(line), frames: [] };
      blocks.push(current);
      continue;
    }
    const frame = parseFrame(line);
    if (frame && isInApp(frame.file)) current.frames.push(`${moduleOf(frame.file)}#${functionOf(frame.fn)}`);
  }
  return blocks;
}

function typeOf(head: string): string {
  return /^\s*(?:(?:Caused by: |\[\d+\] )+)?([\w$.]{1,200})/.exec(head)?.[1] ?? '';
}

/** Whether a frame is the application's: not Node's, not a package's, not ours, not made by `eval`. */
function isInApp(file: string): boolean {
  if (file.startsWith('node:') || file === 'native' || file.includes('<anonymous>') || file.startsWith('eval at ')) return false;
  const path = file.startsWith('file:') ? file.slice(5).replace(/^\/\/(?=\/)/, '') : file;
  return !/[\\/]node_modules[\\/]/.test(path) && !path.startsWith(OWN_FOLDER); // a frame of the SDK is nobody's bug but ours
}

/** A module by a name that survives a move to another folder, a build and a hash in the file's name. */
function moduleOf(file: string): string {
  const path = file
    .replace(/[?#].*$/, '')
    .replace(/\\/g, '/')
    .replace(/\.[cm]?[jt]sx?$/, '')
    .replace(/[-.](?:[0-9a-f]{8,64}|[A-Z0-9]{8,64}|(?=\w*[A-Z])(?=\w*\d)\w{8})$/, '');
  const root = /^.*\/(?:src|dist|build|out|lib)\//.exec(path)?.[0];
  return root === undefined ? path.split('/').slice(-2).join('/') : path.slice(root.length);
}

/** A function without what depends on how it was called. */
function functionOf(fn: string): string {
  const name = fn
    .replace(/^(?:async|new) /, '')
    .replace(/ \[as [^\]]*\]$/, '')
    .replace(/^(?:Object|Module|Function|Proxy)\./, '')
    .replace(/^async$/, '');
  return name === '' ? '<anonymous>' : name;
}

/** Keeps one round of every recursion, of up to {@link MAX_PERIOD} functions. */
function foldRecursion(frames: readonly string[]): string[] {
  const out: string[] = [];
  for (const frame of frames) {
    out.push(frame);
    for (let period = 1; period <= MAX_PERIOD && 2 * period <= out.length; period++) {
      const from = out.length - period;
      if (out.slice(from).every((item, at) => item === out[from - period + at])) {
        out.length = from;
        break;
      }
    }
  }
  return out;
}

/**
 * A message without its variable parts.
 *
 * @example
 * parameterise('order 17 of "ann" failed') === parameterise('order 4 of "bob" failed');
 */
export function parameterise(message: string): string {
  return message
    .slice(0, 2_000)
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>')
    .replace(/\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g, '<mail>')
    .replace(/\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"')]+/gi, '<url>')
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '<text>')
    .replace(/(?:\/[\w.@-]+){2,}/g, '<path>')
    .replace(/\b(?:0x)?(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '<hex>')
    .replace(/\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?/g, '<address>')
    .replace(/-?\d+(?:\.\d+)?/g, '<n>');
}
