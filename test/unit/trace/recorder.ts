import { afterEach, beforeEach, expect } from 'vitest';
import type { EndedSpan, SpanOutput } from '../../../src/core/ended-span.ts';
import { hex32 } from '../../../src/trace/engine/ids.ts';
import { createNativeEngine, type NativeEngineOptions } from '../../../src/trace/engine/native.ts';
import { installEngine } from '../../../src/trace/engine/port.ts';
import { openSpans } from '../../../src/trace/open-spans.ts';

/** A span as tests like to read it. */
export interface SeenSpan {
  readonly name: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly trace: string;
  readonly ms: number;
  readonly status: number;
  readonly message: string | undefined;
  readonly attributes: Record<string, unknown>;
  readonly kind: number;
}

export class Recorder implements SpanOutput {
  readonly spans: SeenSpan[] = [];
  dropped = 0;

  ended(span: EndedSpan): void {
    this.spans.push({
      name: span.name,
      id: hex32(span.s0) + hex32(span.s1),
      parent: span.p0 === 0 && span.p1 === 0 ? undefined : hex32(span.p0) + hex32(span.p1),
      trace: [span.trace.t0, span.trace.t1, span.trace.t2, span.trace.t3].map(hex32).join(''),
      ms: span.endMono - span.startMono,
      status: span.statusCode,
      message: span.statusMessage,
      attributes: { ...span.values, ...span.attrs },
      kind: span.kind,
    });
  }

  sampledOut(): void {
    this.dropped++;
  }

  named(name: string): SeenSpan {
    const found = this.spans.filter((span) => span.name === name);
    if (found.length !== 1) throw new Error(`${found.length} spans are named "${name}" of: ${this.spans.map((span) => span.name).join(', ')}`);
    return found[0] as SeenSpan;
  }
}

/** A native engine in place, and what it makes. */
export function recordSpans(options: Omit<NativeEngineOptions, 'output'> = {}): Recorder & { stop: () => void } {
  const recorder = new Recorder();
  const stop = installEngine(createNativeEngine({ ...options, output: recorder }));
  return Object.assign(recorder, { stop });
}

/** A new recorder for each test of a file; whatever a test opened it has to have ended. */
export function recordEach(): { readonly spans: readonly SeenSpan[] } {
  let seen: ReturnType<typeof recordSpans>;
  beforeEach(() => {
    seen = recordSpans();
  });
  afterEach(() => {
    seen.stop();
    expect(openSpans(1).count).toBe(0);
  });
  return {
    get spans() {
      return seen.spans;
    },
  };
}
