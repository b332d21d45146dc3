import type { Attributes } from '../../core/attributes.ts';
import type { SpanOutput } from '../../core/ended-span.ts';
import type { FunctionDef } from '../../core/function-def.ts';
import type { Scope } from '../../core/scope.ts';
import { type ForeignParent, foreignParent, type NativeTrace, newTrace, RANDOM, SAMPLED, type SpanHost } from './identity.ts';
import { defaultSpanLimits, type SpanLimits } from './limits.ts';
import type { Engine } from './port.ts';
import { alwaysOn, type RootSampler } from './sampler.ts';
import { shapes } from './shapes.ts';
import { NativeSpan } from './span.ts';
import { type KeepOptions, TailKeeper } from './tail.ts';

/** Options of {@link createNativeEngine}. */
export interface NativeEngineOptions {
  readonly output: SpanOutput;
  /** Decides for the spans that begin a trace here; those below follow their parent. All are kept by default. */
  readonly sampler?: RootSampler;
  /** `false`: a remote parent's decision is not followed. True by default. */
  readonly parentBased?: boolean;
  /** Which traces are kept by their outcome though the sampler refused them; none by default. */
  readonly keep?: KeepOptions | false;
  readonly limits?: Partial<SpanLimits>;
}

/** Our own engine: spans are handed to `output` when they end, as the objects they are. */
export class NativeEngine implements Engine {
  readonly name = 'native';
  readonly #host: SpanHost;
  readonly #sampler: RootSampler;
  readonly #parentBased: boolean;
  /** Held only: see {@link shapes}. */
  readonly shapes: readonly object[];

  constructor({ output, sampler = alwaysOn, parentBased = true, keep, limits }: NativeEngineOptions) {
    const keeper = keep === undefined || keep === false ? undefined : new TailKeeper(output, keep);
    this.#host = { output, limits: { ...defaultSpanLimits, ...limits }, keeper };
    this.#sampler = sampler;
    this.#parentBased = parentBased;
    this.shapes = shapes(this.#host);
  }

  open(parent: Scope, def: FunctionDef | undefined, name: string, kind: number, hint?: Attributes): NativeSpan {
    const above = parent.span;
    if (above instanceof NativeSpan) {
      const { trace, flags } = above;
      const keptFlag = (flags & SAMPLED) === 0 ? this.#keptFlag(trace, above.startMono) : 0;
      return new NativeSpan(parent, trace, above.s0, above.s1, flags | keptFlag, def, name, kind, above.def ?? above.caller);
    }
    if (above !== undefined) {
      const remote = foreignParent(this.#host, above);
      if (remote !== undefined) return this.#continue(parent, remote, def, name, kind, hint);
    }
    const trace = newTrace(this.#host);
    const sampled = this.#sampler(trace, def, name, kind, hint);
    return new NativeSpan(parent, trace, 0, 0, sampled ? SAMPLED | RANDOM : RANDOM, def, name, kind, undefined);
  }

  #continue(parent: Scope, remote: ForeignParent, def: FunctionDef | undefined, name: string, kind: number, hint: Attributes | undefined): NativeSpan {
    const { trace, s0, s1, flags } = remote;
    const sampled = this.#parentBased ? (flags & SAMPLED) !== 0 : this.#sampler(trace, def, name, kind, hint);
    const keptFlag = !sampled && trace.tail !== undefined ? this.#keptFlag(trace, 0) : 0;
    return new NativeSpan(parent, trace, s0, s1, keptFlag | (flags & RANDOM) | (sampled ? SAMPLED : 0), def, name, kind, undefined);
  }

  /** The sampled flag of a further span of a refused trace, where that is kept by now. */
  #keptFlag(trace: NativeTrace, sinceMono: number): number {
    const { keeper } = this.#host;
    return keeper === undefined ? 0 : keeper.began(trace, sinceMono);
  }
}

/** Makes our own engine. */
export function createNativeEngine(options: NativeEngineOptions): NativeEngine {
  return new NativeEngine(options);
}
