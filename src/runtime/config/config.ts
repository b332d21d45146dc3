import type { Attributes } from '../../core/attributes.ts';
import type { LevelName } from '../../core/level.ts';
import type { RetroOptions } from '../../logs/retro.ts';
import type { RateLimitOptions, SamplingOptions } from '../../logs/sampling.ts';
import type { SpanLimits } from '../../trace/engine/limits.ts';
import type { SamplingRule } from '../../trace/engine/sampler.ts';
import type { KeepOptions } from '../../trace/engine/tail.ts';
import type { StartOptions } from './start-options.ts';

export type OtlpSignal = 'traces' | 'logs' | 'metrics';

/** Paths of PEM files for OTLP over TLS. */
export interface OtlpTls {
  /** The authority that the receiver's certificate is checked against, in place of Node's list. */
  readonly certificate: string | undefined;
  /** What this process shows of itself, where the receiver asks (mutual TLS). */
  readonly clientCertificate: string | undefined;
  readonly clientKey: string | undefined;
}

/** How a request of OTLP is made. */
export interface OtlpRequestConfig {
  readonly headers: Readonly<Record<string, string>>;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
  readonly tls?: OtlpTls | undefined;
}

/** Where OTLP goes, and how. */
export interface OtlpConfig extends OtlpRequestConfig {
  readonly tracesUrl: string;
  readonly logsUrl: string;
  readonly metricsUrl: string;
  /** How often metrics are pushed; `undefined`: they are only scraped. */
  readonly metricsEveryMs: number | undefined;
  /** What differs for one signal. */
  readonly bySignal?: Readonly<Partial<Record<OtlpSignal, Partial<OtlpRequestConfig>>>>;
  /** Signals that are not sent. */
  readonly off?: readonly ('traces' | 'logs')[];
}

/** How traces are chosen. */
export interface SamplerConfig {
  readonly parentBased: boolean;
  readonly ratio: number;
  readonly perSecond: number | undefined;
  readonly rules: readonly SamplingRule[] | undefined;
  /** `undefined`: all outcomes. */
  readonly keep: false | KeepOptions | undefined;
}

/** The whole configuration after options, `SONDE_*` and `OTEL_*` were joined; nothing else reads the environment. */
export interface Config {
  readonly disabled: boolean;
  readonly service: string;
  readonly resource: Attributes;
  /** Absolute. */
  readonly dir: string;
  readonly engine: 'sonde' | 'otel-sdk';
  readonly sampler: SamplerConfig;
  /** Bounds of one span, where they were set. */
  readonly spanLimits: Partial<SpanLimits>;
  readonly propagators: readonly ('tracecontext' | 'baggage')[];
  readonly otlp: OtlpConfig | undefined;
  /** The limits of OpenTelemetry's batch processor, where they were set. */
  readonly batch: { readonly delayMs: number | undefined; readonly queueSize: number | undefined; readonly batchSize: number | undefined };
  readonly logs: {
    readonly level: LevelName;
    readonly levels: Readonly<Record<string, LevelName>>;
    readonly groups: Readonly<Record<string, readonly string[]>>;
    readonly format: 'json' | 'text';
    readonly redact: readonly string[];
    readonly sampling: SamplingOptions | undefined;
    readonly rateLimit: RateLimitOptions | undefined;
    readonly retro: RetroOptions | undefined;
    readonly console: boolean;
  };
  readonly http: false | { readonly limitMs: number | undefined; readonly ignore: ((request: import('node:http').IncomingMessage) => boolean) | undefined };
  readonly admin: {
    readonly port: number | undefined;
    readonly host: string;
    readonly token: string | undefined;
    readonly authorize: NonNullable<StartOptions['admin']>['authorize'] | undefined;
    readonly requireTtl: boolean;
    readonly heapProfile: boolean;
    /** Without its last slash; `undefined` where nobody said one. */
    readonly prefix: string | undefined;
  };
  readonly retention: { readonly ageMs: number; readonly bytes: number };
  /** Where bugs are told; `undefined`: nowhere. */
  readonly report: { readonly url: string; readonly secret: string | undefined; readonly everyMs: number } | undefined;
  readonly handles: boolean;
  readonly explainExit: boolean;
}
