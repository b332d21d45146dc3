import type { IncomingMessage } from 'node:http';
import type { ErrorRecord, LedgerReport, LogData, SpanData } from '../core/records.ts';
import type { HeapJob } from './pprof/job.ts';
import type { TraceBook } from './trace-book.ts';

/** A lease or a permanent setting of a level. */
export interface LevelChange {
  readonly ttlMs?: number | undefined;
  readonly reason?: string | undefined;
  readonly actor?: string | undefined;
  readonly remoteAddress?: string | undefined;
  /** Only contexts that match; all where it is absent. */
  readonly scope?: LevelScope | undefined;
}

/** What a scoped lease matches. */
export interface LevelScope {
  readonly trace?: string | undefined;
  readonly route?: string | undefined;
  readonly user?: string | undefined;
}

/** A level as it holds. */
export interface LevelState {
  readonly level: string;
  /** While a lease runs. */
  readonly expiresAtMs?: number | undefined;
  readonly revertsTo?: string | undefined;
}

/** One logger of the listing; `configured` is absent where it inherits. */
export interface LoggerState {
  readonly name: string;
  readonly configured: string | undefined;
  readonly effective: string;
  readonly expiresAtMs?: number | undefined;
  readonly revertsTo?: string | undefined;
}

/** A lease as the pages show it. */
export interface LeaseRow {
  readonly logger: string;
  readonly level: string;
  readonly expiresAtMs: number | undefined;
  readonly scope: LevelScope | undefined;
  readonly reason: string | undefined;
  readonly actor: string | undefined;
}

/** The levels of the process. `''` is the root logger. */
export interface Levels {
  get(logger: string): LevelState;
  set(logger: string, level: string, change: LevelChange): void;
  clear(logger: string, change: LevelChange): void;
  list(): readonly LoggerState[];
  groups(): Readonly<Record<string, readonly string[]>>;
  /** The leases that run, scoped ones included. */
  leases(): readonly LeaseRow[];
}

/** The answer of `/healthz` or `/readyz`. */
export interface Health {
  readonly ok: boolean;
  readonly reasons: readonly string[];
  readonly checks?: Readonly<
    Record<string, { readonly ok: boolean; readonly critical: boolean; readonly reason?: string | undefined; readonly ms?: number | undefined }>
  >;
}

/** One page of errors, newest first. */
export interface ErrorPage {
  readonly items: readonly ErrorRecord[];
  readonly next: string | undefined;
}

/** What an ID led to. */
export type ErrorAnswer = { readonly found: ErrorRecord } | { readonly malformed: string } | { readonly missing: string };

/** One open handle, as the page shows it. */
export interface HandleRow {
  readonly kind: string;
  readonly site?: string | undefined;
  readonly [key: string]: unknown;
}

/** Something that is under way: one request, one open span, or the other calls of one function. */
export interface ActiveWork {
  readonly name: string;
  readonly detail: string;
  /** 0 where only the number is known. */
  readonly ageMs: number;
  readonly traceId: string | undefined;
  readonly spanId?: string | undefined;
  readonly count: number;
  /** What 99 of 100 of its name did not exceed, where that is known. */
  readonly p99Ms?: number | undefined;
  /** It takes longer than 99 of 100 of its name did. */
  readonly isSlow: boolean;
  /** It is open for so long that it may never end. */
  readonly isStuck?: boolean;
}

/** A refusal, for the count of refusals. */
export type Refusal =
  | 'peer'
  | 'host'
  | 'origin'
  | 'cross_site'
  | 'token'
  | 'authorize'
  | 'malformed'
  | 'not_found'
  | 'method'
  | 'media_type'
  | 'too_large'
  | 'too_slow'
  | 'too_many'
  | 'busy'
  | 'connections';

/** Everything the admin handler shows; the runtime joins it with the layers. */
export interface AdminDeps {
  readonly service: string;
  metrics(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }>;
  readonly levels: Levels;
  health(kind: 'live' | 'ready'): Promise<Health> | Health;
  error(id: string): Promise<ErrorAnswer>;
  errors(query: { readonly limit: number; readonly after: string | undefined }): Promise<ErrorPage>;
  /** Recent spans. */
  readonly traces: Pick<TraceBook, 'families' | 'spans'>;
  active(): readonly ActiveWork[];
  /** Spans under way that outlived their function; the list shows the oldest of them. */
  openSpans?(): number;
  /** One trace from the store; `undefined` where there is none. */
  trace(id: string): Promise<{ readonly spans: readonly SpanData[]; readonly logs: readonly LogData[] } | undefined>;
  /** The configuration in force; secrets are masked by the page. */
  config(): object;
  handles(): readonly HandleRow[];
  /** What only grows, in one sentence each, with the error ID of its record. */
  leaks?(): readonly { readonly summary: string; readonly errorId: string }[];
  ledger(): LedgerReport;
  /** Which of processor, memory, disk and network limits the process, and how near each is: from 1 it does. */
  bottleneck?(): { readonly resource: string; readonly why: string; readonly pressure: Readonly<Record<string, number>> };
  /** Problems of the SDK itself that are open. */
  problems(): readonly { readonly kind: string; readonly count: number; readonly message: string; readonly since: string }[];
  /** The heap profile since the start, where the heap is sampled all the time. */
  readonly liveHeap?: (() => Promise<HeapJob>) | undefined;
  /** Counts a refusal. `status` is 0 where a connection was closed without a word. */
  refused?(reason: Refusal, status: number): void;
  readonly token?: string | undefined;
  readonly authorize?: ((request: IncomingMessage) => boolean | Promise<boolean>) | undefined;
  readonly requireTtl?: boolean | undefined;
}
