interface Watch {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Calls `fn` when `signal` aborts, unless the returned function was called before. One that is aborted already calls nobody.
 * A signal has one listener however many wait for it: Node warns of a leak from the eleventh on.
 */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  const watch = watches.get(signal) ?? begin(signal);
  const call = (): void => fn(); // a function that is given twice is two
  watch.calls.add(call);
  return () => {
    if (watch.calls.delete(call) && watch.calls.size === 0) end(signal, watch);
  };
}

function begin(signal: AbortSignal): Watch {
  const watch: Watch = {
    calls: new Set(),
    listener() {
      end(signal, watch);
      for (const call of watch.calls) call();
    },
  };
  watches.set(signal, watch);
  signal.addEventListener('abort', watch.listener);
  return watch;
}

/** The listener goes too: it would keep a joined signal for as long as its sources may abort. */
function end(signal: AbortSignal, watch: Watch): void {
  signal.removeEventListener('abort', watch.listener);
  if (watches.get(signal) === watch) watches.delete(signal);
}
