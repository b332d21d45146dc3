import type { StoreError } from './failure.ts';

/** How a batch went. `stored + rejected + rest.length` is its size. */
export interface WriteResult<T> {
  /** Records that are in the store now; one that was there before counts too. */
  readonly stored: number;
  /** Records that can never be stored (no time, not representable as JSON). */
  readonly rejected: number;
  /** Records that are not in the store because of `failure`; writing them again later is safe. */
  readonly rest: readonly T[];
  readonly failure: StoreError | undefined;
}
