import { clock } from '../core/clock.ts';
import { closeCall, type OpenCall } from './call.ts';
import type { CallScope } from './engine/port.ts';
import { CallState, endFailed, endOk } from './open-call.ts';
import { MAX_LISTED } from './open-spans.ts';

/**
 * The open calls that one object ends: that of the function that made it, those around it that gave it on, and each later one that
 * gives it again (a cached connection). The object is watched once for all of them, so that it does not grow with its calls.
 */
export class Followed {
  private open: CallState[] = [];

  get isOpen(): boolean {
    return this.open.length > 0;
  }

  /** Where its steps run: in the innermost call. Only while it is open. */
  get scope(): CallScope {
    return (this.open[0] as CallState).call.scope;
  }

  /** It was used; what is left from here on ended now. */
  used(): void {
    const mono = clock.mono();
    for (const state of this.open) state.lastMono = mono;
  }

  endOk(): void {
    for (const state of this.take()) endOk(state);
  }

  /** Ends all with an error, the innermost first; gives what is to be thrown. */
  endFailed(error: unknown): unknown {
    let thrown = error;
    for (const state of this.take()) thrown = endFailed(state, thrown);
    return thrown;
  }

  /** From here on `target` ends the calls: an iterator in place of what it iterates. */
  moveTo(target: object, watch: (followed: Followed) => void): void {
    const to = followedBy(target, watch);
    for (const state of this.take()) {
      to.open.push(state);
      state.holdBy(target);
    }
  }

  /** Answers whether the call is one of its own now. What is given by more than are listed is a thing to hold (a log stream), no result that ends. */
  add(call: OpenCall, holder: object): boolean {
    if (this.open.length >= MAX_LISTED) return false;
    const state = new CallState(call);
    this.open.push(state);
    state.holdBy(holder);
    return true;
  }

  private take(): CallState[] {
    const { open } = this;
    this.open = [];
    return open;
  }
}

const all = new WeakMap<object, Followed>();

/** Lets `call` end with `object`, which `watch` watches where nobody does yet. Throws what `watch` does: then the call is still its caller's. */
export function follow(call: OpenCall, object: object, watch: (followed: Followed) => void): void {
  if (!followedBy(object, watch).add(call, object)) closeCall(call.engine, call.scope, call.def, 'ok');
}

function followedBy(object: object, watch: (followed: Followed) => void): Followed {
  const known = all.get(object);
  if (known !== undefined) return known;
  const followed = new Followed();
  watch(followed);
  all.set(object, followed);
  return followed;
}
