import { clock, type TimerHandle } from '../core/clock.ts';
import type { HandleInfo } from './handle-info.ts';
import { describeHandle } from './leak-message.ts';
import { listHandles } from './list-handles.ts';
import { captureEverySite } from './origin.ts';

/** What {@link explainExit} can be told. */
export interface ExplainOptions {
  /** How long the process must rest before it is called stuck, milliseconds; default 2,000. */
  readonly afterMs?: number;
  /** Takes the text; default standard error. */
  readonly write?: (text: string) => void;
}

const AFTER_MS = 2_000; // longer than any ordinary close: a keep-alive socket, a flush
const LOOK_MS = 250; // eight looks within the time, so that work is not overlooked
const REST_MS = 50; // of work in one look, a fifth: on a machine that wakes slowly, a look and the timers that do nothing take 10 to 30
const REST_EVENTS = 2; // of input and output in one look: a connection that only keeps itself alive has fewer
const PATIENCE = 4; // times as long, where handles come and go without any work that counts
const MAX_SHOWN = 20; // a screen

/**
 * Says what holds the process when it has nothing left to do and does not end (`SONDE_EXPLAIN_EXIT=1`), after two seconds of rest:
 * once for each set of places; once in all for a process that listens, and again when its servers are closed. Every line is captured
 * meanwhile. Returns the function that ends it. Its own timer does not hold the process.
 */
export function explainExit(options: ExplainOptions = {}): () => void {
  const afterMs = options.afterMs ?? AFTER_MS;
  const write = options.write ?? ((text: string) => void process.stderr.write(text));
  const release = captureEverySite();
  let former = activity();
  let restsSince = clock.mono();
  let seen: string | undefined;
  let sameSince = 0;
  let told = '';
  let timer: TimerHandle;
  const look = (): void => {
    const now = activity();
    const worked = now.activeMs - former.activeMs > REST_MS || now.events - former.events > REST_EVENTS;
    former = now;
    const mono = clock.mono();
    if (worked) restsSince = mono;
    else if (mono - restsSince >= afterMs) {
      const held = holding();
      // What was opened or closed a moment ago was work too, however short; what changes for ever is told all the same, once.
      if (held.key !== seen) sameSince = seen === undefined ? mono - held.youngestMs : mono;
      seen = held.key;
      const isDue = mono - sameSince >= afterMs || (told === '' && mono - restsSince >= PATIENCE * afterMs);
      if (isDue && held.key !== told && held.holders.length + held.unseenTimers > 0) {
        told = held.key;
        write(explanation(held, afterMs));
      }
    }
    timer = clock.setTimeout(look, LOOK_MS);
  };
  timer = clock.setTimeout(look, LOOK_MS);
  return () => {
    release();
    clock.clearTimeout(timer);
  };
}

/** What the event loop has done so far: milliseconds outside its wait, and the answers of sockets, files and threads it took. */
function activity(): { readonly activeMs: number; readonly events: number } {
  const { uvMetricsInfo } = performance.nodeTiming as { uvMetricsInfo?: { readonly events: number } };
  return { activeMs: performance.eventLoopUtilization().active, events: uvMetricsInfo?.events ?? 0 };
}

interface Held {
  readonly holders: readonly HandleInfo[];
  readonly listens: boolean;
  /** The places that hold: a timer that is set again and again at one place is no news. */
  readonly key: string;
  readonly youngestMs: number;
  /** Timers that were set before Sonde was loaded, mostly, and those of Node and of stewards: Node counts them, and shows them to nobody. */
  readonly unseenTimers: number;
}

function holding(): Held {
  const holders = listHandles().filter(({ holdsProcess }) => holdsProcess);
  const servers = holders.filter(({ type }) => type === 'server');
  const listens = servers.length > 0;
  // A process that listens may be meant to stay: connections that come and go are no news there.
  const named = listens ? servers : holders;
  const places = new Set(named.map(({ id, type, site }) => `${type} ${listens ? id : (site ?? '')}`));
  const seenTimers = holders.filter(({ type }) => type === 'timeout' || type === 'interval' || type === 'iterator').length;
  const unseenTimers = Math.max(0, process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length - seenTimers);
  return {
    holders,
    listens,
    key: `${listens ? 'listens ' : ''}${[...places].sort().join()}${unseenTimers > 0 && !listens ? ' unseen' : ''}`,
    youngestMs: Math.min(...named.map(({ ageMs }) => ageMs)),
    unseenTimers,
  };
}

function explanation({ holders, listens, unseenTimers }: Held, afterMs: number): string {
  const more = holders.length > MAX_SHOWN ? [`  and ${holders.length - MAX_SHOWN} more`] : [];
  if (unseenTimers > 0)
    more.push(
      `  timers without a line: ${unseenTimers}; set before Sonde was loaded (--import sonde/register sees those), or by Node or Sonde for the program: a child's time limit, the restart of a ward`,
    );
  const count = holders.length + unseenTimers;
  const what = count === 1 ? '1 handle holds' : `${count} handles hold`;
  const stay = listens ? ' (it listens, so it may be meant to stay; this is said again once its servers are closed)' : '';
  return `${[`sonde: nothing was done for ${afterMs / 1_000} s, and ${what} the process${stay}:`, ...holders.slice(0, MAX_SHOWN).map(describeHandle), ...more].join('\n')}\n`;
}
