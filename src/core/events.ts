import { type Channel, channel } from './channels.ts';
import type { ErrorRecord } from './records.ts';
import type { Scope } from './scope.ts';

/** An error was reported: its record is journaled, its ID may be shown. */
export interface ErrorReported {
  /** The error ID. */
  readonly id: string;
  /** `error.type` of the record: low-cardinality. */
  readonly type: string;
  readonly kind: 'bug' | 'known';
  readonly severity: ErrorRecord['severity_number'];
  readonly level: ErrorRecord['level'];
  readonly logger: string;
  readonly traceId: string | undefined;
  /** The record as JSON text with its line end, as it is in the journal: nobody has to serialise it again. */
  readonly line: string;
  /** The record, read from its line when it is asked for. */
  readonly record: ErrorRecord;
  readonly error: unknown;
  readonly boundary: string;
  readonly scope: Scope;
}
export const errorReported: Channel<ErrorReported> = channel('error.reported');

/** A traced call failed with `error` (its span is still open). The errors layer keeps where it was first seen. */
export interface CallFailed {
  readonly error: unknown;
  readonly scope: Scope;
}
export const callFailed: Channel<CallFailed> = channel('call.failed');

/** Another service answered this trace's request with an error that has an ID (`X-Error-Id`). */
export interface DownstreamFailed {
  readonly traceId: string;
  /** As it came: not checked. */
  readonly errorId: string;
}
export const downstreamFailed: Channel<DownstreamFailed> = channel('downstream.failed');

/** A level was changed, leased or cleared. */
export interface LevelChanged {
  readonly logger: string;
  readonly old: string;
  readonly new: string;
  readonly ttlMs: number | undefined;
  readonly reason: string | undefined;
  readonly actor: string | undefined;
  readonly remoteAddress: string | undefined;
  /** The contexts that it holds for, where it does not hold for all. */
  readonly scope?: string | undefined;
}
export const levelChanged: Channel<LevelChanged> = channel('log.level.changed');

/** A breaker went from one state to another. */
export interface BreakerChanged {
  readonly name: string;
  readonly from: 'closed' | 'open' | 'half_open' | 'forced_open';
  readonly to: 'closed' | 'open' | 'half_open' | 'forced_open';
  /** What it went by before, 0 to 1; `undefined` where it went by no rate. */
  readonly failureRate: number | undefined;
  readonly slowCallRate: number | undefined;
  /** How long it was not closed; `undefined` where it was. */
  readonly sinceClosedMs: number | undefined;
  /** When it tries again; of `open` only. */
  readonly waitMs: number | undefined;
  /** Why it opened, or who closed it. */
  readonly reason: string | undefined;
  /** `error.type` and ID of the failure that opened it; the ID where it was reported by then. */
  readonly errorType: string | undefined;
  readonly errorId: string | undefined;
  /** That failure itself, where this change is an opening by it. */
  readonly error: unknown;
}
export const breakerChanged: Channel<BreakerChanged> = channel('breaker.changed');
