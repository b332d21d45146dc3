import type { SpanOutput } from '../../core/ended-span.ts';
import type { FunctionDef } from '../../core/function-def.ts';
import type { Scope } from '../../core/scope.ts';
import { foreignParent, newTrace, RANDOM, SAMPLED, type SpanHost } from './identity.ts';
import { defaultSpanLimits, type SpanLimits } from './limits.ts';
import type { CallScope, Engine } from './port.ts';
import { alwaysOn, type RootSampler } from './sampler.ts';
import { NativeSpan } from './span.ts';

/** Options of {@link createNativeEngine}. */
export interface NativeEngineOptions {
  readonly output: SpanOutput;
  /** Decides for the spans that begin a trace here; those below follow their parent. All are kept by default. */
  readonly sampler?: RootSampler;
  readonly limits?: Partial<SpanLimits>;
}

/** Our own engine: spans are handed to `output` when they end, as the objects they are. */
export class NativeEngine implements Engine {
  readonly name = 'native';
  readonly #host: SpanHost;
  readonly #sampler: RootSampler;

  constructor(options: NativeEngineOptions) {
    this.#host = { output: options.output, limits: { ...defaultSpanLimits, ...options.limits } };
    this.#sampler = options.sampler ?? alwaysOn;
  }

  open(parent: Scope, def: FunctionDef | undefined, name: string, kind: number): NativeSpan {
    const above = parent.span;
    if (above instanceof NativeSpan) return new NativeSpan(parent, above.trace, above.s0, above.s1, above.flags, def, name, kind, above.def ?? above.caller);
    if (above !== undefined) {
      const remote = foreignParent(this.#host, above);
      if (remote !== undefined) return new NativeSpan(parent, remote.trace, remote.s0, remote.s1, remote.flags & (SAMPLED | RANDOM), def, name, kind, undefined);
    }
    const trace = newTrace(this.#host);
    return new NativeSpan(parent, trace, 0, 0, this.#sampler(trace, def, name, kind) ? SAMPLED | RANDOM : RANDOM, def, name, kind, undefined);
  }

  close(call: CallScope, endMono: number): void {
    (call as NativeSpan).finish(endMono);
  }
}

/** Makes our own engine. */
export function createNativeEngine(options: NativeEngineOptions): NativeEngine {
  return new NativeEngine(options);
}
