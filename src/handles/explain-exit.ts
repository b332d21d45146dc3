import { clock, type TimerHandle } from '../core/clock.ts';
import type { HandleInfo } from './handle-info.ts';
import { describeHandle } from './leak-message.ts';
import { listHandles } from './list-handles.ts';

/** What {@link explainExit} can be told. */
export interface ExplainOptions {
  /** How long the process must rest before it is called stuck, milliseconds; default 2,000. */
  readonly afterMs?: number;
  /** Takes the text; default standard error. */
  readonly write?: (text: string) => void;
}

const AFTER_MS = 2_000; // longer than any ordinary close: a keep-alive socket, a flush
const LOOK_MS = 250; // eight looks within the time, so that work is not overlooked
const REST_MS = 10; // of work in one look: our own look and an interval that does nothing take less
const MAX_SHOWN = 20; // a screen

/**
 * Says what holds the process when it has nothing left to do and does not end (`SONDE_EXPLAIN_EXIT=1`), after two seconds of rest:
 * once for each set of handles; once in all for a process that listens, and again when its servers are closed. Returns the function that ends it. Its own timer does not hold the process.
 */
export function explainExit(options: ExplainOptions = {}): () => void {
  const afterMs = options.afterMs ?? AFTER_MS;
  const write = options.write ?? ((text: string) => void process.stderr.write(text));
  let former = performance.eventLoopUtilization();
  let restsSince = clock.mono();
  let told = '';
  let timer: TimerHandle;
  const look = (): void => {
    const now = performance.eventLoopUtilization();
    const workedMs = now.active - former.active;
    former = now;
    const mono = clock.mono();
    if (workedMs > REST_MS) restsSince = mono;
    else if (mono - restsSince >= afterMs) told = explain(write, told, afterMs);
    timer = clock.setTimeout(look, LOOK_MS);
  };
  timer = clock.setTimeout(look, LOOK_MS);
  return () => {
    clock.clearTimeout(timer);
  };
}

function explain(write: (text: string) => void, told: string, afterMs: number): string {
  const holders = listHandles().filter(({ holdsProcess }) => holdsProcess);
  const servers = holders.filter(({ type }) => type === 'server');
  // A process that listens may be meant to stay: connections that come and go are no news there.
  const key = servers.length > 0 ? `listens ${idsOf(servers)}` : idsOf(holders);
  if (key === told || holders.length === 0) return told;
  const more = holders.length > MAX_SHOWN ? [`  and ${holders.length - MAX_SHOWN} more`] : [];
  const what = holders.length === 1 ? '1 handle holds' : `${holders.length} handles hold`;
  const listens = servers.length > 0 ? ' (it listens, so it may be meant to stay; this is said again once its servers are closed)' : '';
  write(
    `${[`sonde: nothing was done for ${afterMs / 1_000} s, and ${what} the process${listens}:`, ...holders.slice(0, MAX_SHOWN).map(describeHandle), ...more].join('\n')}\n`,
  );
  return key;
}

const idsOf = (handles: readonly HandleInfo[]): string => handles.map(({ id }) => id).join();
