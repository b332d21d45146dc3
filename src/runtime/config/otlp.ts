import type { OtlpConfig, OtlpRequestConfig, OtlpSignal, OtlpTls } from './config.ts';
import { duration, httpUrl, otelMillis, otlpHeaders, pemFile, type Reader, text, word } from './readers.ts';
import type { Setting, Sources } from './sources.ts';

const PROTOCOL: Reader<'http/protobuf' | 'http/json'> = {
  ...word({ 'http/protobuf': 'http/protobuf', 'http/json': 'http/json' } as const),
  expected: 'http/protobuf or http/json (gRPC is not supported; collectors take OTLP over HTTP on port 4318)',
};
const COMPRESSION = word({ gzip: 'gzip', none: 'none' } as const);
const EXPORTER = word({ otlp: 'otlp', none: 'none' } as const);
const SIGNALS: readonly OtlpSignal[] = ['traces', 'logs', 'metrics'];

/** Where OTLP goes, by the variables of OpenTelemetry's specification; what is set for one signal wins for it. */
export function otlpOf(from: Sources): OtlpConfig | undefined {
  const base = from.pick({ option: 'otlp.endpoint', env: ['OTEL_EXPORTER_OTLP_ENDPOINT'], reader: httpUrl });
  const [traces, logs, metrics] = SIGNALS.map((signal) => from.pick({ env: [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`], reader: httpUrl }));
  const shared = requestOf(from, 'OTEL_EXPORTER_OTLP', (name) => `otlp.${name}`);
  const bySignal: Partial<Record<OtlpSignal, Partial<OtlpRequestConfig>>> = {};
  for (const signal of SIGNALS) {
    const own = requestOf(from, `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}`, () => undefined);
    if (Object.keys(own).length > 0) bySignal[signal] = own;
  }
  const off = (['traces', 'logs'] as const).filter((signal) => from.pick({ env: [`OTEL_${signal.toUpperCase()}_EXPORTER`], reader: EXPORTER }) === 'none');
  const metricsEveryMs = metricsEvery(from, (base ?? metrics) !== undefined);
  const anyBase = base ?? originOf(traces ?? logs ?? metrics);
  if (anyBase === undefined) return undefined;
  return {
    tracesUrl: traces ?? below(anyBase, 'v1/traces'),
    logsUrl: logs ?? below(anyBase, 'v1/logs'),
    metricsUrl: metrics ?? below(anyBase, 'v1/metrics'),
    metricsEveryMs,
    headers: {},
    protocol: 'http/protobuf',
    compression: isLoopback(base ?? traces ?? logs) ? 'none' : 'gzip',
    timeoutMs: 10_000,
    ...shared,
    ...(Object.keys(bySignal).length > 0 && { bySignal }),
    ...(off.length > 0 && { off }),
  };
}

/** What is set of a request's settings by the variables with this prefix. */
function requestOf(from: Sources, prefix: string, optionOf: (name: string) => string | undefined): Partial<OtlpRequestConfig> {
  const pick = <T>(name: string, suffix: string, setting: Omit<Setting<T>, 'option' | 'env'>, own = setting.reader): T | undefined => {
    const option = optionOf(name);
    return from.pick({ ...setting, ...(option !== undefined && { option }), env: [[`${prefix}_${suffix}`, own]] });
  };
  const settings = {
    headers: pick('headers', 'HEADERS', { reader: otlpHeaders, secret: true }),
    protocol: pick('protocol', 'PROTOCOL', { reader: PROTOCOL }),
    compression: pick('compression', 'COMPRESSION', { reader: COMPRESSION }),
    timeoutMs: pick('timeout', 'TIMEOUT', { reader: duration }, otelMillis),
    tls: tlsOf(from, prefix, optionOf),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function tlsOf(from: Sources, prefix: string, optionOf: (name: string) => string | undefined): OtlpTls | undefined {
  const file = (name: keyof OtlpTls, suffix: string): string | undefined => {
    const option = optionOf(`tls.${name}`);
    return from.pick({ ...(option !== undefined && { option }), env: [`${prefix}_${suffix}`], reader: pemFile });
  };
  const certificate = file('certificate', 'CERTIFICATE');
  const clientCertificate = file('clientCertificate', 'CLIENT_CERTIFICATE');
  const clientKey = file('clientKey', 'CLIENT_KEY');
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    from.problems.push(`only one of ${prefix}_CLIENT_CERTIFICATE and ${prefix}_CLIENT_KEY is usable, expected both or none`);
  }
  const files = { certificate, clientCertificate, clientKey };
  return Object.values(files).some((path) => path !== undefined) ? files : undefined;
}

/**
 * As in OpenTelemetry, metrics are pushed wherever a receiver for them is named. Where the page is scraped too,
 * `OTEL_METRICS_EXPORTER=none` keeps them from being counted twice.
 */
function metricsEvery(from: Sources, hasReceiver: boolean): number | undefined {
  const option = from.pick({ option: 'otlp.metrics', reader: duration });
  const intervalMs = from.pick({ env: ['OTEL_METRIC_EXPORT_INTERVAL'], reader: otelMillis }) ?? 60_000;
  const exporters = from.pick({ env: ['OTEL_METRICS_EXPORTER'], reader: text }) ?? 'otlp';
  const wanted = hasReceiver && exporters.split(',').some((name) => name.trim() === 'otlp');
  return option ?? (wanted ? intervalMs : undefined);
}

/** A receiver on this machine: compressing for it costs time on both ends and saves nothing. */
function isLoopback(url: string | undefined): boolean {
  return url !== undefined && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

function originOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).origin;
}

function below(base: string, path: string): string {
  return base.endsWith('/') ? base + path : `${base}/${path}`;
}
