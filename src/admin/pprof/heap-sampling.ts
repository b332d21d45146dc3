import { Session } from 'node:inspector';
import { clock } from '../../core/clock.ts';
import { framesOf } from './heap-profile.ts';
import { poster } from './inspector.ts';
import type { HeapJob } from './job.ts';
import { findSpanNames } from './span-names.ts';
import type { HeapProfile } from './v8-profile.ts';

/** Go's rate of memory profiles: the cost is below what can be measured, and what grows is some MB at least. */
const INTERVAL_BYTES = 524_288;

/** The heap under observation. */
export interface HeapSampling {
  /** What was allocated since the beginning and is alive; V8 collects garbage before it tells. */
  live(): Promise<HeapJob>;
  stop(): void;
}

/** Samples what is allocated from now on, so that a heap profile tells at once what is alive. */
export async function startHeapSampling(): Promise<HeapSampling> {
  const session = new Session();
  session.connect();
  const post = poster(session);
  const startMs = clock.now();
  await post('HeapProfiler.enable');
  await post('HeapProfiler.startSampling', { samplingInterval: INTERVAL_BYTES });
  return {
    async live() {
      const { profile } = await post<{ profile: HeapProfile }>('HeapProfiler.getSamplingProfile');
      const names = await findSpanNames(post, framesOf(profile));
      return { kind: 'heap', profile, names, startMs, durationMs: clock.now() - startMs, intervalBytes: INTERVAL_BYTES };
    },
    stop: () => session.disconnect(),
  };
}
