import { type Context, context, propagation, type Span, type TextMapPropagator, type Tracer, trace } from '@opentelemetry/api';
import type { Attributes } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import type { FunctionDef } from '../core/function-def.ts';
import { type Redactor, redactor } from '../core/redact.ts';
import { redactAttributes } from '../core/redact-attributes.ts';
import { scrub } from '../core/redact-text.ts';
import { Scope, type SpanLike } from '../core/scope.ts';
import { contextOf, SondeContextManager } from './engine/context.ts';
import { int32OfHex } from './engine/ids.ts';
import { InertSpan } from './engine/inert-span.ts';
import type { CallScope, Engine } from './engine/port.ts';
import { registeredProvider } from './engine/registration.ts';
import { alwaysOn, type RootSampler } from './engine/sampler.ts';
import { NOT_LISTED } from './open-spans.ts';
import { createPropagator } from './propagation.ts';

/** Options of {@link createOtelSdkEngine}. */
export interface OtelSdkOptions {
  readonly resource: Attributes;
  /** The OTLP/HTTP endpoint of traces, whole (`http://localhost:4318/v1/traces`); the SDK's own default without one. */
  readonly endpoint?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Decides for the spans that begin a trace here; all are kept by default. */
  readonly sampler?: RootSampler;
  /** `false`: a remote parent's decision is not followed. True by default. */
  readonly parentBased?: boolean;
  readonly propagator?: TextMapPropagator;
  /** Judges the attributes of spans; default: by the usual names of secrets. */
  readonly redact?: Redactor;
  /** Takes the place of the OTLP exporter (tests, a processor of one's own). */
  readonly spanProcessors?: readonly object[];
}

/** The engine on OpenTelemetry's own SDK. */
export interface OtelSdkEngine extends Engine {
  readonly name: 'otel-sdk';
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

type SdkSpan = Span & SpanLike & { def?: FunctionDef | undefined; caller?: FunctionDef | undefined; readonly attributes?: Attributes };

/** A call's scope whose span is one of the SDK's. */
class SdkCallScope extends Scope implements CallScope {
  readonly def: FunctionDef | undefined;
  readonly caller: FunctionDef | undefined;
  readonly startMono: number;
  openAt = NOT_LISTED;

  constructor(parent: Scope, span: SdkSpan, def: FunctionDef | undefined) {
    super(parent);
    this.def = def;
    const above = parent.span as SdkSpan | undefined;
    this.caller = above?.def ?? above?.caller;
    this.span = span as SpanLike;
    span.def = def;
    span.caller = this.caller;
    this.startMono = clock.mono();
  }

  /** The SDK's span has a clock of its own. */
  finish(): void {
    const span = this.span as unknown as SdkSpan;
    addValues(span, this.values);
    span.end();
  }
}

/**
 * Starts `@opentelemetry/sdk-node` with Sonde's storage, propagation and resource, and makes an engine of it. The SDK
 * registers itself with the API; it costs about 0.7 s of CPU to load, so it is loaded here and nowhere else.
 */
export async function createOtelSdkEngine(options: OtelSdkOptions): Promise<OtelSdkEngine> {
  const { NodeSDK, resources, tracing } = await import('@opentelemetry/sdk-node');
  const root = sdkSampler(options.sampler ?? alwaysOn);
  const byParent = options.parentBased === false ? { remoteParentSampled: root, remoteParentNotSampled: root } : {};
  const sdk = new NodeSDK({
    autoDetectResources: false,
    instrumentations: [],
    resource: resources.resourceFromAttributes(options.resource as never),
    contextManager: new SondeContextManager(),
    textMapPropagator: options.propagator ?? createPropagator(),
    sampler: new tracing.ParentBasedSampler({ root, ...byParent }),
    spanProcessors: [
      boundValues as never,
      withoutSecrets(options.redact ?? redactor()) as never,
      ...((options.spanProcessors as never[] | undefined) ?? [new tracing.BatchSpanProcessor(await otlpExporter(options))]),
    ],
    metricReaders: [],
    logRecordProcessors: [],
  });
  const before = registeredProvider();
  sdk.start();
  const registered = registeredProvider();
  // The SDK leaves its dead parts behind the API, which refuses whoever comes next: a second start would have no spans.
  const unregister = (): void => {
    if (registered === before || registeredProvider() !== registered) return;
    for (const part of [trace, context, propagation]) part.disable();
  };
  const provider = trace.getTracerProvider() as { getDelegate?(): { forceFlush?(): Promise<void> } };
  const tracer = trace.getTracer('sonde');
  return {
    name: 'otel-sdk',
    open(parent, def, name, kind) {
      return new SdkCallScope(parent, startSpan(tracer, name, kind, parent), def);
    },
    flush: async () => provider.getDelegate?.().forceFlush?.(),
    async shutdown() {
      unregister();
      await sdk.shutdown();
    },
  };
}

async function otlpExporter({ endpoint, headers }: OtelSdkOptions): Promise<never> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new OTLPTraceExporter({ ...(endpoint !== undefined && { url: endpoint }), ...(headers && { headers: { ...headers } }) }) as never;
}

/** A processor of the user's may throw when a span starts or ends; the call goes on without its span. */
function startSpan(tracer: Tracer, name: string, kind: number, parent: Scope): SdkSpan {
  try {
    return tracer.startSpan(name, { kind }, contextOf(parent)) as SdkSpan;
  } catch {
    return new InertSpan() as unknown as SdkSpan;
  }
}

/** Our samplers in the SDK's form, so that either engine decides alike. */
function sdkSampler(sampler: RootSampler) {
  const [refuse, keep] = [0, 2]; // SamplingDecision.NOT_RECORD and RECORD_AND_SAMPLED
  return {
    shouldSample(_context: Context, id: string, name: string, kind: number, attributes: Attributes) {
      const trace = { t0: int32OfHex(id, 0), t1: int32OfHex(id, 8), t2: int32OfHex(id, 16), t3: int32OfHex(id, 24), traceState: undefined };
      return { decision: sampler(trace, undefined, name, kind, attributes) ? keep : refuse };
    },
    toString: () => 'sonde',
  } as never;
}

/** Bound values become attributes of every span, also of those that instrumentations make. */
const boundValues = {
  onStart(span: SdkSpan, parent: Context): void {
    if ((parent as unknown) instanceof Scope) addValues(span, (parent as unknown as Scope).values);
  },
  onEnd(): void {},
  forceFlush: async (): Promise<void> => undefined,
  shutdown: async (): Promise<void> => undefined,
};

interface EndedSdkSpan {
  attributes: Attributes;
  readonly status: { message?: string };
  readonly events: readonly { attributes?: Attributes }[];
  readonly links: readonly { attributes?: Attributes }[];
}

/** Stands before the processors that send: they get what our own engine would send. */
function withoutSecrets(revise: Redactor) {
  const hide = (holder: { attributes?: Attributes }): void => {
    if (holder.attributes !== undefined) holder.attributes = redactAttributes(holder.attributes, revise);
  };
  return {
    ...boundValues,
    onStart(): void {},
    onEnd(span: EndedSdkSpan): void {
      hide(span);
      span.events.forEach(hide);
      span.links.forEach(hide);
      if (span.status.message !== undefined) span.status.message = scrub(span.status.message);
    },
  };
}

function addValues(span: SdkSpan, values: Attributes | undefined): void {
  if (values === undefined || !span.isRecording()) return;
  for (const key of Object.keys(values)) if (span.attributes?.[key] === undefined) span.setAttribute(key, values[key] as never);
}
