import { clock } from '../../core/clock.ts';
import { withInspector } from './inspector.ts';
import type { HeapJob } from './job.ts';
import { placeFinder } from './places.ts';
import { type Place, ProfileBuilder } from './profile-builder.ts';
import { findSpanNames, NO_NAMES, spanLabels } from './span-names.ts';
import type { CallFrame, HeapNode, HeapProfile } from './v8-profile.ts';
import { wait } from './wait.ts';

const INTERVAL_BYTES = 32_768; // one sample each 32 KiB on average: fine enough for seconds, a few per cent while it runs

/**
 * Takes a heap profile of this thread over some time. `heap`: what was allocated meanwhile and is still alive;
 * `allocs`: all that was allocated meanwhile.
 */
export function takeHeapProfile(kind: 'heap' | 'allocs', ms: number, signal: AbortSignal): Promise<HeapJob> {
  const startMs = clock.now();
  const all = kind === 'allocs';
  return withInspector(async (post) => {
    await post('HeapProfiler.enable');
    await post('HeapProfiler.startSampling', {
      samplingInterval: INTERVAL_BYTES,
      includeObjectsCollectedByMajorGC: all,
      includeObjectsCollectedByMinorGC: all,
    });
    await wait(ms, signal);
    const { profile } = await post<{ profile: HeapProfile }>('HeapProfiler.stopSampling');
    const durationMs = clock.now() - startMs;
    const names = signal.aborted ? NO_NAMES : await findSpanNames(post, framesOf(profile));
    return { kind, profile, names, startMs, durationMs, intervalBytes: INTERVAL_BYTES };
  });
}

/** Every frame of a profile; a list, not recursion: the tree is as deep as the program's stacks. */
export function* framesOf({ head }: HeapProfile): Generator<CallFrame> {
  const open = [head];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node.callFrame;
    open.push(...node.children);
  }
}

/** Writes V8's profile in pprof's format: objects and bytes by stack, as Go names them. */
export function encodeHeapProfile({ profile, kind, startMs, durationMs, intervalBytes, names }: HeapJob): Buffer {
  const prefix = kind === 'heap' ? 'inuse' : 'alloc';
  const space = { type: `${prefix}_space`, unit: 'bytes' };
  const builder = new ProfileBuilder({
    values: [{ type: `${prefix}_objects`, unit: 'count' }, space],
    startMs,
    durationMs,
    periodType: { type: 'space', unit: 'bytes' },
    period: intervalBytes,
  });
  const place = placeFinder(names);
  const counts = new Map<number, number>();
  for (const { nodeId } of profile.samples ?? []) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  const open: { node: HeapNode; stack: readonly Place[]; labels: Readonly<Record<string, string>> }[] = [{ node: profile.head, stack: [], labels: {} }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, stack } = next;
    const own = node.callFrame.functionName === '(root)' ? stack : [place(node.callFrame), ...stack];
    const labels = { ...next.labels, ...spanLabels([node.callFrame], names) };
    if (node.selfSize > 0) builder.sample(own, [Math.max(1, counts.get(node.id) ?? 1), node.selfSize], labels);
    for (const child of node.children) open.push({ node: child, stack: own, labels });
  }
  return builder.finish();
}
