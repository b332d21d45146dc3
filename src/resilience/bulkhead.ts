import { type Duration, tryDurationMs } from '../core/duration.ts';
import type { Wrapper } from '../core/wrapper.ts';
import { Places } from './bulkhead-places.ts';
import { gated } from './gated.ts';
import { Members } from './members.ts';
import { type NamedOptions, type WrapperForms, wrapperForms } from './wrapper-forms.ts';

/** What {@link bulkhead} can be told. */
export interface BulkheadOptions extends NamedOptions {
  /** Calls that may run at once; default 10. */
  readonly max?: number;
  /** Calls that may wait for a place; default 0, which refuses at once. */
  readonly queue?: number;
  /** How long a call may wait; default: until its scope's deadline or abort. */
  readonly maxWait?: Duration;
}

/** A {@link bulkhead} that can be put around functions. All of them share its places. */
export interface Bulkhead extends Wrapper {
  /** Places that are free. */
  readonly available: number;
  /** Calls that wait for a place. */
  readonly waiting: number;
}

const bulkheads = new Members<Places>('bulkhead', [
  {
    type: 'gauge',
    name: 'resilience4j_bulkhead_available_concurrent_calls',
    help: 'Places of a bulkhead that are free',
    labels: ['name'],
    read: (places) => [{ value: places.available }],
  },
  {
    type: 'gauge',
    name: 'resilience4j_bulkhead_max_allowed_concurrent_calls',
    help: 'Places of a bulkhead',
    labels: ['name'],
    read: (places) => [{ value: places.max }],
  },
  {
    type: 'counter',
    name: 'resilience4j_bulkhead_refused_calls_total',
    help: 'Calls that a bulkhead refused',
    labels: ['name'],
    read: (places) => [{ value: places.refused }],
  },
]);

/**
 * Lets at most `max` calls run at once; further ones wait in a queue, first come, first served, or are refused.
 *
 * Shape: a wrapper. Functions that answer at once cannot wait: they hold a place while they run and are refused where none is
 * free. So is a function that is not `async` until it has returned its first promise. A place is given back when the call
 * returns, throws or settles: a promise that never settles keeps its own, and a call that makes another one through the same
 * bulkhead needs two (with `max: 1` and a queue it waits for itself until its deadline). A generator holds a place from its
 * first step until it is over or returned. A waiting call keeps the process alive. Bulkheads of one name are one.
 * Units: `max` and `queue` are numbers of calls, `maxWait` is a {@link Duration}; the clock is monotonic.
 * Errors: a refused call throws (an `async` one rejects with) {@link BulkheadFull}, status 503, with an error ID; an abort or a
 * deadline ends the wait with the signal's reason. Wrong options throw `TypeError` here, not on the call.
 * Source: bulkheads in Nygard, "Release It!"; metrics as resilience4j's.
 *
 * @example
 * const render = bulkhead('docs.render', { max: 2, queue: 100, maxWait: '1s' }, async (page: number) => page * 2);
 * const pages = await Promise.all([1, 2, 3, 4].map((page) => render(page)));
 * pages.join() === '2,4,6,8';
 */
export const bulkhead: WrapperForms<BulkheadOptions, Bulkhead> = wrapperForms<BulkheadOptions, Bulkhead>(
  'bulkhead',
  ['name', 'max', 'queue', 'maxWait'],
  (options, refuse) => {
    const { name, max = 10, queue = 0, maxWait } = options;
    if (!Number.isSafeInteger(max) || max < 1) throw refuse(`its max is ${String(max)}, expected a whole number from 1`);
    if (!Number.isSafeInteger(queue) || queue < 0) throw refuse(`its queue is ${String(queue)}, expected a whole number from 0`);
    const maxWaitMs = maxWait === undefined ? Number.POSITIVE_INFINITY : tryDurationMs(maxWait);
    if (maxWaitMs === undefined) throw refuse(`its maxWait is "${String(maxWait)}", expected a duration such as "500ms"`);
    if (maxWait !== undefined && queue === 0) throw refuse(`its maxWait is "${maxWait}" but its queue is 0, expected a queue of 1 or more`);
    const made = new Places(max, queue, maxWaitMs);
    const places = name === undefined ? made : bulkheads.named(name, options, () => made.called(name));
    let isNamed = name !== undefined;
    return {
      wrap(fn, own) {
        if (!isNamed) bulkheads.unnamed(own, (free) => places.called(free));
        isNamed = true;
        return gated(fn, places);
      },
      face: {
        get available() {
          return places.available;
        },
        get waiting() {
          return places.waiting;
        },
      },
    };
  },
);
