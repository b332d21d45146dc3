import type { SpanOutput } from '../core/ended-span.ts';
import { redactor } from '../core/redact.ts';
import { ROOT } from '../core/scope.ts';
import { contextOf, SondeContextManager } from '../trace/engine/context.ts';
import { createNativeEngine } from '../trace/engine/native.ts';
import { type Engine, installEngine } from '../trace/engine/port.ts';
import { NativeTracerProvider } from '../trace/engine/provider.ts';
import { registerApi } from '../trace/engine/registration.ts';
import { createSampler } from '../trace/engine/sampler.ts';
import { createPropagator, extractScope } from '../trace/propagation.ts';
import type { Config } from './config/config.ts';
import type { Propagation } from './http-spans.ts';

/** The engine in use, with its propagation. */
export interface OpenEngine {
  readonly engine: Engine;
  readonly propagation: Propagation;
  /** Resolves when instrumentations find the engine behind the OpenTelemetry API. */
  readonly ready: Promise<void>;
  /** Sends what an engine keeps itself; ours hands every span over when it ends. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Our own engine: in place when this returns; only the OpenTelemetry API is loaded later. */
export function openNativeEngine(config: Config, output: SpanOutput): OpenEngine {
  const propagator = createPropagator(config.propagators);
  const { parentBased, keep = {} } = config.sampler;
  const engine = createNativeEngine({ output, sampler: createSampler(config.sampler), parentBased, keep, limits: config.spanLimits });
  const uninstall = installEngine(engine);
  const registered = registerApi({
    provider: new NativeTracerProvider(engine, config.http === false ? undefined : HTTP_TWICE),
    contextManager: new SondeContextManager(),
    propagator,
  });
  return {
    engine,
    propagation: propagationOf(propagator),
    ready: registered.then(() => undefined),
    async flush() {},
    async stop() {
      uninstall();
      (await registered)();
    },
  };
}

/** The engine on OpenTelemetry's SDK, which has to be loaded first. */
export async function openSdkEngine(config: Config): Promise<OpenEngine> {
  const { createOtelSdkEngine } = await import('../trace/otel-sdk.ts');
  const propagator = createPropagator(config.propagators);
  const { logs, otlp, sampler, resource } = config;
  const engine = await createOtelSdkEngine({
    resource,
    sampler: createSampler(sampler),
    parentBased: sampler.parentBased,
    propagator,
    redact: redactor(logs.redact),
    ...(otlp && { endpoint: otlp.tracesUrl, headers: otlp.headers }),
  });
  const uninstall = installEngine(engine);
  return {
    engine,
    propagation: propagationOf(propagator),
    ready: Promise.resolve(),
    flush: () => engine.flush(),
    async stop() {
      uninstall();
      await engine.shutdown();
    },
  };
}

/** Instrumentations that watch what Sonde watches without them. */
const HTTP_TWICE = new Map(
  ['@opentelemetry/instrumentation-http', '@opentelemetry/instrumentation-undici'].map((name) => [
    name,
    `${name} and Sonde both watch HTTP: each request has two spans; remove ${name}, or start Sonde with http: false`,
  ]),
);

type Propagator = ReturnType<typeof createPropagator>;

function propagationOf(propagator: Propagator): Propagation {
  return {
    extract: (headers) => extractScope(ROOT, headers, propagator),
    inject: (scope, set) => propagator.inject(contextOf(scope), set, SETTER),
  };
}

const SETTER = {
  set(carrier: (name: string, value: string) => void, name: string, value: string): void {
    carrier(name, value);
  },
};
