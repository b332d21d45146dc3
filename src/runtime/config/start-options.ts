import type { IncomingMessage } from 'node:http';
import type { Attributes } from '../../core/attributes.ts';
import type { Duration } from '../../core/duration.ts';
import type { LevelName } from '../../core/level.ts';
import type { SamplingRule } from '../../trace/engine/sampler.ts';

/**
 * What `start()` takes. Every option may be left out; an option wins over `SONDE_*`, which wins over `OTEL_*`.
 *
 * Units: times are {@link Duration}s; sizes are bytes.
 */
export interface StartOptions {
  /** `service.name`. Default: `OTEL_SERVICE_NAME`, else the name in the nearest package.json. */
  readonly service?: string;
  /** `service.version`. Default: `SONDE_RELEASE`, else the version in the nearest package.json. */
  readonly release?: string;
  /** `deployment.environment.name`. Default: `SONDE_ENVIRONMENT`. */
  readonly environment?: string;
  /** Further attributes of the resource. */
  readonly resource?: Attributes;
  /** Folder of store, journal and spool. Default: `SONDE_DIR`, else `.sonde`. */
  readonly dir?: string;
  /** `sonde`: our own engine. `otel-sdk`: `@opentelemetry/sdk-node`. Default: `sonde`. */
  readonly engine?: 'sonde' | 'otel-sdk';
  /** Switches all of it off: the vocabulary stays a no-op. Default: `OTEL_SDK_DISABLED`, else false. */
  readonly disabled?: boolean;
  readonly sampling?: {
    /** Share of traces that are kept, 0 to 1, where no parent decided. Default: 1. */
    readonly ratio?: number;
    /** At most so many traces a second that begin here. Default: no limit. */
    readonly perSecond?: number;
    /** Functions and routes that are sampled otherwise; the first rule that fits holds. */
    readonly rules?: readonly SamplingRule[];
    /** Traces that fail, are cancelled, or are slow for their function are kept though the sampling refused them. Default: all three. */
    readonly keep?: false | { readonly failed?: boolean; readonly cancelled?: boolean; readonly slow?: boolean };
  };
  /** Sends to an OTLP receiver in place of the embedded store. */
  readonly otlp?: {
    /** Base URL, such as `http://collector:4318`; `/v1/traces`, `/v1/logs` and `/v1/metrics` are added. */
    readonly endpoint?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Default: `http/protobuf`. */
    readonly protocol?: 'http/protobuf' | 'http/json';
    /** Default: `gzip`, but `none` to a receiver on this machine (`localhost`, `127.0.0.1`, `[::1]`). */
    readonly compression?: 'gzip' | 'none';
    /** Limit of one request. Default: `10s`. */
    readonly timeout?: Duration;
    /** PEM files for `https` endpoints: the authority to trust, and what this process shows of itself (mutual TLS). Default: `OTEL_EXPORTER_OTLP_CERTIFICATE`, `_CLIENT_CERTIFICATE`, `_CLIENT_KEY`. */
    readonly tls?: { readonly certificate?: string; readonly clientCertificate?: string; readonly clientKey?: string };
    /** How often metrics are pushed. Default: `OTEL_METRIC_EXPORT_INTERVAL`, else 60 s; `OTEL_METRICS_EXPORTER=none` leaves them to be scraped. */
    readonly metrics?: Duration;
  };
  readonly logs?: {
    /** Level of the root logger. Default: `SONDE_LOG_LEVEL`, else `info`. */
    readonly level?: LevelName;
    /** Levels by logger name, inherited by the names below (`orders` holds for `orders.db`). */
    readonly levels?: Readonly<Record<string, LevelName>>;
    /** Default: `SONDE_LOG_FORMAT`, else text on a terminal and JSON elsewhere. */
    readonly format?: 'json' | 'text';
    /** Names that stand for several loggers, such as `{ storage: ['db', 'cache'] }`. */
    readonly groups?: Readonly<Record<string, readonly string[]>>;
    /** Further keys whose values are redacted at any depth; one with `*` is a path, such as `user.*.email`. */
    readonly redact?: readonly string[];
    /** Of equal lines in a tick, the first pass and then every so-many-th; what is left out is in the ledger. Default: off; `{}`: 100, then every 100th, a second. */
    readonly sampling?: { readonly tick?: Duration; readonly first?: number; readonly thereafter?: number };
    /** At most so many lines a second, with a burst of one second's worth. Default: off. */
    readonly rateLimit?: { readonly perSecond: number; readonly burst?: number };
    /** Holds lines below the level and writes them when their trace fails: an error is reported or logged in it, or the request or outermost traced call ends with one. Default: off; `true`: from debug, 100 lines a trace, 500 traces, 8 MiB. */
    readonly retroactive?: boolean | { readonly level?: LevelName; readonly linesPerTrace?: number; readonly traces?: number; readonly maxBytes?: number };
    /** Sends `console.*` through the logger `console`. Default: off. */
    readonly console?: boolean;
  };
  /** `false`: HTTP is not watched. */
  readonly http?:
    | false
    | {
        /** The limit of every incoming request. Default: none but the caller's header. */
        readonly limit?: Duration;
        /** Incoming requests for which this returns true are not watched. */
        readonly ignore?: (request: IncomingMessage) => boolean;
      };
  /** The admin handler and, with a port, a server of its own for it. */
  readonly admin?: {
    /** Port of an own server; 0 takes a free one. Default: `SONDE_ADMIN_PORT`, else no server. */
    readonly port?: number;
    /** Address of the own server. Default: `127.0.0.1`. */
    readonly host?: string;
    /** Bearer token; with it, peers beyond loopback are served. Default: `SONDE_ADMIN_TOKEN`. */
    readonly token?: string;
    /** Decides on each request in place of the loopback rule. */
    readonly authorize?: (request: IncomingMessage) => boolean | Promise<boolean>;
    /** Refuses a change of a level without `ttl`. Default: false. */
    readonly requireTtl?: boolean;
    /** Samples the heap from the start (every 512 KiB), so that `/debug/pprof/heap` shows what is alive. Default: `SONDE_HEAP_PROFILE`, else false. */
    readonly heapProfile?: boolean;
    /** The path below which the handler is mounted, such as `/ops`, where the framework leaves it on the URL. Default: any prefix is passed over. */
    readonly prefix?: string;
  };
  /** Tells every bug to a webhook, so that a tracker can open an issue. Default: nowhere. */
  readonly report?: {
    readonly url: string;
    /** Signs each delivery with HMAC-SHA256 (`X-Sonde-Signature`, see `verifyReport`). */
    readonly secret?: string;
    /** The same fingerprint is told at most once in this time, with the number of occurrences. Default: `1h`. */
    readonly every?: Duration;
  };
  readonly retention?: {
    /** Age at which a day of the store is deleted. Default: `7d`. */
    readonly age?: Duration;
    /** Size of the store at which its oldest days are deleted. Default: 1 GiB. */
    readonly bytes?: number;
  };
  /** Watches timers, servers, sockets and child processes. Default: true. */
  readonly handles?: boolean;
}
