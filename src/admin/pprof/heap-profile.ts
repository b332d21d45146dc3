import { clock } from '../../core/clock.ts';
import { withInspector } from './inspector.ts';
import { type CallFrame, placeFinder } from './places.ts';
import { type Place, ProfileBuilder } from './profile-builder.ts';
import { wait } from './wait.ts';

const INTERVAL_BYTES = 32_768; // one sample each 32 KiB on average: fine enough for seconds, a few per cent while it runs

interface HeapNode {
  readonly callFrame: CallFrame;
  readonly id: number;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}
interface HeapProfile {
  readonly head: HeapNode;
  readonly samples?: readonly { readonly size: number; readonly nodeId: number }[];
}

/**
 * Takes a heap profile of this thread over some time. `heap`: what was allocated meanwhile and is still alive;
 * `allocs`: all that was allocated meanwhile.
 */
export async function takeHeapProfile(kind: 'heap' | 'allocs', ms: number, signal: AbortSignal): Promise<Buffer> {
  const startMs = clock.now();
  const all = kind === 'allocs';
  const profile = await withInspector(async (post) => {
    await post('HeapProfiler.enable');
    await post('HeapProfiler.startSampling', {
      samplingInterval: INTERVAL_BYTES,
      includeObjectsCollectedByMajorGC: all,
      includeObjectsCollectedByMinorGC: all,
    });
    await wait(ms, signal);
    return (await post<{ profile: HeapProfile }>('HeapProfiler.stopSampling')).profile;
  });
  return encodeHeapProfile(profile, kind, startMs, clock.now() - startMs);
}

/** Writes V8's profile in pprof's format: objects and bytes by stack, as Go names them. */
export function encodeHeapProfile(profile: HeapProfile, kind: 'heap' | 'allocs', startMs: number, durationMs: number): Buffer {
  const prefix = kind === 'heap' ? 'inuse' : 'alloc';
  const space = { type: `${prefix}_space`, unit: 'bytes' };
  const builder = new ProfileBuilder({
    values: [{ type: `${prefix}_objects`, unit: 'count' }, space],
    startMs,
    durationMs,
    periodType: { type: 'space', unit: 'bytes' },
    period: INTERVAL_BYTES,
  });
  const place = placeFinder();
  const counts = new Map<number, number>();
  for (const { nodeId } of profile.samples ?? []) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  // A list, not recursion: the tree is as deep as the program's stacks.
  const open: { node: HeapNode; stack: readonly Place[] }[] = [{ node: profile.head, stack: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, stack } = next;
    const own = node.callFrame.functionName === '(root)' ? stack : [place(node.callFrame), ...stack];
    if (node.selfSize > 0) builder.sample(own, [Math.max(1, counts.get(node.id) ?? 1), node.selfSize]);
    for (const child of node.children) open.push({ node: child, stack: own });
  }
  return builder.finish();
}
