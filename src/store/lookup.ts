import type { Attributes } from '../core/attributes.ts';
import type { ErrorRecord, LogData, SpanData } from '../core/records.ts';

/** A page of a listing. `next` goes into `after` for the following page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

export interface PageQuery {
  /** Only what happened at or after this time, in milliseconds since the Unix epoch. */
  readonly sinceMs?: number | undefined;
  /** Only what happened before this time. */
  readonly untilMs?: number | undefined;
  /** Default 50, at most 1,000. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly service?: string | undefined;
}

export interface ErrorQuery extends PageQuery {
  readonly kind?: 'bug' | 'known' | undefined;
  readonly type?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly traceId?: string | undefined;
}

export interface GroupQuery extends PageQuery {
  /** Only groups that were first seen at or after `sinceMs`, and first in `release`, where they are given. */
  readonly firstSeen?: boolean | undefined;
  /** Only groups that were seen in this release. */
  readonly release?: string | undefined;
  /**
   * Only groups that came back: seen in `release` (by default the newest of the service) and in an earlier one, and not in
   * the release right before.
   */
  readonly regressed?: boolean | undefined;
  readonly fingerprint?: string | undefined;
}

/** The errors of one fingerprint. */
export interface ErrorGroup {
  readonly fingerprint: string;
  readonly kind: string;
  readonly type: string;
  /** Of the last error. */
  readonly message: string;
  readonly services: readonly string[];
  /** By when they were first seen in. */
  readonly releases: readonly ReleaseCount[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  readonly lastErrorId: string;
}

export interface ReleaseCount {
  readonly release: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

export interface LogQuery extends PageQuery {
  readonly traceId?: string | undefined;
  /** The logger and those below it: `orders` finds `orders.db` too. */
  readonly logger?: string | undefined;
  /** OpenTelemetry severity number. */
  readonly minSeverity?: number | undefined;
}

export interface StoredSpan extends SpanData {
  readonly resource: Attributes;
}

export interface StoredLog extends LogData {
  readonly resource: Attributes;
}

/** A trace: its spans by start. `truncated` says that there are more than are shown. */
export interface StoredTrace {
  readonly traceId: string;
  readonly spans: readonly StoredSpan[];
  readonly truncated: boolean;
}

/** Log lines that came after a position. Without a position: none, and the position of now. */
export interface LogTail {
  /** Oldest first. */
  readonly items: readonly StoredLog[];
  readonly position: string;
}

export interface ActivityQuery {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** How long a point is; whole minutes. */
  readonly stepMs: number;
}

/** Counts of a while that begins at `timeMs`. `failed` are spans. */
export interface ActivityPoint {
  readonly timeMs: number;
  readonly spans: number;
  readonly failed: number;
  readonly logs: number;
  readonly errors: number;
}

/** The spans of one name. */
export interface OperationCount {
  readonly name: string;
  readonly count: number;
  readonly failed: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

/** How much happened: over time without gaps, and by span name, the one with the most time in it first. */
export interface Activity {
  readonly stepMs: number;
  readonly points: readonly ActivityPoint[];
  readonly operations: readonly OperationCount[];
}

/** Something that could not be read while looking; a look-up that found nothing must tell it. */
export interface LookupProblem {
  readonly code: string;
  readonly message: string;
}

/**
 * Where errors, traces and logs are looked up: the store on disk, or the servers of the stack. Every answer is bounded.
 * A place that cannot be reached at all is a rejection with a `StoreError`; one that can be read in part
 * answers with what it has, and {@link problems} tells the rest.
 */
export interface Lookup {
  /** `id` in its one spelling. */
  error(id: string): Promise<ErrorRecord | undefined>;
  /** Newest first. */
  errors(query: ErrorQuery): Promise<Page<ErrorRecord>>;
  /** Last seen first. */
  groups(query: GroupQuery): Promise<Page<ErrorGroup>>;
  /** `aroundMs`: a time within the trace, where it is known. */
  trace(traceId: string, aroundMs?: number): Promise<StoredTrace | undefined>;
  /** Newest first. */
  logs(query: LogQuery): Promise<Page<StoredLog>>;
  tailLogs(query: LogQuery, position: string | undefined): Promise<LogTail>;
  /** Absent where the place keeps no counts: the stack has its dashboards. */
  activity?(query: ActivityQuery): Promise<Activity>;
  problems(): readonly LookupProblem[];
  close(): Promise<void>;
}
