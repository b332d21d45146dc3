import { clock } from '../core/clock.ts';
import { closeCall, failCall, type OpenCall } from './call.ts';
import { listOpen, unlistOpen } from './open-spans.ts';

/** Whether a call that outlives its function is still open, and when it was last used. */
export class CallState {
  readonly call: OpenCall;
  #open = true;
  lastMono: number = clock.mono();

  constructor(call: OpenCall) {
    this.call = call;
    listOpen(call.scope);
  }

  get open(): boolean {
    return this.#open;
  }

  /** Claims the end; true for the first one only. */
  end(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    unlistOpen(this.call.scope);
    abandoned.unregister(this);
    return true;
  }

  /** The call ends when `holder` is collected, if nothing ended it before. */
  holdBy(holder: object): void {
    abandoned.register(holder, this, this);
  }
}

/** From here on another object holds it. */
export function moveHold(state: CallState, holder: object): void {
  abandoned.unregister(state);
  state.holdBy(holder);
}

// What nobody can reach any more can never end its call: an iterator that was left, a query that was never awaited.
const abandoned = new FinalizationRegistry<CallState>((state) => {
  if (!state.end()) return;
  const { scope } = state.call;
  scope.span?.setAttribute('sonde.abandoned', true);
  closeCall(scope, 'ok', state.lastMono);
});

/** Starts to watch a call that may never be ended by its user. */
export function watchAbandoned(call: OpenCall): CallState {
  return new CallState(call);
}

/** Ends a followed call well, once. */
export function endOk(state: CallState): void {
  if (state.end()) closeCall(state.call.scope, 'ok');
}

/** Ends a followed call with an error, once; gives what is to be thrown. */
export function endFailed(state: CallState, error: unknown): unknown {
  if (!state.end()) return error;
  return failCall(state.call.scope, state.call.boundary, error);
}
