import type { CpuProfile, HeapProfile } from './v8-profile.ts';

/** Span names by the place of their functions. */
export type SpanNames = ReadonlyMap<string, string>;

interface Taken {
  readonly names: SpanNames;
  readonly startMs: number;
  readonly durationMs: number;
}

/** A CPU profile as V8 gave it. */
export interface CpuJob extends Taken {
  readonly kind: 'cpu';
  readonly profile: CpuProfile;
}

/** A heap profile as V8 gave it. */
export interface HeapJob extends Taken {
  readonly kind: 'heap' | 'allocs';
  readonly profile: HeapProfile;
  /** Bytes between two samples on average. */
  readonly intervalBytes: number;
}

/** A profile that is to be written in pprof's format. Everything in it can be cloned to another thread. */
export type Job = CpuJob | HeapJob;
