import { writeStderr } from './stderr.ts';

/** What Sonde has to say about itself: one line per kind of problem on stderr, then a count. */
interface Problem {
  count: number;
  readonly message: string;
  readonly firstMs: number;
}

const problems = new Map<string, Problem>();
const MAX_KINDS = 256; // a bound on memory: kinds are our own constants, a few dozen
let write: (line: string) => void = (line) => {
  writeStderr(line);
};

let relay: ((kind: string, line: string, over: boolean) => void) | undefined;

/** In a worker: hands each problem (and the end of one) to the thread that owns stderr, instead of writing it here. */
export function relayDiag(next: (kind: string, line: string, over: boolean) => void): void {
  relay = next;
}

/**
 * Says `message` once for `kind`, then counts. The message is one line and holds the fix.
 * `warn('otlp-down', 'cannot reach http://…: ECONNREFUSED; records are spooled in .sonde/spool')`
 */
export function warn(kind: string, message: string): void {
  const known = problems.get(kind);
  if (known) {
    known.count++;
    return;
  }
  if (problems.size >= MAX_KINDS) return;
  const line = message.replace(/[\r\n\u2028\u2029]+/g, ' ').slice(0, 1_000);
  problems.set(kind, { count: 1, message: line, firstMs: Date.now() });
  if (relay) relay(kind, line, false);
  else write(`sonde: ${line}\n`);
}

/** Says that the problem `kind` is over, if it was said before; the next one is said again. */
export function resolved(kind: string, message: string): void {
  if (!problems.delete(kind)) return;
  const line = message.replace(/[\r\n\u2028\u2029]+/g, ' ').slice(0, 1_000);
  if (relay) relay(kind, line, true);
  else write(`sonde: ${line}\n`);
}

/** Forgets the problem `kind` without a word: who had it is gone. */
export function forget(kind: string): void {
  problems.delete(kind);
}

/** The problems that are open, for `/debug`. */
export function openProblems(): { kind: string; count: number; message: string; since: string }[] {
  return [...problems].map(([kind, p]) => ({ kind, count: p.count, message: p.message, since: new Date(p.firstMs).toISOString() }));
}

/** Sends the lines elsewhere (tests, the worker); returns a function that puts the former writer back. */
export function useDiagWriter(next: (line: string) => void): () => void {
  const former = write;
  write = next;
  return () => {
    write = former;
  };
}
