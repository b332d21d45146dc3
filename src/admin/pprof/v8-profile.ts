/** A function as V8's profiles name it; lines and columns from 0. */
export interface CallFrame {
  readonly functionName: string;
  readonly scriptId?: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** One place of a CPU profile's tree. */
export interface CpuNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
}

/** What `Profiler.stop` gives. */
export interface CpuProfile {
  readonly nodes: readonly CpuNode[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

/** One place of a heap profile's tree. */
export interface HeapNode {
  readonly callFrame: CallFrame;
  readonly id: number;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

/** What `HeapProfiler.stopSampling` and `getSamplingProfile` give. */
export interface HeapProfile {
  readonly head: HeapNode;
  readonly samples?: readonly { readonly size: number; readonly nodeId: number }[];
}
