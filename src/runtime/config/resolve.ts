import { resolve as resolvePath } from 'node:path';
import { LEVELS as LEVEL_NAMES, type LevelName, parseLevel } from '../../core/level.ts';
import type { SpanLimits } from '../../trace/engine/limits.ts';
import { alwaysOn, ruleSampler, type SamplingRule } from '../../trace/engine/sampler.ts';
import type { Config, SamplerConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { lineOptions } from './log-options.ts';
import { otlpOf } from './otlp.ts';
import { callable, duration, httpUrl, isRecord, otelBoolean, otelMillis, pairs, port, type Reader, ratio, text, whole, word, words, yesNo } from './readers.ts';
import { describeResource } from './resource.ts';
import { Sources } from './sources.ts';
import type { StartOptions } from './start-options.ts';

/** Every variable of ours; any other `SONDE_*` is a mistake. */
export const SONDE_NAMES = [
  'SONDE_ADMIN_PORT',
  'SONDE_ADMIN_TOKEN',
  'SONDE_DIR',
  'SONDE_ENVIRONMENT',
  'SONDE_EXPLAIN_EXIT',
  'SONDE_HEAP_PROFILE',
  'SONDE_LOG_FORMAT',
  'SONDE_LOG_LEVEL',
  'SONDE_LOKI_TENANT',
  'SONDE_LOKI_TOKEN',
  'SONDE_LOKI_URL',
  'SONDE_RELEASE',
  'SONDE_TEMPO_TENANT',
  'SONDE_TEMPO_TOKEN',
  'SONDE_TEMPO_URL',
  'SONDE_URL',
] as const;

const SHAPE: Readonly<Record<keyof StartOptions, readonly string[] | null>> = {
  service: null,
  release: null,
  environment: null,
  resource: null,
  dir: null,
  engine: null,
  disabled: null,
  sampling: ['ratio', 'perSecond', 'rules', 'keep'],
  otlp: ['endpoint', 'headers', 'protocol', 'compression', 'timeout', 'metrics', 'tls'],
  logs: ['level', 'levels', 'groups', 'format', 'redact', 'sampling', 'rateLimit', 'retroactive', 'console'],
  http: ['limit', 'ignore'],
  admin: ['port', 'host', 'token', 'authorize', 'requireTtl', 'heapProfile', 'prefix'],
  retention: ['age', 'bytes'],
  report: ['url', 'secret', 'every'],
  handles: null,
};

const LEVEL: Reader<LevelName> = {
  expected: `one of ${LEVEL_NAMES.join(', ')}`,
  read: (value) => parseLevel(typeof value === 'string' ? value.trim() : value),
};
const FORMAT = word({ json: 'json', text: 'text' } as const);
const PROPAGATORS = words(word({ tracecontext: 'tracecontext', baggage: 'baggage', none: 'none' } as const));

const LEVELS: Reader<Record<string, LevelName>> = {
  expected: 'an object of levels by logger name',
  read(value) {
    if (!isRecord(value)) return undefined;
    const out: Record<string, LevelName> = Object.create(null);
    for (const [name, item] of Object.entries(value)) {
      const level = LEVEL.read(item);
      if (level === undefined) return undefined;
      out[name] = level;
    }
    return out;
  },
};

const PREFIX: Reader<string> = {
  expected: 'a path from the root, such as "/ops"',
  read: (value) => (typeof value === 'string' && /^(?:\/[\w.~!$&'()*+,;=:@-]+)*\/?$/.test(value) ? value.replace(/\/$/, '') : undefined),
};
const PER_SECOND: Reader<number> = {
  expected: 'a number from 0',
  read: (value) => (typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined),
};
const RULES: Reader<readonly SamplingRule[]> = {
  expected: 'a list of { function, route, ratio, perSecond } with a ratio from 0 to 1',
  read(value) {
    try {
      ruleSampler(value as SamplingRule[], alwaysOn);
      return value as SamplingRule[];
    } catch {
      return undefined;
    }
  },
};
const KEEP: Reader<NonNullable<SamplerConfig['keep']>> = {
  expected: 'false, or an object of failed, cancelled and slow, each true or false',
  read(value) {
    if (value === false) return false;
    if (!isRecord(value)) return undefined;
    const known = Object.entries(value).every(([key, item]) => ['failed', 'cancelled', 'slow'].includes(key) && typeof item === 'boolean');
    return known ? value : undefined;
  },
};

/** Joins options and environment; throws one {@link ConfigError} that lists every problem. */
export function resolveConfig(options: StartOptions | undefined, env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const from = new Sources(options, env);
  from.checkKeys(SHAPE);
  from.checkNames('SONDE_', SONDE_NAMES);
  for (const name of ['SONDE_URL', 'SONDE_LOKI_URL', 'SONDE_TEMPO_URL']) from.pick({ env: [name], reader: httpUrl });
  const config: Config = {
    disabled: from.pick({ option: 'disabled', env: [['OTEL_SDK_DISABLED', otelBoolean]], reader: yesNo }) ?? false,
    ...identity(from),
    dir: resolvePath(from.pick({ option: 'dir', env: ['SONDE_DIR'], reader: text }) ?? '.sonde'),
    engine: from.pick({ option: 'engine', reader: word({ sonde: 'sonde', 'otel-sdk': 'otel-sdk' } as const) }) ?? 'sonde',
    sampler: samplerOf(from),
    spanLimits: spanLimitsOf(from),
    propagators: [...new Set(from.pick({ env: ['OTEL_PROPAGATORS'], reader: PROPAGATORS }) ?? (['tracecontext', 'baggage'] as const))].filter(
      (one) => one !== 'none',
    ),
    otlp: otlpOf(from),
    batch: batchOf(from),
    logs: {
      level: from.pick({ option: 'logs.level', env: ['SONDE_LOG_LEVEL'], reader: LEVEL }) ?? 'info',
      levels: from.pick({ option: 'logs.levels', reader: LEVELS }) ?? {},
      format: from.pick({ option: 'logs.format', env: ['SONDE_LOG_FORMAT'], reader: FORMAT }) ?? (process.stdout.isTTY ? 'text' : 'json'),
      redact: from.pick({ option: 'logs.redact', reader: words(text) }) ?? [],
      ...lineOptions(from),
    },
    http: httpOf(from),
    admin: {
      port: from.pick({ option: 'admin.port', env: ['SONDE_ADMIN_PORT'], reader: port }),
      host: from.pick({ option: 'admin.host', reader: text }) ?? '127.0.0.1',
      token: from.pick({ option: 'admin.token', env: ['SONDE_ADMIN_TOKEN'], reader: text, secret: true }),
      authorize: from.pick({ option: 'admin.authorize', reader: callable<NonNullable<Config['admin']['authorize']>>() }),
      requireTtl: from.pick({ option: 'admin.requireTtl', reader: yesNo }) ?? false,
      heapProfile: from.pick({ option: 'admin.heapProfile', env: ['SONDE_HEAP_PROFILE'], reader: yesNo }) ?? false,
      prefix: from.pick({ option: 'admin.prefix', reader: PREFIX }),
    },
    retention: {
      ageMs: from.pick({ option: 'retention.age', reader: duration }) ?? 7 * 86_400_000,
      bytes: from.pick({ option: 'retention.bytes', reader: whole(1_048_576, Number.MAX_SAFE_INTEGER, 'bytes') }) ?? 1_073_741_824,
    },
    report: reportOf(from),
    handles: from.pick({ option: 'handles', reader: yesNo }) ?? true,
    explainExit: from.pick({ env: ['SONDE_EXPLAIN_EXIT'], reader: yesNo }) ?? false,
  };
  if (from.problems.length > 0) throw new ConfigError(from.problems);
  return config;
}

function identity(from: Sources): Pick<Config, 'service' | 'resource'> {
  const named = from.pick({ env: ['OTEL_RESOURCE_ATTRIBUTES'], reader: pairs }) ?? {};
  const given = from.pick({ option: 'resource', reader: pairs }) ?? {};
  const resource = describeResource({
    service: from.pick({ option: 'service', env: ['OTEL_SERVICE_NAME'], reader: text }),
    release: from.pick({ option: 'release', env: ['SONDE_RELEASE'], reader: text }),
    environment: from.pick({ option: 'environment', env: ['SONDE_ENVIRONMENT'], reader: text }),
    attributes: { ...named, ...given },
  });
  return { service: String(resource['service.name']), resource };
}

function samplerOf(from: Sources): SamplerConfig {
  const name = from.pick({
    env: ['OTEL_TRACES_SAMPLER'],
    reader: word({
      always_on: 'always_on',
      always_off: 'always_off',
      traceidratio: 'traceidratio',
      parentbased_always_on: 'parentbased_always_on',
      parentbased_always_off: 'parentbased_always_off',
      parentbased_traceidratio: 'parentbased_traceidratio',
    } as const),
  });
  const arg = from.pick({ env: ['OTEL_TRACES_SAMPLER_ARG'], reader: ratio });
  const chosen = from.pick({ option: 'sampling.ratio', reader: ratio });
  const rest = {
    perSecond: from.pick({ option: 'sampling.perSecond', reader: PER_SECOND }),
    rules: from.pick({ option: 'sampling.rules', reader: RULES }),
    keep: from.pick({ option: 'sampling.keep', reader: KEEP }),
  };
  if (chosen !== undefined) return { parentBased: true, ratio: chosen, ...rest };
  const kept = name?.endsWith('always_off') ? 0 : name?.endsWith('traceidratio') ? (arg ?? 1) : 1;
  return { parentBased: name === undefined || name.startsWith('parentbased_'), ratio: kept, ...rest };
}

/** OpenTelemetry's variables for the bounds of a span; the general ones hold where the ones for spans are not set. */
function spanLimitsOf(from: Sources): Partial<SpanLimits> {
  const count = (...env: string[]): number | undefined => from.pick({ env, reader: whole(0, 1_000_000, 'a count') });
  const limits = {
    attributes: count('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'),
    attributeLength: count('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
    events: count('OTEL_SPAN_EVENT_COUNT_LIMIT'),
    links: count('OTEL_SPAN_LINK_COUNT_LIMIT'),
    attributesPerEvent: count('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'),
    attributesPerLink: count('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT'),
  };
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));
}

function batchOf(from: Sources): Config['batch'] {
  from.pick({ env: ['OTEL_BSP_EXPORT_TIMEOUT'], reader: otelMillis });
  return {
    delayMs: from.pick({ env: ['OTEL_BSP_SCHEDULE_DELAY'], reader: otelMillis }),
    queueSize: from.pick({ env: ['OTEL_BSP_MAX_QUEUE_SIZE'], reader: whole(1, 10_000_000) }),
    batchSize: from.pick({ env: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'], reader: whole(1, 100_000) }),
  };
}

function httpOf(from: Sources): Config['http'] {
  if (from.option('http') === false) return false;
  return {
    limitMs: from.pick({ option: 'http.limit', reader: duration }),
    ignore: from.pick({ option: 'http.ignore', reader: callable<(request: import('node:http').IncomingMessage) => boolean>() }),
  };
}

function reportOf(from: Sources): Config['report'] {
  const url = from.pick({ option: 'report.url', reader: httpUrl });
  const secret = from.pick({ option: 'report.secret', reader: text, secret: true });
  const everyMs = from.pick({ option: 'report.every', reader: duration }) ?? 3_600_000;
  return url === undefined ? undefined : { url, secret, everyMs };
}
