import type { HandleInfo } from '../handles/handle-info.ts';

/** What `shutdown()` tells. */
export interface ShutdownReport {
  /** Records that were brought home (stored, sent or spooled) by the shutdown. */
  readonly flushed: number;
  /** Records that were not, each counted in the ledger with its reason. */
  readonly lost: number;
  /** What still holds the process open. */
  readonly open: readonly HandleInfo[];
}
