import { clock } from '../../core/clock.ts';
import { withInspector } from './inspector.ts';
import type { CpuJob } from './job.ts';
import { placeFinder } from './places.ts';
import { ProfileBuilder } from './profile-builder.ts';
import { findSpanNames, NO_NAMES, spanLabels } from './span-names.ts';
import type { CallFrame, CpuNode, CpuProfile } from './v8-profile.ts';
import { wait } from './wait.ts';

const INTERVAL_US = 1_000; // V8's own default: 1,000 samples a second cost a few per cent while the profile runs

/** Takes a CPU profile of this thread; ends early where the signal aborts. */
export function takeCpuProfile(ms: number, signal: AbortSignal): Promise<CpuJob> {
  const startMs = clock.now();
  return withInspector(async (post) => {
    await post('Profiler.enable');
    await post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    await post('Profiler.start');
    await wait(ms, signal);
    const { profile } = await post<{ profile: CpuProfile }>('Profiler.stop');
    const durationMs = clock.now() - startMs;
    const names = signal.aborted
      ? NO_NAMES
      : await findSpanNames(
          post,
          profile.nodes.map(({ callFrame }) => callFrame),
        );
    return { kind: 'cpu', profile, names, startMs, durationMs };
  });
}

/**
 * Writes V8's profile in pprof's format: samples and nanoseconds by stack and line, with the span in which they fell as
 * the label `span` where a traced function is on the stack; idle time is no CPU time.
 */
export function encodeCpuProfile({ profile, startMs, durationMs, names }: CpuJob): Buffer {
  const cpu = { type: 'cpu', unit: 'nanoseconds' };
  const builder = new ProfileBuilder({ values: [{ type: 'samples', unit: 'count' }, cpu], startMs, durationMs, periodType: cpu, period: INTERVAL_US * 1_000 });
  const place = placeFinder(names);
  const parents = parentsOf(profile.nodes);
  const times = timesOf(profile);
  for (const node of profile.nodes) {
    const time = times.get(node.id);
    if (time === undefined || node.callFrame.functionName === '(idle)') continue;
    const above = framesAbove(node, parents);
    const stack = above.map((frame) => place(frame));
    const labels = spanLabels([node.callFrame, ...above], names);
    for (const { line, share } of linesOf(node)) {
      builder.sample([place(node.callFrame, line), ...stack], [Math.round(time.samples * share), Math.round(time.us * share * 1_000)], labels);
    }
  }
  return builder.finish();
}

function parentsOf(nodes: readonly CpuNode[]): ReadonlyMap<number, CpuNode> {
  const parents = new Map<number, CpuNode>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  return parents;
}

function timesOf({ samples = [], timeDeltas = [] }: CpuProfile): ReadonlyMap<number, { samples: number; us: number }> {
  const times = new Map<number, { samples: number; us: number }>();
  for (let i = 0; i < samples.length; i++) {
    const id = samples[i] as number;
    const time = times.get(id) ?? { samples: 0, us: 0 };
    time.samples++;
    // A delta is the time before its sample; the next one is the time that the sample stands for.
    time.us += Math.max(0, timeDeltas[i + 1] ?? INTERVAL_US);
    times.set(id, time);
  }
  return times;
}

const MAX_DEPTH = 512; // V8 cuts stacks at 255 frames; joined async stacks are longer

function framesAbove(node: CpuNode, parents: ReadonlyMap<number, CpuNode>): CallFrame[] {
  const frames: CallFrame[] = [];
  for (let at = parents.get(node.id); at && at.callFrame.functionName !== '(root)' && frames.length < MAX_DEPTH; at = parents.get(at.id))
    frames.push(at.callFrame);
  return frames;
}

function linesOf({ positionTicks, callFrame }: CpuNode): readonly { line: number; share: number }[] {
  const total = (positionTicks ?? []).reduce((sum, { ticks }) => sum + ticks, 0);
  if (!positionTicks || total === 0) return [{ line: callFrame.lineNumber + 1, share: 1 }];
  return positionTicks.map(({ line, ticks }) => ({ line, share: ticks / total }));
}
