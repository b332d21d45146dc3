import type { Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api';
import { warn } from '../../core/diag.ts';
import type { NativeEngine } from './native.ts';
import { NativeTracer } from './tracer.ts';

// Libraries ask for a tracer by constant names; a program that makes names up must not fill the memory.
const MAX_TRACERS = 1_000;

/** OpenTelemetry's tracer provider of our engine. */
export class NativeTracerProvider implements TracerProvider {
  readonly #engine: NativeEngine;
  readonly #tracers = new Map<string, NativeTracer>();
  readonly #overlaps: ReadonlyMap<string, string>;
  #retired = false;

  /** @param overlaps what to say, by the name of an instrumentation, where it makes the spans that Sonde makes too */
  constructor(engine: NativeEngine, overlaps: ReadonlyMap<string, string> = new Map()) {
    this.#engine = engine;
    this.#overlaps = overlaps;
  }

  getTracer(name: string, version?: string, _options?: TracerOptions): Tracer {
    const key = `${name}@${version ?? ''}`;
    const known = this.#tracers.get(key);
    if (known) return known;
    const overlap = this.#overlaps.get(name);
    if (overlap !== undefined) warn(`otel-overlap ${name}`, overlap);
    const tracer = new NativeTracer(this, this.#engine, name || 'unknown', version);
    if (this.#tracers.size < MAX_TRACERS) this.#tracers.set(key, tracer);
    return tracer;
  }

  /** Whether another provider has, or nobody has, taken its place behind the API. */
  get isRetired(): boolean {
    return this.#retired;
  }

  /** Its tracers, which instrumentations keep for good, lead to whoever is behind the API from now on. */
  retire(): void {
    this.#retired = true;
  }
}
