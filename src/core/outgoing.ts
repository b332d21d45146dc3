import { clock } from './clock.ts';

/** A call that is under way for longer is a stream or a long poll: nobody waits for its end. */
const LONGEST_MS = 60_000;

const open = new Map<object, number>();
let endedMs = 0;

/** An outgoing call began at a monotonic time. */
export function outgoingBegan(call: object, startMono: number): void {
  open.set(call, startMono);
}

/** The call ended. */
export function outgoingEnded(call: object, endMono: number): void {
  const startMono = open.get(call);
  if (startMono === undefined) return;
  open.delete(call);
  endedMs += waitedMs(startMono, endMono);
}

/** Time that outgoing calls took since the process began, summed over calls, with what those under way took so far. */
export function outgoingSeconds(): number {
  const now = clock.mono();
  let ms = endedMs;
  for (const startMono of open.values()) ms += waitedMs(startMono, now);
  return ms / 1_000;
}

function waitedMs(fromMono: number, toMono: number): number {
  return Math.min(Math.max(0, toMono - fromMono), LONGEST_MS);
}
