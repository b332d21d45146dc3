import { Stream } from 'node:stream';
import { isPlainPromise, keepExtras } from '../core/promises.ts';
import { runInScope, storage } from '../core/scope.ts';
import { closeCall, failCall, type OpenCall } from './call.ts';
import type { CallScope } from './engine/port.ts';
import { type Followed, follow } from './followed.ts';
import { followAsyncIterable, followGenerator, isGenerator } from './iteration.ts';
import { listOpen, unlistOpen } from './open-spans.ts';
import { followNodeStream, followWebStream, isWebStream } from './streams.ts';

/**
 * Ends a call whose function gave an object: at once, or when what it gave is settled or used up. Gives back what the
 * caller shall get: the object itself, or a promise that stands for it.
 */
export function outlive(scope: CallScope, boundary: string | undefined, result: object): unknown {
  let follower: ((call: OpenCall, result: never) => void) | undefined;
  try {
    if (isPlainPromise(result)) return settle(scope, boundary, result);
    follower = followerOf(result);
  } catch {
    // A getter or a proxy refused to be looked at: a plain value.
  }
  if (follower !== undefined) {
    try {
      follower({ scope, boundary }, result as never);
      return result;
    } catch {
      // It is frozen: its later life cannot be watched.
    }
  }
  closeCall(scope, 'ok');
  return result;
}

function followerOf(result: object): ((call: OpenCall, result: never) => void) | undefined {
  if (typeof (result as PromiseLike<unknown>).then === 'function') return followThenable;
  if (result instanceof Stream) return isSocket(result) ? undefined : followNodeStream;
  if (isWebStream(result)) return followWebStream;
  if (typeof (result as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function') return followAsyncIterable;
  return isGenerator(result) ? followGenerator : undefined;
}

/** A connection is a thing to hold, not a result that ends. */
function isSocket(stream: object): boolean {
  return 'remoteAddress' in stream;
}

/** A promise of the language: what `then` gives takes its place, so that an unhandled rejection stays one. */
function settle(scope: CallScope, boundary: string | undefined, promise: Promise<unknown>): Promise<unknown> {
  listOpen(scope);
  // Bound, no closures: two of those and what they close over are 130 bytes more, which the collector moves for each call under way.
  const settled = promise.then(fulfilled.bind(scope), boundary === undefined ? rejected.bind(scope) : (error) => rejectedAt(scope, boundary, error));
  keepExtras(promise, settled);
  return settled;
}

function fulfilled(this: CallScope, value: unknown): unknown {
  unlistOpen(this);
  closeCall(this, 'ok');
  return value;
}

function rejected(this: CallScope, error: unknown): never {
  return rejectedAt(this, undefined, error);
}

function rejectedAt(scope: CallScope, boundary: string | undefined, error: unknown): never {
  unlistOpen(scope);
  throw failCall(scope, boundary, error);
}

type Settled = ((value: unknown) => unknown) | null | undefined;

/**
 * A thenable, or a promise of a class of its own: it stays the same object, and its `then` is watched. A lazy one (a
 * query builder) is not started by that; it runs in the call's scope when its user starts it.
 */
function followThenable(call: OpenCall, thenable: PromiseLike<unknown>): void {
  follow(call, thenable, (followed) => watchThen(followed, thenable));
}

function watchThen(followed: Followed, thenable: PromiseLike<unknown>): void {
  const { then } = thenable;
  const watched = function (this: PromiseLike<unknown>, onValue?: Settled, onError?: Settled): unknown {
    if (!followed.isOpen) return then.call(this, onValue as never, onError as never);
    const user = storage.getStore();
    const back = (callback: (value: unknown) => unknown, value: unknown): unknown => storage.run(user, callback, value);
    return runInScope(followed.scope, () =>
      then.call(
        this,
        ((value: unknown) => {
          followed.endOk();
          return typeof onValue === 'function' ? back(onValue, value) : value;
        }) as never,
        ((error: unknown) => {
          const thrown = followed.endFailed(error);
          if (typeof onError === 'function') return back(onError, thrown);
          throw thrown;
        }) as never,
      ),
    );
  };
  Object.defineProperty(thenable, 'then', { value: watched, configurable: true, writable: true });
}
