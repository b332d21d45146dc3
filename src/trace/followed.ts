import { clock } from '../core/clock.ts';
import { closeCall, type OpenCall } from './call.ts';
import type { CallScope } from './engine/port.ts';
import { CallState, endFailed, endOk, moveHold } from './open-call.ts';
import { MAX_LISTED } from './open-spans.ts';

/**
 * The open calls that one object ends: that of the function that made it, those around it that gave it on, and each later one that
 * gives it again (a cached connection). The object is watched once for all of them, so that it does not grow with its calls.
 */
export class Followed {
  // Most objects are given once: a list is made for the second call only.
  declare private first: CallState | undefined;
  declare private more: CallState[] | undefined;

  constructor() {
    this.first = undefined;
    this.more = undefined;
  }

  get isOpen(): boolean {
    return this.first !== undefined;
  }

  /** Where its steps run: in the innermost call. Only while it is open. */
  get scope(): CallScope {
    return (this.first as CallState).call.scope;
  }

  /** It was used; what is left from here on ended now. */
  used(): void {
    if (this.first === undefined) return;
    const mono = clock.mono();
    this.first.lastMono = mono;
    if (this.more !== undefined) for (const state of this.more) state.lastMono = mono;
  }

  endOk(): void {
    this.end(undefined, endOk);
  }

  /** Ends all with an error, the innermost first; gives what is to be thrown. */
  endFailed(error: unknown): unknown {
    return this.end(error, endFailed);
  }

  /** From here on `target` ends the calls: an iterator in place of what it iterates. */
  moveTo(target: object, watch: (followed: Followed) => void): void {
    const to = followedBy(target, watch);
    this.end(undefined, (state) => {
      to.push(state);
      moveHold(state, target);
    });
  }

  /** Answers whether the call is one of its own now. What is given by more than are listed is a thing to hold (a log stream), no result that ends. */
  add(call: OpenCall, holder: object): boolean {
    if (this.more !== undefined && this.more.length >= MAX_LISTED - 1) return false;
    const state = new CallState(call);
    this.push(state);
    state.holdBy(holder);
    return true;
  }

  private push(state: CallState): void {
    if (this.first === undefined) this.first = state;
    else if (this.more === undefined) this.more = [state];
    else this.more.push(state);
  }

  /** Takes the calls out, then passes `value` through `step` of each, the innermost first. */
  private end(value: unknown, step: (state: CallState, value: unknown) => unknown): unknown {
    const { first, more } = this;
    if (first === undefined) return value;
    this.first = undefined;
    this.more = undefined;
    let passed = step(first, value);
    if (more !== undefined) for (const state of more) passed = step(state, passed);
    return passed;
  }
}

const all = new WeakMap<object, Followed>();

/** Lets `call` end with `object`, which `watch` watches where nobody does yet. Throws what `watch` does: then the call is still its caller's. */
export function follow(call: OpenCall, object: object, watch: (followed: Followed) => void): void {
  if (!followedBy(object, watch).add(call, object)) closeCall(call.scope, 'ok');
}

function followedBy(object: object, watch: (followed: Followed) => void): Followed {
  const known = all.get(object);
  if (known !== undefined) return known;
  const followed = new Followed();
  watch(followed);
  all.set(object, followed);
  return followed;
}
