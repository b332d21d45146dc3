import type { Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api';
import type { NativeEngine } from './native.ts';
import { NativeTracer } from './tracer.ts';

// Libraries ask for a tracer by constant names; a program that makes names up must not fill the memory.
const MAX_TRACERS = 1_000;

/** OpenTelemetry's tracer provider of our engine. */
export class NativeTracerProvider implements TracerProvider {
  readonly #engine: NativeEngine;
  readonly #tracers = new Map<string, NativeTracer>();

  constructor(engine: NativeEngine) {
    this.#engine = engine;
  }

  getTracer(name: string, version?: string, _options?: TracerOptions): Tracer {
    const key = `${name}@${version ?? ''}`;
    const known = this.#tracers.get(key);
    if (known) return known;
    const tracer = new NativeTracer(this.#engine, name || 'unknown', version);
    if (this.#tracers.size < MAX_TRACERS) this.#tracers.set(key, tracer);
    return tracer;
  }
}
