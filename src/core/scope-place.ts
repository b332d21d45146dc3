import { AsyncLocalStorage, AsyncResource, executionAsyncResource } from 'node:async_hooks';
import { Scope, storage } from './scope.ts';

/**
 * Entering and leaving a scope for the hot path of `traced`: what `storage.run` does, without its closure, and at the place
 * where Node keeps the stores. Both ways are looked for by a probe and proven by it; where neither is found, the storage's
 * own methods are used.
 *
 * - Up to Node 22 the store is a property of the operation under way: one look at the operation in place of three, 35 ns
 *   of 185 a call.
 * - From Node 24 on all stores are in one map, the frame, and `enterWith` copies it twice a call: 180 ns. A frame of our own
 *   stands before it instead, and the former one comes back as it was: 13 ns.
 */
export type ScopePlace = Operation | StoreFrame | undefined;

/** The asynchronous operation under way, on which Node keeps the store. */
type Operation = { [key: symbol]: Scope | undefined };

/** What Node asks of a frame. */
interface StoreFrame {
  has(store: unknown): boolean;
  get(store: unknown): unknown;
  disable(store: unknown): void;
  [Symbol.iterator](): Iterator<readonly [unknown, unknown]>;
}

/** Node's class of frames. */
interface Frames {
  current(): StoreFrame | undefined;
  set(frame: StoreFrame | undefined): void;
}

let storeKey: symbol | undefined;
let frames: Frames | undefined;
/** One of our frames, held so that code optimised for them outlives a moment without any (see `trace/engine/shapes.ts`). */
let kept: ScopeFrame | undefined;

/** Our scope before the stores of others. Never two of ours in a row, so that a look-up is short however deep calls nest. */
class ScopeFrame implements StoreFrame {
  declare readonly base: StoreFrame | undefined;
  declare scope: Scope | undefined;

  constructor(base: StoreFrame | undefined, scope: Scope | undefined) {
    this.base = base;
    this.scope = scope;
  }

  has(store: unknown): boolean {
    return store === storage || this.base?.has(store) === true;
  }

  get(store: unknown): unknown {
    return store === storage ? this.scope : this.base?.get(store);
  }

  disable(store: unknown): void {
    if (store === storage) this.scope = undefined;
    this.base?.disable(store);
  }

  /** Node copies a frame by its entries; of two with the same key the later one stays. */
  *[Symbol.iterator](): Iterator<readonly [unknown, unknown]> {
    if (this.base !== undefined) yield* this.base as Iterable<readonly [unknown, unknown]>;
    yield [storage, this.scope];
  }
}

/** Where the scope of the running code is kept. */
export function scopePlace(): ScopePlace {
  if (storeKey !== undefined) return executionAsyncResource() as Operation;
  return frames === undefined ? undefined : frames.current();
}

/** The scope at `place`, which is the place of the running code. */
export function scopeAt(place: ScopePlace): Scope | undefined {
  if (storeKey !== undefined) return (place as Operation)[storeKey];
  return place instanceof ScopeFrame ? place.scope : storage.getStore();
}

/** Enters `scope`; gives what {@link leaveScope} has to be told. */
export function enterScope(place: ScopePlace, scope: Scope): StoreFrame | undefined {
  if (storeKey !== undefined) (place as Operation)[storeKey] = scope;
  else if (frames === undefined) storage.enterWith(scope);
  else {
    const frame = new ScopeFrame(place instanceof ScopeFrame ? place.base : (place as StoreFrame | undefined), scope);
    frames.set(frame);
    return frame;
  }
  return undefined;
}

/** Leaves the scope that was entered: `former` holds again. What others entered meanwhile stays. */
export function leaveScope(place: ScopePlace, former: Scope | undefined, entered: StoreFrame | undefined): void {
  if (storeKey !== undefined) (place as Operation)[storeKey] = former;
  else if (frames === undefined || frames.current() !== entered) storage.enterWith(former);
  else frames.set(place as StoreFrame | undefined);
}

/** Looks for the place. Not at import: that would switch the storage on, which makes every promise dearer. */
export function findScopePlace(): void {
  if (storeKey !== undefined || frames !== undefined) return;
  const probe = new Scope();
  storage.run(probe, () => {
    try {
      storeKey = storeKeyOf(probe);
      if (storeKey === undefined) frames = framesOf(probe);
    } catch {
      // Another Node keeps its stores in another way.
    }
  });
}

function storeKeyOf(probe: Scope): symbol | undefined {
  const { kResourceStore } = storage as unknown as { kResourceStore?: unknown };
  if (typeof kResourceStore !== 'symbol') return undefined;
  return (executionAsyncResource() as Operation)[kResourceStore] === probe ? kResourceStore : undefined;
}

/** A resource keeps the frame in which it was made, and a frame knows its class. */
function framesOf(probe: Scope): Frames | undefined {
  const resource = new AsyncResource('SondeProbe') as unknown as Record<symbol, StoreFrame | undefined>;
  for (const key of Object.getOwnPropertySymbols(resource)) {
    const frame = resource[key];
    if (typeof frame?.get !== 'function' || frame.get(storage) !== probe) continue;
    const found = frame.constructor as unknown as Frames;
    return found.current() === frame && isProven(found, frame) ? found : undefined;
  }
  return undefined;
}

/** Whether Node takes a frame of ours for one of its own, below and above the store of somebody else. */
function isProven(found: Frames, frame: StoreFrame): boolean {
  const other = new AsyncLocalStorage<number>();
  const scope = new Scope();
  try {
    return other.run(1, () => {
      kept = new ScopeFrame(found.current(), scope);
      found.set(kept);
      if (storage.getStore() !== scope || other.getStore() !== 1) return false;
      if (!other.run(2, () => storage.getStore() === scope && other.getStore() === 2)) return false;
      return storage.getStore() === scope && other.getStore() === 1;
    });
  } finally {
    found.set(frame);
  }
}
